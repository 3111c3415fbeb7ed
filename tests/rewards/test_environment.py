import asyncio
from pathlib import Path

import polars as pl
import pytest

vf = pytest.importorskip("verifiers.v1", reason="the [verifiers] extra is not installed")


def _build(folder: Path) -> Path:
    rows = [
        {
            "id": "p1",
            "prompt": [{"role": "user", "content": "Which virus?\nA. One\nB. Two"}],
            "answer": "Two",
            "answer_type": "choice",
            "choices": {"A": "One", "B": "Two"},
            "answer_label": "B",
            "accepted_answers": [],
            "reference_reasoning": None,
        }
    ]
    (folder / "data").mkdir()
    pl.DataFrame(rows).write_parquet(folder / "data" / "train-00000-of-00001.parquet")
    return folder


def _scored(folder: Path, reply: str) -> "vf.Trace":
    from openmed_data.rewards.environment import RewardsConfig, RewardsTaskset

    task = next(iter(RewardsTaskset(RewardsConfig(path=_build(folder)))))
    trace = vf.Trace.model_construct(task=None, nodes=[], root_reply=reply, rewards={}, metrics={})
    asyncio.run(task.score(trace))
    return trace


def test_a_right_reply_earns_every_reward(tmp_path: Path) -> None:
    trace = _scored(tmp_path, "<think>The second one fits the rash best.</think><answer>B</answer>")
    assert {name: reward.value for name, reward in trace.rewards.items()} == pytest.approx(
        {"correct_answer": 1.0, "answer_format": 0.2, "brevity": 0.1}
    )
    assert trace.metrics == {"repetition": 0.0}


def test_a_wrong_reply_earns_its_form_only(tmp_path: Path) -> None:
    trace = _scored(tmp_path, "<think>The first one fits the rash best.</think><answer>A</answer>")
    assert trace.reward == pytest.approx(0.2)


def test_a_folder_without_shards_is_named(tmp_path: Path) -> None:
    from openmed_data.rewards.environment import RewardsConfig, RewardsTaskset

    with pytest.raises(FileNotFoundError, match=r"train-\*\.parquet"):
        list(RewardsTaskset(RewardsConfig(path=tmp_path)))


def test_the_library_finds_the_taskset_through_a_module_of_two_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from verifiers.v1.utils.loaders import taskset_class

    from openmed_data.rewards.environment import RewardsTaskset

    module = 'from openmed_data.rewards.environment import RewardsTaskset\n__all__ = ["RewardsTaskset"]\n'
    (tmp_path / "probed_environment.py").write_text(module)
    monkeypatch.syspath_prepend(tmp_path)
    assert taskset_class("probed_environment") is RewardsTaskset
