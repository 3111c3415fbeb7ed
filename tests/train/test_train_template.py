"""The training template renders tools, marks what is trained, and never looks ahead."""

import json
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tiny_tokenizer import train_tokenizer

from openmed_data.errors import UsageError
from openmed_data.registry import STAGES, find
from openmed_data.training import profile
from openmed_data.training.stage import Job
from openmed_data.training.template import ChatTemplate, choose, faults, read_template

pytest.importorskip("trl")
datasets = pytest.importorskip("datasets")

TOOLS = [{"type": "function", "function": {"name": "search", "parameters": {"type": "object"}}}]
CALL = {"type": "function", "function": {"name": "search", "arguments": {"q": "rash"}}}
TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Fever?"},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "content": "Nothing found.", "name": "search"},
    {"role": "assistant", "content": "Paracetamol."},
]


@pytest.fixture
def tokenizer() -> Any:
    return train_tokenizer(["fever"], ["<|end|>"], 300, eos_token="<|end|>", pad_token="<|end|>")


def test_the_bundled_template_passes_every_check(tokenizer: Any) -> None:
    chosen = choose(tokenizer)
    assert chosen.name == "chatml"
    assert tokenizer.chat_template is None
    assert faults(tokenizer, chosen.text) == []


def test_a_models_own_template_is_used_where_it_can_be_trained_on(tokenizer: Any) -> None:
    own = str(read_template("chatml")).replace("You can call", "You may call")
    tokenizer.chat_template = own
    assert choose(tokenizer).name == "model"
    tokenizer.chat_template = own.replace("{%- generation %}", "").replace("{%- endgeneration %}", "")
    assert choose(tokenizer).name == "chatml"


@pytest.mark.parametrize("family", ["qwen2_5", "qwen3"])
def test_a_template_that_trl_knows_is_used_as_trl_marks_it(family: str) -> None:
    """An instruction model keeps its own format, though its template marks nothing."""
    tokenizer = train_tokenizer(["fever"], ["<|im_start|>", "<|im_end|>"], 300, eos_token="<|im_end|>")
    shipped = Path(str(files("trl"))) / "chat_templates"
    own = (shipped / f"{family}.jinja").read_text(encoding="utf-8")
    tokenizer.chat_template = own
    chosen = choose(tokenizer)
    assert chosen == ChatTemplate("trl", (shipped / f"{family}_training.jinja").read_text(encoding="utf-8"))
    assert tokenizer.chat_template == own
    assert choose(tokenizer, "chatml").name == "chatml"


@pytest.mark.parametrize(("own", "wanted", "told"), [
    (None, "auto", 0), ("{{ messages[0].content }}", "auto", 1), ("{{ messages[0].content }}", "chatml", 0),
])  # fmt: skip
def test_who_learns_another_format_is_told(
    own: str | None, wanted: str, told: int, tokenizer: Any, tmp_path: Path
) -> None:
    tokenizer.chat_template = own
    tokenizer.save_pretrained(tmp_path)
    settings = {"batch": 8, "learning_rate": 1e-5}
    facts: dict[str, Any] = {"data": {}, "kind": None, "profile": profile.load("cpu-smoke"), "checkpoint": None}
    job = Job(
        stage="sft", folder=tmp_path, model=tmp_path, base=tmp_path, settings=settings, seed=1, processes=1,
        chat_template=wanted, **facts,
    )  # fmt: skip
    said = list(find(STAGES, "sft").doubts(job))
    assert len(said) == told
    assert all("learns ChatML: it does not mark" in one for one in said)


def test_a_template_that_takes_no_results_is_told_to_lose_them(tokenizer: Any) -> None:
    """Gemma's raises on them, and did so in a later check before anything was told."""
    shipped = Path(str(files("trl"))) / "chat_templates" / "gemma3_training.jinja"
    tokenizer.add_special_tokens({"bos_token": "<bos>", "eos_token": "<end_of_turn>"})
    assert faults(tokenizer, shipped.read_text(encoding="utf-8")) == ["it loses tool calls or tool results"]


