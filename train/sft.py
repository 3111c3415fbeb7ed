"""`sft`: supervised fine-tuning on conversations, tool traces among them, with the loss on the assistant's words."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from openmed_data.kinds import Kind
from openmed_data.training.trl_stage import TrlStage


class Sft(TrlStage):
    """TRL's `SFTTrainer` on builds of the kinds ``sft`` and ``traces``."""

    name = "sft"
    summary = "Supervised fine-tuning on conversations and tool traces (TRL SFTTrainer)"
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.SFT, Kind.TRACES})
    columns: ClassVar[tuple[str, ...]] = ("messages", "tools")
    config_class: ClassVar[str] = "SFTConfig"
    trainer_class: ClassVar[str] = "SFTTrainer"

    def prepared(self, rows: Any) -> Any:
        """Return the rows with tools that the trainer can parse; a conversation without any may have an empty text."""
        return rows.map(_with_tools)

    def tokens(self, row: Mapping[str, Any], tokenizer: Any) -> int:
        """Return the tokens of the whole conversation."""
        tools = json.loads(row["tools"]) or None
        return len(tokenizer.apply_chat_template(row["messages"], tools=tools, return_dict=True)["input_ids"])


def _with_tools(row: Mapping[str, Any]) -> dict[str, str]:
    return {"tools": row["tools"] or "[]"}


STAGE = Sft()
