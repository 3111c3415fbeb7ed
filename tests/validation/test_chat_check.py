"""The check `chat`: it renders and masks as transformers does, and planted faults are told."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tiny_tokenizer import train_tokenizer

from openmed_data.errors import UsageError
from openmed_data.kinds import Kind
from openmed_data.validation._render import open_renderer
from openmed_data.validation.chat import CHECK, ChatSettings, Fault

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] }}<|im_end|>{% endgeneration %}\n"
    "{% else %}{{ message['content'] }}<|im_end|>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
PLAIN = CHATML.replace("{% generation %}", "").replace("{% endgeneration %}", "")
WORDS = [
    "Which vein drains the liver? ",
    "The hepatic veins drain it. ",
    "β-blockers slow the heart; 5 µg/kg; naïve. ",
]
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer trained here, with the ChatML template that marks what is trained."""
    pytest.importorskip("transformers")
    marks = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "bos_token": "<|endoftext|>"}
    fast = train_tokenizer(WORDS * 9, SPECIAL, 400, **marks)
    fast.chat_template = CHATML
    place = tmp_path_factory.mktemp("tokenizer")
    fast.save_pretrained(place)
    return place


@pytest.fixture
def template(tmp_path: Path) -> Any:
    def write(text: str) -> str:
        (tmp_path / "chat.jinja").write_text(text, encoding="utf-8")
        return str(tmp_path / "chat.jinja")

    open_renderer.cache_clear()
    return write


def told(*said: str) -> list[dict[str, Any]]:
    return [{"role": ("user", "assistant")[number % 2], "content": text} for number, text in enumerate(said)]


def rows(*conversations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"id": f"r{number}", "messages": messages} for number, messages in enumerate(conversations)]


def judged(memory: Any, held: list[dict[str, Any]], kind: Kind = Kind.SFT, **settings: Any) -> dict[str, float]:
    result = CHECK.run(memory(held, kind=kind), ChatSettings(**settings))
    missed = {one.name for one in result.figures if not one.passed}
    assert missed == set(result.findings["code"].unique())
    return {one.name: one.value for one in result.figures if one.name in missed}


CONVERSATIONS = [
    told(WORDS[0], WORDS[1]),
    told(WORDS[0], "Veins.", WORDS[2], "Yes; 5 µg.\n\nNo more.  "),
    [{"role": "system", "content": "Be brief."}, *told("Why? 🫀", "So.")],
]


def masked_by_transformers(
    tokenizer: Any, messages: list[dict[str, Any]], text: str
) -> tuple[str, list[int], list[int]]:
    rendered = tokenizer.apply_chat_template(messages, tokenize=False, chat_template=text)
    made = tokenizer.apply_chat_template(
        messages, chat_template=text, return_dict=True, return_assistant_tokens_mask=True, tokenize=True
    )
    return rendered, made["input_ids"], made["assistant_masks"]


@pytest.mark.parametrize("name", ["", "qwen2_5", "qwen3", "llama3", "gemma", "phi3", "glm4moe", "cohere2", "gptoss"])
@pytest.mark.filterwarnings("ignore")
def test_text_and_mask_are_those_of_transformers(name: str, folder: Path, template: Any) -> None:
    """Held against transformers itself, with the training templates that TRL ships."""
    transformers = pytest.importorskip("transformers")
    if name:
        held = Path(pytest.importorskip("trl").__file__).parent / "chat_templates" / f"{name}_training.jinja"
        text = held.read_text(encoding="utf-8")
    else:
        text = CHATML
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    renderer = open_renderer(str(folder), template(text))
    for messages in CONVERSATIONS if name != "gemma" else CONVERSATIONS[:2]:
        rendered, ids, mask = masked_by_transformers(tokenizer, messages, text)
        ours = renderer.render(messages)
        assert ours.text == rendered
        encoded = renderer.encode([ours.text])[0]
        # transformers gives its tokenizer the text with special tokens left to the template, as is done here.
        assert encoded.ids == ids
        trained = [0] * len(ids)
        for start, end in ours.trained:
            for at in range(start, end):
                if (token := encoded.char_to_token(at)) is not None:
                    trained[token] = 1
        assert trained == mask
        assert any(mask)


