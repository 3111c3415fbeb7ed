"""Every answer that was paid for, in one SQLite file, under the hash of its request.

What is guaranteed: an answer counts as received once its transaction is on the disk (write-ahead log, ``synchronous =
FULL``), and a request whose answer is on the disk is never sent again. A process killed at any moment loses at most the
answers that had arrived and were waiting for the transaction under way, a matter of milliseconds and never more than
the endpoint's `concurrency`; these, and those still under way, are asked for again. No clock and no order is kept: the
same requests and answers are the same rows.
"""

import asyncio
import fcntl
import sqlite3
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import IO, Self

from openmed_data.errors import BuildError, OpenMedError, UsageError

from .money import Usage

_VERSION = 1
_TABLE = """
CREATE TABLE IF NOT EXISTS answers (
    key BLOB PRIMARY KEY,        -- SHA-256 of the request's canonical JSON
    request TEXT NOT NULL,       -- that JSON
    refused INTEGER NOT NULL,    -- 1 where the endpoint refused the request for good, and response says why
    response TEXT NOT NULL,      -- the body as it came
    prompt_tokens INTEGER,       -- from the answer's usage; NULL where it states none
    completion_tokens INTEGER,
    attempts INTEGER NOT NULL,
    host TEXT NOT NULL
) STRICT
"""
_COLUMNS = "key, request, refused, response, prompt_tokens, completion_tokens, attempts, host"


@dataclass(frozen=True, slots=True)
class Stored:
    """One row of the store."""

    key: bytes
    request: str
    refused: bool
    response: str
    prompt_tokens: int | None
    completion_tokens: int | None
    attempts: int
    host: str

    @property
    def usage(self) -> Usage | None:
        """Tokens, where the endpoint stated them."""
        if self.prompt_tokens is None or self.completion_tokens is None:
            return None
        return Usage(self.prompt_tokens, self.completion_tokens)


@dataclass(frozen=True, slots=True)
class Answers:
    """The stored answers, to be read; may be pickled and opened in another process.

    Attributes
    ----------
    path
        The SQLite file.
    """

    path: Path

    @contextmanager
    def open(self) -> Generator[Callable[[bytes], Stored | None]]:
        """Yield a function that returns the row under a key, or None."""
        connection = _connect(self.path)
        try:
            yield lambda key: _get(connection, key)
        finally:
            connection.close()


class Store:
    """The stored answers, open for adding to them; one process at a time, so that no two pay for the same request.

    Parameters
    ----------
    path
        The SQLite file; it and its folder are made where they are missing.

    Raises
    ------
    UsageError
        Another run is using the store, or the file is no store.
    BuildError
        The disk is full or fails.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, Store(Path(folder) / "answers.sqlite") as store:
    ...     row = Stored(b"key", "{}", False, '{"choices": []}', 1, 2, 1, "localhost")
    ...     asyncio.run(store.put(row))
    ...     store.get(b"key") == row
    True
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)  # requests hold text of sources, which may be for this user alone
        self._lock = _locked(path)
        try:
            self._connection = _connect(path)
            self._writer = _Writer(_connect(path))
        except OpenMedError:
            self._lock.close()
            raise
        self._writer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(self, key: bytes) -> Stored | None:
        """Return the row under a key, or None."""
        return _get(self._connection, key)

    async def put(self, row: Stored) -> None:
        """Add a row; returns when it is on the disk.

        The row is handed to the writer before the first suspension: a caller that is cancelled meanwhile does not
        take it back.
        """
        on_disk = self._writer.add(row)
        await on_disk

    def close(self) -> None:
        """Write what is waiting, and let others use the store."""
        self._writer.finish()
        self._connection.close()
        self._lock.close()


class _Writer(Thread):
    """Writes rows in the order they come, all that wait in one transaction: the slower the disk, the larger it is."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(name="answers", daemon=True)
        self._connection = connection
        self._waiting: SimpleQueue[tuple[Stored, asyncio.Future[None]] | None] = SimpleQueue()

    def add(self, row: Stored) -> "asyncio.Future[None]":
        """Return a future of the running loop that is done when `row` is on the disk."""
        on_disk = asyncio.get_running_loop().create_future()
        self._waiting.put((row, on_disk))
        return on_disk

    def finish(self) -> None:
        """Write what waits, and end."""
        self._waiting.put(None)
        self.join()

    def run(self) -> None:
        """Write until told to end."""
        ending = False
        while not ending:
            batch = [self._waiting.get()]
            while not self._waiting.empty():
                batch.append(self._waiting.get())
            ending = None in batch
            given = [one for one in batch if one is not None]
            problem = _write(self._connection, [row for row, _ in given])
            _tell([on_disk for _, on_disk in given], problem)
        self._connection.close()


def _write(connection: sqlite3.Connection, rows: list[Stored]) -> Exception | None:
    """Write rows in one transaction; return what kept it from being done."""
    places = ", ".join("?" * len(_COLUMNS.split(",")))
    try:
        with connection:
            connection.executemany(f"INSERT OR IGNORE INTO answers ({_COLUMNS}) VALUES ({places})", map(astuple, rows))  # noqa: S608
    except Exception as error:  # noqa: BLE001  whatever it is, those who wait for the rows must hear of it
        return error
    return None


def _tell(futures: Iterable["asyncio.Future[None]"], problem: Exception | None) -> None:
    """Resolve futures in the loops they belong to, which may be gone by now."""
    by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for future in futures:
        by_loop.setdefault(future.get_loop(), []).append(future)
    for loop, group in by_loop.items():
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_resolve, group, problem)


def _resolve(futures: list["asyncio.Future[None]"], problem: Exception | None) -> None:
    for future in futures:
        if future.done():
            continue
        if problem is None:
            future.set_result(None)
        else:
            future.set_exception(_failure(problem))


def _failure(problem: Exception) -> BuildError:
    return BuildError(
        f"the store of answers cannot be read or written: {problem}",
        hint="Make room or mend the disk, then run the same command again; what was stored is kept.",
    )


def _get(connection: sqlite3.Connection, key: bytes) -> Stored | None:
    try:
        found = connection.execute(f"SELECT {_COLUMNS} FROM answers WHERE key = ?", (key,)).fetchone()  # noqa: S608
    except sqlite3.Error as error:
        raise _failure(error) from error
    if found is None:
        return None
    key, request, refused, *rest = found
    return Stored(key, request, bool(refused), *rest)


def _locked(path: Path) -> IO[str]:
    handle = path.with_name(path.name + ".lock").open("w")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        handle.close()
        raise UsageError(
            f"another run is using the store of answers '{path}'", hint="Wait for it, or name another with store=PATH."
        ) from error
    return handle


def _connect(path: Path) -> sqlite3.Connection:
    """Open the store, and make or check its table.

    Raises
    ------
    UsageError
        The file is no store of this version.
    BuildError
        The file cannot be opened or written.
    """
    try:
        return _opened(path)
    except sqlite3.OperationalError as error:
        raise _failure(error) from error
    except sqlite3.DatabaseError as error:
        raise UsageError(f"'{path}' is no store of answers: {error}", hint="Name another with store=PATH.") from error


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=30, check_same_thread=False)
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        empty = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
        if version != (0 if empty else _VERSION):  # told before anything is written to what may be another's file
            raise sqlite3.DatabaseError(f"version {version} where a store has {_VERSION}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        if empty:
            connection.executescript(f"BEGIN IMMEDIATE; {_TABLE}; PRAGMA user_version = {_VERSION}; COMMIT")
    except sqlite3.Error:
        connection.close()
        raise
    return connection
