"""A run that is killed, or interrupted, loses no answer that was stored and pays for none twice."""

import asyncio
import hashlib
import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from threading import main_thread
from typing import Any

import httpx2
import pytest
from asking import requests
from scripted_server import MODEL, Script, ScriptedServer

from openmed_data.errors import BuildError, UsageError
from openmed_data.llm import Answers, ChatRequest, Endpoint, Ledger, Store, Stored, Summary, complete, key_of
from openmed_data.llm.canonical import canonical_json
from openmed_data.progress import Silent

Serve = Callable[[Script], ScriptedServer]
TESTS = Path(__file__).parents[1]
COUNT, CONCURRENCY = 240, 8


@contextmanager
def server_process(**script: object) -> Generator[str]:
    """Serve a script in a process of its own, so that it outlives what it serves; yield its address."""
    command = [sys.executable, str(TESTS / "scripted_server.py"), json.dumps(script)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


def counts(base_url: str) -> tuple[Counter[str], Counter[str]]:
    """Return how often the server saw and answered each request, by body."""
    found = httpx2.get(base_url.removesuffix("/v1") + "/counts").json()
    return Counter(found["seen"]), Counter(found["answered"])


def start(base_url: str, store: Path) -> subprocess.Popen[str]:
    command = [sys.executable, str(TESTS / "asking.py"), base_url, str(store), str(COUNT), str(CONCURRENCY)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def stored(path: Path) -> dict[bytes, str]:
    if not path.exists():
        return {}
    with closing(sqlite3.connect(path)) as connection:
        try:
            return dict(connection.execute("SELECT key, response FROM answers").fetchall())
        except sqlite3.OperationalError:
            return {}


def wait_until_stored(path: Path, number: int) -> None:
    deadline = time.monotonic() + 60
    while len(stored(path)) < number:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_killed_run_pays_for_nothing_twice_that_was_stored(tmp_path: Path) -> None:
    store = tmp_path / "answers.sqlite"
    with server_process(delay=0.02) as base_url:
        for part in (40, 120):
            process = start(base_url, store)
            wait_until_stored(store, part)
            process.kill()
            process.communicate()
        kept = stored(store)
        before, _ = counts(base_url)
        assert 120 <= len(kept) < COUNT
        assert len(before) - len(kept) <= 2 * CONCURRENCY  # under way or unwritten at the two kills

        out, error = start(base_url, store).communicate(timeout=60)
        assert (out, error) == ("", "")
        seen, answered = counts(base_url)
        start(base_url, tmp_path / "whole.sqlite").communicate(timeout=60)
    endpoint = Endpoint(base_url, MODEL)
    sent = {key_of(endpoint.body(one)): body_digest(endpoint, one) for one in requests(COUNT)}
    assert set(stored(store)) == set(sent)
    assert all(stored(store)[key] == text for key, text in kept.items())
    # What was stored at the last kill was not sent after it.
    assert all(seen[sent[key]] == before[sent[key]] for key in kept)
    assert seen.total() - COUNT <= 2 * CONCURRENCY
    assert len(answered) == COUNT
    assert stored(store) == stored(tmp_path / "whole.sqlite")


def body_digest(endpoint: Endpoint, request: ChatRequest) -> str:
    """Return the hash that the server counts a request under: that of the bytes the OpenAI client sends."""
    text = json.dumps(endpoint.body(request), separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def test_ctrl_c_keeps_what_is_under_way(tmp_path: Path) -> None:
    store = tmp_path / "answers.sqlite"
    with server_process(delay=0.3) as base_url:
        process = start(base_url, store)
        wait_until_stored(store, 9)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
        seen, _ = counts(base_url)
    assert process.returncode in {-signal.SIGINT, 1}  # the interpreter's own end of a KeyboardInterrupt
    assert "waiting up to 10 s for answers under way" in out
    assert len(stored(store)) == seen.total() < COUNT


def test_two_runs_do_not_share_a_store(serve: Serve, tmp_path: Path) -> None:
    with Store(tmp_path / "a.sqlite"), pytest.raises(UsageError, match="another run is using the store"):
        Store(tmp_path / "a.sqlite")
    Store(tmp_path / "a.sqlite").close()


def test_a_file_that_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no database, and longer than a header of sixteen bytes" * 30)
    with pytest.raises(UsageError, match="is no store of answers"):
        Store(tmp_path / "notes.txt")


def test_a_store_of_a_later_version(tmp_path: Path) -> None:
    Store(tmp_path / "a.sqlite").close()
    with closing(sqlite3.connect(tmp_path / "a.sqlite")) as connection:
        connection.execute("PRAGMA user_version = 9")
    with pytest.raises(UsageError, match="is no store of answers: version 9 where a store has 1"):
        Store(tmp_path / "a.sqlite")


def test_another_program_s_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "places.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (address TEXT)")
    before = path.read_bytes()
    with pytest.raises(UsageError, match="is no store of answers"):
        Store(path)
    assert path.read_bytes() == before


def test_a_damaged_store_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="cannot be read or written: unable to open"):
        Store(tmp_path)
    path = tmp_path / "a.sqlite"
    with Store(path) as store:
        for number in range(40):
            asyncio.run(store.put(Stored(b"%d" % number, "x" * 2000, False, "{}", 1, 1, 1, "h")))
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + b"\x5a" * (len(whole) - 8192))
    with Store(path) as store, pytest.raises(BuildError, match=r"cannot be read or written: .*malformed"):
        store.get(b"20")


