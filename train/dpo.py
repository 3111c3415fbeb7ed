"""`dpo`: direct preference optimisation on pairs of answers (Rafailov et al., 2023)."""

from collections.abc import Mapping
from typing import Any, ClassVar

from openmed_data.kinds import Kind
from openmed_data.training.trl_stage import TrlStage


class Dpo(TrlStage):
    """TRL's `DPOTrainer` on builds of the kind ``preferences``."""

    name = "dpo"
    summary = "Direct preference optimisation on answer pairs (TRL DPOTrainer)"
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.PREFERENCES})
    columns: ClassVar[tuple[str, ...]] = ("prompt", "chosen", "rejected")
    config_class: ClassVar[str] = "DPOConfig"
    trainer_class: ClassVar[str] = "DPOTrainer"

    def tokens(self, row: Mapping[str, Any], tokenizer: Any) -> int:
        """Return the tokens of the prompt with the longer answer."""
        pairs = [row["prompt"] + row[side] for side in ("chosen", "rejected")]
        return max(len(tokenizer.apply_chat_template(pair, return_dict=True)["input_ids"]) for pair in pairs)


STAGE = Dpo()
