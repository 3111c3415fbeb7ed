"""`sft-synthetic` with `generator=llm` as a whole: books, bytes, resumption after kill -9, limits, errors."""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from grounded_model import GROUNDS, Model
from scripted_server import MODEL, Script, ScriptedServer

from openmed_data.api import build_dataset
from openmed_data.errors import BuildError, OpenMedError, UsageError

Serve = Callable[[Script], ScriptedServer]
COMMAND = [str(Path(sys.executable).with_name("openmed-data")), "build", "sft-synthetic"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file of questions and answers, one about each passage of the scripted model."""
    path = tmp_path / "pages.jsonl"
    rows = [
        {"id": str(one.row), "question": f"What is type {one.row} of {one.topic}?", "answer": one.text}
        for one in GROUNDS
    ]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def settings(server: ScriptedServer, store: Path, **given: Any) -> dict[str, Any]:
    held = {"generator": "llm", "model": MODEL, "base_url": server.base_url, "store": store, "n": 30}
    return {**held, "price_in": 1.0, "price_out": 2.0, **given}


def build(server: ScriptedServer, source: Path, out: Path, store: Path, **given: Any) -> dict[str, Any]:
    built = build_dataset(
        "sft-synthetic", str(source), out, options=settings(server, store, **given), validation=False, workers=1
    )
    return json.loads((built.path / "manifest.json").read_text(encoding="utf-8"))


def test_dialogues_become_rows_and_every_passage_is_accounted_for(serve: Serve, source: Path, tmp_path: Path) -> None:
    manifest = build(serve(Script(content=Model({}))), source, tmp_path / "out", tmp_path / "a.sqlite")
    rows = pl.read_parquet(tmp_path / "out" / "data" / "*.parquet")
    books = manifest["books"]
    assert rows.height == sum(books["kept_rows"].values())
    assert books["source_rows"] == len(GROUNDS)
    assert books["rejected_source_rows"]["not_drawn"] == len(GROUNDS) - 30
    assert rows.height + books["rejected_source_rows"].get("duplicate", 0) == 30
    assert {tuple(one["role"] for one in messages)[:2] for messages in rows["messages"]} == {("user", "assistant")}
    assert all(identity.endswith("-llm") for identity in rows["id"])
    assert manifest["state"]["llm"]["dialogues"]["answers"] == 30
    assert manifest["state"]["llm"]["verdicts"]["cost"] == 0.0012
    assert sum(manifest["figures"]["tasks"].values()) == rows.height
    assert manifest["figures"]["outcomes_of_generation"] == {"made": 30}
    assert manifest["figures"]["judge_pass_rate"] == 1.0


def test_what_is_rejected_keeps_its_reason_and_cost(serve: Serve, source: Path, tmp_path: Path) -> None:
    faults = dict.fromkeys(range(0, 300, 2), "number") | dict.fromkeys(range(1, 300, 4), "judged unsafe")
    build(serve(Script(content=Model(faults))), source, tmp_path / "out", tmp_path / "a.sqlite")
    held = pl.read_parquet(tmp_path / "out" / "rejected" / "*.parquet").filter(pl.col("reason") != "not_drawn")
    reasons = Counter(held["reason"].to_list())
    assert reasons["ungrounded_number"] > 5
    assert reasons["judged_unsafe"] > 2
    details = held.filter(pl.col("reason") == "judged_unsafe")["detail"].to_list()
    assert set(details) == {"$0.000080, 40+20 tokens: It plays an emergency down."}


def test_a_rerun_is_free_and_the_same_to_the_byte(
    serve: Serve, source: Path, tmp_path: Path, tree_hash: Callable[[Path], dict[str, str]]
) -> None:
    server = serve(Script(content=Model({3: "drug", 5: "judged off task"})))
    build(server, source, tmp_path / "one", tmp_path / "a.sqlite")
    asked = server.seen.total()
    build(server, source, tmp_path / "two", tmp_path / "a.sqlite", concurrency=2, max_cost=1.0)
    assert server.seen.total() == asked
    assert tree_hash(tmp_path / "one") == tree_hash(tmp_path / "two")


def arguments(source: Path, out: Path, given: dict[str, Any]) -> list[str]:
    flags = [flag for name, value in given.items() for flag in ("--set", f"{name}={value}")]
    return [*COMMAND, "--source", str(source), "--out", str(out), "--workers", "1", "--no-validation", *flags]


@pytest.mark.slow
def test_a_killed_build_goes_on_to_the_same_bytes_and_pays_for_nothing_twice(
    serve: Serve, source: Path, tmp_path: Path, tree_hash: Callable[[Path], dict[str, str]]
) -> None:
    server = serve(Script(content=Model({2: "number"}), delay=0.05))
    killed = arguments(source, tmp_path / "killed", settings(server, tmp_path / "a.sqlite", concurrency=3))
    for part in (15, 40):  # while it writes, and while it judges
        process = subprocess.Popen(killed, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while server.answered.total() < part and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert subprocess.run(killed, capture_output=True, check=False).returncode == 0
    twice = sum(number - 1 for number in server.seen.values())
    assert twice <= 2 * 3  # what was under way at the two kills
    server.script.delay = 0.0
    build(server, source, tmp_path / "whole", tmp_path / "whole.sqlite")
    assert tree_hash(tmp_path / "whole") == tree_hash(tmp_path / "killed")


@pytest.mark.parametrize(
    ("given", "kind", "said"),
    [
        ({"model": "", "base_url": ""}, UsageError, "generator=llm needs model and base_url"),
        ({"model": "another"}, UsageError, "does not serve the model 'another'"),
        ({"max_requests": 7}, BuildError, r"max_requests was exceeded; \$0.000280 spent, 7 requests sent; 7 of 30"),
    ],
)
def test_what_stops_a_build_leaves_none(
    given: dict[str, Any], kind: type[OpenMedError], said: str, serve: Serve, source: Path, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=said) as stopped:
        build(serve(Script(content=Model({}))), source, tmp_path / "out", tmp_path / "a.sqlite", **given)
    assert stopped.value.hint
    assert not (tmp_path / "out").exists()


def test_the_command_says_what_a_limit_came_to(serve: Serve, source: Path, tmp_path: Path) -> None:
    given = settings(serve(Script(content=Model({}))), tmp_path / "a.sqlite", max_cost=0.0002)
    done = subprocess.run(arguments(source, tmp_path / "out", given), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    *_, error, hint = done.stderr.splitlines()
    assert error.startswith("error: stopped before max_cost was exceeded, as the next request may cost $0.00")
    assert hint.startswith("hint: Run the same command with a higher limit")
