"""How many tokens the rows of a build have, about: plans are made where no tokenizer is."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from openmed_data.training.rows import sample
from openmed_data.training.trl_stage import TrlStage

_CHARACTERS = 4  # of English for each token of a large vocabulary
_TURN = 5  # tokens around each turn
_ROWS = 500


class RoughTokenizer:
    """Stands where a stage asks a tokenizer how long a conversation is."""

    def apply_chat_template(
        self, messages: Sequence[Mapping[str, Any]], *, tools: Any = None, **_: Any
    ) -> dict[str, range]:
        """Return as many token ids as the conversation has, about.

        Examples
        --------
        >>> talk = [{"role": "user", "content": "Dose of aspirin for a fever?"}, {"role": "assistant", "content": ""}]
        >>> len(RoughTokenizer().apply_chat_template(talk)["input_ids"])
        17
        """
        texts = [message.get("content") or "" for message in messages]
        texts += [json.dumps(call) for message in messages for call in message.get("tool_calls") or ()]
        texts += [json.dumps(tools)] if tools else []
        return {"input_ids": range(sum(map(len, texts)) // _CHARACTERS + _TURN * len(messages))}


@cache
def mean_tokens(stage: TrlStage, files: tuple[Path, ...]) -> float:
    """Return the mean tokens of the rows in `files`, counted as the stage counts, of a sample spread over them."""
    rows = sample(files, stage.columns, _ROWS)
    return sum(stage.tokens(row, RoughTokenizer()) for row in rows) / max(1, len(rows))
