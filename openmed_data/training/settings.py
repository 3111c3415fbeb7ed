"""What a stage's section of a recipe may say. Keys that are not here go to the trainer's own configuration."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from openmed_data.errors import UsageError


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
    dtype: str = Field("float32", description="Type of the weights that are updated.")
    most_dropped: float = Field(
        0.02, ge=0, le=1, description="Largest share of rows that may be left out because they are too long."
    )
    lora: Lora | None = Field(None, description="Train adapters only.")

    @field_validator("data", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @property
    def trainer(self) -> dict[str, Any]:
        """The keys that go to the trainer's configuration."""
        return dict(self.model_extra or {})


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
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        lines = [f"  {'.'.join(map(str, one['loc']))}: {one['msg']} (found {one['input']!r})" for one in error.errors()]
        raise UsageError("\n".join([f"{stage} cannot use these settings:", *lines])) from error
