"""Start a stage's process, follow it, and say how it ended."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from openmed_data import errors
from openmed_data.errors import BuildError, OpenMedError
from openmed_data.progress import Advance, Progress
from openmed_data.training import records
from openmed_data.training.profile import Profile
from openmed_data.training.stage import FAILURE, PROGRESS

_WORKER = "openmed_data.training.worker"
_SECONDS_BETWEEN_LOOKS = 0.2
_SECONDS_TO_END = 60  # torchrun waits 30 for its workers
_VISIBLE = ("HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES")


def nodes(environment: Mapping[str, str] = os.environ) -> int:
    """Return how many machines Slurm gave to this job; 1 outside of Slurm.

    Examples
    --------
    >>> nodes({"SLURM_NNODES": "2"}), nodes({})
    (2, 1)
    """
    return int(environment.get("SLURM_NNODES", "1"))


def command(profile: Profile, folder: Path, *, distributed: bool, machines: int = 1) -> list[str]:
    """Return the command that works in `folder`: plain Python, or ``accelerate launch`` on every machine.

    Examples
    --------
    >>> from openmed_data.training import profile
    >>> command(profile.load("mi300x-8"), Path("run"), distributed=True)[1:5]
    ['-m', 'accelerate.commands.launch', '--config_file', 'run/accelerate.yaml']
    """
    if profile.accelerate is None or not distributed:
        return [sys.executable, "-m", _WORKER, str(folder)]
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(folder / "accelerate.yaml")]
    launch += ["--num_processes", str(profile.devices * machines), "--num_machines", str(machines)]
    if machines == 1:
        return [*launch, "-m", _WORKER, str(folder)]
    # Each machine must know its own number, which only its own shell can say.
    head = "$(scontrol show hostnames $SLURM_JOB_NODELIST | head -n1)"
    rest = f'--machine_rank $SLURM_NODEID --main_process_ip {head} --main_process_port 29500 -m {_WORKER} "{folder}"'
    return ["srun", "--ntasks-per-node=1", "bash", "-c", f"{' '.join(launch)} {rest}"]


def environment_of(profile: Profile, folder: Path) -> dict[str, str]:
    """Return the environment of a stage's process; what the user set stays, but for GPUs that the profile lacks."""
    own = {
        "TENSORBOARD_LOGGING_DIR": str(folder / records.TENSORBOARD),
        "TOKENIZERS_PARALLELISM": "false",
        "TQDM_DISABLE": "1",  # the log is a file
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
        **profile.environment,
    }
    return {**own, **os.environ, **_visible(profile, os.environ)}


def _visible(profile: Profile, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variable that shows as many GPUs as the profile has: trainers refuse to run in one process on several.

    Examples
    --------
    >>> from openmed_data.training import profile
    >>> _visible(profile.load("cuda-1"), {}), _visible(profile.load("mi300x-1"), {"HIP_VISIBLE_DEVICES": "5,6"})
    ({'CUDA_VISIBLE_DEVICES': '0'}, {'HIP_VISIBLE_DEVICES': '5'})
    """
    if profile.device == "cpu":
        return {}
    name = next((one for one in _VISIBLE if environment.get(one)), _VISIBLE[-1])
    shown = environment[name].split(",") if environment.get(name) else list(map(str, range(profile.devices)))
    return {name: ",".join(shown[: profile.devices])}


def run(arguments: Sequence[str], profile: Profile, folder: Path, progress: Progress, *, stage: str, lock: int) -> None:
    """Run a stage's process to its end, and tell `progress` about its steps and logs.

    Parameters
    ----------
    lock
        A locked file, which the process holds too: it stays locked while either lives.

    Raises
    ------
    OpenMedError
        What the process raised; `BuildError` where it was killed or failed otherwise.
    """
    if profile.accelerate is not None:
        (folder / "accelerate.yaml").write_text(yaml.safe_dump(dict(profile.accelerate)), encoding="utf-8")
    for name in (FAILURE, PROGRESS):
        (folder / name).unlink(missing_ok=True)
    with (folder / records.LOG).open("a", encoding="utf-8") as log, _ending_with_the_terminal():
        process = subprocess.Popen(  # noqa: S603  (our own module)
            list(arguments),
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment_of(profile, folder),
            pass_fds=[lock],
            start_new_session=True,
        )
        try:
            with _stopping_together(process):
                _follow(process, _Follower(folder, stage, progress))
        finally:
            if process.returncode != 0:
                _end(process)
    if process.returncode != 0:
        raise _failure(folder, stage, process.returncode)


@contextmanager
def _ending_with_the_terminal() -> Generator[None]:
    """Take the end of the terminal for Ctrl-C, unless under nohup: a session of its own does not notice it."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGHUP) != signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGHUP, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@contextmanager
def _stopping_together(process: "subprocess.Popen[bytes]") -> Generator[None]:
    """Stop the stage, too, while its user stops this command with Ctrl-Z, which a session of its own does not hear."""

    def stop(*_: object) -> None:
        _tell(process, signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGSTOP)  # until it is told to go on
        _tell(process, signal.SIGCONT)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTSTP, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTSTP, before)


