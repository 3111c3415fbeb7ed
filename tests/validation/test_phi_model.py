"""The optional model is asked for by id, runs no remote code, and its labels are translated."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from openmed_data.validation.phi import ner


class FakePipeline:
    def __init__(self, labels: dict[int, str]) -> None:
        self.model = SimpleNamespace(config=SimpleNamespace(id2label=labels))

    def __call__(self, texts: list[str], batch_size: int) -> list[list[dict]]:
        entities = [
            {"start": 8, "end": 13, "entity_group": "PATIENT", "score": 0.9},
            {"start": 0, "end": 4, "entity_group": "PATIENT", "score": 0.1},
            {"start": 0, "end": 4, "entity_group": "MISC", "score": 0.9},
        ]
        return [entities for _ in texts]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict:
    calls: dict = {"labels": {0: "O", 1: "B-PATIENT"}}

    def pipeline(task: str, **options: object) -> FakePipeline:
        calls.update(options, task=task)
        return FakePipeline(calls["labels"])

    module = ModuleType("transformers")
    module.pipeline = pipeline  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "transformers", module)
    ner._pipeline.cache_clear()
    return calls


def test_entities_become_findings(asked: dict) -> None:
    (findings,) = ner.scan_with_model(["Seen by Alice."], "some/model", revision="abc")
    assert [(one.start, one.end, one.type.value, one.level) for one in findings] == [(8, 13, "NAME", 2)]
    assert asked["trust_remote_code"] is False
    assert asked["model_kwargs"] == {"use_safetensors": True}
    assert asked["revision"] == "abc"


def test_a_model_without_known_labels_is_an_error(asked: dict) -> None:
    asked["labels"] = {0: "POSITIVE", 1: "NEGATIVE"}
    with pytest.raises(ValueError, match="no label"):
        ner.scan_with_model(["text"], "some/classifier")
