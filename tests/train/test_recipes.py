"""Recipes, profiles and settings: what is given, what is unknown, what is estimated."""

import json
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from openmed_data.errors import UsageError
from openmed_data.kinds import Kind
from openmed_data.registry import STAGES, find
from openmed_data.training import estimate, launch, preflight, profile, recipe
from openmed_data.training import evaluation_cost as cost
from openmed_data.training.estimate import Estimate
from openmed_data.training.recipe import Shape
from openmed_data.training.rough import mean_tokens
from openmed_data.training.settings import TrainerSettings

BENCHMARKS = Path(__file__).resolve().parents[3] / "shared" / "data" / "benchmarks"


def write(folder: Path, **changes: Any) -> str:
    facts = {"name": "mine", "model": "tiny", "chain": ["dpo"], "dpo": {"batch": 8}}
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump({**facts, **changes}))
    return str(path)


def test_the_default_recipe_has_the_published_settings() -> None:
    found = recipe.load("afm-4.5b")
    sft, dpo, grpo = (found.stages[name] for name in ("sft", "dpo", "grpo"))
    assert found.chain == ("sft", "dpo", "grpo", "merge", "evaluate")
    assert (sft["learning_rate"], sft["batch"], sft["max_length"], sft["num_train_epochs"]) == (1e-5, 16, 8192, 2)
    assert (dpo["learning_rate"], dpo["beta"], dpo["batch"], dpo["max_length"]) == (5e-7, 0.1, 128, 1024)
    assert (grpo["learning_rate"], grpo["beta"], grpo["batch"], grpo["num_generations"]) == (1e-6, 0.01, 256, 8)
    assert grpo["rewards"] == {"correct_answer": 1.0, "answer_format": 0.2, "brevity": 0.1}
    assert found.stages["evaluate"]["tasks"] == ["mmlu", "leaderboard_mmlu_pro", "leaderboard_ifeval"]


