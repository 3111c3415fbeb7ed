import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from scripted_server import MODEL, Script, ScriptedServer
from typer.testing import CliRunner

from openmed_data.cli import app
from openmed_data.errors import SourceError, UsageError
from openmed_data.llm import Endpoint
from openmed_data.probe import Sampling, pass_rates_from_endpoint, pass_rates_from_rollouts
from openmed_data.progress import Silent

Serve = Callable[[Script], ScriptedServer]
PROMPTS = pl.DataFrame(
    {
        "id": ["easy", "hard", "open", "unseen"],
        "prompt": [[{"role": "user", "content": name}] for name in ("easy", "hard", "open", "unseen")],
        "answer": ["Two", "Two", "it depends", "yes"],
        "answer_type": ["choice", "choice", "boolean", "boolean"],
        "choices": [["One", "Two"], ["One", "Two"], [], []],
        "answer_label": ["B", "B", None, None],
    }
)


def test_pass_rates_from_recorded_rollouts(tmp_path: Path) -> None:
    rows = [
        {"id": "easy", "completions": ["<answer>B</answer>", "The answer is B."]},
        {"id": "hard", "completion": "<answer>A</answer>"},
        {"id": "hard", "completion": [{"role": "assistant", "content": "<answer>B</answer>"}]},
        {"id": "hard", "completions": ["", "B or A"]},
        {"id": "open", "completion": "yes"},
    ]
    path = tmp_path / "rollouts.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    rates = pass_rates_from_rollouts(PROMPTS, path)
    assert rates.schema == {"id": pl.String, "n": pl.UInt32, "pass_rate": pl.Float64}
    assert rates.rows() == [("easy", 2, 1.0), ("hard", 4, 0.25), ("open", 1, None), ("unseen", 0, None)]


def test_every_bad_line_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "rollouts.jsonl"
    path.write_bytes(
        b'{"id": "easy"}\nnot json\n{"id": "who", "completion": "x"}\n[1]\n{"id": "easy", "completion": "B"}\n'
        b'\xff\n{"id": "easy", "completion": ["B"]}\n'
        b'{"id": "easy", "completion": [{"role": "assistant", "content": 2}]}\n'
    )
    with pytest.raises(SourceError, match="7 lines that are no rollouts") as refused:
        pass_rates_from_rollouts(PROMPTS, path)
    assert [(one.row, one.found.split()[0:2]) for one in refused.value.problems] == [
        (1, ["no", "completion"]),
        (2, ["Expecting", "value:"]),
        (3, ["the", "id"]),
        (4, ["no", "id"]),
        (6, ["'utf-8'", "codec"]),
        (7, ["no", "completion"]),
        (8, ["no", "completion"]),
    ]


def test_answers_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    rows = PROMPTS.with_columns(
        answer=pl.when(pl.col("id") != "easy").then("answer"),
        answer_type=pl.when(pl.col("id") == "hard").then(pl.lit("guess")).otherwise("answer_type"),
    )
    (tmp_path / "rollouts.jsonl").touch()
    rows.write_ndjson(tmp_path / "rows.jsonl")
    for asked in (["rewards"], ["difficulty", "--rollouts", str(tmp_path / "rollouts.jsonl")]):
        done = CliRunner().invoke(app, ["probe", *asked, str(tmp_path / "rows.jsonl")])
        assert done.exit_code == 2
        assert "row 1: found no answer; expected a text" in done.output
        assert "row 2: found answer_type is 'guess'; expected one of choice" in done.output


def answer(body: dict[str, Any]) -> str:
    return "<answer>A</answer>" if body["messages"][-1]["content"] == "hard" else "<answer>B</answer>"


def test_pass_rates_from_a_served_model(serve: Serve, tmp_path: Path) -> None:
    server = serve(Script(content=answer, key="secret"))
    endpoint = Endpoint(server.base_url, MODEL, key="secret")
    rates = pass_rates_from_endpoint(PROMPTS.head(2), endpoint, tmp_path / "a.sqlite", Silent(), Sampling(samples=4))
    assert rates.rows() == [("easy", 4, 1.0), ("hard", 4, 0.0)]
    assert len(server.seen) == 8  # each sample is a request of its own