def test_a_row_that_no_database_takes_stops_the_run_and_does_not_hang_it(tmp_path: Path) -> None:
    row = Stored(b"key", "{}", False, "{}", 2**70, 1, 1, "h")

    async def put(store: Store) -> None:
        await asyncio.wait_for(store.put(row), 20)

    with Store(tmp_path / "a.sqlite") as store, pytest.raises(BuildError, match="too large"):
        asyncio.run(put(store))


def test_a_store_that_cannot_be_written_stops_the_run(serve: Serve, tmp_path: Path) -> None:
    server = serve(Script())
    with Store(tmp_path / "a.sqlite") as store:
        store._writer._connection.execute("PRAGMA query_only = ON")
        with pytest.raises(Exception, match="the store of answers cannot be read or written"):
            complete(Endpoint(server.base_url, MODEL), requests(50), store, Ledger(), Silent())
    assert server.seen.total() == 1


def test_other_processes_read_the_store_while_it_is_written(serve: Serve, tmp_path: Path) -> None:
    endpoint = Endpoint(serve(Script()).base_url, MODEL)
    asked = requests(5)
    with Store(tmp_path / "a.sqlite") as store:
        assert complete(endpoint, asked, store, Ledger(), Silent()) == Summary(0, 5)
        with Answers(tmp_path / "a.sqlite").open() as read:
            rows = [read(key_of(endpoint.body(one))) for one in asked]
            assert read(b"unknown") is None
    assert [row is not None and row.attempts for row in rows] == [1] * 5
    assert [row is not None and row.request for row in rows] == [canonical_json(endpoint.body(one)) for one in asked]


def test_no_clock_and_no_address_decides_what_is_stored(serve: Serve, tmp_path: Path) -> None:
    rows = []
    for name in ("one", "two"):
        server = serve(Script())
        with Store(tmp_path / name) as store:
            complete(Endpoint(server.base_url, MODEL), requests(20), store, Ledger(), Silent())
        with closing(sqlite3.connect(tmp_path / name)) as connection:
            held = connection.execute("SELECT key, request, response, prompt_tokens FROM answers ORDER BY key")
            rows.append(held.fetchall())
    assert rows[0] == rows[1]
    assert len(rows[0]) == 20


def test_a_run_inside_a_running_loop(serve: Serve, tmp_path: Path) -> None:
    async def notebook() -> Summary:
        with Store(tmp_path / "a.sqlite") as store:
            return complete(Endpoint(serve(Script()).base_url, MODEL), requests(3), store, Ledger(), Silent())

    assert asyncio.run(notebook()) == Summary(0, 3)


@pytest.mark.parametrize("times", [1, 2])
def test_an_interrupt_of_a_notebook_stops_the_sending(times: int, serve: Serve, tmp_path: Path) -> None:
    """A kernel runs cells in a loop of its own, and its thread gets the interrupt; a second one leaves at once."""
    after = count(1)

    def interrupt(*_: object) -> dict[str, Any]:
        if next(after) == 20:
            for _again in range(times):
                signal.pthread_kill(main_thread().ident, signal.SIGINT)
                time.sleep(1)
            time.sleep(5 * (times - 1))
        return {}

    server = serve(Script(delay=0.05, faults=interrupt))

    async def cell() -> Summary:
        with Store(tmp_path / "a.sqlite") as store:
            return complete(Endpoint(server.base_url, MODEL, concurrency=2), requests(400), store, Ledger(), Silent())

    with closing(asyncio.new_event_loop()) as loop, pytest.raises(KeyboardInterrupt):
        loop.run_until_complete(cell())
    left = server.seen.total() - len(stored(tmp_path / "a.sqlite"))
    assert server.seen.total() < 30
    assert left == (0 if times == 1 else 1), "what is under way is waited for, but for no user in a hurry"


def test_an_answer_is_on_the_disk_before_it_counts(tmp_path: Path) -> None:
    with Store(tmp_path / "a.sqlite") as store:
        connection = store._writer._connection
        settings = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")]
    assert settings == [2, "wal"]  # FULL: the log is synced at every commit
    assert (tmp_path / "a.sqlite").stat().st_mode & 0o077 == 0
