"""Croissant: what `mlcroissant` reads from a build's description is what the build holds."""

import json
import logging
from pathlib import Path

import pytest
from making import make_build, trace

from openmed_data import croissant, manifest
from openmed_data.kinds import Kind

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")


def describe(build: Path) -> Path:
    text = croissant.render(manifest.read(build), (build / "README.md").read_text(encoding="utf-8"), "someone/toy")
    (build / croissant.NAME).write_text(text, encoding="utf-8")
    return build / croissant.NAME


def test_equal_builds_have_equal_descriptions(build: Path):
    assert describe(build).read_bytes() == describe(build).read_bytes()


def test_every_shard_is_listed_with_its_hash(build: Path):
    described = json.loads(describe(build).read_text())
    listed = {one["@id"]: one["sha256"] for one in described["distribution"] if one["@type"] == "cr:FileObject"}
    assert listed == {file["name"]: file["sha256"] for file in manifest.read(build)["files"]}


@pytest.mark.slow
def test_mlcroissant_finds_no_error_and_reads_every_row(build: Path, caplog: pytest.LogCaptureFixture):
    mlcroissant = pytest.importorskip("mlcroissant")
    with caplog.at_level(logging.CRITICAL):
        dataset = mlcroissant.Dataset(jsonld=str(describe(build)))
    assert list(dataset.metadata.ctx.issues.errors) == []
    rows = list(dataset.records("train"))
    assert sorted(row["train/id"].decode() for row in rows) == [f"toy-{number:08d}" for number in range(6)]
    said = {row["train/prompt"][0]["train/prompt/content"].decode() for row in rows}
    assert said == {f"Which vitamin is number {number}?" for number in range(6)}


@pytest.mark.slow
def test_mlcroissant_accepts_tool_traces(tmp_path: Path):
    mlcroissant = pytest.importorskip("mlcroissant")
    build = make_build(tmp_path / "traces", row=trace, kind=Kind.TRACES)
    dataset = mlcroissant.Dataset(jsonld=str(describe(build)))
    assert list(dataset.metadata.ctx.issues.errors) == []
