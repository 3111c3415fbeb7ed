"""A card says what the build's files say, in Markdown and YAML that the Hub reads."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from huggingface_hub import DatasetCard
from markdown_it import MarkdownIt

from openmed_data import manifest
from openmed_data.api import build_dataset
from openmed_data.card import render

Edit = Callable[[dict[str, Any]], None]

# Every kind of mark that could end a table, a fence, a heading or the metadata early.
HOSTILE = "a | b\n```\n---\n# Title\n<!-- `c` ``d`` : - & &amp; *e* \u2028 \ufeff 'f' \"g\" {{ m }} {% x %}"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_dataset("medmcqa-prefs", "sample", tmp_path_factory.mktemp("card") / "prefs", validation=False).path


@pytest.fixture
def edited(sample: Path, tmp_path: Path) -> Callable[[Edit], Path]:
    """Return a copy of the sample's build with an edited manifest."""

    def copy(edit: Edit) -> Path:
        build = tmp_path / "build"
        shutil.copytree(sample, build)
        document = manifest.read(build)
        edit(document)
        (build / manifest.NAME).write_text(json.dumps(document), encoding="utf-8")
        return build

    return copy


def _metadata(card: str) -> dict[str, Any]:
    return yaml.safe_load(card.split("---\n")[1])


def _section(card: str, title: str) -> str:
    """Return what stands below the heading `title`."""
    return re.split(rf"^#+ {re.escape(title)}\n", card, maxsplit=1, flags=re.MULTILINE)[1].split("\n## ")[0]


def _table(text: str) -> list[list[str]]:
    """Return the body of the first table, as a Markdown reader sees it."""
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
    start = next(index for index, token in enumerate(tokens) if token.type == "tbody_open")
    rows: list[list[str]] = []
    for token in tokens[start:]:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append("".join(child.content for child in token.children or []))
        elif token.type == "tbody_close":
            break
    return rows


def _headings(card: str) -> list[str]:
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(DatasetCard(card).text)
    return [tokens[index + 1].content for index, token in enumerate(tokens) if token.type == "heading_open"]


def test_the_build_holds_its_card(sample: Path) -> None:
    assert (sample / "README.md").read_text(encoding="utf-8") == render(sample)


def test_metadata_is_what_the_hub_reads(sample: Path) -> None:
    card = DatasetCard(render(sample))
    found = card.data.to_dict()
    rows = manifest.read(sample)["books"]["kept_rows"]
    assert found == _metadata(render(sample))
    assert found["license"] == "apache-2.0"
    assert found["language"] == ["en"]
    assert found["size_categories"] == ["n<1K"]
    assert found["configs"][0]["config_name"] == "default"
    for entry in found["configs"][0]["data_files"]:
        assert [path.name for path in sample.glob(entry["path"])]
    assert {one["name"]: one["num_examples"] for one in found["dataset_info"]["splits"]} == rows
    assert found["dataset_info"]["download_size"] == sum(path.stat().st_size for path in sample.glob("data/*"))


def test_a_licence_the_hub_does_not_know(edited: Callable[[Edit], Path]) -> None:
    build = edited(
        lambda document: document["source"].update(license="NLM Terms", homepage="https://example.org/terms")
    )
    card = render(build)
    named = {name: _metadata(card)[name] for name in ("license", "license_name", "license_link")}
    assert named == {"license": "other", "license_name": "nlm-terms", "license_link": "https://example.org/terms"}
    assert _section(card, "Licence").strip().startswith("[nlm-terms](https://example.org/terms), the licence of")


def test_the_books_on_the_card_are_the_manifests(sample: Path) -> None:
    card = _section(render(sample), "Where every row went")
    books = manifest.read(sample)["books"]
    source = {name: int(count.replace(",", "")) for name, count, _ in _table(card)}
    made = {name: int(count) for name, count, _ in _table(card[card.index("| dataset rows |") :])}
    assert source.pop("read") == books["source_rows"] == sum(source.values())
    assert made.pop("made of the used rows") == books["candidate_rows"] == sum(made.values())
    assert all(meaning for name, _, meaning in _table(card) if name.startswith("rejected"))


def test_counts_follow_the_manifest(edited: Callable[[Edit], Path]) -> None:
    """No figure of the text is written anywhere but in the files."""

    def edit(document: dict[str, Any]) -> None:
        document["books"]["source_rows"] = 1_234_567
        document["figures"]["bias"]["length_classifier_accuracy"] = 0.7654
        document["figures"]["repaired_words"] = 7_654_321
        document["made_with"]["polars"] = "9.8.7"

    card = render(edited(edit))
    assert all(figure in card for figure in ("1,234,567", "0.7654", "7,654,321", "polars 9.8.7"))