def _tell(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    """Send a signal to a process and all that it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a process and all that it started: launchers leave their workers behind, and stages the tools they call."""
    try:
        _end_with(signal.SIGTERM, process)
    finally:  # also where its user does not wait, and presses Ctrl-C again
        _end_with(signal.SIGKILL, process)


def _end_with(number: signal.Signals, process: "subprocess.Popen[bytes]") -> None:
    _tell(process, number)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_SECONDS_TO_END)


def _follow(process: "subprocess.Popen[bytes]", follower: "_Follower") -> None:
    while process.poll() is None:
        follower.look()
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    follower.look()


class _Follower:
    """Reads what the process writes while it works: steps, and lines of metrics."""

    def __init__(self, folder: Path, stage: str, progress: Progress) -> None:
        self._folder, self._stage, self._progress = folder, stage, progress
        self._advance: Advance | None = None
        self._step = 0
        self._lines = len(records.read_metrics(folder))

    def look(self) -> None:
        for entry in records.read_metrics(self._folder)[self._lines :]:
            self._lines += 1
            self._progress.note(in_words(self._stage, entry))
        now = _read(self._folder / PROGRESS)
        if now is None:
            return
        if self._advance is None:
            self._advance = self._progress.step(self._stage, int(now["of"]))
        self._advance(int(now["step"]) - self._step)
        self._step = int(now["step"])


def in_words(stage: str, entry: Mapping[str, Any]) -> str:
    """Return one log of the trainer as a line.

    Examples
    --------
    >>> in_words("sft", {"step": 10, "loss": 1.23456, "learning_rate": 1e-05, "entropy": 2.0})
    'sft step 10  loss 1.235  learning_rate 1e-05'
    """
    shown = (
        "loss",
        "eval_loss",
        "learning_rate",
        "rewards/margins",
        "rewards/accuracies",
        "reward",
        "reward_std",
        "kl",
    )
    means = [name for name in entry if name.startswith("rewards/") and name.endswith("/mean")]
    figures = [f"{name} {entry[name]:.4g}" for name in (*shown, *means) if isinstance(entry.get(name), int | float)]
    return "  ".join([f"{stage} step {entry['step']}", *figures])


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def _failure(folder: Path, stage: str, code: int) -> OpenMedError:
    said = _read(folder / FAILURE)
    hint = f"'{folder / records.LOG}' has all it said; the same command goes on from the last checkpoint."
    if said is not None:
        kind: type[OpenMedError] = getattr(errors, said["type"], BuildError)
        return kind(f"{stage}: {said['message']}", hint=said["hint"] or (hint if kind is BuildError else ""))
    text = (folder / records.LOG).read_text(encoding="utf-8", errors="replace")
    last = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "it said nothing")
    how = f"was ended by signal {-code}" if code < 0 else f"stopped with exit code {code}"
    return BuildError(f"{stage} {how}: {last}", hint=hint)
