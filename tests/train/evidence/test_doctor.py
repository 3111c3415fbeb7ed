"""Every check finds the fault that is planted for it, and nothing where there is none."""

import json
import sys
from collections import namedtuple
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from typer.testing import CliRunner

from openmed_data.cli import app
from openmed_data.kinds import Kind
from openmed_data.registry import STAGES, find
from openmed_data.training import profile as profiles
from openmed_data.training.doctor import Finding, Verdict, harness, machine, numbers
from openmed_data.training.estimate import Estimate
from openmed_data.training.rows import sample
from openmed_data.training.settings import TrainerSettings

pytest.importorskip("torch")
pytest.importorskip("trl")

sys.path.insert(0, str(Path(__file__).parents[2] / "hub"))

from making import make_build, preference, trace
from models import TEMPLATE, make_model, make_tokenizer

from openmed_data.training.doctor import tokens

FAIL, WARN, OK, UNKNOWN = Verdict.FAIL, Verdict.WARN, Verdict.OK, Verdict.UNKNOWN


STOP, END = "    {{- '<|im_end|>' }}\n", "    {%- endgeneration %}\n"


def settings(**given: Any) -> TrainerSettings:
    return TrainerSettings(**{"batch": 8, **given})


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return make_tokenizer(tmp_path_factory.mktemp("tokenizer"))


# The template.


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda text: text.replace("{%- generation -%}", "").replace("{%- endgeneration %}", ""), "does not mark"),
        (lambda text: text.replace("message.tool_calls or []", "[]"), "loses tool calls"),
        (lambda text: text.replace(STOP + END, END + STOP), "ends the assistant's turn"),
        (lambda text: text + "{{ messages | length }}", "otherwise when a tool result follows"),
        (lambda text: text + "{{ nothing.at.all }}", "fails"),
    ],
)  # fmt: skip
def test_a_template_that_cannot_be_trained_on_fails(tmp_path: Path, tokenizer: Any, broken: Any, said: str) -> None:
    text = broken(TEMPLATE)
    assert text != TEMPLATE
    path = tmp_path / "broken.jinja"
    path.write_text(text, encoding="utf-8")
    found = tokens.template("sft", tokenizer, str(path))
    assert found.verdict is FAIL
    assert said in found.found
    assert found.do


def test_a_template_that_passes_is_named(tmp_path: Path) -> None:
    own = make_tokenizer(tmp_path)
    assert tokens.template("sft", own, "auto").found.startswith("model: ")
    own.chat_template = "{{ messages[0].content }}"
    found = tokens.template("sft", own, "auto")
    assert (found.verdict, found.found.split(" ")[0]) == (OK, "chatml")
    assert "does not mark" in found.found  # why it is not the model's own


# Rows.


def rows_of(count: int, words: int) -> list[dict[str, Any]]:
    user = {"role": "user", "content": "vitamin " * words}
    return [{"messages": [user, {"role": "assistant", "content": "C"}], "tools": "[]"} for _ in range(count)]


def test_rows_that_would_be_left_out_are_counted(tokenizer: Any) -> None:
    sft = find(STAGES, "sft")
    rows = rows_of(90, 2) + rows_of(10, 400)
    given = settings(max_length=100)
    found = tokens.lengths(sft, given, rows, tokenizer)
    assert found.verdict is FAIL
    assert "10 (10.0%) longer than 100" in found.found
    needed = int(found.do.split("max_length=")[1].split(" ")[0])
    assert tokens.lengths(sft, settings(max_length=needed), rows, tokenizer).verdict is OK  # the advice helps
    assert tokens.lengths(sft, settings(max_length=100, most_dropped=0.11), rows, tokenizer).verdict is WARN
    assert tokens.lengths(sft, settings(max_length=100), rows_of(9, 2), tokenizer).verdict is OK


def test_rows_that_are_all_too_long_fail_whatever_is_allowed(tokenizer: Any) -> None:
    found = tokens.lengths(find(STAGES, "sft"), settings(max_length=5, most_dropped=1.0), rows_of(3, 9), tokenizer)
    assert found.verdict is FAIL


def test_a_row_that_the_template_refuses_fails(tokenizer: Any) -> None:
    rows = [{"messages": [{"role": "user"}], "tools": "[]"}]
    found = tokens.lengths(find(STAGES, "sft"), settings(), rows, tokenizer)
    assert (found.verdict, "fails on one" in found.found) == (FAIL, True)


def test_pairs_that_are_no_pairs_fail(tokenizer: Any) -> None:
    sound = [preference(number) for number in range(5)]
    assert tokens.pairs("dpo", sound, 1024, tokenizer).verdict is OK
    twice = [*sound, {**preference(9), "rejected": preference(9)["chosen"]}]
    found = tokens.pairs("dpo", twice, 1024, tokenizer)
    assert (found.verdict, "1 with the same reply" in found.found) == (FAIL, True)


