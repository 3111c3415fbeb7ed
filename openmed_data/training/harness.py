"""The tasks that lm-evaluation-harness knows, asked before a run: after hours of training a misspelt one is too late.

The harness takes ten seconds to say what it knows. Its task files name nearly all of it and are read in one, so the
harness itself is asked only for what they do not name.
"""

import difflib
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from openmed_data.errors import UsageError

_MODULE = "lm_eval"
_NAMED = re.compile(r"^[\"']?(?:task|group|tag)[\"']? *: *[\"']?([\w.-]+)", re.MULTILINE)


def require_tasks(tasks: Sequence[str], include_path: Path | None, command: Sequence[str]) -> None:
    """Raise where a task is none of the harness, nor of a folder of one's own.

    Parameters
    ----------
    tasks
        Names of tasks, groups or tags, patterns of names, or task files.
    include_path
        Folder of further task files.
    command
        The harness, in this environment or another.

    Raises
    ------
    UsageError
        Tasks that do not exist, each with the nearest name that does.
    """
    asked = [one.strip() for task in tasks for one in task.split(",") if not Path(one.strip()).exists()]
    names = known_tasks(include_path)
    unknown = [one for one in asked if not any(fnmatch(name, one) for name in names)]
    if unknown := _not_found(unknown, include_path, command):
        lines = [f"evaluate: lm-evaluation-harness has no task '{one}'{_near(one, names)}" for one in unknown]
        raise UsageError("\n  ".join(lines), hint="`lm_eval ls groups` lists them; `include_path` adds a folder.")


def known_tasks(include_path: Path | None = None) -> frozenset[str]:
    """Return the names in the harness's task files, if it is installed here, and in those of `include_path`.

    A few of the harness's names stand in no file; see `require_tasks`.
    """
    return _installed().union(_named_in(include_path) if include_path else ())


@cache
def _installed() -> frozenset[str]:
    """Return the names in the harness's own files: thousands of them, and a chain asks for each model it evaluates."""
    found = find_spec(_MODULE)
    folders = [Path(place) / "tasks" for place in (found.submodule_search_locations or ())] if found else []
    return frozenset(name for folder in folders for name in _named_in(folder))


def _named_in(folder: Path) -> Iterator[str]:
    for place, _, files in os.walk(folder):
        for name in files:
            if name.endswith((".yaml", ".yml")):
                yield from _NAMED.findall(Path(place, name).read_text(encoding="utf-8", errors="replace"))


def _not_found(tasks: Sequence[str], include_path: Path | None, command: Sequence[str]) -> list[str]:
    """Ask the harness, and return those of `tasks` that it does not find either."""
    if not tasks:
        return []
    own = [] if include_path is None else ["--include_path", str(include_path.resolve())]
    asked = [*command, "validate", "--tasks", ",".join(tasks), *own]
    done = subprocess.run(asked, check=False, capture_output=True, text=True)  # noqa: S603  (a tool of ours)
    said = re.search(r"^Tasks not found: (.+)$", done.stdout, re.MULTILINE)
    if done.returncode and said is None:
        last = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
        raise UsageError(f"evaluate: lm-evaluation-harness cannot say which tasks it has: {last}")
    return said[1].split(", ") if said else []


def _near(task: str, names: frozenset[str]) -> str:
    near = difflib.get_close_matches(task, sorted(names), n=3)
    return f"; did you mean {' or '.join(repr(name) for name in near)}?" if near else ""