def test_tools_are_rendered_as_transformers_does(folder: Path, template: Any) -> None:
    transformers = pytest.importorskip("transformers")
    held = Path(pytest.importorskip("trl").__file__).parent / "chat_templates" / "qwen2_5_training.jinja"
    text = held.read_text(encoding="utf-8")
    tools = [{"type": "function", "function": {"name": "search", "description": "<find> & “look”", "parameters": {}}}]
    call = {"type": "function", "function": {"name": "search", "arguments": {"query": "naïve <1"}}}
    messages = [
        {"role": "user", "content": "Find it."},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": "found"},
        {"role": "assistant", "content": "There."},
    ]
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    ours = open_renderer(str(folder), template(text)).render(messages, tools)
    assert ours.text == tokenizer.apply_chat_template(messages, tools=tools, tokenize=False, chat_template=text)


TOOLS = [{"type": "function", "function": {"name": name, "parameters": {}}} for name in ("search", "read")]
CALLS = [{"type": "function", "function": {"name": name, "arguments": {}}} for name in ("search", "read")]
CALLING = CHATML.replace("{{ message['content'] }}<|im_end|>{% end", "{{ message['content'] }}CALLS<|im_end|>{% end")
ALL_CALLS = "{% for call in message.tool_calls or [] %}{{ call | tojson }}{% endfor %}"
FIRST_CALL = "{% if message.tool_calls %}{{ message.tool_calls[0] | tojson }}{% endif %}"


@pytest.mark.parametrize(
    ("calls", "declared", "faulty"),
    [
        (ALL_CALLS, "{{ tools | tojson }}", 0),
        ("", "{{ tools | tojson }}", 2),
        (FIRST_CALL, "{{ tools | tojson }}", 1),
        (ALL_CALLS, "", 2),
        ("{% if 'tool_calls' in message %}{{ message.tool_calls[0].function.name }}{% endif %}", "{{ tools }}", 1),
    ],
    ids=["whole", "no calls", "first call", "no tools", "first name"],
)
def test_calls_and_tools_that_a_template_leaves_out_are_found(
    calls: str, declared: str, faulty: int, memory: Any, folder: Path, template: Any
) -> None:
    """A model would learn to say nothing where it should call, or to call what it was never shown."""

    def asked(*made: Any) -> dict[str, Any]:
        result = {"role": "tool", "content": "found"}
        messages = [*told("Which?", ""), *[result] * len(made), {"role": "assistant", "content": "That."}]
        messages[1]["tool_calls"] = [json.dumps(one) for one in made]
        return {"id": str(len(made)), "messages": messages, "tools": json.dumps(TOOLS)}

    path = template(declared + CALLING.replace("CALLS", calls))
    held = [asked(*CALLS), asked(CALLS[0]), {**rows(told("Hi", "Hello"))[0], "tools": "[]"}]
    found = judged(memory, held, tokenizer=str(folder), template=path)
    assert found.get(Fault.LOST_CALLS, 0) == faulty


def test_clean_rows_pass(memory: Any, folder: Path, pairs: Any) -> None:
    assert judged(memory, rows(*CONVERSATIONS), tokenizer=str(folder)) == {}
    assert judged(memory, pairs(9), Kind.PREFERENCES, tokenizer=str(folder)) == {}
    reward = [{"id": "1", "prompt": told("Which?"), "answer": "B", "answer_type": "choice"}]
    assert judged(memory, reward, Kind.REWARDS, tokenizer=str(folder)) == {}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{{ raise_exception('Roles must alternate') }}", Fault.UNRENDERABLE),
        ("{{ messages[7]['content'] + 'x' }}", Fault.UNRENDERABLE),
        ("{{ 1 + messages[0]['content'] }}", Fault.UNRENDERABLE),
        (CHATML.replace("{{ message['content'] }}<|im_end|>{% endg", "{{ message['content'] }}{% endg"), Fault.NO_STOP),
        (CHATML.replace("['role'] == 'assistant'", "['role'] == 'model'"), Fault.NOTHING_TRAINED),
        (CHATML.replace("{{ message['content'] }}<|im_end|>\n", "<|im_end|>\n"), Fault.LOST_TEXT),
        (CHATML.replace("messages %}", "messages[-1:] %}", 1), Fault.LOST_TEXT),
    ],
)
def test_a_faulty_template_is_told(text: str, fault: Fault, memory: Any, folder: Path, template: Any) -> None:
    found = judged(memory, rows(*CONVERSATIONS[:2]), tokenizer=str(folder), template=template(text))
    assert found == {fault: 2}


def test_a_prompt_that_changes_once_the_reply_follows_is_told(
    memory: Any, folder: Path, pairs: Any, template: Any
) -> None:
    text = PLAIN.replace("{% for", "{{ messages|length }}{% for", 1)
    found = judged(memory, pairs(3), Kind.PREFERENCES, tokenizer=str(folder), template=template(text))
    assert found == {Fault.NOT_PREFIX: 3, Fault.NOTHING_TRAINED: 3}


