"""The check `pairs` with a tokenizer: pairs that only truncation makes alike."""

from pathlib import Path
from typing import Any

import pytest
from tiny_tokenizer import train_tokenizer

from openmed_data.validation.pairs import CHECK, PairsSettings

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# One token a character but for the special ones, so that lengths can be counted by eye.
SAME = "The duct drains bile. "


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> str:
    pytest.importorskip("transformers")
    special = ["<|im_start|>", "<|im_end|>"]
    fast = train_tokenizer(["a"], special, 256 + len(special), eos_token="<|im_end|>")
    fast.chat_template = TEMPLATE
    place: Path = tmp_path_factory.mktemp("tokenizer")
    fast.save_pretrained(place)
    return str(place)


def faults(memory: Any, pairs: Any, tokenizer: str, chosen: str, rejected: str, kept: int) -> dict[str, float]:
    """Keep `kept` characters of the reply."""
    rows = pairs(8)
    rows[5]["chosen"][0]["content"], rows[5]["rejected"][0]["content"] = chosen, rejected
    for row in rows:
        row["prompt"][0]["content"] = "Which duct?"
    head = len("user\n") + len("Which duct?") + len("\n") + len("assistant\n") + 3
    thresholds = {"length_tolerance": 0.5, "letter_tolerance": 1.0, "max_wrong_labels": 1}
    settings = PairsSettings(tokenizer=tokenizer, max_length=head + kept, **thresholds)
    result = CHECK.run(memory(rows), settings)
    missed = {one.name: one.value for one in result.figures if not one.passed}
    assert result.findings["id"].unique().to_list() == [rows[5]["id"]] * bool(missed)
    return missed


@pytest.mark.parametrize(
    ("chosen", "rejected", "kept", "fault"),
    [
        (SAME + "Yes.", SAME + "No.", len(SAME), "identical_when_cut"),
        (SAME + "Yes.", SAME + "No.", len(SAME) + 1, None),
        (SAME + "Yes.", SAME.upper() + "No.", len(SAME), "near_identical_when_cut"),
        (SAME + "Yes.", SAME + "No.", 500, None),
        ("A. " + SAME + "Yes.", "B. " + SAME + "No.", len(SAME) + 3, "near_identical_when_cut"),
        (SAME, SAME, 500, "identical_sides"),
        (SAME, SAME, 3, "identical_sides"),
    ],
)
def test_what_truncation_leaves_is_compared(
    chosen: str, rejected: str, kept: int, fault: str | None, memory: Any, pairs: Any, tokenizer: str
) -> None:
    assert faults(memory, pairs, tokenizer, chosen, rejected, kept) == ({fault: 1} if fault else {})


def test_without_a_tokenizer_nothing_is_cut(memory: Any, pairs: Any) -> None:
    names = {one.name for one in CHECK.run(memory(pairs(40)), PairsSettings()).figures}
    assert not [name for name in names if name.endswith("when_cut")]
