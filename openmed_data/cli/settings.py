"""Read what stands after ``--set``."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import typer

from openmed_data.errors import UsageError

Benchmarks = Annotated[
    list[str] | None,
    typer.Option(
        "--benchmarks",
        metavar="PATH",
        show_default=False,
        help="Look for the items of these benchmarks: a file, a folder of them, hub:OWNER/NAME@COMMIT, or an .index "
        "file; may be repeated.",
    ),
]


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


def check_settings(names: Iterable[str] | None = None) -> set[str]:
    """Return every ``CHECK.NAME`` that may be set, of all checks or of those named."""
    from openmed_data.registry import CHECKS, all_of

    wanted = None if names is None else set(names)
    every = all_of(CHECKS)
    return {
        f"{check}.{field}"
        for check, part in every.items()
        if wanted is None or check in wanted
        for field in part.settings_model.model_fields
    }


def by_check(values: Mapping[str, str], benchmarks: Sequence[str] | None) -> dict[str, dict[str, Any]]:
    """Sort ``CHECK.NAME`` → value by check, and add the paths that ``--benchmarks`` gave.

    Examples
    --------
    >>> by_check({"phi.level": "3", "pairs.min_pairs": "5", "phi.action": "drop"}, None)
    {'phi': {'level': '3', 'action': 'drop'}, 'pairs': {'min_pairs': '5'}}
    """
    sorted_: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        check, _, name = key.partition(".")
        sorted_.setdefault(check, {})[name] = value
    if benchmarks:
        sorted_.setdefault("contamination", {})["benchmarks"] = tuple(benchmarks)
    return sorted_