def test_a_model_that_answers_now_and_then(serve: Serve, tmp_path: Path) -> None:
    server = serve(Script(content=lambda body: "<answer>B</answer>" if body["seed"] % 2 else "<answer>A"))
    rates = pass_rates_from_endpoint(PROMPTS.head(1), Endpoint(server.base_url, MODEL), tmp_path / "a.sqlite", Silent())
    assert rates.rows() == [("easy", 8, 0.5)]


def test_what_is_refused_does_not_count(serve: Serve, tmp_path: Path) -> None:
    refused = {"status": 400, "body": '{"error": {"message": "too long"}}'}
    server = serve(Script(content=answer, faults=lambda body, _: refused if body["seed"] == 3 else {}))
    rates = pass_rates_from_endpoint(PROMPTS.head(1), Endpoint(server.base_url, MODEL), tmp_path / "a.sqlite", Silent())
    assert rates.rows() == [("easy", 7, 1.0)]


def test_a_call_that_broke_off_goes_on(serve: Serve, tmp_path: Path) -> None:
    gone = {"status": 401, "body": '{"error": {"message": "expired"}}'}
    server = serve(Script(content=answer, faults=lambda body, _: gone if body["seed"] == 5 else {}))
    with pytest.raises(UsageError, match="are answered and kept"):
        pass_rates_from_endpoint(PROMPTS.head(1), Endpoint(server.base_url, MODEL), tmp_path / "a.sqlite", Silent())
    server = serve(Script(content=answer))
    rates = pass_rates_from_endpoint(PROMPTS.head(1), Endpoint(server.base_url, MODEL), tmp_path / "a.sqlite", Silent())
    assert rates.rows() == [("easy", 8, 1.0)]
    assert len(server.seen) < 4


def test_no_prompts_need_no_endpoint(tmp_path: Path) -> None:
    endpoint = Endpoint("http://127.0.0.1:9/v1", "tiny")
    assert pass_rates_from_endpoint(PROMPTS.head(0), endpoint, tmp_path / "a.sqlite", Silent()).height == 0


def test_the_command_leaves_its_result_alone_behind(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openmed_data.cli.probe._prompts", lambda _: PROMPTS.head(2))
    server, out = serve(Script(content=answer)), tmp_path / "rates.jsonl"
    asked = ["probe", "difficulty", "any", "--endpoint", server.base_url, "--model", MODEL, "--out", str(out)]
    assert CliRunner().invoke(app, [*asked, "--samples", "2"]).exit_code == 0
    assert [json.loads(line)["pass_rate"] for line in out.read_text().splitlines()] == [1.0, 0.0]
    assert [path.name for path in tmp_path.iterdir()] == ["rates.jsonl"]


def test_completions_stay_where_the_result_cannot_be_written(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openmed_data.cli.probe._prompts", lambda _: PROMPTS.head(2))
    server, out = serve(Script(content=answer)), tmp_path / "rates.jsonl"
    asked = ["probe", "difficulty", "any", "--endpoint", server.base_url, "--model", MODEL, "--samples", "2"]
    out.mkdir()
    assert CliRunner().invoke(app, [*asked, "--out", str(out)]).exit_code == 2
    out.rmdir()
    assert CliRunner().invoke(app, [*asked, "--out", str(out)]).exit_code == 0
    assert set(server.seen.values()) == {1}, "each completion was paid for once"


def test_recorded_completions_leave_those_of_an_endpoint_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openmed_data.cli.probe._prompts", lambda _: PROMPTS.head(1))
    kept, rollouts = tmp_path / "rates.jsonl.answers.sqlite", tmp_path / "rollouts.jsonl"
    kept.touch()
    rollouts.write_text("", encoding="utf-8")
    asked = ["probe", "difficulty", "any", "--rollouts", str(rollouts), "--out", str(tmp_path / "rates.jsonl")]
    assert CliRunner().invoke(app, asked).exit_code == 0
    assert kept.is_file()
