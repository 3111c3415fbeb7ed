"""What an evaluation will need on the tasks of the default recipe: memory of each device, and time. Estimates.

lm-evaluation-harness asks a question of choices once and reads the choices off the logits of the last token, but has
the model build those of all tokens of a batch, and their log-softmax beside them. The longest prompts come first, so a
batch that does not fit is found out at once.
"""

from dataclasses import dataclass
from typing import Any

from openmed_data.training.estimate import Estimate
from openmed_data.training.profile import Profile
from openmed_data.training.recipe import Shape


@dataclass(frozen=True, slots=True)
class _Task:
    """Questions, of each subject where there are several; tokens of a prompt, and the most that are generated."""

    questions: int
    subjects: int
    mean: int
    longest: int
    written: int = 0


# Counted in the published test sets, four characters for a token. MMLU-Pro is asked with five examples of its first
# subject, business; IFEval may generate as much as the harness's task file says.
_TASKS = {
    "mmlu": _Task(14_042, 57, 150, 1_250),
    "leaderboard_mmlu_pro": _Task(12_032, 1, 780, 1_940),
    "leaderboard_ifeval": _Task(541, 1, 60, 470, 1_280),
}


def evaluation_cost(settings: Any, profile: Profile, shape: Shape | None) -> Estimate:
    """Estimate what an evaluation needs; nothing where the model's size, its vocabulary or a task is not known.

    Parameters
    ----------
    settings
        With ``tasks``, ``batch_size`` (for ``auto`` the least memory is given), ``dtype`` and ``limit``.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from openmed_data.training import profile
    >>> asked = SimpleNamespace(tasks=["leaderboard_mmlu_pro"], batch_size=64, dtype="bfloat16", limit=None)
    >>> shape = Shape(parameters=4 * 10**9, hidden_size=2560, layers=36, vocabulary=128_000)
    >>> need = evaluation_cost(asked, profile.load("mi300x-1"), shape)
    >>> round(need.memory_gb), round(need.hours, 2)
    (72, 0.05)
    """
    if shape is None or not shape.vocabulary or any(task not in _TASKS for task in settings.tasks):
        return Estimate()
    tasks = [_TASKS[task] for task in settings.tasks]
    width = 4 if settings.dtype == "float32" else 2
    batch = 1 if settings.batch_size == "auto" else settings.batch_size
    logits = 2 * width * batch * max(task.longest for task in tasks) * shape.vocabulary
    asked = {task: min(task.questions, (settings.limit or task.questions) * task.subjects) for task in tasks}
    read = sum(count * task.mean for task, count in asked.items())
    written = sum(count * task.written for task, count in asked.items())
    seconds = 2 * shape.parameters * read / (profile.teraflops * 1e12) + written / profile.decode_tokens_per_second
    return Estimate(
        memory_gb=(width * shape.parameters + logits) / 1e9,
        hours=seconds / profile.devices / 3600,  # one machine evaluates, of however many
    )
