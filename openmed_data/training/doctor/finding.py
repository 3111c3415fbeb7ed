"""What one check found, and what to do about it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from openmed_data.errors import OpenMedError

T = TypeVar("T")

MACHINE = "machine"


class Verdict(StrEnum):
    """What a finding means for its stage."""

    OK = "ok"
    WARN = "warn"  # it would run, and not as it should
    FAIL = "fail"  # it would not run, or come to nothing
    UNKNOWN = "not checked"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    Attributes
    ----------
    stage
        The stage that it is about, or `MACHINE`.
    do
        What to do; empty where all is well.
    """

    stage: str
    check: str
    verdict: Verdict
    found: str
    do: str = ""


def attempt(stage: str, check: str, call: Callable[[], T], good: str) -> tuple[T | None, Finding]:
    """Call something that raises where a stage could not run, and return what it gave with the finding.

    Examples
    --------
    >>> attempt("sft", "settings", lambda: 3, "known")
    (3, Finding(stage='sft', check='settings', verdict=<Verdict.OK: 'ok'>, found='known', do=''))
    """
    try:
        return call(), Finding(stage, check, Verdict.OK, good)
    except OpenMedError as error:
        return None, Finding(stage, check, Verdict.FAIL, str(error), error.hint)
