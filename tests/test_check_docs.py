"""The check that `docs/checks.md` writes is found, validates and filters as the page says."""

import importlib
import re
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from toy_builder import ThreadedToy, read_manifest, write_jsonl

import openmed_data.validation as room
from openmed_data.builder import FilterUse
from openmed_data.dataset import open_dataset
from openmed_data.pipeline import filters
from openmed_data.pipeline.run import Request, build
from openmed_data.pipeline.work import Work
from openmed_data.registry import CHECKS, all_of, find
from openmed_data.sources import resolve
from openmed_data.validate import validate

PAGE = Path(__file__).resolve().parents[1] / "docs" / "checks.md"


class Quiet(ThreadedToy):
    filters = (FilterUse("shouting"),)


@pytest.fixture
def shouting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put the page's file into the room, as a reader would."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    folder = tmp_path / "room"
    folder.mkdir()
    (folder / "shouting.py").write_text(code, encoding="utf-8")
    monkeypatch.setattr(room, "__path__", [*room.__path__, str(folder)])
    importlib.invalidate_caches()
    yield find(CHECKS, "shouting")
    sys.modules.pop("openmed_data.validation.shouting", None)


def test_the_page_names_every_check():
    text = PAGE.read_text(encoding="utf-8")
    assert [name for name in all_of(CHECKS) if f"| `{name}` |" not in text] == []


def test_the_check_of_the_page_validates(shouting: Any, tmp_path: Path):
    rows = [{"prompt": text, "chosen": "a", "rejected": "b", "id": text} for text in ("WHY NOW?", "Why?", "How?")]
    pl.DataFrame(rows).write_parquet(tmp_path / "rows.parquet")
    dataset = open_dataset(str(tmp_path / "rows.parquet"))
    report = validate(dataset, ["shouting"])
    assert not report.passed
    assert report.results[0].findings["id"].to_list() == ["WHY NOW?"]
    assert validate(dataset, ["shouting"], {"shouting": {"max_share": "0.5"}}).passed


def test_the_check_of_the_page_filters(shouting: Any, tmp_path: Path):
    source = write_jsonl(
        tmp_path / "toy.jsonl", [{"question": text, "answer": "a"} for text in ("WHY NOW?", "Why so?")]
    )
    work, quiet = Work(tmp_path / "out"), Quiet()
    found = resolve(str(source), upstream=quiet.upstream, sample=None)
    with work.lock():
        build(Request(quiet, found, quiet.options_model(), None, filters.plan(quiet, {})), work)
    assert read_manifest(work.result)["books"]["rejected_candidate_rows"] == {"shouting": 1}
