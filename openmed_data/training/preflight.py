"""What is found out before anything heavy is loaded: devices, packages, and space on the disk."""

import shutil
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from openmed_data.errors import UsageError
from openmed_data.training.profile import Profile
from openmed_data.training.settings import TrainerSettings


def require_packages(*names: str, extra: str) -> None:
    """Raise unless the packages are installed.

    Raises
    ------
    UsageError
        One is missing.

    Examples
    --------
    >>> require_packages("json", extra="train")
    """
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed",
            hint=f"Install openmed-data[{extra}], from the lock that docs/train.md names.",
        )


def require_device(profile: Profile) -> None:
    """Raise unless this machine has the devices of the profile.

    Raises
    ------
    UsageError
        There are none, too few, or those of another vendor.
    """
    if profile.device == "cpu":
        return
    torch: Any = import_module("torch")
    found = int(torch.cuda.device_count()) if torch.cuda.is_available() else 0
    if found < profile.devices:
        raise UsageError(
            f"profile '{profile.name}' needs {profile.devices} GPU{'s' if profile.devices > 1 else ''}, and torch "
            f"{torch.__version__} sees {found or 'none'}",
            hint="Choose the profile of this machine with --profile; --profile cpu-smoke runs anywhere.",
        )
    vendor = "rocm" if torch.version.hip else "cuda"
    if vendor != profile.device:
        raise UsageError(
            f"profile '{profile.name}' is for {profile.device}, and torch is built for {vendor}",
            hint="Choose the profile of this machine with --profile.",
        )


def require_adapters(settings: TrainerSettings, profile: Profile, stage: str) -> None:
    """Raise where the recipe asks for adapters that cannot be trained here.

    Raises
    ------
    UsageError
        A package is missing, or 4-bit weights are asked for without a GPU.
    """
    if settings.lora is None:
        return
    require_packages("peft", extra="train")
    if settings.lora.four_bit:
        if profile.device == "cpu":
            raise UsageError(
                f"{stage}: 4-bit weights (QLoRA) need a GPU, and profile '{profile.name}' has none",
                hint=f"Use --set {stage}.lora.four_bit=false, or the profile of a GPU.",
            )
        require_packages("bitsandbytes", extra="train")


def require_attention(settings: TrainerSettings, stage: str) -> None:
    """Raise where the attention that the recipe asks for is not installed; transformers would fetch code for it.

    Raises
    ------
    UsageError
        flash-attn is missing.
    """
    if settings.attn_implementation != "sdpa" and find_spec("flash_attn") is None:
        raise UsageError(
            f"{stage}: flash-attn is not installed",
            hint=f"Install it as built for your GPUs, or use --set {stage}.attn_implementation=sdpa.",
        )


def require_disk(root: Path, gigabytes: float) -> None:
    """Raise unless the disk that `root` is or will be on has that much free space.

    Raises
    ------
    UsageError
        It has less.
    """
    place = next(path for path in (root.resolve(), *root.resolve().parents) if path.exists())
    free = shutil.disk_usage(place).free / 1e9
    if free < gigabytes:
        raise UsageError(
            f"the disk of '{root}' has {free:,.1f} GB free, and about {gigabytes:,.1f} GB are needed",
            hint="Make room, or choose another place with --out.",
        )
