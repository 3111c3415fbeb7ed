"""How the driver decides: ids, what is gone on from, what a failed process said."""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from safetensors.numpy import save_file

from openmed_data.errors import BuildError, GateError, UsageError
from openmed_data.progress import Silent
from openmed_data.registry import STAGES, find
from openmed_data.training import checkpoints, driver, launch, profile, recipe, records
from openmed_data.training.plan import Request, Step, steps_of
from openmed_data.training.records import Device, Parent
from openmed_data.training.results import headline, read_scores
from openmed_data.training.stage import FAILURE, Job
from openmed_data.training.weights import texts_digest, weights_digest

CPU = profile.load("cpu-smoke")
BASE = Parent(model="tiny", weights="b" * 64)


def identity(
    *changes: str, stage: str = "merge", root: str = "runs", parent: str = "p" * 64, base: Parent = BASE
) -> str:
    asked = Request(recipe.load("cpu-smoke", changes), CPU, (stage,), Path(root), "given")
    step = Step(find(STAGES, stage), find(STAGES, stage).settings(asked.recipe.stages[stage]), "base", None)
    return driver.identity_of(asked, step, Parent(model="x", weights=parent), base)


def test_an_id_depends_on_what_decides_the_result_alone() -> None:
    assert identity() == identity(root="/elsewhere", base=BASE.model_copy(update={"model": "other/name"}))
    changed = {
        identity(),
        identity("merge.dtype=bfloat16"),
        identity("seed=7"),
        identity("chat_template=chatml"),
        identity(parent="q" * 64),
        identity(base=BASE.model_copy(update={"weights": "c" * 64})),
        identity(base=BASE.model_copy(update={"texts": "d" * 64})),
    }
    assert len(changed) == 7


def test_how_a_batch_is_divided_makes_no_other_stage() -> None:
    """After running out of memory the same run goes on with fewer rows at once."""
    same = {
        identity(*changes, stage="dpo")
        for changes in ([], ["dpo.per_device_train_batch_size=1"], ["dpo.save_steps=1"], ["dpo.save_total_limit=2"])
    }
    assert len(same) == 1
    assert identity("dpo.batch=4", stage="dpo") not in same


def test_where_the_best_is_kept_it_matters_when_it_is_saved() -> None:
    best = ("dpo.load_best_model_at_end=true", "dpo.eval_strategy=steps")
    assert identity(*best, stage="dpo") != identity(*best, "dpo.save_steps=1", stage="dpo")


def write_model(folder: Path, first: float) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("config.json", "tokenizer_config.json"):
        (folder / name).write_text("{}")
    save_file({"w": np.array([first, 2.0], dtype=np.float32)}, folder / "model.safetensors")
    return folder


def test_a_stage_is_skipped_only_while_its_model_is_the_one_it_made(tmp_path: Path) -> None:
    base = write_model(tmp_path / "base", 1.0)
    asked = Request(recipe.load("cpu-smoke"), CPU, ("merge",), tmp_path / "runs", model=str(base))
    (step,) = steps_of(asked, Silent())
    own = Parent(model=str(base), weights=weights_digest(base), texts=texts_digest(base))
    key = driver.identity_of(asked, step, own, own)
    folder = records.folder_of(asked.root, asked.recipe.name, "merge", key)
    made = weights_digest(write_model(folder / records.MODEL, 3.0))
    facts = {"parent": own, "base": own, "recipe": {}, "profile": CPU.name, "started": "2026", "weights": made}
    records.write(folder, records.Run(stage="merge", id=key, status=records.Status.DONE, **facts))
    (folder / records.CHECKPOINTS / "checkpoint-1").mkdir(parents=True)  # left by a kill after the record
    assert [one.skipped for one in driver.train(asked, Silent())] == [True]
    assert not (folder / records.CHECKPOINTS).exists()

    write_model(folder / records.MODEL, 3.5)
    with pytest.raises(GateError, match="model of merge was changed after it was made"):
        driver.train(asked, Silent())

    (base / "tokenizer_config.json").write_text('{"chat_template": "another"}')
    other = own.model_copy(update={"texts": texts_digest(base)})
    assert driver.identity_of(asked, step, other, other) != key


def test_an_evaluation_is_known_by_its_tasks_and_their_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "task.yaml").write_text("task: x")
    same = [identity(f"evaluate.include_path={tmp_path / name}", stage="evaluate") for name in ("a", "b")]
    assert same[0] == same[1]
    (tmp_path / "b" / "task.yaml").write_text("task: y")
    assert identity(f"evaluate.include_path={tmp_path / 'b'}", stage="evaluate") != same[0]
    assert identity("evaluate.batch_size=1", stage="evaluate") == identity(stage="evaluate")


