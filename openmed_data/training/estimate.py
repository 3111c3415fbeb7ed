"""What a stage will need, before it runs: memory of each device, disk, and time. Estimates, and said to be such.

Bytes for each parameter, with AdamW (Rajbhandari et al., "ZeRO", 2020, section 3.1, in float32): 4 weights, 4
gradients, 8 optimiser state; 4 more for a reference model. With adapters only they have gradients and state, so the
frozen weights are what counts. A checkpoint holds weights and optimiser state. Activations with checkpointing are
fitted to 11 GB for 32k tokens of a model with 36 layers of width 2560.
"""

from dataclasses import dataclass

from openmed_data.training.profile import Profile
from openmed_data.training.recipe import Shape
from openmed_data.training.settings import Settings, TrainerSettings

_WEIGHT, _TRAINED, _REFERENCE, _CHECKPOINT = 4, 16, 4, 12
_FOUR_BIT = 0.55  # NF4 with double quantisation (Dettmers et al., 2023), with its constants
_ACTIVATION = 3.65  # bytes for each token, layer and unit of width
_ADAPTERS = 0.01  # share of the parameters that adapters of a common rank have
_BYTES_PER_TOKEN = 1.6  # of a build's compressed shards
_FLOPS = 8  # for each parameter and token: forward 2, backward 4, and the forward that checkpointing repeats


@dataclass(frozen=True, slots=True)
class Estimate:
    """Gigabytes (10⁹) on each device and on disk, and hours; None where nothing can be said."""

    memory_gb: float | None = None
    disk_gb: float | None = None
    hours: float | None = None


def estimate(
    settings: Settings, profile: Profile, shape: Shape | None, *, data_bytes: int, rows: int, processes: int
) -> Estimate:
    """Estimate what a stage needs.

    Parameters
    ----------
    data_bytes, rows
        Size of the training split's shards, and its rows.
    processes
        Devices that share the work.

    Examples
    --------
    >>> from openmed_data.training import profile
    >>> settings = TrainerSettings(batch=8, per_device_train_batch_size=1, max_length=1024)
    >>> shape = Shape(parameters=10**9, hidden_size=2048, layers=24)
    >>> need = estimate(settings, profile.load("mi300x-1"), shape, data_bytes=10**9, rows=10**5, processes=1)
    >>> round(need.memory_gb), round(need.disk_gb)
    (16, 28)
    """
    if shape is None:
        return Estimate()
    if not isinstance(settings, TrainerSettings):
        return Estimate(disk_gb=2 * shape.parameters / 1e9)
    given = settings.trainer
    kept = int(given.get("save_total_limit", 1) or 1)
    trained = _ADAPTERS if settings.lora else 1.0
    disk = shape.parameters * (_CHECKPOINT * trained * kept + _WEIGHT + (_CHECKPOINT * trained if kept else 0))
    return Estimate(
        memory_gb=_memory(settings, profile, shape) / 1e9,
        disk_gb=disk / 1e9,
        hours=_seconds(settings, profile, shape, data_bytes, rows, processes) / 3600,
    )


def _memory(settings: TrainerSettings, profile: Profile, shape: Shape) -> float:
    given, lora = settings.trainer, settings.lora
    weights = shape.parameters * (_TRAINED if lora is None else _FOUR_BIT if lora.four_bit else _WEIGHT)
    adapters = shape.parameters * _ADAPTERS * _TRAINED if lora else 0.0
    refers = lora is None and given.get("beta", 0) and not given.get("precompute_ref_log_probs", False)
    reference = shape.parameters * _REFERENCE if refers else 0
    tokens = int(given.get("per_device_train_batch_size", 8)) * _longest(settings)
    activations = _ACTIVATION * tokens * shape.hidden_size * shape.layers
    engine = given.get("vllm_gpu_memory_utilization", 0.3) * profile.memory_gb * 1e9 if given.get("use_vllm") else 0
    return weights + adapters + reference + activations + engine


def _longest(settings: TrainerSettings) -> int:
    """Return the tokens of the longest sequence; a pair is two."""
    given = settings.trainer
    if "max_completion_length" in given:
        return int(given["max_completion_length"]) + int(getattr(settings, "max_prompt_length", 1024))
    pair = 2 if "precompute_ref_log_probs" in given or "beta" in given else 1
    return pair * int(given.get("max_length") or 1024)


def _seconds(
    settings: TrainerSettings, profile: Profile, shape: Shape, data_bytes: int, rows: int, processes: int
) -> float:
    given = settings.trainer
    mean = data_bytes / _BYTES_PER_TOKEN / max(1, rows)
    steps = int(given.get("max_steps", 0))
    sequences = steps * settings.batch if steps > 0 else rows * float(given.get("num_train_epochs", 3))
    speed = profile.teraflops * 1e12 * processes
    if "max_completion_length" not in given:
        return sequences * mean * _FLOPS * shape.parameters / speed
    generated = sequences * int(given["max_completion_length"])
    trained = (generated + sequences * mean) * _FLOPS * shape.parameters / speed
    return generated / (profile.decode_tokens_per_second * processes) + trained
