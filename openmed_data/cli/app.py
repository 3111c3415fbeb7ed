"""The application that commands register with: shared options, errors turned into exit codes, no traceback unasked."""

import errno
import inspect
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import wraps
from types import FrameType
from typing import Annotated, Any, NoReturn, cast

import typer

from openmed_data._version import __version__
from openmed_data.console import Console, without_secrets
from openmed_data.errors import OpenMedError, UsageError

INTERRUPTED = 130  # 128 + SIGINT
TERMINATED = 143  # 128 + SIGTERM
PIPE_CLOSED = 141  # 128 + SIGPIPE

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, notes or next step; results and errors only.")]
Json = Annotated[bool, typer.Option("--json", help="Results as JSON on standard output; talk goes to standard error.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]

_EVERYWHERE = tuple(
    inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=annotation)
    for name, annotation in (("quiet", Quiet), ("as_json", Json), ("debug", Debug))
)

app = typer.Typer(
    name="openmed-data",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 120},
    epilog="\b\nStart here:\n"
    "  openmed-data build medmcqa-prefs --source sample\n"
    "  openmed-data show build/medmcqa-prefs",
)


def _version(asked: bool) -> None:  # noqa: FBT001
    if asked:
        typer.echo(f"openmed-data {__version__}")
        raise typer.Exit


@app.callback()
def _root(  # pyright: ignore[reportUnusedFunction]
    context: typer.Context,
    *,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
    version: Annotated[  # noqa: ARG001
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Make, check, read and compare training data for medical language models."""
    context.obj = {"quiet": quiet, "as_json": as_json, "debug": debug}


def command(
    name: str, *examples: str, group: typer.Typer | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function as the command `name`, of `group` if there is one, with examples in its help.

    The function's first argument is the `Console` to print through; ``--quiet``, ``--json`` and ``--debug`` are added
    to its own options, and errors that it raises become messages and exit codes.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        @wraps(function)
        def run(context: typer.Context, **values: Any) -> None:
            asked = cast(dict[str, bool], context.obj or {})
            quiet, as_json, debug = (
                bool(values.pop(key)) or asked.get(key, False) for key in ("quiet", "as_json", "debug")
            )
            console = Console(quiet=quiet, as_json=as_json)
            with _answering_for_errors(console, name, debug=debug):
                function(console, **values)

        own = list(inspect.signature(function).parameters.values())[1:]
        context = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
        cast(Any, run).__signature__ = inspect.Signature([context, *own, *_EVERYWHERE])
        # The backspace on a line of its own keeps the help from wrapping the lines after it.
        epilog = "\n".join(["\b", "Examples:", *(f"  {line}" for line in examples)])
        (group or app).command(name, epilog=epilog)(run)
        return function

    return register


@contextmanager
def _answering_for_errors(console: Console, name: str, *, debug: bool) -> Generator[None]:
    try:
        _require_surroundings()
        yield
        console.close()
        sys.stdout.flush()
    except typer.Exit:
        console.close()
        raise
    except KeyboardInterrupt as error:
        told = isinstance(error, _Terminated)
        message = "told to stop (SIGTERM)" if told else "interrupted"
        console.error(message, f"Run the same command again{' to resume' if name == 'build' else ''}.")
        raise typer.Exit(TERMINATED if told else INTERRUPTED) from None
    except BrokenPipeError:
        # Whoever read the output has seen enough; the interpreter must not try to flush it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(PIPE_CLOSED) from None
    except Exception as error:  # noqa: BLE001  (a defect must not print a traceback, which may quote rows)
        console.close()
        if debug:
            sys.stderr.write(without_secrets(traceback.format_exc()))
        message, hint, code = _in_words(error)
        console.error(message, hint)
        raise typer.Exit(code) from None


def _require_surroundings() -> None:
    """Raise `UsageError` where Great Expectations could not be imported, which would show at the end of a build."""
    if sys.flags.optimize > 1:
        raise UsageError(
            "Great Expectations does not run without docstrings (-OO)", hint="Set PYTHONOPTIMIZE to 0 or 1."
        )
    if os.path.expanduser("~") == "~":  # noqa: PTH111
        raise UsageError("there is no home folder: neither HOME nor the user's entry names one", hint="Set HOME.")


def _in_words(error: Exception) -> tuple[str, str, int]:
    """Return message, hint and exit code.

    The text of an error that was not raised on purpose is left out: it may quote a row.
    """
    if isinstance(error, OpenMedError):
        return str(error), error.hint, error.exit_code
    if isinstance(error, OSError) and error.errno is not None:
        where = f"'{error.filename}': " if error.filename else ""
        code = 2 if error.errno in {errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.EISDIR} else 1
        hint = "Free some space, then run the same command again to resume." if error.errno == errno.ENOSPC else ""
        return f"{where}{os.strerror(error.errno)}", hint, code
    return (
        f"unexpected {type(error).__name__} at {_place(error)}; this is a defect of openmed-data or of a part added",
        "Run again with --debug for the traceback, and report it; read it first, as it may quote your data.",
        1,
    )


def _place(error: Exception) -> str:
    """Return file and line of the last call in our own code; a library's lines tell nobody anything."""
    calls = list(traceback.walk_tb(error.__traceback__))
    ours = [call for call in calls if str(call[0].f_globals.get("__name__")).startswith("openmed_data")]
    frame, line = (ours or calls)[-1]
    return f"{os.path.basename(frame.f_code.co_filename)}:{line}"  # noqa: PTH119


class _Terminated(KeyboardInterrupt):
    """A scheduler or a container wants the process to end: as with Ctrl-C, workers and temporary files go with it."""


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one must not break the leaving off
    raise _Terminated


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started the command
            setattr(sys, name, open(os.devnull, "w"))  # noqa: PTH123, SIM115
        if hasattr(getattr(sys, name), "reconfigure"):  # a terminal that lacks a character shows its escape
            getattr(sys, name).reconfigure(errors="backslashreplace")
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminate)
    try:
        code = app(arguments, prog_name="openmed-data", standalone_mode=False)
    except typer.TyperException as error:
        code = _usage(error)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    sys.exit(code if isinstance(code, int) else 0)


def _usage(error: typer.TyperException) -> int:
    """Print what is wrong with the command line, in the form of every other error."""
    message = error.format_message()
    if message.startswith("Usage: "):  # a group of commands was given none: the message is its help
        typer.echo(message, err=True)
        return 2
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "openmed-data"
    Console().error(message[0].lower() + message[1:].rstrip("."), f"`{path} --help` shows what there is.")
    return 2
