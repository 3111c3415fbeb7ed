"""The real chain on the CPU: sft, dpo, grpo, merge, evaluate, each in its own process, with a tiny Arcee model.

The builds are made of the public files under ../shared where they are, else of the bundled samples.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from openmed_data.api import build_dataset
from openmed_data.training import records
from openmed_data.training.weights import weights_digest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

pytest.importorskip("trl")
pytest.importorskip("mergekit")
lm_eval = pytest.importorskip("lm_eval")

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
SOURCES = {
    "sft": ("sft-synthetic", SHARED / "corpus" / "medquad.parquet", 60),
    "dpo": ("medmcqa-prefs", SHARED / "medmcqa" / "dev.json", 80),
    "grpo": ("medreason-rewards", SHARED / "medreason" / "medreason_subset.json", None),
}
LETTERS = "ABCD"
THOUGHT = "<think>The findings point to it.</think>\n<answer>"
QUESTIONS = [
    ("Which organ makes insulin?", ["The pancreas", "The spleen", "The lung", "The skin"], 0),
    ("Which vitamin prevents scurvy?", ["A", "C", "D", "K"], 1),
    ("Which cells carry oxygen?", ["Platelets", "Neutrophils", "Red cells", "Mast cells"], 2),
    ("Which nerve supplies the diaphragm?", ["Vagus", "Ulnar", "Femoral", "Phrenic"], 3),
]

Train = Callable[..., list[str]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, tiny_model: Any) -> Path:
    """A folder with a model, builds and tasks."""
    root = tmp_path_factory.mktemp("chain")
    for stage, (name, path, limit) in SOURCES.items():
        source = str(path) if path.is_file() else "sample"
        build_dataset(name, source, root / stage, limit=limit if path.is_file() else None, validation=False)
    shards = [(stage, path) for stage in SOURCES for path in (root / stage / "data").glob("*.parquet")]
    talks = [
        talk for stage, path in shards for talk in pl.read_parquet(path)["messages" if stage == "sft" else "prompt"]
    ]
    texts = [message["content"] for talk in talks for message in talk]
    tiny_model(root / "tiny", texts)
    write_tasks(root / "tasks")
    return root


def write_tasks(folder: Path) -> None:
    """Write a task that asks our questions and scores them as the installed MMLU does."""
    folder.mkdir()
    lines = [json.dumps({"question": text, "choices": choices, "answer": key}) for text, choices, key in QUESTIONS]
    (folder / "questions.jsonl").write_text("\n".join(lines))
    installed = Path(lm_eval.__file__).parent / "tasks" / "mmlu" / "default" / "_default_template_yaml"
    data = f"{{data_files: {{test: {folder / 'questions.jsonl'}}}}}"
    task = (
        f"include: {installed}\ntask: medical_local\ndataset_path: json\ndataset_kwargs: {data}\nfewshot_split: test\n"
    )
    (folder / "medical_local.yaml").write_text(task)


@pytest.fixture(scope="module")
def train(place: Path) -> Train:
    """Return the function that gives the command that runs stages in `place`."""
    from tokenizers import Tokenizer

    vocabulary = Tokenizer.from_file(str(place / "tiny" / "tokenizer.json")).get_vocab()
    answers = {f"{THOUGHT}{letter}</answer>" for letter in LETTERS}
    others = sorted(number for text, number in vocabulary.items() if text not in answers)
    changes = {
        "grpo.max_completion_length": 1,
        "grpo.generation_kwargs": json.dumps({"suppress_tokens": others}),
        "grpo.max_steps": 6,
        "evaluate.models": "[base, merge]",
        "evaluate.tasks": "[medical_local]",
        "evaluate.include_path": place / "tasks",
    }

    def command(stage: str, runs: str) -> list[str]:
        given = ["--recipe", "cpu-smoke", "--profile", "cpu-smoke", "--set", "model=tiny", "--out", runs, "--json"]
        data = [part for name in ("sft", "dpo", "grpo") for part in ("--data", f"{name}={name}")]
        settings = [part for key, value in changes.items() for part in ("--set", f"{key}={value}")]
        return [sys.executable, "-m", "openmed_data", "train", stage, *given, *data, *settings]

    return command


def run(command: list[str], place: Path) -> list[dict[str, Any]]:
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def kill_after_checkpoint(command: list[str], place: Path, runs: Path) -> None:
    """Start the command and kill it, with all its processes, once GRPO has a checkpoint."""
    import psutil

    process = subprocess.Popen(command, cwd=place, start_new_session=True, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 300
    while not list(runs.glob("*/grpo-*/checkpoints/checkpoint-2/complete")):
        assert process.poll() is None, process.stderr and process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    for one in [*psutil.Process(process.pid).children(recursive=True), process]:
        one.kill()
    process.communicate()


def test_the_chain(place: Path, train: Train) -> None:
    killed, whole = place / "runs", place / "uninterrupted"
    kill_after_checkpoint(train("all", "runs"), place, killed)
    (grpo,) = killed.glob("*/grpo-*")
    interrupted = records.read(grpo)
    assert interrupted is not None
    assert not interrupted.done
    assert not (grpo / records.MODEL).exists()

    # What stood before GRPO is copied, so that a second folder has the same parents and no trace of the kill.
    shutil.copytree(killed, whole, ignore=shutil.ignore_patterns("grpo-*"))
    uninterrupted = [one for one in run(train("grpo", "uninterrupted"), place) if one["stage"] == "grpo"]
    resumed = run(train("all", "runs"), place)

    chain = [(one["stage"], one["parent"]["stage"]) for one in resumed]
    assert chain == [
        ("sft", None), ("dpo", "sft"), ("grpo", "dpo"), ("merge", "grpo"), ("evaluate", None), ("evaluate", "merge"),
    ]  # fmt: skip
    assert all(one["status"] == "done" for one in resumed)
    assert [one["weights"] for one in resumed if one["stage"] == "grpo"] == [uninterrupted[0]["weights"]]
    assert_records(resumed, place)
    assert_logs(killed, whole)
    assert_skipped(train, place, resumed)
    assert_card(place, resumed)


def assert_records(runs: list[dict[str, Any]], place: Path) -> None:
    """Each stage began with what the one before made, and changed it; records say what is on the disk."""
    made = {one["stage"]: one for one in runs if one["stage"] != "evaluate"}
    assert made["dpo"]["parent"]["weights"] == made["sft"]["weights"]
    assert made["grpo"]["parent"]["weights"] == made["dpo"]["weights"]
    assert made["merge"]["base"]["weights"] == made["sft"]["parent"]["weights"]
    for one in made.values():
        assert one["changed"]
        assert weights_digest(place / one["folder"] / records.MODEL) == one["weights"]
        assert (place / one["folder"] / records.MODEL / "chat_template.jinja").is_file()
        assert not (place / one["folder"] / records.CHECKPOINTS).exists()
        assert not list((place / one["folder"] / records.MODEL).glob("*.bin"))
    for one in runs:
        if one["stage"] == "evaluate":
            assert (place / one["folder"] / one["results"]).is_file()
            assert 0 <= one["last_log"]["medical_local/acc,none"] <= 1


def assert_logs(killed: Path, whole: Path) -> None:
    """A resumed run has every step once, and the same figures as one that was never interrupted."""
    logs = []
    for root in (killed, whole):
        (grpo,) = root.glob("*/grpo-*")
        logs.append([(entry["step"], entry["reward"]) for entry in records.read_metrics(grpo) if "reward" in entry])
    assert [step for step, _ in logs[0]] == [1, 2, 3, 4, 5, 6]
    assert logs[0] == logs[1]
    assert list(killed.glob("*/grpo-*/tensorboard/events*"))


def assert_skipped(train: Train, place: Path, before: list[dict[str, Any]]) -> None:
    """Run again, nothing is done and nothing changes."""
    written = {path: path.stat().st_mtime_ns for path in (place / "runs").rglob("*") if path.is_file()}
    assert run(train("all", "runs"), place) == before
    assert {path: path.stat().st_mtime_ns for path in (place / "runs").rglob("*") if path.is_file()} == written


def assert_card(place: Path, runs: list[dict[str, Any]]) -> None:
    """The model card comes from the records: the digest of each build, and the score that was measured."""
    done = subprocess.run(
        [sys.executable, "-m", "openmed_data", "train", "card", "runs", "--json"],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    card = json.loads(done.stdout)["card"]
    merged = next(one for one in runs if one["stage"] == "evaluate" and one["parent"]["stage"] == "merge")
    assert f"{100 * merged['last_log']['medical_local/acc,none']:.2f}" in card
    for one in runs:
        assert one["stage"] == "evaluate" or one["dataset"] is None or one["dataset"]["digest"][:12] in card
    assert str(place) not in card
