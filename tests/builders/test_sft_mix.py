"""Mixtures: weights, tasks, licences, duplicates across parts, and parts that are damaged."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from toy_builder import read_manifest, read_rejected, read_rows, run_pipeline
from typer.testing import CliRunner

from openmed_data.api import build_dataset
from openmed_data.builder import Rows
from openmed_data.builders.sft_mix.drawing import rates_of
from openmed_data.builders.sft_mix.licensing import roll_up
from openmed_data.builders.sft_synthetic import SftSynthetic
from openmed_data.check import CheckResult
from openmed_data.cli import app
from openmed_data.dataset import open_dataset
from openmed_data.errors import GateError, SourceError, UsageError
from openmed_data.progress import Silent
from openmed_data.registry import CHECKS, all_of
from openmed_data.report import write_report
from openmed_data.validate import validate


class Threaded(SftSynthetic):
    """The same in threads, which start at once."""

    releases_gil = True


def questions(name: str, count: int) -> list[dict[str, str]]:
    subjects = ["liver", "spleen", "heart", "lung", "kidney", "skin", "bone", "nerve", "muscle", "eye"]
    return [
        {
            "id": f"{name}-{number}",
            "question": f"What does {name} {number} say of the {subjects[number % 10]} at {number}?",
            "answer": f"Line {number} of {name} says that the {subjects[number % 10]} needs rest for {number} days.",
        }
        for number in range(count)
    ]


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parts")
    (folder / "made").mkdir()
    for name, rows in {
        "small": questions("small", 60),
        "large": questions("large", 240),
        "again": [*({**row, "id": f"other {row['id']}"} for row in questions("small", 20)), *questions("again", 20)],
    }.items():
        path = folder / f"{name}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        run_pipeline(Threaded(), path, folder / "made" / name).rename(folder / name)
    run_pipeline(Threaded(), "sample", folder / "made" / "pages").rename(folder / "pages")
    return folder


def mixed(folder: Path, out: Path, *recipe: dict[str, Any], **options: Any) -> Path:
    path = folder / f"{out.name}.yaml"
    path.write_text(yaml.safe_dump({"parts": [{"license": "mit", **part} for part in recipe]}), encoding="utf-8")
    return build_dataset("sft-mix", str(path), out, workers=1, validation=False, options=options).path


def by_part(build: Path) -> dict[str, int]:
    part = read_rows(build)["origin"].str.split(":").list.first().alias("part")
    return dict(part.value_counts().sort("part").iter_rows())


def test_parts_stand_to_each_other_as_their_weights(parts: Path, tmp_path: Path) -> None:
    counts = by_part(mixed(parts, tmp_path / "out", {"source": "small", "weight": 1}, {"source": "large", "weight": 2}))
    assert counts["small"] == 60  # the scarcest for its weight is drawn whole
    assert 95 <= counts["large"] <= 145


def test_a_part_without_a_weight_is_whole_up_to_its_most(parts: Path, tmp_path: Path) -> None:
    counts = by_part(mixed(parts, tmp_path / "out", {"source": "small"}, {"source": "large", "max_rows": 100}))
    assert counts["small"] == 60
    assert 75 <= counts["large"] <= 125


def test_tasks_are_drawn_by_their_weights(parts: Path, tmp_path: Path) -> None:
    build = mixed(parts, tmp_path / "out", {"source": "pages", "max_rows": 20, "tasks": {"direct": 1e-6}})
    tasks = read_rows(build)["origin"].str.split("/").list.get(1)
    assert "direct" not in tasks.to_list()
    assert 8 <= tasks.len() <= 30


def test_what_an_earlier_part_says_is_not_said_again(parts: Path, tmp_path: Path) -> None:
    build = mixed(parts, tmp_path / "out", {"source": "small"}, {"source": "again"})
    assert by_part(build) == {"again": 20, "small": 60}
    gone = read_rejected(build)
    assert set(gone["reason"]) == {"near_duplicate"}
    assert set(gone["file"].str.split("/").list.first()) == {"again"}
    assert gone["detail"].str.contains(r"^as row \d+ of small/data/").all()
    turned = by_part(mixed(parts, tmp_path / "turned", {"source": "again"}, {"source": "small"}))
    assert turned == {"again": 40, "small": 40}


def test_a_passage_is_not_told_again_by_a_build_with_another_seed(parts: Path, tmp_path: Path) -> None:
    run_pipeline(Threaded(), "sample", tmp_path / "made", seed=7, max_words=60).rename(tmp_path / "short")
    shutil.copytree(parts / "pages", tmp_path / "pages")
    first, again = (read_rows(tmp_path / name) for name in ("pages", "short"))
    both = first.join(again, on="id", suffix="_again")
    assert (both["messages"] != both["messages_again"]).any()
    assert (both["split"] != both["split_again"]).any()
    rows = read_rows(mixed(tmp_path, tmp_path / "out", {"source": "pages"}, {"source": "short"}))
    assert rows["id"].is_unique().all()
    told = rows.group_by("source_id").agg(pl.col("split").n_unique())
    assert told["split"].max() == 1
    reasons = read_rejected(tmp_path / "out")
    assert set(reasons["reason"]) >= {"repeated_id"}
    assert reasons.filter(pl.col("reason") == "repeated_id")["detail"].str.contains(r"^as row \d+ of pages/data/").all()


def test_training_gives_way_to_a_part_that_holds_its_passage_out(tmp_path: Path) -> None:
    asked = questions("page", 120)
    other = [
        {
            "id": row["id"],
            "question": f"Tell me how long {number} rests.",
            "answer": f"It should be left for {number} nights.",
        }
        for number, row in enumerate(asked)
    ]
    for name, rows, seed in (("one", asked, 0), ("two", other, 1)):
        path = tmp_path / name / "pages.jsonl"
        path.parent.mkdir()
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        run_pipeline(Threaded(), path, tmp_path / "made" / name, seed=seed, min_words=3).rename(tmp_path / f"of-{name}")
    held_out = [read_rows(tmp_path / name).filter(pl.col("split") != "train").height for name in ("of-one", "of-two")]
    build = mixed(tmp_path, tmp_path / "out", {"source": "of-one"}, {"source": "of-two"})
    rows = read_rows(build)
    assert min(held_out) > 0
    assert rows.filter(pl.col("split") != "train").height == sum(held_out)
    assert rows.group_by("source_id").agg(pl.col("split").n_unique())["split"].max() == 1
    assert set(read_rejected(build)["reason"]) == {"held_out"}


SYSTEM = "You answer questions on a hospital's stock. Ask for the ward first, then for the item. " * 20
ITEMS = "bandage catheter cannula syringe gauze splint suture scalpel forceps stapler pillow blanket".split()


def trace(item: str) -> str:
    """Return a trace whose prompt and result are those of all others."""
    function = {"name": "stock", "arguments": json.dumps({"item": item})}
    turns = [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": f"Is there a {item} left?"},
        {"role": "assistant", "content": "", "tool_calls": [{"id": "1", "type": "function", "function": function}]},
        {"role": "tool", "tool_call_id": "1", "content": "The store holds: " + ", ".join(ITEMS)},
        {"role": "assistant", "content": f"Yes, the {item} is on the list."},
    ]
    properties = {"item": {"type": "string"}}
    tool = {"name": "stock", "parameters": {"type": "object", "properties": properties}}
    return json.dumps({"messages": turns, "tools": [{"type": "function", "function": tool}]}) + "\n"


def test_rows_are_not_repeats_because_their_prompts_and_results_are(tmp_path: Path) -> None:
    path = tmp_path / "stock.jsonl"
    path.write_text("".join(map(trace, ITEMS)), encoding="utf-8")
    build_dataset("tool-traces", str(path), tmp_path / "stock", workers=1, validation=False)
    assert by_part(mixed(tmp_path, tmp_path / "out", {"source": "stock"})) == {"stock": len(ITEMS)}


def test_a_weight_for_a_task_that_is_not_there_stops_the_mixture(parts: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="of part 'pages' is of the task 'directly'") as caught:
        mixed(parts, tmp_path / "out", {"source": "pages", "tasks": {"directly": 0.5}})
    assert "direct" in str(caught.value.hint)


def test_weights_that_leave_a_part_nothing_stop_the_mixture(parts: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"leave part 'large' 0\.06 of its 240 rows"):
        mixed(parts, tmp_path / "out", {"source": "small", "weight": 1000}, {"source": "large", "weight": 1})


def test_rows_keep_their_words_and_their_licence(parts: Path, tmp_path: Path) -> None:
    build = mixed(parts, tmp_path / "out", {"source": "small"}, {"source": "pages", "name": "read"})
    rows = read_rows(build)
    came = pl.concat([read_rows(parts / name) for name in ("small", "pages")])
    both = rows.join(came, on="id", suffix="_came")
    assert both.height == rows.height
    assert both["messages"].to_list() == both["messages_came"].to_list()
    assert set(rows.select(pl.col("origin").str.split(":").list.first(), "license").unique().rows()) == {
        ("small", "mit"),
        ("read", "apache-2.0"),
    }
    manifest = read_manifest(build)
    assert manifest["source"]["license"] == "apache-2.0"
    assert manifest["figures"]["rows_by_license"] == {"apache-2.0": came.height - 60, "mit": 60}
    for name, folder in (("small", "small"), ("read", "pages")):
        part = manifest["state"]["parts"][name]
        assert part["content_digest"] == read_manifest(parts / folder)["content_digest"]
        assert part["source"] == folder


class Older(Threaded):
    """As dialogues were written by older versions."""

    def rows(self, batch: pl.DataFrame, state: Any, options: Any) -> Rows:
        made = super().rows(batch, state, options)
        return replace(made, kept=made.kept.with_columns(tools=pl.lit("[]")))


def test_rows_without_tools_have_null_for_them(tmp_path: Path) -> None:
    path = tmp_path / "old.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in questions("old", 20)), encoding="utf-8")
    run_pipeline(Older(), path, tmp_path / "made" / "old").rename(tmp_path / "old")
    (tmp_path / "stock.jsonl").write_text("".join(map(trace, ITEMS)), encoding="utf-8")
    build_dataset("tool-traces", str(tmp_path / "stock.jsonl"), tmp_path / "stock", workers=1, validation=False)
    rows = read_rows(mixed(tmp_path, tmp_path / "out", {"source": "old"}, {"source": "stock"}))
    assert set(read_rows(tmp_path / "old")["tools"]) == {"[]"}
    without = rows["origin"].str.starts_with("old")
    assert rows.filter(without)["tools"].is_null().all()
    assert rows.filter(~without)["tools"].str.contains("stock").all()


def test_a_limit_would_leave_parts_out_and_is_refused(parts: Path, tmp_path: Path) -> None:
    path = parts / "limited.yaml"
    path.write_text(yaml.safe_dump({"parts": [{"source": name, "license": "mit"} for name in ("small", "large")]}))
    build = partial(build_dataset, "sft-mix", str(path), workers=1, validation=False)
    with pytest.raises(UsageError, match=r"all 300 rows of its parts, and --limit leaves the first 100") as caught:
        build(tmp_path / "out", limit=100)
    assert "max_rows" in str(caught.value.hint)
    assert by_part(build(tmp_path / "whole", limit=300).path) == {"large": 240, "small": 60}


def test_what_training_learns_of_each_part_is_told_in_words(parts: Path, tmp_path: Path) -> None:
    build = mixed(parts, tmp_path / "out", {"source": "small"}, {"source": "pages"})
    words: dict[str, int] = {}
    for origin, messages in read_rows(build).select("origin", "messages").iter_rows():
        said = [message["content"] for message in messages if message["role"] == "assistant"]
        part = origin.partition(":")[0]
        words[part] = words.get(part, 0) + len(" ".join(said).split())
    whole = sum(words.values())
    shares = read_manifest(build)["figures"]["share_of_words_of_replies"]
    assert shares == {part: round(count / whole, 4) for part, count in words.items()}


def test_the_recipe_decides_and_not_the_order_of_work(
    parts: Path, tmp_path: Path, layout: Callable[..., None], tree_hash: Callable[[Path], dict[str, str]]
) -> None:
    recipe = ({"source": "small", "weight": 1}, {"source": "large", "weight": 1})
    one = mixed(parts, tmp_path / "one", *recipe)
    path = parts / "one.yaml"
    two = build_dataset("sft-mix", str(path), tmp_path / "two", workers=2, validation=False).path
    ours, theirs = tree_hash(one), tree_hash(two)
    assert {name: ours[name] for name in ours if name.endswith(".parquet")} == {
        name: theirs[name] for name in theirs if name.endswith(".parquet")
    }
    other = mixed(parts, tmp_path / "other", *recipe, seed=7)
    assert read_manifest(other)["content_digest"] != read_manifest(one)["content_digest"]


def test_another_weight_is_another_build(parts: Path, tmp_path: Path) -> None:
    mixed(parts, tmp_path / "out", {"source": "small", "weight": 1}, {"source": "large", "weight": 1})
    with pytest.raises(UsageError, match="holds another build"):
        mixed(parts, tmp_path / "out", {"source": "small", "weight": 1}, {"source": "large", "weight": 2})


def test_a_damaged_part_stops_the_mixture(parts: Path, tmp_path: Path) -> None:
    copy = tmp_path / "small"
    (copy / "data").mkdir(parents=True)
    for path in (parts / "small").rglob("*"):
        if path.is_file() and path.parent.name in {"small", "data"}:
            (copy / path.relative_to(parts / "small")).write_bytes(path.read_bytes())
    assert by_part(mixed(tmp_path, tmp_path / "whole", {"source": "small"})) == {"small": 60}
    shard = next((copy / "data").glob("train-*"))
    rows = pq.read_table(shard)
    pq.write_table(rows.slice(1), shard)
    with pytest.raises(SourceError, match="does not hold the rows that its manifest names"):
        mixed(tmp_path, tmp_path / "out", {"source": "small"})
    shard.write_bytes(shard.read_bytes()[:500])
    with pytest.raises(SourceError, match="cannot be read"):
        mixed(tmp_path, tmp_path / "out", {"source": "small"})


@pytest.fixture
def validated(parts: Path, tmp_path: Path) -> Path:
    """Return a folder with three copies of a part: validated, failed, and validated as other files than these."""
    whole, faulty, other = (tmp_path / name for name in ("whole", "faulty", "other"))
    for build in (whole, faulty, other):
        shutil.copytree(parts / "small", build)
    report = validate(open_dataset(str(whole)), ["schema"])
    assert report.passed
    # As if the others had had nothing to say: most of these rows are too much alike for them.
    fitting = [name for name, check in all_of(CHECKS).items() if report.kind in check.kinds and name != "schema"]
    idle = (CheckResult(name, (), report.results[0].findings.clear(), {}, not_run="left out") for name in fitting)
    report = replace(report, results=(*report.results, *idle))
    write_report(report, whole / "validation")
    write_report(validate(open_dataset(str(faulty)), ["schema"], {"schema": {"min_rows": 61}}), faulty / "validation")
    write_report(replace(report, manifest_digest="0" * 64), other / "validation")
    return tmp_path


class Notes(Silent):
    """What was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        """Keep the line."""
        self.said.append(text)