def test_evaluations_follow_the_models_they_name() -> None:
    asked = Request(
        recipe.load("cpu-smoke", ["chain=[merge, evaluate]", "evaluate.models=[base, last]"]),
        CPU,
        ("merge", "evaluate"),
    )
    assert [step.label for step in steps_of(asked, Silent())] == ["merge", "evaluate of base", "evaluate of merge"]
    alone = Request(recipe.load("cpu-smoke"), CPU, ("evaluate",), model="some/model")
    assert [step.label for step in steps_of(alone, Silent())] == ["evaluate of base"]


def test_only_whole_checkpoints_are_gone_on_from(tmp_path: Path) -> None:
    for step, whole in ((2, True), (10, True), (12, False)):
        folder = tmp_path / records.CHECKPOINTS / f"checkpoint-{step}"
        folder.mkdir(parents=True)
        if whole:
            checkpoints.mark(folder)
    lines = [json.dumps({"step": step, "loss": 1.0}) for step in (2, 10, 11)]
    (tmp_path / records.METRICS).write_text("\n".join(lines) + '\n{"step": 12, "lo')
    found = driver._last_checkpoint(tmp_path)
    assert found is not None
    assert found.name == "checkpoint-10"
    assert [entry["step"] for entry in records.read_metrics(tmp_path)] == [2, 10]
    assert not (tmp_path / records.CHECKPOINTS / "checkpoint-12").exists()


def test_what_the_user_put_beside_checkpoints_stays(tmp_path: Path) -> None:
    place = tmp_path / records.CHECKPOINTS
    for name in ("checkpoint-2", "checkpoint-2-copy", "checkpoint-old"):
        (place / name).mkdir(parents=True)
        checkpoints.mark(place / name)
    assert driver._last_checkpoint(tmp_path) == place / "checkpoint-2"
    assert len(list(place.iterdir())) == 3


