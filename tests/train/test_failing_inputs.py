"""What cannot work is said before a model is loaded: datasets, settings, devices, disk, templates, rewards."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from openmed_data.api import build_dataset
from openmed_data.dataset import open_dataset
from openmed_data.errors import GateError, SourceError, UsageError
from openmed_data.kinds import Kind
from openmed_data.progress import Silent
from openmed_data.registry import STAGES, find
from openmed_data.report.writing import write_report
from openmed_data.training import preflight, profile, recipe
from openmed_data.training.data import open_data
from openmed_data.training.plan import Request, check, problems, steps_of
from openmed_data.validate import validate

CPU = profile.load("cpu-smoke")
PAIR = {
    "prompt": [{"role": "user", "content": "Which organ?"}],
    "chosen": [{"role": "assistant", "content": "The liver."}],
    "rejected": [{"role": "assistant", "content": "The lung."}],
    **dict.fromkeys(("chosen_label", "rejected_label", "subject", "topic"), ""),
}
REWARD = {
    "prompt": [{"role": "user", "content": "Which organ makes insulin?\nA. Pancreas\nB. Lung"}],
    "answer": "Pancreas",
    "answer_type": "choice",
    "choices": ["Pancreas", "Lung"],
    "answer_label": "A",
    "accepted_answers": ["Pancreas"],
    "reference_reasoning": "Islet cells make it.",
    "dataset": "test",
}

Build = Callable[..., Path]


@pytest.fixture
def pairs(tmp_path: Path, write_build: Build) -> Path:
    return write_build(tmp_path / "pairs", Kind.PREFERENCES, {"train": [PAIR] * 4})


def opened(stage: str, *builds: Path | str) -> Any:
    return open_data(find(STAGES, stage), [str(one) for one in builds], Silent())


def test_a_build_is_opened_as_its_manifest_says(pairs: Path) -> None:
    data = opened("dpo", pairs)
    assert data.use.rows == {"train": 4}
    assert [path.name for path in data.files["train"]] == ["train-00000-of-00001.parquet"]


def test_another_kind_of_dataset_is_refused(pairs: Path) -> None:
    with pytest.raises(UsageError, match="preferences dataset, and rewards is needed"):
        opened("grpo", pairs)
    with pytest.raises(UsageError, match="sft or traces is needed"):
        opened("sft", pairs)


def test_a_missing_column_is_named(tmp_path: Path, write_build: Build) -> None:
    build = write_build(tmp_path / "pairs", Kind.PREFERENCES, {"train": [PAIR]}, without="chosen")
    with pytest.raises(UsageError, match="no column chosen"):
        opened("dpo", build)


def test_files_that_were_changed_are_refused(pairs: Path, tmp_path: Path, write_build: Build) -> None:
    other = write_build(tmp_path / "other", Kind.PREFERENCES, {"train": [PAIR] * 3})
    name = "data/train-00000-of-00001.parquet"
    shutil.copy2(other / name, pairs / name)
    with pytest.raises(SourceError, match="changed after it was built"):
        opened("dpo", pairs)
    with (pairs / name).open("r+b") as stream:
        stream.truncate(100)
    with pytest.raises(SourceError, match="changed after it was built"):
        opened("dpo", pairs)


def test_a_build_that_did_not_pass_its_validation_is_refused(tmp_path: Path, write_build: Build) -> None:
    leaking = {**PAIR, "prompt": [{"role": "user", "content": "Call John Smith, SSN 219-09-9999, at 617-555-0123?"}]}
    build = write_build(tmp_path / "leaking", Kind.PREFERENCES, {"train": [leaking] * 2})
    assert not opened("dpo", build).use.validated
    write_report(validate(open_dataset(str(build)), ["phi"]), build / "validation")
    with pytest.raises(GateError, match=r"leaking' did not pass its validation: .*phi"):
        opened("dpo", build)


def test_a_validation_counts_if_it_is_whole_of_these_files_and_as_it_was_written(tmp_path: Path) -> None:
    pairs = build_dataset("medmcqa-prefs", "sample", tmp_path / "pairs").path
    assert opened("dpo", pairs).use.validated
    report = pairs / "validation" / "report.md"
    written = report.read_text(encoding="utf-8")
    report.write_text(written.replace("317", "318"), encoding="utf-8")
    with pytest.raises(GateError, match=r"text that its report.json does not give"):
        opened("dpo", pairs)
    write_report(validate(open_dataset(str(pairs)), ["schema"]), pairs / "validation")
    assert not opened("dpo", pairs).use.validated, "a report of one check says too little"
    report.with_name("report.json").unlink()
    assert not opened("dpo", pairs).use.validated


def test_no_build_no_split_and_no_dataset_are_refused(tmp_path: Path, write_build: Build) -> None:
    with pytest.raises(UsageError, match="no finished build"):
        opened("dpo", tmp_path)
    with pytest.raises(UsageError, match="no split called train"):
        opened("dpo", write_build(tmp_path / "test-only", Kind.PREFERENCES, {"test": [PAIR]}))
    with pytest.raises(UsageError, match="dpo has no dataset"):
        opened("dpo")


def test_a_build_of_the_hub_is_known_by_its_commit(pairs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def open_hub(repo: str, revision: str, **_: Any) -> Path:
        asked.append((repo, revision))
        return pairs

    monkeypatch.setattr("openmed_data.hub.pull.open_hub", open_hub)
    use = opened("dpo", "hub:me/pairs@v1").use
    assert asked == [("me/pairs", "v1")]
    assert (use.path_or_repo, use.revision) == ("me/pairs", "pairs")  # the cache names a snapshot by its commit


def test_several_builds_are_one_dataset(tmp_path: Path, write_build: Build, conversations: Any) -> None:
    rows = conversations(4)
    traces = [{**row, "format": "test", "n_calls": 1} for row in rows]
    for row in traces:
        del row["domain"], row["origin"]
    first = write_build(tmp_path / "a", Kind.SFT, {"train": rows, "validation": rows[:1]})
    second = write_build(tmp_path / "b", Kind.TRACES, {"train": traces})
    use = opened("sft", first, second).use
    assert use.name == "a + b"
    assert use.rows == {"train": 8, "validation": 1}
    assert [part.kind for part in use.parts] == ["sft", "traces"]
    assert use.digest != opened("sft", second, first).use.digest


def request(folder: Path, *changes: str, stage: str = "dpo", **data: Path) -> Request:
    found = recipe.load("cpu-smoke", changes)
    builds = {name: (str(path),) for name, path in data.items()}
    return Request(found, CPU, (stage,), folder / "runs", str(folder / "model"), builds)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("dpo.learning_rat=1e-5", "no setting 'learning_rat'; did you mean 'learning_rate'"),
        ("dpo.batch=6", "6 is no multiple of 4"),
        ("dpo.output_dir=x", "'output_dir' cannot be set; it is decided by --out"),
        ("dpo.lora.four_bit=true", "4-bit weights .* need a GPU"),
        ("dpo.use_cpu=false", "decided by --profile"),
        ("dpo.auto_find_batch_size=true", "would make the batch another one"),
        ("dpo.save_only_model=true", "cannot be gone on with"),
        ("dpo.lr_scheduler_type=cosin", "dpo: DPOConfig refuses these settings: cosin is not a valid SchedulerType"),
        ("dpo.save_steps=often", "DPOConfig refuses"),
        ("dpo.metric_for_best_model=[a]", "DPOConfig refuses"),
        ("dpo.accelerator_config=none.json", "DPOConfig refuses .*none.json"),
        ("dpo.log_level=[info]", "log_level is one of"),
        ("dpo.truncation_mode=keep_middle", "truncation_mode is one of keep_end, keep_start"),
        ("dpo.eval_strategy=epoch", "no validation split"),
    ],
)
def test_settings_that_cannot_work_are_named(change: str, message: str, pairs: Path, tmp_path: Path) -> None:
    pytest.importorskip("trl")
    asked = request(tmp_path, change, dpo=pairs)
    with pytest.raises(UsageError, match=message):
        check(asked, steps_of(asked, Silent()))


@pytest.mark.parametrize("key", ["eval_strategy", "save_strategy", "logging_strategy"])
def test_no_is_a_word_where_a_strategy_is_asked_for(key: str, pairs: Path, tmp_path: Path) -> None:
    """YAML reads it as false, which TRL refuses; and a hint of ours says to set it."""
    pytest.importorskip("trl")
    asked = request(tmp_path, f"dpo.{key}=no", dpo=pairs)
    (step,) = steps_of(asked, Silent())
    assert step.settings.model_dump()[key] == "no"
    step.stage.check(step.settings, CPU, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("dpo.batch=no", "batch"),
        ("dpo.dtype=float17", "'float32', 'bfloat16' or 'float16'"),
        ("dpo.learning_rate=fast", r"learning_rate: expected a number of 0 or more \(found 'fast'\)"),
        ("dpo.learning_rate=-1e-5", "learning_rate"),
        ("dpo.num_train_epochs=0", "num_train_epochs: expected a number above 0"),
        ("dpo.max_length=true", "max_length"),
        ("dpo.per_device_train_batch_size=0", "per_device_train_batch_size"),
        ("dpo.lora.rank=4", "lora.rank"),
        ("chat_template=none.jinja", "no chat template"),
    ],
)
def test_settings_of_the_wrong_type_are_named(change: str, message: str, pairs: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        steps_of(request(tmp_path, change, dpo=pairs), Silent())


@pytest.fixture
def prompts(tmp_path: Path, write_build: Build) -> Path:
    return write_build(tmp_path / "prompts", Kind.REWARDS, {"train": [REWARD] * 8})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("grpo.num_generations=3", "8 completions is no multiple of 3"),
        ('grpo.rewards={"corect_answer": 1}', "did you mean 'correct_answer'"),
        ("grpo.use_vllm=true", "vllm is not installed"),
        ("grpo.num_generations=1", "at least 2 generations"),
        ("grpo.batch=40", "a step takes 10 prompts, and the data has 8"),
        ("grpo.generation_kwargs=5", "GRPOConfig refuses"),
    ],
)
def test_grpo_is_checked_too(change: str, message: str, prompts: Path, tmp_path: Path) -> None:
    pytest.importorskip("trl")
    asked = request(tmp_path, change, stage="grpo", grpo=prompts)
    with pytest.raises(UsageError, match=message):
        check(asked, steps_of(asked, Silent()))


@pytest.mark.parametrize(("change", "doubted"), [("lora.r=4", True), ("learning_rate=null", False)])
def test_adapters_that_learn_as_slowly_as_all_weights_are_told(
    change: str, doubted: bool, pairs: Path, tmp_path: Path
) -> None:
    """TRL's own rate for all weights is 1e-6 for DPO."""
    pytest.importorskip("trl")
    (step,) = steps_of(request(tmp_path, "dpo.learning_rate=1e-6", f"dpo.{change}", dpo=pairs), Silent())
    assert (step.stage.slow_adapters(step.settings) is not None) is doubted
    (step,) = steps_of(request(tmp_path, "dpo.learning_rate=1e-5", f"dpo.{change}", dpo=pairs), Silent())
    assert step.stage.slow_adapters(step.settings) is None


