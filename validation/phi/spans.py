"""Places of a text that are taken."""

from bisect import bisect_left


class Taken:
    """Spans of one text, none of which overlaps another.

    Examples
    --------
    >>> taken = Taken()
    >>> taken.add(4, 9)
    >>> [taken.overlaps(*span) for span in ((0, 4), (0, 5), (8, 9), (9, 12))]
    [False, True, True, False]
    """

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def overlaps(self, start: int, end: int) -> bool:
        """Tell whether a span shares a character with one that is taken."""
        before = bisect_left(self._starts, end)
        return before > 0 and self._ends[before - 1] > start

    def add(self, start: int, end: int) -> None:
        """Take a span that overlaps none."""
        place = bisect_left(self._starts, start)
        self._starts.insert(place, start)
        self._ends.insert(place, end)