def test_settings_are_put_over_the_recipe(tmp_path: Path) -> None:
    path = write(tmp_path, dpo={"batch": 8, "learning_rate": "5e-7"})
    found = recipe.load(path, ["dpo.learning_rate=1e-6", "dpo.lora.r=4", "seed=7"])
    assert found.stages["dpo"] == {"batch": 8, "learning_rate": 1e-6, "lora": {"r": 4}}
    assert found.seed == 7


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"modell": "x"}, "no setting 'modell'; did you mean 'model'"),
        ({"chain": ["dop"]}, "no stage is called 'dop'"),
        ({"chain": ["dpo", "sft"]}, "no section for sft"),
        ({"dpo": 3}, "'dpo' is no section"),
        ({"name": "../up"}, "name:"),
    ],
)
def test_a_recipe_that_cannot_be_used_says_why(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        recipe.load(write(tmp_path, **changes))


def test_an_unknown_recipe_or_profile_names_those_there_are() -> None:
    with pytest.raises(UsageError) as raised:
        recipe.load("afm")
    assert "afm-4.5b" in raised.value.hint
    with pytest.raises(UsageError) as raised:
        profile.load("h100")
    assert "mi300x-8" in raised.value.hint


@pytest.mark.parametrize("name", profile.bundled())
def test_every_profile_can_be_launched(name: str, tmp_path: Path) -> None:
    found = profile.load(name)
    command = launch.command(found, tmp_path, distributed=True)
    assert command[-1] == str(tmp_path)
    assert ("accelerate.commands.launch" in command) == (found.device != "cpu")
    if found.accelerate:
        assert found.accelerate["num_processes"] == found.devices
        assert command[command.index("--num_processes") + 1] == str(found.devices)


def test_several_machines_of_slurm_are_one_launch(tmp_path: Path) -> None:
    command = launch.command(profile.load("mi300x-8"), tmp_path, distributed=True, machines=2)
    assert command[:2] == ["srun", "--ntasks-per-node=1"]
    assert "--num_processes 16 --num_machines 2" in command[-1]
    assert "--machine_rank $SLURM_NODEID" in command[-1]


def test_what_the_user_set_stays_in_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NCCL_MIN_NCHANNELS", "32")
    found = launch.environment_of(profile.load("mi300x-8"), tmp_path)
    assert found["NCCL_MIN_NCHANNELS"] == "32"
    assert found["HIP_FORCE_DEV_KERNARG"] == "1"


AFM = Shape(parameters=4_619_189_760, hidden_size=2560, layers=36, key_value_size=512)


def needs(stage: str, profile_name: str, *changes: str) -> estimate.Estimate:
    settings = find(STAGES, stage).settings(recipe.load("afm-4.5b", changes).stages[stage])
    found = profile.load(profile_name)
    return estimate.estimate(
        settings, found, AFM, tokens=600, rows=28_000, processes=found.devices, pairs=stage == "dpo"
    )


def test_estimates_agree_with_what_was_worked_out_by_hand() -> None:
    """For 4.6 billion parameters, in 10⁹ bytes.

    Weights 18.5, gradients 18.5, AdamW 37.0, bfloat16 copies 9.2, a reference 18.5, vLLM at 0.3 57.6; of activations
    each token has 2560 times 4 for each layer and 110 bytes; the cache is 4 bytes for 2 times 512 in 36 layers.
    """
    weights, gradients, moments, copies, reference, engine, cache = 18.5, 18.5, 37.0, 9.2, 18.5, 57.6, 58.0

    def activations(tokens: int) -> float:
        return tokens * 2560 * (4 * 36 + 110) / 1e9

    steady = weights + moments + gradients + copies
    assert needs("sft", "mi300x-1").memory_gb == pytest.approx(steady + activations(8192), abs=0.3)
    assert needs("dpo", "mi300x-1").memory_gb == pytest.approx(steady + activations(2 * 8 * 1024), abs=0.3)
    generating = weights + moments + reference + cache
    assert needs("grpo", "mi300x-1").memory_gb == pytest.approx(generating, abs=0.3)
    engined = needs("grpo", "mi300x-1", "grpo.use_vllm=true").memory_gb
    assert engined == pytest.approx(steady + reference + engine + activations(16 * 1536), abs=0.3)
    eight = needs("sft", "mi300x-8").memory_gb
    assert eight == pytest.approx(steady + gradients + activations(8192), abs=0.3)  # and what DDP adds them in
    assert max(engined, generating, eight) < 192


def test_a_packed_sequence_holds_many_rows() -> None:
    """28,000 rows of 600 tokens are 2,051 sequences of 8,192; two epochs of 16 in a step."""
    assert needs("sft", "mi300x-1").steps == math.ceil(28_000 * 600 / 8192 / 16 * 2) == 257
    assert needs("sft", "mi300x-1", "sft.packing=false").steps == 28_000 * 2 / 16
    assert needs("dpo", "mi300x-1").steps == math.ceil(28_000 / 128)
    assert needs("grpo", "mi300x-1").steps == 400
    assert needs("grpo", "mi300x-1", "grpo.max_steps=-1", "grpo.num_train_epochs=1").steps == 28_000 * 8 / 256


def test_packed_rows_that_a_device_takes_at_once_cost_more_than_one_by_one() -> None:
    together = "sft.per_device_train_batch_size=4"
    one, four = needs("sft", "mi300x-1").hours, needs("sft", "mi300x-1", together).hours
    flash = needs("sft", "mi300x-1", together, "sft.attn_implementation=flash_attention_2").hours
    assert flash is not None
    assert (four or 0) > 1.5 * (one or 0) > 1.5 * flash


@pytest.mark.parametrize(("text", "mean"), [("a" * 400, 100), ("", 0)])
def test_tokens_are_counted_as_the_stage_counts_them(text: str, mean: int, tmp_path: Path, write_build: Any) -> None:
    messages = [{"role": "user", "content": text}, {"role": "assistant", "content": "b" * 40}]
    row = {"messages": messages, "tools": "", "domain": "d", "origin": "o"}
    files = tuple((write_build(tmp_path / "b", Kind.SFT, {"train": [row] * 600}) / "data").iterdir())
    assert mean_tokens(find(STAGES, "sft"), files) == mean + 10 + 2 * 5


def test_attention_that_is_not_installed_is_said_before_anything_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = TrainerSettings(batch=8, attn_implementation="flash_attention_2")
    monkeypatch.setattr(preflight, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match="sft: flash-attn is not installed"):
        preflight.require_attention(asked, "sft")
    preflight.require_attention(TrainerSettings(batch=8), "sft")


def test_adapters_need_less_and_more_devices_less_time() -> None:
    full, lora = needs("sft", "mi300x-1"), needs("sft", "mi300x-1", "sft.lora.r=16")
    four_bit = needs("sft", "mi300x-1", "sft.lora.four_bit=true")
    memory = [one.memory_gb or 0 for one in (full, lora, four_bit)]
    assert memory == sorted(memory, reverse=True)
    assert (full.disk_gb or 0) > (lora.disk_gb or 0)
    assert (needs("sft", "mi300x-8").hours or 0) < (full.hours or 0)


def test_checkpoints_that_are_asked_for_stay() -> None:
    one, three = needs("sft", "mi300x-1"), needs("sft", "mi300x-1", "sft.save_total_limit=3")
    model, checkpoint = 4 * 4.619, 12 * 4.619
    assert (one.stays_gb, one.disk_gb) == pytest.approx((model, model + 2 * checkpoint), rel=1e-3)
    assert (three.stays_gb, three.disk_gb) == pytest.approx((model + 3 * checkpoint, model + 4 * checkpoint), rel=1e-3)


def evaluation(machine: str, *changes: str) -> Estimate:
    found = recipe.load("afm-4.5b", changes)
    settings = find(STAGES, "evaluate").settings(found.stages["evaluate"])
    return cost.evaluation_cost(settings, profile.load(machine), found.shape)


def test_an_evaluation_of_known_tasks_has_an_estimate() -> None:
    whole = evaluation("mi300x-1")
    assert whole.memory_gb == pytest.approx(2 * 4.619 + 64 * 1940 * 128_005 * 4 / 1e9, rel=1e-3)
    assert (whole.hours or 0) > 10 * (evaluation("mi300x-1", "evaluate.limit=10").hours or 0) > 0
    assert (whole.hours or 0) > 7 * (evaluation("mi300x-8").hours or 0)
    assert (evaluation("cuda-1", "evaluate.batch_size=auto").memory_gb or 0) == pytest.approx(9.24 + 0.99, abs=0.01)
    assert evaluation("mi300x-1", "evaluate.tasks=[mine]") == Estimate()
    with pytest.raises(UsageError, match="batch_size"):
        evaluation("mi300x-1", "evaluate.batch_size=some")


@pytest.mark.shared
def test_the_lengths_of_questions_are_those_of_the_published_files() -> None:
    questions = pl.read_parquet(BENCHMARKS / "mmlu_pro_test.parquet")
    lengths = [
        len(question) + sum(len(option) + 4 for option in options) + 8
        for question, options in questions.select("question", "options").iter_rows()
    ]
    prompts = [json.loads(line)["prompt"] for line in (BENCHMARKS / "ifeval.jsonl").read_text().splitlines()]
    pro, ifeval = (cost._TASKS[name] for name in ("leaderboard_mmlu_pro", "leaderboard_ifeval"))
    assert (pro.questions, ifeval.questions) == (len(lengths), len(prompts))
    examples = pro.longest - max(lengths) / 4
    assert pro.mean - sum(lengths) / len(lengths) / 4 == pytest.approx(examples, abs=15)
    assert 5 * 100 < examples < 5 * 150
    assert ifeval.longest == pytest.approx(max(map(len, prompts)) / 4, abs=10)
    assert ifeval.mean == pytest.approx(sum(map(len, prompts)) / len(prompts) / 4, abs=10)
