"""`grpo`: group relative policy optimisation with verifiable rewards (Shao et al., 2024)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, field_validator

from openmed_data import rewards
from openmed_data.errors import GateError, UsageError
from openmed_data.kinds import Kind
from openmed_data.rewards import Reward
from openmed_data.training.near import require_known
from openmed_data.training.profile import Profile
from openmed_data.training.settings import Settings, TrainerSettings
from openmed_data.training.trl_stage import TrlStage

_PROBED = 100  # prompts of the dataset whose answers the rewards are tried on, besides the bundled items

_REWARDS: Mapping[str, Reward] = {
    "correct_answer": rewards.correct_answer,
    "answer_format": rewards.answer_format,
    "brevity": rewards.Brevity(),
    "no_repetition": rewards.NoRepetition(),
    "overlong": rewards.Overlong(),
    "faithful": rewards.Faithful(),
}


class GrpoSettings(TrainerSettings):
    """Settings of GRPO besides those of TRL's `GRPOConfig`."""

    rewards: Mapping[str, float] = Field(
        {"correct_answer": 1.0, "answer_format": 0.2, "brevity": 0.1}, description="Rewards and their weights."
    )
    max_prompt_length: int = Field(1024, ge=1, description="Most tokens of a prompt; TRL never cuts them.")
    patience: int = Field(20, ge=1, description="Logs in a row without spread of rewards after which it stops.")

    @field_validator("rewards")
    @classmethod
    def _known(cls, value: Mapping[str, float]) -> Mapping[str, float]:
        require_known(value, _REWARDS, "grpo.rewards")
        return value


class Grpo(TrlStage):
    """TRL's `GRPOTrainer` on builds of the kind ``rewards``."""

    name = "grpo"
    summary = "Reinforcement learning with verifiable rewards (TRL GRPOTrainer)"
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.REWARDS})
    columns: ClassVar[tuple[str, ...]] = (
        "prompt",
        "answer",
        "answer_type",
        "choices",
        "answer_label",
        "accepted_answers",
        "reference_reasoning",
    )
    config_class: ClassVar[str] = "GRPOConfig"
    trainer_class: ClassVar[str] = "GRPOTrainer"
    settings_model: ClassVar[type[Settings]] = GrpoSettings

    def check(self, settings: Any, profile: Profile, processes: int) -> None:
        """Raise where the settings are unknown or do not divide, or a reward pays what it must not.

        Raises
        ------
        UsageError, GateError
            What is wrong, and what to do.
        """
        group = _group(settings)
        if settings.batch % group:
            raise UsageError(
                f"grpo: a batch of {settings.batch} completions is no multiple of {group} for each prompt",
                hint="Set grpo.batch or grpo.num_generations.",
            )
        super().check(settings, profile, processes)

    def check_data(self, settings: Any, files: Mapping[str, tuple[Path, ...]]) -> None:
        """Raise where a reward pays a wrong answer, or not the right one, on the bundled items or this dataset's.

        Raises
        ------
        UsageError
            There is no validation split to evaluate on, or there are fewer prompts than one step takes.
        GateError
            Which reward, and for what.
        """
        super().check_data(settings, files)
        import polars as pl

        from openmed_data.probe import bundled_items, items_of, probe_rewards

        prompts = pl.scan_parquet(list(files["train"]))
        _require_a_step(prompts.select(pl.len()).collect().item(), settings.batch // _group(settings))
        head = prompts.head(_PROBED).collect()
        report = probe_rewards([_REWARDS[name] for name in settings.rewards], [*bundled_items(), *items_of(head)])
        if report.passed:
            return
        paid, unpaid = report.false_credits, report.unpaid
        lines = [f"{one.reward} pays {one.payment} for '{one.answer}' where the gold is '{one.gold}'" for one in paid]
        lines += [f"{one.reward} pays nothing for the right answer '{one.gold}'" for one in unpaid]
        raise GateError(
            "\n  ".join(["the rewards fail their self-test:", *lines[:10]]),
            hint="`openmed-data probe rewards` shows all of them.",
        )

    def most_tokens(self, settings: Any) -> int | None:
        """Return the most tokens that a prompt may take."""
        return settings.max_prompt_length

    def tokens(self, row: Mapping[str, Any], tokenizer: Any) -> int:
        """Return the tokens of the prompt, with the beginning of the assistant's turn."""
        text = tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True, return_dict=True)
        return len(text["input_ids"])

    def own_config(self, settings: Any) -> dict[str, Any]:
        """Return the weights of the rewards, and a cache of keys and values, which some base models switch off."""
        given = dict(settings.trainer.get("generation_kwargs") or {})
        own: dict[str, Any] = {"reward_weights": list(settings.rewards.values())}
        return own if settings.trainer.get("use_vllm") else {**own, "generation_kwargs": {"use_cache": True, **given}}

    def own_arguments(self, settings: Any) -> dict[str, Any]:
        """Return the rewards, and the guard that stops a training without a signal."""
        from openmed_data.training.callbacks import PassKeeper, SignalGuard

        masks_cut = bool(settings.trainer.get("mask_truncated_completions"))
        return {
            "reward_funcs": [_REWARDS[name] for name in settings.rewards],
            "callbacks": [SignalGuard(settings.patience, masks_cut=masks_cut), PassKeeper()],
        }


def _group(settings: TrainerSettings) -> int:
    return int(settings.trainer.get("num_generations", 8))


def _require_a_step(prompts: int, needed: int) -> None:
    """Raise where no step can be taken: TRL's sampler leaves out what does not fill one, and says nothing."""
    if prompts < needed:
        raise UsageError(
            f"grpo: a step takes {needed} prompts, and the data has {prompts}",
            hint="Set grpo.batch to fewer completions, or build more prompts.",
        )


STAGE = Grpo()
