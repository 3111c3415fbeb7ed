"""Whether the weights can move at all, and whether everything fits: precision, memory, disk."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from openmed_data.training.doctor.finding import Finding, Verdict
from openmed_data.training.estimate import Estimate
from openmed_data.training.settings import TrainerSettings

# Bits of the mantissa with the hidden one: a step below half of the last bit is rounded away.
_BITS = {"bfloat16": 8, "float16": 11}
_TYPICAL = 0.02  # size of a weight of a language model, where the model itself cannot be looked at
_FEW, _MOST = 0.5, 0.95
_FULL = 0.9
_SAMPLE = 200_000


def precision(stage: str, settings: TrainerSettings, weights: npt.NDArray[np.float32] | None) -> Finding:
    """Say which share of the weights a step of the learning rate can change.

    A step of Adam is about as large as the learning rate, and a 16-bit weight only changes if the step is at least
    half of its last bit: with bfloat16 the 256th part of the weight or more, halved.

    Parameters
    ----------
    weights
        Some of the model's weights; a typical size is assumed if None.
    """
    rate = float(settings.trainer.get("learning_rate", 0.0) or 0.0)
    bits = _BITS.get(settings.dtype)
    if bits is None or settings.lora is not None or not rate:
        held = "adapters are trained" if settings.lora else f"weights in {settings.dtype}"
        return Finding(stage, "precision", Verdict.OK, f"{held}, learning rate {rate:g}")
    sizes = np.abs(weights) if weights is not None else np.array([_TYPICAL], dtype=np.float32)
    share = float((rate >= sizes * 2.0**-bits / 2).mean())
    of = "of the model's weights" if weights is not None else f"of weights of the usual size {_TYPICAL:g}"
    found = f"weights in {settings.dtype}, learning rate {rate:g}: a step can change {share:.1%} {of}"
    do = f"Set {stage}.dtype=float32; the profile's bf16 still computes in bfloat16."
    verdict = Verdict.FAIL if share < _FEW else Verdict.WARN if share < _MOST else Verdict.OK
    return Finding(stage, "precision", verdict, found, do if verdict is not Verdict.OK else "")


def some_weights(model: Path) -> npt.NDArray[np.float32] | None:
    """Return weights of the model at `model`, spread over its matrices; None where it lies elsewhere.

    Raises
    ------
    ModuleNotFoundError
        safetensors is not installed.
    """
    files = sorted(model.glob("*.safetensors")) if model.is_dir() else []
    if not files:
        return None
    from safetensors import safe_open

    parts: list[npt.NDArray[np.float32]] = []
    for path in files:
        opened: Any = safe_open(path, framework="pt")
        with opened as tensors:
            names = [name for name in tensors.keys() if len(tensors.get_slice(name).get_shape()) == 2]  # noqa: SIM118
            for name in names:
                few = tensors.get_slice(name)[: max(1, _SAMPLE // len(names) // 1024), :1024]
                parts.append(few.float().numpy().ravel())
    return np.concatenate(parts) if parts else None


def memory(stage: str, need: Estimate, available: float, lower: str) -> Finding:
    """Say whether a stage fits into the memory of each device, both in 10⁹ bytes, or else how it can be made to."""
    if need.memory_gb is None:
        return Finding(stage, "memory", Verdict.UNKNOWN, "the model's size is not known", "Give the recipe a `shape`.")
    found = f"about {need.memory_gb:,.1f} of {available:,.1f} GB on each device"
    if need.memory_gb > available:
        return Finding(stage, "memory", Verdict.FAIL, found, lower)
    if need.memory_gb > _FULL * available:
        return Finding(stage, "memory", Verdict.WARN, found, "Close to full: lower the batch on each device a little.")
    return Finding(stage, "memory", Verdict.OK, found)


def disk(stage: str, root: Path, needed: float) -> Finding:
    """Say whether all stages together fit on the disk of `root`, in 10⁹ bytes."""
    place = next(path for path in (root.resolve(), *root.resolve().parents) if path.exists())
    free = shutil.disk_usage(place).free / 1e9
    found = f"about {needed:,.1f} of {free:,.1f} GB that are free for '{root}'"
    if needed > free:
        return Finding(stage, "disk", Verdict.FAIL, found, "Make room, or choose another place with --out.")
    return Finding(stage, "disk", Verdict.OK, found)
