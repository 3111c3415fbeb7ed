"""The books of a build: where every row went."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from openmed_data.errors import BooksError


@dataclass(frozen=True, slots=True)
class Books:
    """Counts of a build, each taken where it happens and none derived from another.

    Attributes
    ----------
    source_rows
        Rows read from the source.
    used_rows
        Source rows that stand behind at least one candidate.
    rejected_source
        Rejected source rows by reason.
    candidate_rows
        Rows that the builder made of the used source rows.
    kept_rows
        Rows in the files of each split, from their footers.
    rejected_candidates
        Candidates that a check took out, by reason.
    """

    source_rows: int
    used_rows: int
    candidate_rows: int
    rejected_source: Mapping[str, int] = field(default_factory=dict[str, int])
    rejected_candidates: Mapping[str, int] = field(default_factory=dict[str, int])
    kept_rows: Mapping[str, int] = field(default_factory=dict[str, int])

    def check(self) -> None:
        """Raise `BooksError` unless both laws hold.

        source rows = used + rejected, and candidate rows = kept + rejected.

        Examples
        --------
        >>> Books(source_rows=3, used_rows=1, candidate_rows=1, rejected_source={"unlabelled": 1}).check()
        Traceback (most recent call last):
        ...
        openmed_data.errors.BooksError: the books do not balance: 3 source rows, but 1 used + 1 rejected
        """
        rejected = sum(self.rejected_source.values())
        if self.source_rows != self.used_rows + rejected:
            used = f"{self.used_rows} used + {rejected} rejected"
            raise BooksError(f"the books do not balance: {self.source_rows} source rows, but {used}")
        kept, dropped = sum(self.kept_rows.values()), sum(self.rejected_candidates.values())
        if self.candidate_rows != kept + dropped:
            raise BooksError(
                f"the books do not balance: {self.candidate_rows} candidates, but {kept} kept + {dropped} rejected"
            )

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Books":
        """Return the books that `to_json` gave `document` for."""
        return cls(
            source_rows=document["source_rows"],
            used_rows=document["used_rows"],
            candidate_rows=document["candidate_rows"],
            rejected_source=document["rejected_source_rows"],
            rejected_candidates=document["rejected_candidate_rows"],
            kept_rows=document["kept_rows"],
        )

    def to_json(self) -> dict[str, Any]:
        """Return the books as JSON values, reasons sorted."""
        return {
            "source_rows": self.source_rows,
            "used_rows": self.used_rows,
            "rejected_source_rows": dict(sorted(self.rejected_source.items())),
            "candidate_rows": self.candidate_rows,
            "rejected_candidate_rows": dict(sorted(self.rejected_candidates.items())),
            "kept_rows": dict(self.kept_rows),
        }