def test_what_the_assistant_says_is_trained_and_nothing_else(tokenizer: Any) -> None:
    tokenizer.chat_template = choose(tokenizer).text
    made = tokenizer.apply_chat_template(TALK, tools=TOOLS, return_dict=True, return_assistant_tokens_mask=True)
    trained = [number for number, marked in zip(made["input_ids"], made["assistant_masks"], strict=True) if marked]
    call = '<tool_call>{"name": "search", "arguments": {"q": "rash"}}</tool_call>'
    assert tokenizer.decode(trained) == f"{call}<|end|>Paracetamol.<|end|>"


@pytest.mark.parametrize("empty", ["", "[]", None])
def test_a_conversation_without_tools_has_none_of_them(empty: str | None, tokenizer: Any) -> None:
    """To an empty list of tools, Llama's template writes how to call them."""
    sft = find(STAGES, "sft")
    rows = [{"messages": TALK[:2], "tools": empty}, {"messages": TALK[:2], "tools": json.dumps(TOOLS)}]
    held = list(sft.prepared(datasets.Dataset.from_list(rows)))
    assert [row["tools"] for row in held] == [None, json.dumps(TOOLS)]
    tokenizer.chat_template = "{% if tools is not none %}To call a function, write JSON.{% endif %}"
    assert sft.tokens(held[0], tokenizer) == 0
    assert sft.tokens({**held[0], "tools": "[]"}, tokenizer) == 0
    assert sft.tokens(held[1], tokenizer) > 0


def test_the_loss_is_on_the_assistants_words_unless_it_is_asked_for_on_all() -> None:
    sft = find(STAGES, "sft")
    assert sft.settings({"batch": 8}).trainer == {"assistant_only_loss": True}
    assert sft.settings({"batch": 8, "assistant_only_loss": False}).trainer == {"assistant_only_loss": False}


def test_everything_is_rendered_once(tokenizer: Any) -> None:
    text = tokenizer.apply_chat_template(TALK, chat_template=choose(tokenizer).text, tools=TOOLS, tokenize=False)
    for part in ("Be brief.", '"name": "search", "parameters"', "Fever?", "Nothing found.", "Paracetamol."):
        assert text.count(part) == 1
    assert text.count("<|im_start|>") == 5


def test_a_beginning_is_the_same_whatever_follows(tokenizer: Any) -> None:
    template = choose(tokenizer).text
    texts = [
        tokenizer.apply_chat_template(TALK[:turns], chat_template=template, tools=TOOLS, tokenize=False)
        for turns in range(1, len(TALK) + 1)
    ]
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts))


@pytest.mark.parametrize("arguments", [{"q": "rash"}, '{"q": "rash"}'])
def test_arguments_are_not_encoded_twice(arguments: Any, tokenizer: Any) -> None:
    call = {"function": {"name": "search", "arguments": arguments}}
    talk = [TALK[1], {"role": "assistant", "content": "", "tool_calls": [call]}]
    text = tokenizer.apply_chat_template(talk, chat_template=choose(tokenizer).text, tokenize=False)
    assert '"arguments": {"q": "rash"}}' in text


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{% for message in messages %}{{ message.content }}{% endfor %}", "does not mark"),
        ("{{ messages[7].content.x }}", "it fails: UndefinedError"),
        (
            "{% generation %}{% for message in messages %}{{ message.content }}{% endfor %}{% endgeneration %}",
            "it marks the user's words, too",
        ),
        (
            "{% for message in messages %}{% generation %}{{ message.content }}{% endgeneration %}{% endfor %}",
            "loses tool calls",
        ),
    ],
)
def test_a_bad_template_is_refused_with_reasons(template: str, message: str, tokenizer: Any, tmp_path: Path) -> None:
    path = tmp_path / "bad.jinja"
    path.write_text(template)
    with pytest.raises(UsageError, match=message):
        choose(tokenizer, str(path))


def test_a_tokenizer_must_be_able_to_end_a_turn(tokenizer: Any) -> None:
    tokenizer.eos_token = None
    with pytest.raises(UsageError, match="no end-of-sequence token"):
        choose(tokenizer)
