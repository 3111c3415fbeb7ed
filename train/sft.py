"""`sft`: supervised fine-tuning on conversations, tool traces among them, with the loss on the assistant's words."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import model_validator

from openmed_data.errors import UsageError
from openmed_data.kinds import Kind
from openmed_data.training.settings import Settings, TrainerSettings
from openmed_data.training.trl_stage import TrlStage


class SftSettings(TrainerSettings):
    """Settings of TRL's `SFTConfig`, with the loss on the assistant's words unless the recipe wants it on all."""

    @model_validator(mode="before")
    @classmethod
    def _of_the_assistant(cls, given: dict[str, Any]) -> dict[str, Any]:
        return {"assistant_only_loss": True, **given}


class Sft(TrlStage):
    """TRL's `SFTTrainer` on builds of the kinds ``sft`` and ``traces``."""

    name = "sft"
    summary = "Supervised fine-tuning on conversations and tool traces (TRL SFTTrainer)"
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.SFT, Kind.TRACES})
    columns: ClassVar[tuple[str, ...]] = ("messages", "tools")
    config_class: ClassVar[str] = "SFTConfig"
    trainer_class: ClassVar[str] = "SFTTrainer"
    settings_model: ClassVar[type[Settings]] = SftSettings

    def prepared(self, rows: Any) -> Any:
        """Return the rows with null for no tools: to an empty list, Llama's template says how to call them."""
        return rows.map(_with_tools, features=rows.features)

    def tokens(self, row: Mapping[str, Any], tokenizer: Any) -> int:
        """Return the tokens of the whole conversation."""
        return len(tokenizer.apply_chat_template(row["messages"], tools=_tools(row), return_dict=True)["input_ids"])


def _with_tools(row: Mapping[str, Any]) -> dict[str, str | None]:
    return {"tools": row["tools"] if _tools(row) else None}


def _tools(row: Mapping[str, Any]) -> list[Any] | None:
    try:
        return json.loads(row["tools"] or "[]") or None
    except ValueError as error:
        hint = "`openmed-data validate` of the build names such rows."
        raise UsageError("sft: the tools of a row are no JSON", hint=hint) from error


STAGE = Sft()
