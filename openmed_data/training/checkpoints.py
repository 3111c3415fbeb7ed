"""Checkpoints of a run, of which one is whole at every moment, whenever the run is killed.

transformers removes the old checkpoint before anybody can mark the new one, and a kill in between leaves one that is
half removed. So it is told to remove none: a new one is marked once every process has written it, and only then the
older ones go, each without its mark first.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

_COMPLETE = "complete"  # stands in a checkpoint once all of it is written
_PREFIX, _STATE = "checkpoint-", "trainer_state.json"  # of transformers


def place_of(folder: Path, step: int) -> Path:
    """Return where the trainer writes the checkpoint of a step.

    Examples
    --------
    >>> place_of(Path("checkpoints"), 50).as_posix()
    'checkpoints/checkpoint-50'
    """
    return folder / f"{_PREFIX}{step}"


def mark(checkpoint: Path) -> None:
    """Say that all of it is written."""
    (checkpoint / _COMPLETE).touch()


def whole(folder: Path) -> Mapping[int, Path]:
    """Return the checkpoints that are marked, by step, the oldest first."""
    found = _by_step(folder)
    return {step: found[step] for step in sorted(found) if (found[step] / _COMPLETE).is_file()}


def _by_step(folder: Path) -> dict[int, Path]:
    """Return all that the trainer wrote; a copy that somebody put beside it has another name."""
    named = {path.name.removeprefix(_PREFIX): path for path in folder.glob(f"{_PREFIX}*")}
    return {int(step): path for step, path in named.items() if step.isdecimal()}


def is_last(checkpoint: Path) -> bool:
    """Return whether it was written after the last step, and only the model was still to be saved."""
    state = json.loads((checkpoint / _STATE).read_bytes())
    return state["global_step"] >= state["max_steps"]


def remove(checkpoint: Path) -> None:
    """Remove a checkpoint, its mark first, so that a kill never leaves part of it for a whole one."""
    (checkpoint / _COMPLETE).unlink(missing_ok=True)
    shutil.rmtree(checkpoint)


def remove_partial(folder: Path) -> None:
    """Remove those that a kill left half written or half removed."""
    for path in set(_by_step(folder).values()) - set(whole(folder).values()):
        remove(path)


def keep_newest(folder: Path, count: int, best: str | None = None) -> None:
    """Remove all but the newest `count` whole checkpoints and the one at the path `best`."""
    for path in list(whole(folder).values())[:-count]:
        if best is None or path.resolve() != Path(best).resolve():
            remove(path)
