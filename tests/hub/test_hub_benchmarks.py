"""Benchmarks are read from the Hub at a commit, once, and what cannot be is named before any work."""

import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from huggingface_hub import constants
from stand_in.server import StandIn

from openmed_data.check import parse_settings
from openmed_data.errors import UsageError
from openmed_data.validation.contamination import CHECK, BenchmarkItem, load

COMMIT = "0123456789" * 4
OPTIONS = ["one", "two", "three", "four"]


@pytest.fixture
def served(hub: StandIn, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    monkeypatch.setattr(constants, "ENDPOINT", hub.origin)
    template = f"{hub.origin}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    return hub


def parquet(**row: Any) -> bytes:
    held = io.BytesIO()
    pl.DataFrame([row]).write_parquet(held)
    return held.getvalue()


def put(hub: StandIn, repo: str, files: dict[str, bytes]) -> str:
    """Return ``hub:REPO@COMMIT`` of a repository that holds the files."""
    hub.create(repo, private=False)
    for path, content in files.items():
        hub.put(repo, path, content)
    return f"hub:{repo}@{hub.repository(repo).at('main').id}"


def test_each_split_is_read_from_its_files(served: StandIn):
    mmlu = {"question": "Do bats fly?", "choices": OPTIONS, "answer": 3, "subject": "bats"}
    mcqa = {"id": "m-1", "question": "Pick?", "opa": "one", "opb": "two", "opc": "three", "opd": "four", "cop": 2}
    given = [
        put(served, "cais/mmlu", {"all/test-00000-of-00001.parquet": parquet(**mmlu), "all/dev-0.parquet": b"no"}),
        put(
            served,
            "openlifescienceai/medmcqa",
            {"data/validation-0.parquet": parquet(**mcqa), "data/test-0.parquet": parquet(**mcqa | {"cop": -1})},
        ),
        put(served, "google/IFEval", {"ifeval_input_data.jsonl": json.dumps({"key": 7, "prompt": "Write."}).encode()}),
    ]
    assert {one.name: one.items for one in load(given)} == {
        "ifeval": (BenchmarkItem("7", "Write."),),
        "medmcqa/test": (BenchmarkItem("m-1", "Pick?", tuple(OPTIONS)),),
        "medmcqa/validation": (BenchmarkItem("m-1", "Pick?", tuple(OPTIONS), "three"),),
        "mmlu/test": (BenchmarkItem("bats/0", "Do bats fly?", tuple(OPTIONS), "four"),),
    }
    asked = len(served.asked)
    assert len(load(given)) == 4
    assert not [path for path in served.asked[asked:] if "/resolve/" in path], "the second time the cache is read"


def test_a_repository_without_the_split_is_named(served: StandIn):
    given = put(served, "TIGER-Lab/MMLU-Pro", {"data/validation-0.parquet": b"no"})
    with pytest.raises(UsageError, match=r"holds no file like 'data/test-\*\.parquet'"):
        load([given])


def test_a_hub_that_lacks_it_or_does_not_answer_is_named_with_what_to_do(
    served: StandIn, monkeypatch: pytest.MonkeyPatch
):
    served.create("cais/mmlu", private=False)
    with pytest.raises(UsageError, match=f"hub:cais/mmlu has no revision '{COMMIT}'") as caught:
        load([f"hub:cais/mmlu@{COMMIT}"])
    assert "by path" in caught.value.hint
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(UsageError, match="hub:cais/mmlu cannot be reached"):
        load([f"hub:cais/mmlu@{COMMIT}"])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("hub:cais/mmlu", "names no commit"),
        ("hub:cais/mmlu@main", "names no commit"),
        ("hub:cais/mlu@" + COMMIT, "is no benchmark known on the Hub.*hub:cais/mmlu"),
    ],
)
def test_what_is_not_pinned_or_not_known_is_refused_before_any_work(given: str, said: str):
    with pytest.raises(UsageError, match=said):
        parse_settings(CHECK, {"benchmarks": given})


def test_a_pinned_benchmark_needs_no_path():
    settings: Any = parse_settings(CHECK, {"benchmarks": f"hub:cais/mmlu@{COMMIT}"})
    assert settings.benchmarks == (f"hub:cais/mmlu@{COMMIT}",)
    assert not Path(settings.benchmarks[0]).is_absolute()
