"""Each command on a build of the bundled sample: what it says, as a person reads it and as JSON."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from openmed_data import __version__
from openmed_data.cli import app
from openmed_data.registry import BUILDERS, find

GROUPS = {str(one.typer_instance.info.name): one.typer_instance for one in app.registered_groups if one.typer_instance}
BUILDER = find(BUILDERS, "medmcqa-prefs")
Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """Run a command in this process; it must leave with `code`."""

    def invoke(*arguments: object, code: int = 0) -> Result:
        done = CliRunner().invoke(app, list(map(str, arguments)))
        assert done.exit_code == code, done.output
        return done

    return invoke


def manifest(build: Path) -> dict[str, Any]:
    return json.loads((build / "manifest.json").read_text(encoding="utf-8"))


# The application.


def test_version(run: Run) -> None:
    assert run("--version").stdout == f"openmed-data {__version__}\n"


@pytest.mark.parametrize("command", [one.name for one in app.registered_commands])
def test_help_has_examples_and_explains_every_option(run: Run, command: str) -> None:
    text = run(command, "--help").stdout
    assert "  Examples:\n" in text
    assert f"    openmed-data {command} " in text or f"    openmed-data {command}\n" in text
    body = text.split("Options:\n")[1].split("Examples:")[0]
    explained = [line for line in body.splitlines() if line.startswith("  -")]
    assert len(explained) >= 4
    for line in explained:  # a name, at least two spaces, and words
        assert len(line.strip().split("  ", 1)) == 2 or f"{line}\n   " in body, line


@pytest.mark.parametrize("group", [(), *((name,) for name in GROUPS)])
def test_no_summary_of_a_command_is_cut(run: Run, group: tuple[str, ...]) -> None:
    text = run(*group, "--help").stdout
    assert "..." not in text.split("Commands:")[1]


@pytest.mark.parametrize(
    "words",
    [
        *((one.name,) for one in app.registered_commands),
        *((name, one.name) for name, group in GROUPS.items() for one in group.registered_commands),
    ],
)
def test_help_says_what_a_value_is_in_words(run: Run, words: tuple[str, ...]) -> None:
    options = run(*words, "--help").stdout.split("Options:\n")[1]
    assert not re.search(r"^  -.*<(str|path|int|int range|float)>", options, re.MULTILINE)


# list and describe


def test_list(run: Run) -> None:
    assert BUILDER.summary in run("list").stdout
    assert json.loads(run("list", "--json").stdout)["datasets"]["medmcqa-prefs"] == BUILDER.summary


def test_describe_tells_all_there_is(run: Run) -> None:
    text = run("describe", "medmcqa-prefs").stdout
    for name, field in BUILDER.options_model.model_fields.items():
        assert name in text
        assert str(field.description).split(";")[0].split(".")[0] in text
    for reason in BUILDER.reasons:
        assert f"{reason.value} " in text
        assert reason.meaning in text
    assert "conflicting_key" in text  # the engine's
    assert f"hub:{BUILDER.upstream.repo}@" in text
    assert BUILDER.upstream.license in text
    assert "hub:" not in run("describe", "sft-mix").stdout.split("Options")[0], "a mixture has no place on the Hub"
    facts = json.loads(run("describe", "medmcqa-prefs", "--json").stdout)
    assert {one["name"] for one in facts["options"]} == set(BUILDER.options_model.model_fields)
    assert "explanation" not in facts["columns"]["required"]


# build


def test_build_prints_where_every_row_went(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "x"
    done = run("build", "medmcqa-prefs", "--source", "sample", "--out", out, "--no-validation")
    books = manifest(out)["books"]
    shown = dict(re.findall(r"^ *(\S.*?)  +([\d,]+)(?: |$)", done.stdout, flags=re.MULTILINE))
    assert shown["source rows"] == str(books["source_rows"])
    assert shown["used"] == str(books["used_rows"])
    assert int(shown["rejected"]) == sum(books["rejected_source_rows"].values())
    for reason, count in books["rejected_source_rows"].items():
        assert shown[reason] == str(count)
    assert shown["kept in train"] == str(books["kept_rows"]["train"])
    assert "length classifier accuracy" in done.stdout
    assert "not checked" in done.stdout
    assert str(out) in done.stdout
    assert f"next: openmed-data validate {out}" in done.stderr


def test_build_as_json(run: Run, tmp_path: Path) -> None:
    arguments = ("build", "medmcqa-prefs", "--source", "sample", "--out", tmp_path / "x", "--no-validation", "--json")
    facts = json.loads(run(*arguments).stdout)
    assert facts["books"] == manifest(tmp_path / "x")["books"]
    assert (facts["reused"], facts["passed"]) == (False, None)
    again = run(*arguments, "--quiet")
    assert json.loads(again.stdout)["reused"] is True
    assert again.stderr == ""


def test_settings_reach_the_build(run: Run, tmp_path: Path) -> None:
    source = ("build", "medmcqa-prefs", "--source", "sample", "--out", tmp_path / "x", "--no-validation", "--limit", 80)
    run(*source, "--seed", 7, "--set", "negatives=all", "--set", "shuffle=false", "--set", "system=Be brief = good.")
    made = manifest(tmp_path / "x")
    wanted = {"seed": 7, "negatives": "all", "shuffle": False, "system": "Be brief = good."}
    assert wanted.items() <= made["options"].items()
    assert (made["limit"], made["books"]["source_rows"]) == (80, 80)


def test_another_build_is_not_replaced_unasked(run: Run, tmp_path: Path) -> None:
    source = ("build", "medmcqa-prefs", "--source", "sample", "--limit", 60, "--out", tmp_path / "x", "--no-validation")
    run(*source)
    assert "--overwrite" in run(*source, "--seed", 1, code=2).stderr
    assert manifest(tmp_path / "x")["options"]["seed"] == 42
    run(*source, "--seed", 1, "--overwrite")
    assert manifest(tmp_path / "x")["options"]["seed"] == 1


def test_dry_run_writes_nothing(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("build", "medmcqa-prefs", "--source", "sample", "--seed", 3, "--dry-run")
    assert "sample.jsonl" in done.stdout
    assert "seed = 3" in done.stdout
    facts = json.loads(run("build", "medmcqa-prefs", "--dry-run", "--json").stdout)  # no network either
    assert facts["source"] == f"hub:{BUILDER.upstream.repo}@{BUILDER.upstream.revision}"
    assert facts["out_exists"] is False
    assert list(tmp_path.iterdir()) == []
    run("build", "medmcqa-prefs", "--dry-run", "--set", "seed=-1", code=2)


# show


def test_show_one_row(run: Run, sample_build: Path) -> None:
    row = pl.read_parquet(sample_build / "data" / "train-*.parquet").row(6, named=True)
    for reference in ("7", row["id"]):
        text = run("show", sample_build, "--row", reference).stdout
        assert text.startswith(f"row 7 of train  {row['id']}\n")
        assert f"chosen    {row['chosen'][0]['content']}" in text
        assert f"rejected  {row['rejected'][0]['content']}" in text
        first, *_, last = row["prompt"][0]["content"].splitlines()
        assert f"user      {first}\n" in text
        assert f"\n          {last}\n" in text
    facts = json.loads(run("show", sample_build, "--row", 7, "--json").stdout)
    assert facts == {"number": 7, "split": "train", **row}


def test_show_gives_the_same_sample_every_time(run: Run, sample_build: Path) -> None:
    text = run("show", sample_build, "--sample", 4).stdout
    assert text == run("show", sample_build, "--sample", 4).stdout
    assert text.count("chosen  ") == 4
    assert text != run("show", sample_build, "--sample", 4, "--seed", 1).stdout
    validation = run("show", sample_build, "--split", "validation", "--sample", 99, "--json").stdout.splitlines()
    assert len(validation) == manifest(sample_build)["books"]["kept_rows"]["validation"]


def test_show_rejected_rows(run: Run, sample_build: Path) -> None:
    text = run("show", sample_build, "--rejected", "missing_option", "--sample", 1).stdout
    assert "reason        missing_option" in text
    assert re.search(r"stands in     row \d+ of sample.jsonl\n", text)
    assert "question  " in text
    lines = run("show", sample_build, "--rejected", "all", "--sample", 999, "--json").stdout.splitlines()
    reasons = pl.Series([json.loads(line)["reason"] for line in lines]).value_counts()
    assert dict(reasons.iter_rows()) == manifest(sample_build)["books"]["rejected_source_rows"]
    wrong = run("show", sample_build, "--rejected", "missing_options", code=2).stderr
    assert "Did you mean 'missing_option'?" in wrong
    assert "unlabelled (" in wrong


def test_long_texts_are_cut_unless_asked_for(run: Run, tmp_path: Path) -> None:
    text = "word " * 1000
    pl.DataFrame({"id": ["a"], "prompt": [text], "chosen": ["c"], "rejected": ["r"]}).write_parquet(
        tmp_path / "p.parquet"
    )
    assert "more characters (--full)" in run("show", tmp_path / "p.parquet").stdout
    full = run("show", tmp_path / "p.parquet", "--full").stdout
    assert text.strip() in full


def test_tool_traces_are_shown_as_calls(run: Run, tmp_path: Path) -> None:
    call = json.dumps({"type": "function", "function": {"name": "search", "arguments": {"query": "warfarin", "k": 3}}})
    odd = json.dumps({"function": {"name": "look", "arguments": [1]}})
    parameters = {"type": "object", "properties": {"query": {"type": "string"}, "k": {"type": "integer"}}}
    tools = [{"type": "function", "function": {"name": "search", "description": "Search.", "parameters": parameters}}]
    messages = [
        {"role": "user", "content": "INR?", "tool_calls": None, "name": None},
        {"role": "assistant", "content": None, "tool_calls": [call], "name": None},
        {"role": "tool", "content": "found \x1b[2Jit", "tool_calls": None, "name": "search"},
        {"role": "assistant", "content": "2 to 3.", "tool_calls": ["no JSON", odd], "name": None},
    ]
    rows = pl.DataFrame({"id": ["a"], "messages": [messages], "tools": [json.dumps(tools)], "n_calls": [1]})
    rows.write_parquet(tmp_path / "t.parquet")
    text = run("show", tmp_path / "t.parquet").stdout
    assert '→ search(query="warfarin", k=3)' in text
    assert "search(query: string, k: integer)  Search." in text
    assert r"tool search  found \x1b[2Jit" in text
    assert "→ no JSON" in text
    assert "→ look([1])" in text
    assert "2 to 3." in text


# diff


def test_diff_of_a_build_with_itself(run: Run, sample_build: Path) -> None:
    facts = json.loads(run("diff", sample_build, sample_build, "--json", "--exit-code").stdout)
    assert facts["same"] is True
    assert facts["unchanged"] == sum(manifest(sample_build)["books"]["kept_rows"].values())
    assert not facts["reasons"]
    assert not facts["made_from"]


def test_diff_of_two_builds(run: Run, sample_build: Path, other_build: Path) -> None:
    done = run("diff", sample_build, other_build)
    for part in ("options.seed", "limit", "source rows", "bias.length_classifier_accuracy", "chosen", "needs_picture"):
        assert part in done.stdout
    assert "next: openmed-data show" in done.stderr
    run("diff", sample_build, other_build, "--exit-code", "--quiet", code=1)
    facts = json.loads(run("diff", sample_build, other_build, "--json").stdout)
    old, new = manifest(sample_build)["books"], manifest(other_build)["books"]
    assert {"name": "source rows", "old": old["source_rows"], "new": new["source_rows"]} in facts["reasons"]
    ids = [set(pl.read_parquet(build / "data" / "*.parquet")["id"]) for build in (sample_build, other_build)]
    assert (facts["added"], facts["removed"]) == (len(ids[1] - ids[0]), len(ids[0] - ids[1]))
    assert facts["changed"] + facts["unchanged"] == len(ids[0] & ids[1])


def test_a_diff_names_the_settings_of_filters_that_differ(run: Run, sample_build: Path, tmp_path: Path) -> None:
    out = tmp_path / "strict"
    run("build", "medmcqa-prefs", "--source", "sample", "--out", out, "--no-validation", "--set", "phi.level=3")
    changed = json.loads(run("diff", sample_build, out, "--json").stdout)["made_from"]
    assert changed == [{"name": "filters.phi.level", "old": 2, "new": 3}]


def test_diff_of_a_build_with_its_own_file(run: Run, sample_build: Path) -> None:
    (train,) = (sample_build / "data").glob("train-*.parquet")
    facts = json.loads(run("diff", sample_build, train, "--json").stdout)
    assert facts["removed"] == manifest(sample_build)["books"]["kept_rows"]["validation"]
    assert (facts["added"], facts["changed"]) == (0, 0)


# card


def test_card(run: Run, sample_build: Path) -> None:
    written = (sample_build / "README.md").read_text(encoding="utf-8")
    assert run("card", sample_build).stdout == written
    (sample_build / "README.md").unlink()
    run("card", sample_build, "--write", "--quiet")
    assert (sample_build / "README.md").read_text(encoding="utf-8") == written
    assert json.loads(run("card", sample_build, "--json").stdout)["card"] == written
