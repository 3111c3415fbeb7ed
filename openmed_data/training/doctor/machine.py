"""Python, packages and devices: what is here, and whether it fits together."""

import os
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from openmed_data.errors import OpenMedError
from openmed_data.training.doctor.finding import MACHINE, Finding, Verdict
from openmed_data.training.preflight import require_device
from openmed_data.training.profile import Profile

_TRAINING = ("torch", "transformers", "trl", "accelerate")
_SHOWN = (*_TRAINING, "peft", "vllm", "mergekit", "lm_eval")
_ROCM_COUNTS = {1, 8}  # the ring of an MI300X machine is of eight; parts of it have less bandwidth than one would think
_NUMA = Path("/proc/sys/kernel/numa_balancing")


def installed() -> dict[str, str]:
    """Return the versions of the packages that matter, of those that are installed."""
    found: dict[str, str] = {}
    for name in _SHOWN:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def python(here: tuple[int, int], profile: Profile, *, uses_vllm: bool) -> Finding:
    """Say whether this Python does."""
    shown = ".".join(map(str, here))
    if uses_vllm and profile.device == "rocm" and here != (3, 12):
        return Finding(
            MACHINE,
            "python",
            Verdict.FAIL,
            f"{shown}; vLLM's wheels for ROCm are for 3.12, and any other Python silently gets the one for CUDA",
            "Use Python 3.12, or set grpo.use_vllm=false.",
        )
    return Finding(MACHINE, "python", Verdict.OK, shown)


def packages(found: Mapping[str, str], *, uses_vllm: bool) -> Iterator[Finding]:
    """Say which packages are here, and which of them do not fit together.

    Parameters
    ----------
    found
        See `installed`.
    uses_vllm
        Whether a stage generates with vLLM.
    """
    shown = ", ".join(f"{name} {found[name]}" for name in found)
    missing = [name for name in _TRAINING if name not in found]
    if missing:
        hint = "Install openmed-data[train] from constraints/train.txt."
        yield Finding(MACHINE, "packages", Verdict.FAIL, f"{', '.join(missing)} missing; there are {shown}", hint)
    else:
        yield Finding(MACHINE, "packages", Verdict.OK, shown)
    if uses_vllm and "vllm" not in found:
        hint = "Use the environment of constraints/train-vllm.txt, or set grpo.use_vllm=false."
        yield Finding(MACHINE, "vllm", Verdict.FAIL, "the recipe generates with vLLM, which is not installed", hint)
    elif "vllm" in found:
        yield _vllm(found)


def _vllm(found: Mapping[str, str]) -> Finding:
    """Hold what is installed against what vLLM itself requires."""
    from packaging.requirements import Requirement

    unmet: list[str] = []
    for line in requires("vllm") or ():
        wanted = Requirement(line)
        have = found.get(wanted.name)
        if have and (wanted.marker is None or wanted.marker.evaluate({"extra": ""})) and have not in wanted.specifier:
            unmet.append(f"{wanted.name}{wanted.specifier} (here: {have})")
    if unmet:
        hint = "Keep vLLM in an environment of its own: constraints/train-vllm.txt."
        return Finding(MACHINE, "vllm", Verdict.FAIL, f"vllm {found['vllm']} needs {', '.join(unmet)}", hint)
    return Finding(MACHINE, "vllm", Verdict.OK, f"vllm {found['vllm']} fits the other packages")


def devices(profile: Profile) -> Iterator[Finding]:
    """Say which devices torch sees, and whether they are those of the profile."""
    try:
        require_device(profile)
    except ModuleNotFoundError:
        yield Finding(MACHINE, "devices", Verdict.UNKNOWN, "torch is not installed", "See packages.")
        return
    except OpenMedError as error:
        yield Finding(MACHINE, "devices", Verdict.FAIL, str(error), error.hint)
        return
    yield Finding(MACHINE, "devices", Verdict.OK, _seen(profile))
    if profile.device == "rocm":
        yield from rocm(profile, _NUMA.read_text(encoding="utf-8").strip() if _NUMA.is_file() else "")


def rocm(profile: Profile, numa_balancing: str) -> Iterator[Finding]:
    """Say what slows an AMD machine down.

    Parameters
    ----------
    numa_balancing
        What the kernel says: ``1`` where it moves pages between sockets while they are used.
    """
    if numa_balancing == "1":
        hint = "As root: sysctl kernel.numa_balancing=0"
        yield Finding(MACHINE, "numa", Verdict.WARN, "the kernel balances NUMA pages, which stalls GPUs", hint)
    if profile.devices not in _ROCM_COUNTS:
        hint = "Use one GPU or all eight."
        yield Finding(MACHINE, "gpu count", Verdict.WARN, f"{profile.devices} of the machine's GPUs", hint)
    wanted = profile.environment
    unlike = [f"{key}={os.environ[key]}" for key in wanted if os.environ.get(key, wanted[key]) != wanted[key]]
    if unlike:
        hint = "The profile sets them otherwise where they are not set; unset them unless you know better."
        yield Finding(MACHINE, "environment", Verdict.WARN, f"set by hand: {', '.join(unlike)}", hint)


def device_memory(profile: Profile) -> float:
    """Return the memory of one device, in 10⁹ bytes: measured where it is here, else as the profile says."""
    if profile.device == "cpu":
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    if "torch" not in installed():
        return profile.memory_gb
    torch: Any = import_module("torch")
    if not torch.cuda.is_available():
        return profile.memory_gb
    return torch.cuda.get_device_properties(0).total_memory / 1e9


def _seen(profile: Profile) -> str:
    torch: Any = import_module("torch")
    runtime = f"ROCm {torch.version.hip}" if torch.version.hip else f"CUDA {torch.version.cuda}"
    if profile.device == "cpu":
        return f"torch {torch.__version__}, {os.cpu_count()} CPU cores, {device_memory(profile):.0f} GB"
    names = {torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())}
    shown = f"{torch.cuda.device_count()} × {', '.join(sorted(names))}"  # noqa: RUF001
    return f"torch {torch.__version__}, {runtime}, {shown}, {device_memory(profile):.0f} GB each"


def running_python() -> tuple[int, int]:
    """Return this interpreter's version."""
    return sys.version_info.major, sys.version_info.minor
