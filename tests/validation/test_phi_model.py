"""A token-classification model of the user's, asked beside the rules: tiny, and taking every word for a name."""

from pathlib import Path

import polars as pl
import pytest

from openmed_data.api import build_dataset
from openmed_data.errors import UsageError
from openmed_data.validation.phi import CHECK, PhiSettings, scan_columns, scan_with_model

torch = pytest.importorskip("torch")
LABELS = {0: "O", 1: "I-PATIENT"}
POSITIONS = 34  # 32 tokens at once, beside the two around them


def save_model(folder: Path, labels: dict[int, str], *, safe: bool = True) -> str:
    """Save a model whose answer to every token is the last label."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
    from transformers import BertConfig, BertForTokenClassification, PreTrainedTokenizerFast

    words = {word: number for number, word in enumerate(("[UNK]", "[PAD]", "seen", "by", "zorblat"))}
    backend = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    backend.normalizer = normalizers.Lowercase()
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="[UNK]", pad_token="[PAD]").save_pretrained(folder)
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
    config = BertConfig(vocab_size=len(words), max_position_embeddings=POSITIONS, **sizes)
    config.id2label, config.label2id = labels, {label: number for number, label in labels.items()}
    model = BertForTokenClassification(config)
    with torch.no_grad():
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.tensor([0.0] * (len(labels) - 1) + [9.0]))
    if safe:
        model.save_pretrained(folder)
    else:
        config.save_pretrained(folder)
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
    return str(folder)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_model(tmp_path_factory.mktemp("names"), LABELS)


def test_entities_become_findings(model: str):
    findings = scan_with_model(["seen by Zorblat", ""], model)
    assert [[(one.start, one.end, one.type.value, one.level) for one in text] for text in findings] == [
        [(0, 15, "NAME", 2)],
        [],
    ]


def test_a_text_longer_than_the_model_reads_is_read_to_its_end(model: str):
    text = "seen by Zorblat " * 100
    (findings,) = scan_with_model([text], model)
    assert findings[-1].end == len(text.rstrip())


def test_the_check_asks_the_model_beside_the_rules(model: str):
    frame = pl.DataFrame({"id": ["a"], "messages": [[{"role": "user", "content": "zorblat a.b@example.org zorblat"}]]})
    assert scan_columns(frame.drop("id"))["type"].to_list() == ["EMAIL"]
    figures = {
        one.name: one.value for one in CHECK.assess(CHECK.scan(frame, PhiSettings(model=model)).counts, PhiSettings())
    }
    assert figures["level_3_rows"] == 1
    assert "name_per_1000" in figures


def test_a_build_refuses_a_model_before_it_reads_its_source(tmp_path: Path):
    broken = tmp_path / "rows.jsonl"
    broken.write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match="for validate") as refused:
        build_dataset("medmcqa-prefs", str(broken), tmp_path / "out", checks={"phi": {"model": "some"}})
    assert "--set phi.model=some" in refused.value.hint
    assert list(tmp_path.iterdir()) == [broken]


def test_what_cannot_be_asked_is_told(tmp_path: Path):
    with pytest.raises(UsageError, match="cannot be loaded"):
        scan_with_model(["text"], str(tmp_path / "nothing"))
    moods = save_model(tmp_path / "moods", {0: "POSITIVE", 1: "NEGATIVE"})
    with pytest.raises(UsageError, match="no label of an identifier"):
        scan_with_model(["text"], moods)
    pickled = save_model(tmp_path / "pickled", LABELS, safe=False)
    with pytest.raises(UsageError, match="cannot be loaded"):
        scan_with_model(["text"], pickled)
