"""Runs of one stage: adapters, a stage that changes nothing, rows that are too long. Each is a process of its own."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from openmed_data.errors import GateError
from openmed_data.kinds import Kind
from openmed_data.progress import Silent
from openmed_data.training import profile, recipe, records
from openmed_data.training.driver import Done, train
from openmed_data.training.plan import Request
from openmed_data.training.stage import JOB
from openmed_data.training.template import read_template

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

pytest.importorskip("trl")

Sft = Callable[..., Done]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, write_build: Any, conversations: Any, tiny_model: Any) -> Path:
    root = tmp_path_factory.mktemp("variants")
    long = conversations(1)[0]
    long["messages"][0]["content"] = "fever and rash " * 900
    write_build(root / "build", Kind.SFT, {"train": [*conversations(15), long]})
    tiny_model(root / "tiny", [message["content"] or "" for row in conversations(8) for message in row["messages"]])
    return root


@pytest.fixture
def sft(place: Path, tmp_path: Path) -> Sft:
    """Return the function that runs the stage with settings, in a folder of its own."""

    def run(*changes: str) -> Done:
        found = recipe.load("cpu-smoke", ["sft.max_steps=2", "sft.save_steps=2", "sft.most_dropped=0.1", *changes])
        data = {"sft": (str(place / "build"),)}
        asked = Request(found, profile.load("cpu-smoke"), ("sft",), tmp_path, str(place / "tiny"), data)
        return train(asked, Silent())[0]

    return run


def test_adapters_are_merged_into_a_whole_model(sft: Sft, place: Path) -> None:
    from safetensors.numpy import load_file

    done = sft("sft.lora.r=4")
    before = load_file(place / "tiny" / "model.safetensors")
    after = load_file(done.folder / records.MODEL / "model.safetensors")
    assert {name: value.shape for name, value in after.items()} == {name: value.shape for name, value in before.items()}
    changed = {name for name in after if (after[name] != before[name]).any()}
    assert changed
    assert all("_proj" in name for name in changed)  # the adapters' layers, and nothing else
    assert done.run.changed


def test_a_run_that_was_killed_after_its_last_step_takes_no_other(sft: Sft, tmp_path: Path) -> None:
    """All that it had still to do is to save the model."""
    asked = ("sft.save_total_limit=1", "sft.packing=false", "sft.batch=2", "sft.per_device_train_batch_size=2")
    done = sft(*asked)  # in the middle of an epoch
    ((folder, record),) = records.all_runs(tmp_path)
    assert (folder / records.CHECKPOINTS / "checkpoint-2").is_dir()
    shutil.rmtree(folder / records.MODEL)
    records.write(folder, record.model_copy(update={"status": records.Status.RUNNING}))
    again = sft(*asked)
    assert (again.run.steps, again.run.weights) == (2, done.run.weights)
    assert again.run.last_log == done.run.last_log


def test_grpo_that_was_killed_in_its_second_pass_ends_as_if_it_was_not(
    tmp_path: Path, write_build: Any, tiny_model: Any
) -> None:
    from tokenizers import Tokenizer

    asked = [f"Case {number}: fever. Which organ?\nA. Liver\nB. Lung" for number in range(5)]
    gold = {"answer": "Lung", "answer_type": "choice", "choices": ["Liver", "Lung"], "answer_label": "B"}
    others = {"accepted_answers": ["Lung"], "reference_reasoning": "", "dataset": "test"}
    prompts = [{"prompt": [{"role": "user", "content": text}], **gold, **others} for text in asked]
    build, model = tmp_path / "prompts", tiny_model(tmp_path / "tiny", asked)
    write_build(build, Kind.REWARDS, {"train": prompts})
    words = Tokenizer.from_file(str(model / "tokenizer.json")).get_vocab().items()
    never = sorted(number for text, number in words if not text.startswith("<think>The"))
    changes = [
        f"grpo.{change}"
        for change in (
            "max_steps=5", "save_steps=1", "save_total_limit=0", "max_completion_length=1",
            f'generation_kwargs={{"suppress_tokens": {never}}}',
        )
    ]  # fmt: skip
    found = recipe.load("cpu-smoke", changes)
    request = Request(found, profile.load("cpu-smoke"), ("grpo",), tmp_path, str(model), {"grpo": (str(build),)})
    (done,) = train(request, Silent())  # two prompts a step, two steps a pass
    for step in (4, 5):
        shutil.rmtree(done.folder / records.CHECKPOINTS / f"checkpoint-{step}")
    shutil.rmtree(done.folder / records.MODEL)
    records.write(done.folder, done.run.model_copy(update={"status": records.Status.RUNNING}))
    (again,) = train(request, Silent())
    assert again.run.weights == done.run.weights


def test_generation_stops_where_turns_end(sft: Sft, tmp_path: Path) -> None:
    """The template's turns end with another token than the tokenizer's own, as those of some base models do."""
    text = str(read_template("chatml")).replace("eos_token", "'<|endoftext|>'")
    template = tmp_path / "other.jinja"
    template.write_text(text)
    done = sft(f"chat_template={template}")
    config = json.loads((done.folder / records.MODEL / "generation_config.json").read_text())
    assert config["eos_token_id"] == [2, 0]  # <|im_end|>, the tokenizer's, and <|endoftext|>, the template's


def test_rows_that_are_too_long_are_left_out_and_counted(sft: Sft) -> None:
    use = sft().run.dataset
    assert use is not None
    assert use.rows == {"train": 15}
    assert use.dropped == {"too_long": 1}


def test_too_many_rows_that_are_too_long_fail(sft: Sft) -> None:
    with pytest.raises(GateError, match=r"sft: 1 of 16 rows have more than 2048 tokens .* 6\.2%; the recipe allows"):
        sft("sft.most_dropped=0.02")


def test_a_stage_that_changes_nothing_fails(sft: Sft, tmp_path: Path) -> None:
    with pytest.raises(GateError, match="sft changed nothing"):
        sft("sft.learning_rate=0.0")
    ((folder, run),) = records.all_runs(tmp_path)
    assert not run.done
    assert not (folder / records.MODEL).exists()


TWO_PROCESSES = """
summary: two processes on a CPU
device: cpu
devices: 2
memory_gb: 8
teraflops: 0.02
decode_tokens_per_second: 500
environment: {OMP_NUM_THREADS: "1"}
trainer: {use_cpu: true, bf16: false, fp16: false}
accelerate:
  compute_environment: LOCAL_MACHINE
  distributed_type: MULTI_CPU
  use_cpu: true
  mixed_precision: "no"
  num_machines: 1
  num_processes: 2
  machine_rank: 0
"""


def test_two_processes_share_the_work(place: Path, tmp_path: Path) -> None:
    path = tmp_path / "two.yaml"
    path.write_text(TWO_PROCESSES)
    changes = ["sft.max_steps=2", "sft.save_steps=2", "sft.most_dropped=0.1", "sft.per_device_train_batch_size=2"]
    data = {"sft": (str(place / "build"),)}
    found = recipe.load("cpu-smoke", changes)
    asked = Request(found, profile.load(str(path)), ("sft",), tmp_path, str(place / "tiny"), data)
    (done,) = train(asked, Silent())
    assert done.run.device is not None
    assert done.run.device.count == 2
    assert [entry["step"] for entry in records.read_metrics(done.folder) if "loss" in entry] == [1, 2]
    assert json.loads((done.folder / JOB).read_text())["processes"] == 2
    assert done.run.changed