@pytest.mark.parametrize("files", range(4))
def test_a_kill_while_older_checkpoints_go_leaves_a_whole_one(
    files: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kill comes after so many files; whatever is gone on from has all of its own."""
    place = tmp_path / records.CHECKPOINTS
    for step in (2, 4):
        (place / f"checkpoint-{step}").mkdir(parents=True)
        for name in ("model", "optimizer", "zebra"):
            (place / f"checkpoint-{step}" / name).touch()
    checkpoints.mark(checkpoints.place_of(place, 2))
    gone: list[Path] = []

    def remove_until_killed(folder: Path) -> None:
        for path in sorted(folder.iterdir(), reverse=True):  # the mark last, where it is still there
            if len(gone) == files:
                raise KeyboardInterrupt
            path.unlink()
            gone.append(path)
        folder.rmdir()

    monkeypatch.setattr(checkpoints.shutil, "rmtree", remove_until_killed)
    checkpoints.mark(checkpoints.place_of(place, 4))
    with suppress(KeyboardInterrupt):
        checkpoints.keep_newest(place, 1)
    monkeypatch.undo()
    found = driver._last_checkpoint(tmp_path)
    assert found is not None
    assert {path.name for path in found.iterdir()} >= {"model", "optimizer", "zebra"}
    assert list(place.iterdir()) == [found]


def test_the_time_of_an_attempt_that_was_killed_counts(tmp_path: Path) -> None:
    facts: dict[str, Any] = {"parent": BASE, "base": BASE, "recipe": {}, "profile": CPU.name, "started": "2026"}
    records.write(tmp_path, records.Run(stage="sft", id="x", status=records.Status.RUNNING, **facts))
    assert records.seconds_of_attempt(tmp_path) == 0
    (tmp_path / records.LOG).touch()
    begun = (tmp_path / records.NAME).stat().st_mtime
    os.utime(tmp_path / records.LOG, (begun + 90, begun + 90))
    assert records.seconds_of_attempt(tmp_path) == pytest.approx(90, abs=0.01)


def test_without_a_whole_checkpoint_it_begins_anew(tmp_path: Path) -> None:
    (tmp_path / records.METRICS).write_text('{"step": 1}\n')
    assert driver._last_checkpoint(tmp_path) is None
    assert records.read_metrics(tmp_path) == []


def test_two_processes_do_not_work_in_one_folder(tmp_path: Path) -> None:
    with driver._locked(tmp_path), pytest.raises(UsageError, match="another process"), driver._locked(tmp_path):
        pass


def test_what_a_process_said_on_purpose_is_said_again(tmp_path: Path) -> None:
    (tmp_path / FAILURE).write_text(json.dumps({"type": "GateError", "message": "too long", "hint": "cut"}))
    error = launch._failure(tmp_path, "sft", 1)
    assert isinstance(error, GateError)
    assert (str(error), error.hint) == ("sft: too long", "cut")


def test_an_error_of_another_package_s_own_is_said_too(tmp_path: Path) -> None:
    """Stages may come from elsewhere, and derive errors of their own."""
    (tmp_path / FAILURE).write_text(json.dumps({"type": "TheirError", "message": "no licence", "hint": ""}))
    error = launch._failure(tmp_path, "theirs", 1)
    assert isinstance(error, BuildError)
    assert str(error) == "theirs: no licence"


@pytest.mark.parametrize(("code", "words"), [(-9, "was ended by signal 9"), (1, "stopped with exit code 1")])
def test_the_last_line_of_a_crash_is_shown(code: int, words: str, tmp_path: Path) -> None:
    (tmp_path / records.LOG).write_text("starting\ntorch.OutOfMemoryError: too much\n\n")
    error = launch._failure(tmp_path, "dpo", code)
    assert isinstance(error, BuildError)
    assert str(error) == f"dpo {words}: torch.OutOfMemoryError: too much"


RESULTS: dict[str, Any] = {
    "results": {
        "mmlu": {"acc,none": 0.5, "acc_stderr,none": 0.1, "alias": "mmlu"},
        "mmlu_anatomy": {"acc,none": 0.4, "acc_stderr,none": 0.2, "alias": " - anatomy"},
        "ifeval": {"prompt_level_strict_acc,none": 0.25, "inst_level_strict_acc_stderr,none": "N/A", "alias": "ifeval"},
    },
    "groups": {"mmlu": {"acc,none": 0.5, "acc_stderr,none": 0.1, "alias": "mmlu"}},
    "group_subtasks": {"mmlu": ["mmlu_anatomy"], "ifeval": []},
    "n-shot": {"mmlu_anatomy": 0, "ifeval": 0},
}


def test_scores_are_read_as_the_harness_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(RESULTS))
    assert headline(path) == {"mmlu/acc,none": 0.5, "ifeval/prompt_level_strict_acc,none": 0.25}
    scores = {one.task: one for one in read_scores(path)}
    assert (scores["mmlu"].group, scores["mmlu_anatomy"].group) == (True, False)
    assert (scores["mmlu_anatomy"].value, scores["mmlu_anatomy"].stderr, scores["mmlu_anatomy"].shots) == (0.4, 0.2, 0)
    assert scores["ifeval"].stderr is None


@pytest.mark.parametrize(("here", "devices"), [(True, 8), (False, 1)])
def test_an_evaluation_records_the_devices_it_ran_on(
    here: bool, devices: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two machines one evaluates; and a harness of another environment runs on one device."""
    from openmed_data.train import evaluate

    commands: list[list[str]] = []
    monkeypatch.setattr(evaluate, "tool", lambda *_: [sys.executable if here else "/other/lm_eval"])
    monkeypatch.setattr(evaluate, "call", lambda command, **_: commands.append(command))
    monkeypatch.setattr(evaluate, "results_file", lambda folder: folder / "results.json")
    monkeypatch.setattr(evaluate, "headline", lambda _: {})
    monkeypatch.setattr(evaluate, "device_of", lambda _, count: Device(kind="rocm", name="x", count=count, torch="2"))
    model = write_model(tmp_path / "model", 1.0)
    facts: dict[str, Any] = {"data": {}, "kind": None, "seed": 1, "chat_template": "auto", "checkpoint": None}
    given = {"apply_chat_template": False}
    eight = profile.load("mi300x-8")
    job = Job(
        stage="evaluate", folder=tmp_path, model=model, base=model, settings=given, profile=eight, processes=16, **facts
    )
    outcome = find(STAGES, "evaluate").work(job)
    assert outcome.device is not None
    assert outcome.device.count == devices
    assert ("accelerate.commands.launch" in commands[0]) == here
    asked = yaml.safe_load((tmp_path / "lm_eval.yaml").read_text())
    assert asked["fewshot_as_multiturn"] is False  # the harness refuses it without the chat template