def test_parts_that_failed_are_refused_all_at_once(validated: Path, tmp_path: Path) -> None:
    shutil.copytree(validated / "faulty", validated / "again")
    with pytest.raises(
        GateError, match=r"(?s)part 'faulty': .*a verdict that failed: schema rows.*part 'again'"
    ) as caught:
        mixed(validated, tmp_path / "out", {"source": "faulty"}, {"source": "again"}, {"source": "whole"})
    assert caught.value.exit_code == 1
    assert "allow_failed" in caught.value.hint
    assert not list(tmp_path.glob("out*/"))


def test_a_report_that_was_edited_vouches_for_nothing(validated: Path, tmp_path: Path) -> None:
    page = validated / "whole" / "validation" / "report.md"
    page.write_text(page.read_text(encoding="utf-8") + "All is well.\n", encoding="utf-8")
    with pytest.raises(GateError, match=r"part 'whole': validation/report\.md"):
        mixed(validated, tmp_path / "out", {"source": "whole"})


def test_manifest_and_card_say_which_parts_were_validated(validated: Path, parts: Path, tmp_path: Path) -> None:
    shutil.copytree(parts / "large", validated / "bare")
    write_report(validate(open_dataset(str(validated / "bare")), ["schema"]), validated / "bare" / "validation")
    recipe = ({"source": "whole"}, {"source": "faulty", "allow_failed": True}, {"source": "other"}, {"source": "bare"})
    path = validated / "mix.yaml"
    path.write_text(yaml.safe_dump({"parts": [{"license": "mit", **part} for part in recipe]}), encoding="utf-8")
    notes = Notes()
    build = build_dataset("sft-mix", str(path), tmp_path / "out", validation=False, progress=notes).path
    stated = {name: part["validated"] for name, part in read_manifest(build)["state"]["parts"].items()}
    assert stated == {"whole": "passed", "faulty": "failed", "other": "not run", "bare": "not run"}
    warned = [line for line in notes.said if line.startswith("warning")]
    assert [line.split("'")[1] for line in warned] == ["faulty", "other", "bare"]
    dry = CliRunner().invoke(app, ["build", "sft-mix", "--source", str(path), "--dry-run"])
    assert dry.exit_code == 0
    assert " ".join(dry.stderr.split()).count("warning: nothing vouches for part") == len(warned)
    card = (build / "README.md").read_text(encoding="utf-8")
    assert "| `faulty` | `sft-synthetic` | 60 | whole | mit | failed |" in card
    assert "| `whole` | `sft-synthetic` | 60 | whole | mit | passed |" in card


