"""What a stage will need, before it runs: memory of each device, disk, steps and time. Estimates, and said to be such.

Bytes for each parameter that is trained, with AdamW (Rajbhandari et al., "ZeRO", 2020, section 3.1, in float32): 4
weights, 4 gradients, 8 optimiser state; 2 more for the bfloat16 copies that autocast keeps through a step, and 4 for
the buffers in which several devices add their gradients. A reference model takes 4. With adapters only they have
gradients and state, so the frozen weights are what counts. A checkpoint holds weights and optimiser state.

Activations were measured, with checkpointing and autocast, on Arcee models of 2 to 12 layers: what passes from layer to
layer, in the type of the weights, and about 110 bytes for each unit of width in the one layer that is computed again.
Trainers never build the logits of all tokens. While GRPO generates without vLLM, the cache of all completions of a step
takes the place of gradients and activations; its keys and values were found to be in the type of the weights too.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from openmed_data.training.profile import Profile
from openmed_data.training.recipe import Shape
from openmed_data.training.settings import Settings, TrainerSettings

_CAST = 2
_FOUR_BIT = 0.55  # NF4 with double quantisation (Dettmers et al., 2023), with its constants
_ADAPTERS = 0.01  # share of the parameters that adapters of a common rank have
_LAYER = 110  # bytes for each token and unit of width in the layer whose activations are there
_FLOPS = 8  # for each parameter and token: forward 2, backward 4, and the forward that checkpointing repeats
_REFERENCE_FLOPS = 2
_ATTENTION_FLOPS = 16  # likewise, for each token, token before it or masked, unit of width, and layer


@dataclass(frozen=True, slots=True)
class Estimate:
    """Gigabytes (10⁹) on each device and on disk, optimiser steps, and hours; None where nothing can be said.

    Attributes
    ----------
    disk_gb, stays_gb
        While the stage runs, and once it is done and its checkpoints are gone.
    """

    memory_gb: float | None = None
    disk_gb: float | None = None
    stays_gb: float | None = None
    steps: int | None = None
    hours: float | None = None


def estimate(
    settings: Settings,
    profile: Profile,
    shape: Shape | None,
    *,
    tokens: float,
    rows: int,
    processes: int,
    pairs: bool = False,
) -> Estimate:
    """Estimate what a stage needs.

    Parameters
    ----------
    tokens, rows
        Mean tokens of a row of the training split, and its rows.
    processes
        Devices that share the work.
    pairs
        Whether a row is two sequences, of which `tokens` are the longer one's.

    Examples
    --------
    >>> from openmed_data.training import profile
    >>> settings = TrainerSettings(batch=8, per_device_train_batch_size=1, max_length=1024)
    >>> shape = Shape(parameters=10**9, hidden_size=2048, layers=24)
    >>> need = estimate(settings, profile.load("mi300x-1"), shape, tokens=500, rows=80_000, processes=1)
    >>> round(need.memory_gb), round(need.disk_gb), need.steps
    (18, 28, 30000)
    """
    if not isinstance(settings, TrainerSettings):
        merged = 2 * shape.parameters / 1e9 if shape else None
        return Estimate(disk_gb=merged, stays_gb=merged)
    steps = _steps(settings, tokens, rows)
    if shape is None:
        return Estimate(steps=steps)
    model, checkpoint = _on_disk(settings, shape)
    kept = _kept(settings, steps)
    return Estimate(
        memory_gb=_memory(settings, profile, shape, processes, pairs=pairs) / 1e9,
        disk_gb=(model + checkpoint * (max(kept, 1) + 1)) / 1e9,
        stays_gb=(model + checkpoint * kept) / 1e9,
        steps=steps,
        hours=_seconds(settings, profile, shape, steps, tokens, processes, pairs=pairs) / 3600,
    )


def _width(settings: TrainerSettings) -> int:
    return 4 if settings.dtype == "float32" else 2


def disk_of(needs: Iterable[Estimate]) -> float:
    """Return the gigabytes that stages need on disk one after the other: what stays of all, and the most that goes.

    Examples
    --------
    >>> disk_of([Estimate(disk_gb=130, stays_gb=18), Estimate(disk_gb=130, stays_gb=18), Estimate()])
    148.0
    """
    known = [(need.disk_gb or 0.0, need.stays_gb or 0.0) for need in needs]
    return sum(stays for _, stays in known) + max((at_once - stays for at_once, stays in known), default=0.0)


def _on_disk(settings: TrainerSettings, shape: Shape) -> tuple[float, float]:
    """Return the bytes of the model and of one checkpoint."""
    trained = shape.parameters * (_ADAPTERS if settings.lora else 1.0)
    return shape.parameters * _width(settings), 3 * _width(settings) * trained


def _kept(settings: TrainerSettings, steps: int) -> int:
    """Return how many checkpoints stay when the stage is done."""
    if settings.checkpoints == 0:
        return math.ceil(steps / max(1.0, float(settings.trainer.get("save_steps", 500))))
    return settings.checkpoints or 0


def _memory(settings: TrainerSettings, profile: Profile, shape: Shape, processes: int, *, pairs: bool) -> float:
    given, lora, width = settings.trainer, settings.lora, _width(settings)
    trained = shape.parameters * (_ADAPTERS if lora else 1.0)
    frozen = shape.parameters * (_FOUR_BIT if lora.four_bit else width) if lora else 0.0
    refers = lora is None and (pairs or given.get("beta", 0)) and not given.get("precompute_ref_log_probs", False)
    reference = shape.parameters * width if refers else 0
    buffers = width * trained if processes > 1 else 0
    engine = given.get("vllm_gpu_memory_utilization", 0.3) * profile.memory_gb * 1e9 if given.get("use_vllm") else 0
    always = 3 * width * trained + frozen + reference + buffers + engine
    cast = _CAST * trained if width == 4 and profile.trainer.get("bf16") else 0
    learning = width * trained + cast + _activations(settings, shape, pairs=pairs)
    return always + max(learning, _cache(settings, shape, processes))


def _activations(settings: TrainerSettings, shape: Shape, *, pairs: bool) -> float:
    given = settings.trainer
    tokens = int(given.get("per_device_train_batch_size", 8)) * _longest(settings) * (2 if pairs else 1)
    again = given.get("gradient_checkpointing", True)
    each = _width(settings) * shape.layers + _LAYER if again else _LAYER * shape.layers
    return float(tokens * shape.hidden_size * each)


def _cache(settings: TrainerSettings, shape: Shape, processes: int) -> float:
    """Return the bytes of keys and values of all that one device generates for a step; 0 where vLLM does."""
    if not _generates(settings) or settings.trainer.get("use_vllm"):
        return 0.0
    tokens = settings.batch / processes * _longest(settings)
    return tokens * 2 * _width(settings) * shape.key_value_size * shape.layers


def _generates(settings: TrainerSettings) -> bool:
    return hasattr(settings, "max_prompt_length")


def _longest(settings: TrainerSettings) -> int:
    """Return the tokens of the longest sequence."""
    if _generates(settings):
        return _completion(settings) + int(getattr(settings, "max_prompt_length", 0))
    return int(settings.trainer.get("max_length") or 1024)


def _completion(settings: TrainerSettings) -> int:
    return int(settings.trainer.get("max_completion_length") or 512)


def _steps(settings: TrainerSettings, tokens: float, rows: int) -> int:
    """Return the optimiser steps: packed, a sequence holds many rows; a prompt is one for each of its completions."""
    given = settings.trainer
    if int(given.get("max_steps", 0)) > 0:
        return int(given["max_steps"])
    sequences = float(rows)
    if _generates(settings):
        sequences *= int(given.get("num_generations", 8))
    elif given.get("packing"):
        sequences *= tokens / _longest(settings)
    return max(1, math.ceil(sequences / settings.batch * float(given.get("num_train_epochs", 3))))


def _seconds(
    settings: TrainerSettings,
    profile: Profile,
    shape: Shape,
    steps: int,
    tokens: float,
    processes: int,
    *,
    pairs: bool,
) -> float:
    given, packed = settings.trainer, bool(settings.trainer.get("packing"))
    sequences = steps * settings.batch
    generated = sequences * _completion(settings) if _generates(settings) else 0
    trained = generated + sequences * (_longest(settings) if packed else 2 * tokens if pairs else tokens)
    refers = pairs or (_generates(settings) and given.get("beta", 0))
    each = (_FLOPS + (_REFERENCE_FLOPS if refers else 0)) * shape.parameters
    if packed and settings.attn_implementation == "sdpa":  # all rows that a device takes at once are one sequence to it
        together = int(given.get("per_device_train_batch_size", 8)) * _longest(settings)
        each += _ATTENTION_FLOPS * together * shape.hidden_size * shape.layers
    learning = trained * each / (profile.teraflops * 1e12 * processes)
    return learning + generated / (profile.decode_tokens_per_second * processes)