def test_rewards_that_pay_wrong_answers_stop_grpo(
    prompts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from openmed_data.train import grpo

    def generous(completions: Any, **_: Any) -> list[float]:
        return [1.0] * len(completions)

    (step,) = steps_of(request(tmp_path, stage="grpo", grpo=prompts), Silent())
    step.stage.check_data(step.settings, step.data.files if step.data else {})
    monkeypatch.setitem(grpo._REWARDS, "correct_answer", generous)  # type: ignore[arg-type]
    with pytest.raises(GateError, match=r"generous pays 1\.0 for"):
        step.stage.check_data(step.settings, step.data.files if step.data else {})


def test_tools_that_are_no_json_are_named(tmp_path: Path, write_build: Build, conversations: Any) -> None:
    rows = [*conversations(8), {**conversations(1)[0], "tools": "[{"}]
    build = write_build(tmp_path / "broken", Kind.SFT, {"train": rows})
    asked = request(tmp_path, stage="sft", sft=build)
    with pytest.raises(UsageError, match="sft: the tools of a row are no JSON"):
        check(asked, steps_of(asked, Silent()))


def test_a_profile_of_gpus_needs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match=r"needs 8 GPUs, and torch .* sees none"):
        preflight.require_device(profile.load("mi300x-8"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.version, "hip", None)
    with pytest.raises(UsageError, match="is for rocm, and torch is built for cuda"):
        preflight.require_device(profile.load("mi300x-1"))
    preflight.require_device(profile.load("cuda-1"))


def test_a_full_disk_is_seen_before_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10**9))
    preflight.require_disk(tmp_path / "runs", 0.5)
    with pytest.raises(UsageError, match=r"has 1.0 GB free, and about 55.4 GB are needed"):
        preflight.require_disk(tmp_path / "runs", 55.4)


