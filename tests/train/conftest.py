"""What the tests of training share: a tiny Arcee model, and small builds."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tiny_tokenizer import train_tokenizer

from openmed_data import manifest
from openmed_data.books import Books
from openmed_data.kinds import Kind, schema
from openmed_data.parquet import write_table

LETTERS = "ABCD"
THOUGHT = "<think>The findings point to it.</think>\n<answer>"
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TURNS = [
    "<|im_start|>system\nuser\nassistant\n",
    '<tool_call>{"name": "search", "arguments": {"q": "rash"}}</tool_call>',
]


@pytest.fixture(scope="session")
def write_build() -> Callable[..., Path]:
    """Return the function that lays rows down as a build: shards by split, and a manifest that names their bytes."""

    def write(folder: Path, kind: Kind, splits: dict[str, list[dict[str, Any]]], *, without: str = "") -> Path:
        (folder / "data").mkdir(parents=True)
        files = []
        for split, rows in splits.items():
            table = _table(kind, rows)
            table = table.drop_columns([without]) if without else table
            name = f"data/{split}-00000-of-00001.parquet"
            write_table(table, folder / name)
            files.append(manifest.file_facts(folder, name, split))
        count = sum(len(rows) for rows in splits.values())
        books = Books(count, count, count, kept_rows={split: len(rows) for split, rows in splits.items()})
        facts: dict[str, Any] = {
            "source": {"license": "cc0-1.0", "homepage": ""},
            "options": {},
            "limit": None,
            "state": {},
            "figures": {},
        }
        document = manifest.Manifest(
            folder.name, kind, books=books, files=files, rejected_files=(), content_digest="0" * 64, **facts
        )
        (folder / manifest.NAME).write_text(document.to_text())
        return folder

    return write


def _table(kind: Kind, rows: list[dict[str, Any]]) -> pa.Table:
    """Make a table of the kind's schema; JSON is written as text, which pyarrow cannot make of Python values."""
    declared = schema(kind)
    plain = pa.schema([pa.field(field.name, _as_text(field.type)) for field in declared])
    shared = {"id": "", "source": "test", "source_id": "", "license": "cc0-1.0"}
    return pa.Table.from_pylist([{**shared, **row} for row in rows], schema=plain).cast(declared)


def _as_text(kind: Any) -> Any:
    if pa.types.is_list(kind):
        return pa.list_(_as_text(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct(
            [(kind.field(index).name, _as_text(kind.field(index).type)) for index in range(kind.num_fields)]
        )
    return pa.string() if kind == pa.json_() else kind


@pytest.fixture(scope="session")
def conversations() -> Callable[[int], list[dict[str, Any]]]:
    """Return the function that gives rows of the kind `sft`, every fourth a call of a tool and its result."""
    tools = json.dumps([{"type": "function", "function": {"name": "search", "parameters": {"type": "object"}}}])
    call = json.dumps({"type": "function", "function": {"name": "search", "arguments": {"q": "rash"}}})

    def rows(count: int) -> list[dict[str, Any]]:
        made = []
        for number in range(count):
            question = {"role": "user", "content": f"Case {number}: fever and rash. Which option?"}
            answer = {"role": "assistant", "content": f"{THOUGHT}{LETTERS[number % 4]}</answer>"}
            traced = number % 4 == 3
            between = [
                {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "content": "Nothing found.", "tool_call_id": "1", "name": "search"},
            ]
            messages = [question, *(between if traced else []), answer]
            made.append({"messages": messages, "tools": tools if traced else "", "domain": "test", "origin": "test"})
        return made

    return rows


@pytest.fixture(scope="session")
def tiny_model() -> Callable[[Path, Iterable[str]], Path]:
    """Return the function that makes an Arcee model of random weights, and a tokenizer from texts.

    Each answer to a question of four options is one token to it, so that random weights give answers at all.
    """

    def make(folder: Path, texts: Iterable[str]) -> Path:
        import torch
        from transformers import ArceeConfig, ArceeForCausalLM

        answers = [f"{THOUGHT}{letter}</answer>" for letter in LETTERS]
        marks = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
        tokenizer = train_tokenizer([*texts, *TURNS], SPECIAL, 1024, whole=answers, **marks)
        torch.manual_seed(0)
        config = ArceeConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            max_position_embeddings=4096,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
        ArceeForCausalLM(config).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return folder

    return make