def test_the_command_makes_the_same_build_again(tmp_path: Path) -> None:
    options = {"seed": 7, "system": HOSTILE, "shuffle": False, "negatives": "all"}
    build = build_dataset(
        "medmcqa-prefs", "sample", tmp_path / "one", options=options, limit=100, validation=False
    ).path
    fences = [
        token.content for token in MarkdownIt().parse(_section(render(build), "Make it again")) if token.type == "fence"
    ]
    command = shlex.split(fences[0])
    assert command[:5] == ["openmed-data", "build", "medmcqa-prefs", "--source", "sample"]
    flags = list(zip(command[5::2], command[6::2], strict=True))
    given = dict(word.split("=", 1) for flag, word in flags if flag == "--set")
    assert given.keys() == options.keys()
    assert flags[-1] == ("--limit", "100")
    again = build_dataset("medmcqa-prefs", "sample", tmp_path / "two", options=given, limit=100, validation=False).path
    assert manifest.digest(again) == manifest.digest(build)


def test_the_command_names_what_the_checks_were_told(tmp_path: Path) -> None:
    quiz = tmp_path / "quiz.jsonl"
    quiz.write_text(
        '{"question": "How long should a swimmer wait before diving from a cold pier?"}\n', encoding="utf-8"
    )
    settings = {"benchmarks": [str(quiz)], "exclude": "quiz=for the test", "cache": str(tmp_path)}
    told = {"phi": {"action": "redact", "seed": 7, "level": 2}, "contamination": settings}
    path = build_dataset("medmcqa-prefs", "sample", tmp_path / "one", checks=told, validation=False).path
    section = _section(render(path), "Make it again")
    words = shlex.split(section.split("```bash\n")[1].split("```")[0])
    sets = [word for flag, word in pairwise(words) if flag == "--set"]
    assert sets == ["phi.action=redact", "phi.seed=7", "contamination.exclude=quiz=for the test"]
    assert words[words.index("--benchmarks") + 1] == "BENCHMARKS"
    assert "`BENCHMARKS` stands for the files of quiz (1 item)." in section


def test_how_to_verify_it_works(sample: Path, tmp_path: Path) -> None:
    build = tmp_path / "build"
    shutil.copytree(sample, build)
    section = _section(render(build), "Verify it")
    assert f"`{manifest.digest(build)}`" in section
    code = section.split("```python\n")[1].split("```")[0]
    assert len(code.splitlines()) == 6
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, cwd=build, check=False).returncode == 0
    train, validation = sorted((build / "data").iterdir())
    validation.write_bytes(train.read_bytes())
    changed = subprocess.run(command, cwd=build, check=False, capture_output=True)
    assert b"AssertionError" in changed.stderr


@pytest.mark.parametrize(
    ("passed", "verdict"),
    [(True, "**Passed, and contamination not run.**"), (False, "**Failed, and contamination not run.**")],
)
def test_the_verdict_of_a_report(sample: Path, tmp_path: Path, passed: bool, verdict: str) -> None:
    build = _with_report(sample, tmp_path, passed=passed)
    section = _section(render(build), "Validation")
    assert verdict in section
    assert _table(section) == [
        ["phi", "names | found", "3", "≤ 0", "failed"],
        ["pairs", "accuracy", "0.5018", "≥ 0.48 and ≤ 0.52", "passed"],
        ["pairs", "rows", "1,200", "", ""],
        ["pairs", "not measured", "not known", "≥ 1", "warning"],
        ["contamination", "no | benchmarks", "", "", "not run"],
    ]


def test_a_report_of_other_bytes_is_no_verdict(sample: Path, tmp_path: Path) -> None:
    build = _with_report(sample, tmp_path, passed=True)
    text = (build / manifest.NAME).read_text(encoding="utf-8")
    (build / manifest.NAME).write_text(text + "\n", encoding="utf-8")
    section = _section(render(build), "Validation")
    assert section.strip() == "Not validated: the report in `validation/` was made of other files than these."


def test_a_build_without_a_report_is_not_validated(sample: Path) -> None:
    assert _section(render(sample), "Validation").strip() == "Not validated: the build holds no report."


def test_only_rows_that_the_report_shows_are_examples(sample: Path, tmp_path: Path) -> None:
    """A list of findings is cut, and its ids may be masked: it cannot tell which rows are clean."""
    build = _with_report(sample, tmp_path, passed=False)
    place = build / "validation" / "report.json"
    report = json.loads(place.read_text(encoding="utf-8"))
    ids = [name for path in sorted((build / "data").iterdir()) for name in pq.read_table(path)["id"].to_pylist()]
    for clean in ([ids[5], ids[-1]], [ids[-3]], []):
        masked = [name for name in (ids[0], ids[6]) if name not in clean]
        report["samples"] = [{"id": name, "masked": name in masked} for name in (*clean, *masked)]
        place.write_text(json.dumps(report), encoding="utf-8")
        assert re.findall(r"^id: (\S+)$", render(build), flags=re.MULTILINE) == clean
    assert "## Example rows\n\nNone is shown: a check found something in every row" in render(build)


