"""Every row renders in the styles of public templates, and exactly what the assistant says is trained."""

import json
from pathlib import Path
from typing import Any

import pytest
from trace_templates import STOPS, TEMPLATES, tokenizer_stopping_at

from openmed_data.api import build_dataset

pytest.importorskip("transformers")
datasets = pytest.importorskip("datasets")

OWN = Path(__file__).parents[2] / "train" / "templates" / "chatml.jinja"
STYLES = [*TEMPLATES, *(["own"] if OWN.is_file() else [])]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("rendering")
    build = build_dataset("tool-traces", "sample", folder / "traces", validation=False).path
    loaded = datasets.load_dataset(str(build), cache_dir=str(folder / "cache"))
    return [row for split in loaded.values() for row in split]


@pytest.fixture(scope="module", params=STYLES)
def style(request: pytest.FixtureRequest, rows: list[dict[str, Any]]) -> Any:
    name = request.param
    tokenizer = tokenizer_stopping_at([json.dumps(row) for row in rows], STOPS.get(name, "<|im_end|>"))
    tokenizer.chat_template = TEMPLATES[name] if name in TEMPLATES else OWN.read_text(encoding="utf-8")
    return tokenizer


def bare(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message without the nulls of its struct, as TRL's `remove_none_values` does."""
    return {key: value for key, value in message.items() if value is not None}


def spoken(row: dict[str, Any]) -> tuple[list[dict[str, Any]], list[Any]]:
    return [bare(message) for message in row["messages"]], json.loads(row["tools"])


def render(tokenizer: Any, messages: list[dict[str, Any]], tools: list[Any], **how: Any) -> str:
    return tokenizer.apply_chat_template(messages, tools=tools, tokenize=False, **how)


def test_nothing_is_lost_on_the_way(style: Any, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        messages, tools = spoken(row)
        text = render(style, messages, tools)
        for message in messages:
            assert message["content"] in text
            for call in message.get("tool_calls", ()):
                assert call["function"]["name"] in text
                assert json.dumps(call["function"]["arguments"], ensure_ascii=False) in text
        for tool in tools:
            assert tool["function"]["name"] in text


def test_the_beginning_does_not_depend_on_the_end(style: Any, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        messages, tools = spoken(row)
        whole = render(style, messages, tools)
        for place, message in enumerate(messages):
            if message["role"] == "assistant":
                assert whole.startswith(render(style, messages[:place], tools, add_generation_prompt=True))


def test_exactly_the_assistants_turns_are_trained(style: Any, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        messages, tools = spoken(row)
        encoded = style.apply_chat_template(messages, tools=tools, return_dict=True, return_assistant_tokens_mask=True)
        ids, mask = encoded["input_ids"], encoded["assistant_masks"]
        trained = style.decode([token for token, marked in zip(ids, mask, strict=True) if marked])
        turns = [place for place, message in enumerate(messages) if message["role"] == "assistant"]
        assert trained == "".join(_turn(style, messages, tools, place) for place in turns)
        stops = [token for token, marked in zip(ids, mask, strict=True) if marked and token == style.eos_token_id]
        assert len(stops) == len(turns)
        last = max(place for place, marked in enumerate(mask) if marked)
        assert ids[last] == style.eos_token_id


def _turn(tokenizer: Any, messages: list[dict[str, Any]], tools: list[Any], place: int) -> str:
    """Return what a turn adds to the prompt before it, up to its stop token."""
    before = render(tokenizer, messages[:place], tools, add_generation_prompt=True)
    said = render(tokenizer, messages[: place + 1], tools).removeprefix(before)
    return said[: said.rindex(tokenizer.eos_token) + len(tokenizer.eos_token)]


def test_rows_as_loaded_render_where_the_template_asks_for_values(rows: list[dict[str, Any]]) -> None:
    for name in ("hermes", "mistral"):
        tokenizer = tokenizer_stopping_at(["text"], STOPS[name])
        tokenizer.chat_template = TEMPLATES[name]
        for row in rows:
            tools = json.loads(row["tools"])
            assert render(tokenizer, row["messages"], tools) == render(tokenizer, spoken(row)[0], tools)


def test_no_null_is_invented(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        assert None not in list(_leaves(json.loads(row["tools"])))
        for message in row["messages"]:
            for call in message["tool_calls"] or ():
                assert isinstance(call["function"]["arguments"], dict)
                assert None not in list(_leaves(call))
            if message["role"] == "tool":
                assert message["tool_call_id"]
                assert message["name"]


def _leaves(value: Any) -> Any:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    if inner is None:
        yield value
        return
    for one in inner:
        yield from _leaves(one)
