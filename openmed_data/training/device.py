"""What a stage's process runs on."""

import platform
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from openmed_data.training.profile import Profile
from openmed_data.training.records import Device


def device_of(profile: Profile, processes: int) -> Device | None:
    """Return what this process runs on; None where torch is not installed."""
    if find_spec("torch") is None:
        return None
    torch: Any = import_module("torch")
    if profile.device == "cpu":
        name = platform.processor() or platform.machine()
        return Device(kind="cpu", name=name, count=processes, torch=torch.__version__)
    name = torch.cuda.get_device_name(0)
    return Device(
        kind=profile.device, name=name, count=processes, torch=torch.__version__, hip=torch.version.hip or None
    )
