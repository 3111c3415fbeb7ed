"""What a self-test says, and its form on disk; `openmed_data.self_test` runs it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openmed_data.files import write_text

NAME = "self_test.json"


@dataclass(frozen=True, slots=True)
class Recall:
    """How many planted faults of one sort a check found.

    Attributes
    ----------
    check, code
        The check, and what it should say.
    how
        What was planted, in words.
    planted, found
        Rows with the fault, and those of them that the check named with this code. A fault that only all rows together
        show is planted once.
    """

    check: str
    code: str
    how: str
    planted: int
    found: int

    @property
    def missed(self) -> int:
        """Planted rows that the check did not find."""
        return self.planted - self.found

    @property
    def share(self) -> float:
        """Share of the planted rows that the check found."""
        return self.found / self.planted if self.planted else 0.0


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What the checks find of what was planted.

    Attributes
    ----------
    rows
        Rows of the dataset that took part.
    recalls
        One for each sort of fault.
    unplanted
        Check → how many of these rows it names before anything is planted: faults of the dataset or false alarms.
    not_tested
        Check → why nothing was planted for it.
    content_digest
        Digest of the rows of the whole dataset, if it is known.
    """

    rows: int
    recalls: tuple[Recall, ...]
    unplanted: Mapping[str, int]
    not_tested: Mapping[str, str] = field(default_factory=dict[str, str])
    content_digest: str = ""

    def by_code(self) -> tuple[Recall, ...]:
        """Return one recall for each check and code, whatever was done to the rows."""
        codes = dict.fromkeys((one.check, one.code) for one in self.recalls)
        return tuple(self._sum(check, code) for check, code in codes)

    def by_check(self) -> dict[str, tuple[Recall, ...]]:
        """Return check → its recalls, one for each code."""
        every = self.by_code()
        return {
            name: tuple(one for one in every if one.check == name) for name in dict.fromkeys(one.check for one in every)
        }

    def _sum(self, check: str, code: str) -> Recall:
        every = [one for one in self.recalls if (one.check, one.code) == (check, code)]
        how = "; ".join(dict.fromkeys(one.how for one in every))
        return Recall(check, code, how, sum(one.planted for one in every), sum(one.found for one in every))

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "content_digest": self.content_digest,
            "rows": self.rows,
            "recalls": [
                {"check": one.check, "code": one.code, "how": one.how, "planted": one.planted, "found": one.found}
                for one in self.recalls
            ],
            "unplanted": dict(self.unplanted),
            "not_tested": dict(self.not_tested),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "SelfTest":
        """Return the self-test that `to_json` gave `document` for."""
        recalls = tuple(Recall(**one) for one in document["recalls"])
        digest = document["content_digest"]
        return cls(document["rows"], recalls, document["unplanted"], document["not_tested"], digest)


def read_self_test(directory: Path, content_digest: str) -> SelfTest | None:
    """Return the self-test that stands in `directory`, if it was made of the rows with this digest."""
    path = directory / NAME
    if not path.is_file():
        return None
    try:
        found = SelfTest.from_json(json.loads(path.read_bytes()))
    except (ValueError, KeyError, TypeError):
        return None  # of another version, or not ours: it is made again on demand
    return found if found.content_digest == content_digest else None


def write_self_test(result: SelfTest, directory: Path) -> None:
    """Write the result as `self_test.json`."""
    directory.mkdir(parents=True, exist_ok=True)
    write_text(directory / NAME, json.dumps(result.to_json(), indent=2, ensure_ascii=False) + "\n")