def _with_report(sample: Path, folder: Path, *, passed: bool) -> Path:
    build = folder / "validated"
    shutil.copytree(sample, build)
    keys = ("figure", "value", "minimum", "maximum", "severity", "passed", "meaning")
    phi = ("names", 3, None, 0, "fail", False, "names | found")
    accuracy = ("accuracy", 0.5018, 0.48, 0.52, "fail", True, "")
    rows = ("rows", 1200.0, None, None, "fail", True, "")
    unknown = ("not measured", None, 1, None, "warn", False, "")
    report: dict[str, Any] = {
        "format": 1,
        "passed": passed,
        "samples": [],
        "manifest_sha256": manifest.digest(sample),
        "checks": [
            {
                "check": "phi",
                "not_run": "",
                "figures": [dict(zip(keys, phi, strict=True))],
                "findings": [{"id": "none"}],
            },
            {
                "check": "pairs",
                "not_run": "",
                "figures": [dict(zip(keys, one, strict=True)) for one in (accuracy, rows, unknown)],
                "findings": [],
            },
            {"check": "contamination", "not_run": "no | benchmarks", "figures": [], "findings": []},
        ],
    }
    (build / "validation").mkdir()
    (build / "validation" / "report.json").write_text(json.dumps(report), encoding="utf-8")
    return build


def test_a_builder_that_is_not_installed(edited: Callable[[Edit], Path], sample: Path) -> None:
    card = render(edited(lambda document: document.update(dataset="their|set")))
    assert "a dataset of the kind *preferences*" in card
    assert "language" not in _metadata(card)
    assert _metadata(card)["dataset_info"] == _metadata(render(sample))["dataset_info"]
    # Defaults are not known, so the command says every option.
    assert _section(card, "Make it again").count("--set") == len(manifest.read(sample)["options"])


def test_a_hub_source_is_named_with_its_revision(edited: Callable[[Edit], Path]) -> None:
    build = edited(lambda document: document["source"].update(name="owner/set", repo="owner/set", revision="0123abcd"))
    card = render(build)
    assert "[owner/set](https://huggingface.co/datasets/owner/set/tree/0123abcd) at revision `0123abcd`" in card
    assert "--source hub:owner/set@0123abcd" in card


def test_splits_of_the_source_are_told_from_drawn_ones(sample: Path, edited: Callable[[Edit], Path]) -> None:
    def edit(document: dict[str, Any]) -> None:
        files = document["source"]["files"]
        document["source"]["files"] = [files[0] | {"split": "train"}, files[0] | {"split": "validation"}]

    assert "with a chance of 5%" in _section(render(sample), "Splits and leakage")
    assert "The source's own splits are kept" in _section(render(edited(edit)), "Splits and leakage")


@pytest.mark.parametrize(("fraction", "said"), [(0.0005, "each with a chance of 0.05%"), (0.0, "none was drawn")])
def test_small_shares_are_not_rounded_away(edited: Callable[[Edit], Path], fraction: float, said: str) -> None:
    build = edited(lambda document: document["options"].update(validation_fraction=fraction))
    assert said in _section(render(build), "Splits and leakage")


def test_a_difference_is_told_by_its_side(edited: Callable[[Edit], Path]) -> None:
    build = edited(lambda document: document["figures"]["bias"].update(mean_length_difference=-0.16))
    assert "On average the chosen reply is 0.16 characters shorter." in render(build)


def test_the_card_promises_what_the_manifest_holds(sample: Path) -> None:
    document = manifest.read(sample)
    named = {file["name"] for file in (*document["files"], *document["rejected_files"])}
    rows = {path.relative_to(sample).as_posix() for path in sample.rglob("*.parquet")}
    assert "the SHA-256 of every file of rows" in render(sample)
    assert rows == named


def test_hostile_text_leaves_the_card_whole(sample: Path, tmp_path: Path) -> None:
    """Markup in questions, options, subjects and options of the build changes no heading, table or metadata."""
    source = tmp_path / "rows.jsonl"
    rows = [
        {
            "question": f"Which is number {number}? {HOSTILE}",
            **{f"op{letter}": f"{letter}{number} {HOSTILE}" for letter in "abcd"},
            "cop": number % 4 + 1,
            "subject_name": HOSTILE,
        }
        for number in range(40)
    ]
    source.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    options = {"system": HOSTILE, "index_base": "1"}
    build = build_dataset("medmcqa-prefs", str(source), tmp_path / "prefs", options=options, validation=False).path
    card = render(build)
    assert _headings(card) == _headings(render(sample))
    assert _metadata(card)["configs"] == _metadata(render(sample))["configs"]
    subjects = _table(_section(card, "Subjects"))
    kept = sum(manifest.read(build)["books"]["kept_rows"].values())
    assert [count for _, count in subjects] == [str(kept)]
    assert subjects[0][0] == " ".join(HOSTILE.split())
    assert {len(row) for row in _table(_section(card, "Options"))} == {3}


def test_nothing_of_the_time_or_the_machine(sample: Path) -> None:
    card = render(sample)
    assert str(sample.parent) not in card
    assert not re.search(r"\b20[2-9]\d-\d\d", card)
