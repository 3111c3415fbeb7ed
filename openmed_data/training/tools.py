"""Command-line tools that stages call: mergekit and lm-evaluation-harness; each may have its own environment."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from openmed_data.errors import BuildError, UsageError


def tool(script: str, module: str, extra: str) -> list[str]:
    """Return the command of a tool: this environment's, or else the one on ``PATH``.

    Raises
    ------
    UsageError
        It is nowhere.
    """
    if find_spec(module.split(".", maxsplit=1)[0]) is not None:
        return [sys.executable, "-m", module]
    found = shutil.which(script)
    if found is None:
        hint = f"Install openmed-data[{extra}] here, or put `{script}` of an environment that has it on PATH."
        raise UsageError(f"`{script}` is not installed", hint=hint)
    return [found]


def call(command: Sequence[str], hint: str = "The log says why.") -> None:
    """Run a tool to its end; what it prints goes where this process's output goes.

    Raises
    ------
    BuildError
        It failed.
    """
    done = subprocess.run(list(command), check=False)  # noqa: S603  (a tool of ours, with files of ours)
    if done.returncode:
        raise BuildError(f"`{' '.join(command[:4])} …` stopped with exit code {done.returncode}", hint=hint)