def test_what_an_interrupted_run_has_written_needs_no_room_again(
    tmp_path: Path, pairs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its checkpoint takes the room that the rest of it was promised."""
    pytest.importorskip("trl")
    found = recipe.load("cpu-smoke", ["shape={parameters: 1000, hidden_size: 8, layers: 1}"])
    asked = Request(found, CPU, ("dpo",), tmp_path / "runs", "tiny", {"dpo": (str(pairs),)})
    steps = steps_of(asked, Silent())
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=15_000))  # of 28,000 bytes
    begun = tmp_path / "begun"
    (begun / "checkpoints" / "checkpoint-2").mkdir(parents=True)
    (begun / "checkpoints" / "checkpoint-2" / "optimizer.pt").write_bytes(bytes(14_000))
    assert [error for error in problems(asked, steps) if "GB free" in str(error)]
    assert not [error for error in problems(asked, steps, begun) if "GB free" in str(error)]


def test_a_model_must_be_evaluated_that_is_made(tmp_path: Path, pairs: Path) -> None:
    found = recipe.load("cpu-smoke", ["chain=[dpo, evaluate]", "evaluate.models=[sft]"])
    asked = Request(found, CPU, ("dpo", "evaluate"), tmp_path, None, {"dpo": (str(pairs),)})
    with pytest.raises(UsageError, match="no model of sft"):
        steps_of(asked, Silent())


def test_data_for_no_stage_is_refused(tmp_path: Path, pairs: Path) -> None:
    with pytest.raises(UsageError, match="--data names dop"):
        steps_of(request(tmp_path, dop=pairs), Silent())


def test_a_manifest_is_needed(pairs: Path) -> None:
    document = json.loads((pairs / "manifest.json").read_text())
    (pairs / "manifest.json").write_text(json.dumps({**document, "format": 99}))
    with pytest.raises(UsageError, match="format 99"):
        opened("dpo", pairs)
