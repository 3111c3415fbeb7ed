"""Unknown keys with the name that was probably meant; and YAML as people write it."""

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from openmed_data.errors import UsageError

# YAML 1.1 takes 1e-5 for text, because it has no point.
_NUMBER = re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+")


def require_known(given: Iterable[str], known: Iterable[str], where: str) -> None:
    """Raise `UsageError` for names that do not exist, with near ones.

    Raises
    ------
    UsageError
        A name is unknown; all of them are listed.

    Examples
    --------
    >>> require_known(["learning_rat"], ["learning_rate", "max_steps"], "sft")
    Traceback (most recent call last):
    ...
    openmed_data.errors.UsageError: sft has no setting 'learning_rat'; did you mean 'learning_rate'?
    """
    names = sorted(known)
    problems: list[str] = []
    for name in given:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            problems.append(f"{where} has no setting '{name}'" + (f"; did you mean '{near[0]}'?" if near else ""))
    if problems:
        raise UsageError("\n  ".join(problems), hint="docs/train.md says which settings there are.")


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file, numbers such as 1e-5 read as numbers.

    Raises
    ------
    UsageError
        The file is no YAML mapping.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise UsageError(f"'{path}' is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        raise UsageError(f"'{path}' holds no settings", hint="Expected lines of `key: value`.")
    return cast(dict[str, Any], numbers(document))


def numbers(value: Any) -> Any:
    """Return `value` with text that is a number in scientific notation turned into one.

    Examples
    --------
    >>> numbers({"learning_rate": "1e-5", "name": "afm-4.5b"})
    {'learning_rate': 1e-05, 'name': 'afm-4.5b'}
    """
    if isinstance(value, Mapping):
        return {key: numbers(one) for key, one in cast(Mapping[str, Any], value).items()}
    if isinstance(value, list):
        return [numbers(one) for one in cast(list[Any], value)]
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value