def test_licences_that_do_not_go_together_stop_the_mixture(parts: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot stand in one dataset"):
        mixed(
            parts,
            tmp_path / "out",
            {"source": "small", "license": "cc-by-sa-4.0"},
            {"source": "large", "license": "cc-by-nc-4.0"},
        )
    with pytest.raises(UsageError, match="'unknown' may be mixed"):
        mixed(parts, tmp_path / "out", {"source": "small", "license": ""})


@pytest.mark.parametrize(
    ("licenses", "whole"),
    [
        (["mit"], "mit"),
        (["mit", "apache-2.0", "cc0-1.0"], "apache-2.0"),
        (["cc-by-4.0", "mit"], "cc-by-4.0"),
        (["cc-by-sa-3.0", "cc-by-sa-4.0", "mit"], "cc-by-sa-4.0"),
        (["cc-by-nc-4.0", "cc-by-nc-sa-4.0"], "cc-by-nc-sa-4.0"),
    ],
)
def test_the_most_demanding_licence_is_that_of_the_whole(licenses: list[str], whole: str) -> None:
    assert roll_up(licenses) == roll_up(reversed(licenses)) == whole


@pytest.mark.parametrize(
    "licenses",
    [["cc-by-nd-4.0", "mit"], ["llama2", "mit"], ["cc-by-sa-4.0", "cc-by-nc-sa-4.0"], ["odbl", "cc-by-sa-4.0"]],
)
def test_licences_that_forbid_it_are_refused(licenses: list[str]) -> None:
    with pytest.raises(UsageError):
        roll_up(licenses)


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 500), min_size=1),
    st.dictionaries(st.sampled_from("abcdef"), st.floats(0.01, 50)),
    st.floats(0, 1),
)
def test_rates_draw_what_is_wanted(counts: dict[str, int], weights: dict[str, float], share: float) -> None:
    wanted = share * sum(counts.values())
    rates = rates_of(counts, weights, wanted)
    assert all(0 <= rate <= 1 for rate in rates.values())
    assert sum(rates[task] * counts[task] for task in counts) == pytest.approx(wanted, abs=0.01)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("parts: []", "parts"),
        ("parts: [{weight: 1}]", "source"),
        ("parts: [{source: a, wieght: 1}]", "wieght"),
        ("parts: [{source: a}, {source: b/a}]", "several parts called 'a'"),
        ("parts: [{source: a, name: 'a:b'}]", "called 'a:b'"),
        ("parts: [{source: a, tasks: {direct: -1}}]", "greater than or equal to 0"),
        ("parts: [", "not valid YAML"),
        ("parts: [{source: nowhere}]", "no finished build"),
    ],
)
def test_a_recipe_that_is_none_says_why(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mix.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        build_dataset("sft-mix", str(path), tmp_path / "out")


def test_a_mixture_is_made_of_dialogues(parts: Path, tmp_path: Path) -> None:
    build_dataset("medmcqa-prefs", "sample", parts / "prefs", workers=1, validation=False)
    with pytest.raises(UsageError, match="made of dialogues"):
        mixed(parts, tmp_path / "out", {"source": "prefs"})
    with pytest.raises(UsageError, match="made by a recipe"):
        build_dataset("sft-mix", "sample", tmp_path / "out")