def test_pairs_that_become_one_when_they_are_cut_fail(tokenizer: Any) -> None:
    long = "vitamin " * 200
    row = preference(1) | {side: [{"role": "assistant", "content": long + side}] for side in ("chosen", "rejected")}
    assert tokens.pairs("dpo", [row], 5000, tokenizer).verdict is OK
    found = tokens.pairs("dpo", [row], 100, tokenizer)
    assert (found.verdict, "1 more once cut to 100" in found.found) == (FAIL, True)


def call_row(arguments: Any, tools: Any = ()) -> dict[str, Any]:
    call = {"type": "function", "function": {"name": "search", "arguments": arguments}}
    talk = [{"role": "user", "content": "?"}, {"role": "assistant", "content": "", "tool_calls": [call]}]
    return {"messages": talk, "tools": json.dumps(list(tools))}


def verdicts(rows: list[dict[str, Any]], tokenizer: Any) -> dict[str, Verdict]:
    return {one.check: one.verdict for one in tokens.calls("sft", rows, tokenizer)}


def test_nulls_in_tool_json_are_found(tokenizer: Any) -> None:
    fine = {"name": "s", "parameters": {"properties": {"q": {"type": "string", "default": None}}, "enum": [None]}}
    padded = {"name": "s", "parameters": {"properties": {"q": {"type": "string"}, "other": None}}}
    assert verdicts([call_row({"q": 1}, [fine])], tokenizer) == {"tool json": OK}
    assert verdicts([call_row({"q": 1}, [padded])], tokenizer) == {"tool json": FAIL}
    assert verdicts([call_row({"q": 1, "other": None})], tokenizer) == {"tool json": WARN}
    assert verdicts([call_row({"q": 1}) | {"tools": "no json"}], tokenizer) == {"tool json": FAIL}


def test_arguments_that_would_be_encoded_twice_are_found(tmp_path: Path) -> None:
    own = make_tokenizer(tmp_path)
    own.chat_template = TEMPLATE  # writes `call.function | tojson`
    assert verdicts([call_row('{"q": 1}')], own)["tool arguments"] is FAIL
    assert tokens.template("sft", own, "chatml").verdict is OK
    assert verdicts([call_row('{"q": 1}')], own) == {"tool json": OK}


def test_rows_are_read_as_the_trainer_sees_them(tmp_path: Path) -> None:
    build = make_build(tmp_path / "traces", shards=2, rows=7, row=trace, kind=Kind.TRACES)
    files = sorted((build / "data").glob("train-*"))
    rows = sample(files, ("id", "messages", "tools"))
    assert len(rows) == 14
    assert rows[3]["messages"][1]["tool_calls"][0]["function"]["arguments"] == {"q3": 3}
    few = [row["id"] for row in sample(files, ("id", "messages", "tools"), most=5)]
    assert few == [f"toy-{number:08d}" for number in (0, 3, 6, 9, 12)]


# Numbers.


def test_steps_that_16_bit_weights_round_away_fail() -> None:
    weights = np.full(1000, 0.02, dtype=np.float32)
    assert numbers.precision("grpo", settings(dtype="bfloat16", learning_rate=1e-6), weights).verdict is FAIL
    assert numbers.precision("grpo", settings(dtype="float32", learning_rate=1e-6), weights).verdict is OK
    assert numbers.precision("grpo", settings(dtype="bfloat16", learning_rate=1e-3), weights).verdict is OK
    assert numbers.precision("grpo", settings(dtype="bfloat16", learning_rate=1e-6), None).verdict is FAIL
    lora = settings(dtype="bfloat16", learning_rate=1e-6, lora={"r": 8})
    assert numbers.precision("grpo", lora, weights).verdict is OK


def test_the_share_that_can_move_is_what_torch_does() -> None:
    import torch

    torch.manual_seed(0)
    weights = torch.randn(20_000) * 0.02
    held = weights.to(torch.bfloat16)
    for rate in (1e-6, 1e-5, 1e-4):
        moved = float(((held.float() + rate).to(torch.bfloat16) != held).float().mean())
        found = numbers.precision("grpo", settings(dtype="bfloat16", learning_rate=rate), held.float().numpy()).found
        said = float(found.split("change ")[1].split("%")[0]) / 100
        # A weight's last bit is between 2⁻⁸ and 2⁻⁷ of it, and steps may go against it as well as along.
        assert said == pytest.approx(moved, abs=0.15)


def test_weights_are_sampled_from_the_model(tmp_path: Path) -> None:
    make_model(tmp_path / "model", scale=3.0)
    found = numbers.some_weights(tmp_path / "model")
    assert found is not None
    assert 0.01 < float(np.abs(found).mean()) < 0.2
    assert numbers.some_weights(tmp_path / "nothing") is None


