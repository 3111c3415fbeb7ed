"""What a stage's section of a recipe may say. Keys that are not here go to the trainer's own configuration."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from openmed_data.errors import UsageError, refused_values

# The trainer's own numbers that plans reckon with, and the least that each can be.
_LEAST = {
    "learning_rate": 0,
    "beta": 0,
    "max_steps": -1,
    "max_length": 1,
    "max_completion_length": 1,
    "per_device_train_batch_size": 1,
    "num_generations": 1,
    "save_total_limit": 0,
}

_OF_THE_MACHINE = {"per_device_train_batch_size", "save_steps", "save_total_limit"}


class Settings(BaseModel):
    """Base of every stage's settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def identity(self) -> dict[str, Any]:
        """Return the settings that decide what comes out, as JSON values; the data are known by their digest."""
        return self.model_dump(mode="json", exclude={"data"})


class Lora(Settings):
    """Low-rank adapters instead of all weights; merged into the model when the stage is done.

    Sources: LoRA (Hu et al., 2021); QLoRA (Dettmers et al., 2023).
    """

    r: int = Field(16, ge=1, description="Rank.")
    alpha: int = Field(32, ge=1, description="Scale, divided by the rank.")
    dropout: float = Field(0.05, ge=0, lt=1, description="Dropout before the adapters.")
    target_modules: str | tuple[str, ...] = Field("all-linear", description="Which layers get adapters.")
    four_bit: bool = Field(default=False, description="Hold the frozen weights in 4-bit NF4 (QLoRA); needs a GPU.")


class TrainerSettings(Settings):
    """Settings of a stage that trains; extra keys are those of TRL's configuration for it."""

    model_config = ConfigDict(frozen=True, extra="allow")

    data: tuple[str, ...] = Field((), description="Builds to train on: folders, or hub:OWNER/NAME@REVISION.")
    batch: int = Field(ge=1, description="Sequences for one optimiser step, over all devices.")
    dtype: Literal["float32", "bfloat16", "float16"] = Field(
        "float32", description="Type of the weights that are updated."
    )
    most_dropped: float = Field(
        0.02, ge=0, le=1, description="Largest share of rows that may be left out because they are too long."
    )
    attn_implementation: Literal["sdpa", "flash_attention_2"] = Field(
        "sdpa", description="Attention: torch's own, or the package flash-attn, which packed rows are faster with."
    )
    lora: Lora | None = Field(None, description="Train adapters only.")

    @field_validator("data", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="before")
    @classmethod
    def _strategies_are_words(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Read ``eval_strategy: no`` as the word that it is; YAML takes it for false."""
        return {key: "no" if key.endswith("_strategy") and value is False else value for key, value in given.items()}

    def identity(self) -> dict[str, Any]:
        """Return the settings that decide what comes out; how a batch is divided and what is kept of it do not."""
        # Where the best checkpoint is the model, it matters which there are.
        decides = {"save_steps"} if self.trainer.get("load_best_model_at_end") else set[str]()
        left_out = _OF_THE_MACHINE - decides
        return {key: value for key, value in super().identity().items() if key not in left_out}

    @property
    def trainer(self) -> dict[str, Any]:
        """The keys that go to the trainer's configuration."""
        return dict(self.model_extra or {})

    @property
    def checkpoints(self) -> int | None:
        """How many checkpoints stay, also when the stage is done, 0 for all; None for the newest until then."""
        return int(self.trainer["save_total_limit"] or 0) if "save_total_limit" in self.trainer else None


def parse(model: type[Settings], given: Mapping[str, Any], stage: str) -> Settings:
    """Validate a stage's section; every problem is reported together.

    Raises
    ------
    UsageError
        A setting is missing, unknown or of the wrong type.

    Examples
    --------
    >>> parse(Lora, {"r": 8}, "sft").r
    8
    """
    from openmed_data.training.near import require_known

    if model.model_config.get("extra") == "forbid":
        require_known(given, model.model_fields, stage)
    problems = list(_wrong_numbers(given)) if issubclass(model, TrainerSettings) else []
    try:
        settings = model.model_validate(dict(given))
    except ValidationError as error:
        raise _unusable(stage, [*problems, *refused_values(error)]) from error
    if problems:
        raise _unusable(stage, problems)
    return settings


def _wrong_numbers(given: Mapping[str, Any]) -> Iterator[str]:
    """Name the numbers that the trainer would take, and fail or do nothing with once the model is loaded."""
    for name, least in _LEAST.items():
        value: Any = given.get(name)
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool) and value >= least):
            continue
        yield f"{name}: expected a number of {least:g} or more (found {value!r})"
    epochs: Any = given.get("num_train_epochs", 1)
    if not isinstance(epochs, int | float) or epochs <= 0:
        yield f"num_train_epochs: expected a number above 0 (found {epochs!r})"


def _unusable(stage: str, problems: Sequence[str]) -> UsageError:
    return UsageError("\n  ".join([f"{stage} cannot use these settings:", *problems]))