def test_without_marks_the_last_reply_is_trained(memory: Any, folder: Path, template: Any) -> None:
    settings = {"tokenizer": str(folder), "template": template(PLAIN)}
    assert judged(memory, rows(*CONVERSATIONS), **settings) == {}
    result = CHECK.run(memory(rows(CONVERSATIONS[0]), kind=Kind.SFT), ChatSettings(**settings))
    backend = open_renderer(str(folder), settings["template"]).encode([WORDS[1] + "<|im_end|>\n"])[0]
    assert {one.name: one.value for one in result.figures}["trained_tokens_p50"] == len(backend.ids)


def test_lengths_in_tokens(memory: Any, folder: Path) -> None:
    long = told(WORDS[0] * 40, WORDS[1])
    held = rows(*CONVERSATIONS, long)
    result = CHECK.run(memory(held, 2, kind=Kind.SFT), ChatSettings(tokenizer=str(folder), max_length=100))
    figures = {one.name: one.value for one in result.figures}
    assert figures["too_long"] == 0.25
    assert result.findings.select("id", "code").rows() == [("r3", "too_long")]
    renderer = open_renderer(str(folder), "")
    sizes = [len(renderer.encode([renderer.render(one["messages"]).text])[0]) for one in held]
    assert figures["tokens_p100"] == max(sizes)
    assert figures["tokens_p50"] == sorted(sizes)[1]
    assert sum(result.tables["tokens per row"].values()) == 4


def test_a_template_alone_is_enough_to_render(memory: Any, template: Any) -> None:
    result = CHECK.run(memory(rows(*CONVERSATIONS), kind=Kind.SFT), ChatSettings(template=template(CHATML)))
    figures = {one.name: one.value for one in result.figures}
    assert figures["rendered_rows"] == 3
    assert all(one.passed for one in result.figures)
    assert "tokens_p50" not in figures


def test_it_does_not_run_without_either(memory: Any) -> None:
    assert "--set chat.tokenizer" in CHECK.not_run(ChatSettings())
    assert CHECK.run(memory(rows(*CONVERSATIONS), kind=Kind.SFT), ChatSettings()).figures == ()


def test_what_a_template_says_of_a_row_is_not_repeated(memory: Any, template: Any) -> None:
    for text, shown in (
        ("{{ raise_exception('Roles must alternate') }}", "Roles must alternate"),
        ("{{ raise_exception('no: ' + messages[0]['content']) }}", "TemplateError"),
    ):
        result = CHECK.run(memory(rows(told("Secret", "ok")), kind=Kind.SFT), ChatSettings(template=template(text)))
        assert result.findings["masked"].to_list() == [shown]
        open_renderer.cache_clear()


@pytest.mark.parametrize(
    "attack",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.append(1) }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ raise_exception.__globals__.os }}",
        "{{ (messages|map(attribute='__class__')|first).__base__ }}",
        "{% include '/etc/passwd' %}",
    ],
)
def test_a_template_cannot_leave_its_sandbox(attack: str, memory: Any, template: Any) -> None:
    found = judged(memory, rows(told("a", "b")), template=template(attack))
    assert found == {Fault.UNRENDERABLE: 1}


def test_bad_settings_are_told_in_words(tmp_path: Path, template: Any) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        open_renderer("", str(tmp_path / "absent.jinja"))
    with pytest.raises(UsageError, match="cannot be parsed"):
        open_renderer("", template("{% for %}"))
    with pytest.raises(UsageError, match="cannot be loaded"):
        open_renderer(str(tmp_path), "")


def test_calls_kept_as_json_text_reach_the_template_as_objects(template: Any) -> None:
    said = "{{ m.content }}{% for c in m.tool_calls or [] %}{{ c.function.arguments.q }}{% endfor %}"
    settings = ChatSettings(template=template(f"{{% for m in messages %}}{said}{{% endfor %}}"))
    call = json.dumps({"function": {"name": "s", "arguments": {"q": "x"}}})
    for held, trained, faults in ((call, 1, []), ("{", 0, [Fault.UNRENDERABLE])):
        messages = [
            {"role": "user", "content": "a", "tool_calls": None},
            {"role": "assistant", "content": None, "tool_calls": [held]},
        ]
        scan = CHECK.scan(pl.DataFrame([{"id": "1", "messages": messages, "tools": ""}]), settings)
        assert scan.findings["code"].to_list() == faults
        assert scan.counts.filter(table="trained")["key"].to_list() == [str(trained)] * (not faults)