@pytest.mark.parametrize(("need", "verdict"), [(10.0, OK), (95.0, WARN), (101.0, FAIL), (None, UNKNOWN)])
def test_memory_is_held_against_what_there_is(need: float | None, verdict: Verdict) -> None:
    assert numbers.memory("sft", Estimate(memory_gb=need), 100.0, "Lower it.").verdict is verdict


def test_disk_is_held_against_what_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")  # noqa: PYI024
    monkeypatch.setattr(numbers.shutil, "disk_usage", lambda _: usage(0, 0, 50e9))
    assert numbers.disk("machine", tmp_path / "runs" / "x", 49.0).verdict is OK
    assert numbers.disk("machine", tmp_path / "runs" / "x", 51.0).verdict is FAIL


# The machine.


def test_python_for_vllm_on_rocm_is_3_12() -> None:
    rocm = profiles.load("mi300x-1")
    assert machine.python((3, 11), rocm, uses_vllm=True).verdict is FAIL
    assert machine.python((3, 12), rocm, uses_vllm=True).verdict is OK
    assert machine.python((3, 11), rocm, uses_vllm=False).verdict is OK
    assert machine.python((3, 11), profiles.load("cuda-1"), uses_vllm=True).verdict is OK


HERE = {"torch": "2.13.0", "transformers": "5.23.0", "trl": "1.16.0", "accelerate": "1.15.0"}


def checks(found: Mapping[str, str], *, uses_vllm: bool = False) -> dict[str, Verdict]:
    return {one.check: one.verdict for one in machine.packages(found, uses_vllm=uses_vllm)}


def test_packages_that_are_missing_or_do_not_fit_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ["transformers<5.18,>=4.56", "torch==2.13.0", 'ray; extra == "ray"']
    monkeypatch.setattr(machine, "requires", lambda _: wanted)
    assert checks(HERE) == {"packages": OK}
    assert checks({"torch": "2.13.0"}) == {"packages": FAIL}
    assert checks(HERE, uses_vllm=True) == {"packages": OK, "vllm": FAIL}
    assert checks({**HERE, "vllm": "0.31.0"}) == {"packages": OK, "vllm": FAIL}
    assert checks({**HERE, "vllm": "0.31.0", "transformers": "5.17.0"}, uses_vllm=True)["vllm"] is OK


def test_a_gpu_profile_without_a_gpu_fails() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    (found,) = machine.devices(profiles.load("mi300x-8"))
    assert (found.verdict, "needs 8 GPUs" in found.found) == (FAIL, True)
    (found,) = machine.devices(profiles.load("cpu-smoke"))
    assert found.verdict is OK


def test_what_slows_rocm_down_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    rocm = profiles.load("mi300x-8")
    assert list(machine.rocm(rocm, "0")) == []
    assert [one.check for one in machine.rocm(rocm, "1")] == ["numa"]
    assert [one.check for one in machine.rocm(rocm.model_copy(update={"devices": 4}), "0")] == ["gpu count"]
    monkeypatch.setenv("NCCL_MIN_NCHANNELS", "2")
    assert [one.check for one in machine.rocm(rocm, "0")] == ["environment"]


# The harness.


def test_the_sentence_splitter_of_ifeval_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    nltk = pytest.importorskip("nltk")
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)

    def absent(_: str) -> None:
        raise LookupError

    monkeypatch.setattr(nltk.data, "find", absent)
    assert list(harness.ifeval("evaluate", ["mmlu"])) == []
    assert [one.verdict for one in harness.ifeval("evaluate", ["leaderboard_ifeval"])] == [WARN]
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert [one.verdict for one in harness.ifeval("evaluate", ["leaderboard_ifeval"])] == [FAIL]
    monkeypatch.setattr(nltk.data, "find", lambda _: "here")
    assert [one.verdict for one in harness.ifeval("evaluate", ["leaderboard_ifeval"])] == [OK]
    monkeypatch.setattr(harness, "find_spec", lambda name: None if name == "langdetect" else name)
    assert [one.verdict for one in harness.ifeval("evaluate", ["leaderboard_ifeval"])] == [FAIL]


def test_questions_must_be_here_where_the_hub_may_not_be_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert harness.questions("evaluate", ["mmlu"], tmp_path).verdict is FAIL
    assert harness.questions("evaluate", ["local_task"], tmp_path).verdict is OK
    (tmp_path / "datasets--cais--mmlu").mkdir()
    assert harness.questions("evaluate", ["mmlu"], tmp_path).verdict is OK


