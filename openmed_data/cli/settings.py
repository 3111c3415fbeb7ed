"""Read what stands after ``--set``."""

import difflib
from collections.abc import Iterable, Sequence

from openmed_data.errors import UsageError


def read_settings(given: Sequence[str], known: Iterable[str], *, hint: str) -> dict[str, str]:
    """Turn ``KEY=VALUE`` texts into a mapping; values stay text, which the option's model reads.

    Parameters
    ----------
    known
        Names that may be set.
    hint
        What to do where no name is near.

    Raises
    ------
    UsageError
        A text is no ``KEY=VALUE``, or a name is unknown or given twice; all of them are listed.

    Examples
    --------
    >>> read_settings(["seed=7", "system=a=b"], ["seed", "system"], hint="")
    {'seed': '7', 'system': 'a=b'}
    """
    known = sorted(known)
    values: dict[str, str] = {}
    problems: list[str] = []
    for text in given:
        key, equals, value = text.partition("=")
        if not equals:
            problems.append(f"'{text}' is not KEY=VALUE")
        elif key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            problems.append(f"there is no option '{key}'" + (f"; did you mean '{near[0]}'?" if near else ""))
        elif key in values:
            problems.append(f"'{key}' is given twice")
        else:
            values[key] = value
    if problems:
        head, *more = problems
        raise UsageError(head if not more else "\n  ".join(["--set cannot be used:", *problems]), hint=hint)
    return values
