"""A profile: what is true of a machine and not of the training, in one YAML file of the room."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from openmed_data.errors import UsageError, refused_values
from openmed_data.registry import STAGES
from openmed_data.training.near import read_yaml


class Profile(BaseModel):
    """One kind of machine.

    Attributes
    ----------
    device
        ``cpu``, ``cuda`` or ``rocm``.
    devices
        How many of them one machine has.
    memory_gb
        Memory of each device, in 10⁹ bytes; of the machine, for ``cpu``.
    teraflops
        What one device reaches in training, an estimate that only plans use.
    decode_tokens_per_second
        What one device generates in all its sequences together, likewise.
    environment
        Variables for the stage's process; what is set already stays.
    trainer
        Settings of every trainer.
    accelerate
        The configuration that ``accelerate launch`` gets; None runs the stage without it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    summary: str
    device: str
    devices: int = 1
    memory_gb: float
    teraflops: float
    decode_tokens_per_second: float
    environment: Mapping[str, str] = {}
    trainer: Mapping[str, Any] = {}
    accelerate: Mapping[str, Any] | None = None


def bundled() -> list[str]:
    """Return the names of the profiles that come with the package.

    Examples
    --------
    >>> bundled()
    ['cpu-smoke', 'cuda-1', 'mi300x-1', 'mi300x-8']
    """
    return sorted(path.stem for path in _folder().glob("*.yaml"))


def load(text: str) -> Profile:
    """Read the bundled profile called `text`, or the file of that path.

    Raises
    ------
    UsageError
        There is no such profile, or it has unknown or unfit keys.

    Examples
    --------
    >>> load("mi300x-8").devices
    8
    """
    path = _folder() / f"{text}.yaml" if text in bundled() else Path(text)
    if not path.is_file():
        raise UsageError(f"there is no profile '{text}'", hint=f"There are: {', '.join(bundled())}; or give a file.")
    try:
        return Profile.model_validate({"name": path.stem, **read_yaml(path)})
    except ValidationError as error:
        raise UsageError("\n  ".join([f"profile '{text}' cannot be used:", *refused_values(error)])) from error


def _folder() -> Path:
    return Path(str(files(STAGES.package))) / "profiles"