# The command, on real builds.


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from openmed_data.api import build_dataset

    folder = tmp_path_factory.mktemp("made")
    make_model(folder / "base", generation=True)
    build_dataset("medmcqa-prefs", "sample", folder / "prefs", validation=False)
    build_dataset("medreason-rewards", "sample", folder / "rewards", validation=False)
    make_build(folder / "traces", row=trace, kind=Kind.TRACES)
    return folder


def doctor(made: Path, *more: str, code: int = 0) -> dict[tuple[str, str], Finding]:
    data = {"sft": "traces", "dpo": "prefs", "grpo": "rewards"}
    arguments = ["doctor", "--recipe", "cpu-smoke", "--profile", "cpu-smoke", "--model", str(made / "base"), "--json"]
    arguments += [part for stage, name in data.items() for part in ("--data", f"{stage}={made / name}")]
    done = CliRunner().invoke(app, [*arguments, "--out", str(made / "runs"), *more])
    assert done.exit_code == code, done.output
    found = [Finding(**{**one, "verdict": Verdict(one["verdict"])}) for one in json.loads(done.stdout)["findings"]]
    return {(one.stage, one.check): one for one in found}


def test_a_sound_recipe_passes(made: Path) -> None:
    found = doctor(made)
    assert {one.verdict for one in found.values()} <= {OK, WARN}
    assert {check for stage, check in found if stage == "dpo"} == {
        "settings", "fit", "data", "precision", "template", "length", "pairs", "memory"
    }  # fmt: skip
    assert "rewards" in {check for stage, check in found if stage == "grpo"}
    assert ("sft", "tool json") in found
    assert not (made / "runs").exists()


@pytest.mark.parametrize(
    ("setting", "where", "said"),
    [
        ("dpo.learning_rat=1", ("dpo", "fit"), "did you mean 'learning_rate'"),
        ("dpo.batch=many", ("dpo", "settings"), "batch"),
        ("dpo.batch=7", ("dpo", "fit"), "no multiple"),
        ("grpo.num_generations=3", ("grpo", "fit"), "no multiple of 3"),
        ("grpo.num_generations=1", ("grpo", "fit"), "requires at least 2 generations"),
        ("dpo.max_length=20", ("dpo", "length"), "longer than 20"),
        ("grpo.rewards={correct_answr: 1.0}", ("grpo", "settings"), "did you mean 'correct_answer'"),
    ],
)
def test_a_planted_mistake_fails_its_stage_and_no_other(
    made: Path, setting: str, where: tuple[str, str], said: str
) -> None:
    found = doctor(made, "--set", setting, "--stage", where[0], code=1)
    assert found[where].verdict is FAIL
    assert said in found[where].found


def test_a_learning_rate_that_bfloat16_rounds_away_fails(made: Path) -> None:
    found = doctor(made, "--set", "dpo.dtype=bfloat16", "--set", "dpo.learning_rate=1e-7", "--stage", "dpo", code=1)
    assert "of the model's weights" in found["dpo", "precision"].found


def test_data_that_is_not_there_or_of_another_kind_fails(made: Path) -> None:
    found = doctor(made, "--data", f"dpo={made / 'traces'}", "--stage", "dpo", code=1)
    assert "preferences is needed" in found["dpo", "data"].found
    found = doctor(made, "--data", f"dpo={made / 'nothing'}", "--stage", "dpo", code=1)
    assert found["dpo", "data"].verdict is FAIL


def test_a_reward_that_pays_what_it_must_not_fails(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grpo = find(STAGES, "grpo")
    rewards = sys.modules[type(grpo).__module__]._REWARDS

    def correct_answer(completions: list[Any], **_: Any) -> list[float]:
        return [1.0] * len(completions)

    monkeypatch.setitem(rewards, "correct_answer", correct_answer)
    found = doctor(made, "--stage", "grpo", code=1)
    assert "fail their self-test" in found["grpo", "rewards"].found


def test_a_model_that_is_not_there_leaves_checks_unmade(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # read from the environment at import
    arguments = ["doctor", "--recipe", "cpu-smoke", "--profile", "cpu-smoke", "--model", "toys/nowhere"]
    done = CliRunner().invoke(app, [*arguments, "--stage", "dpo", "--data", f"dpo={made / 'prefs'}"])
    assert "cannot be had" in done.output
    assert "not checked" in done.output


def test_a_hub_that_does_not_answer_is_asked_once(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def send(_: httpx2.Client, request: httpx2.Request, **__: Any) -> httpx2.Response:
        asked.append(str(request.url))
        raise httpx2.ConnectError("no route")

    monkeypatch.setattr("httpx2.Client.send", send)
    arguments = ["doctor", "--recipe", "cpu-smoke", "--profile", "cpu-smoke", "--model", "toys/nowhere"]
    done = CliRunner().invoke(app, [*arguments, "--stage", "dpo", "--data", f"dpo={made / 'prefs'}"])
    assert "cannot be had" in done.output
    assert len(asked) == 1
