# ruff: noqa: E501  (the tables read better in long lines)
import importlib
import pickle
import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmed_data.rewards import (
    Brevity,
    Faithful,
    NoRepetition,
    Overlong,
    Reward,
    Weighted,
    answer_format,
    correct_answer,
    recipe_rewards,
)

ROW = {
    "answer": "Two",
    "answer_type": "choice",
    "choices": {"A": "One", "B": "Two"},
    "answer_label": "B",
    "accepted_answers": [],
    "reference_reasoning": "Fever and jaundice suggest hepatitis.",
}
ALL: list[Reward] = [
    correct_answer,
    answer_format,
    Brevity(),
    NoRepetition(),
    Overlong(),
    Faithful(),
    Weighted(tuple(recipe_rewards())),
]
THOUGHT = "<think>Fever with jaundice suggests hepatitis here.</think>"
RIGHT, WRONG = f"{THOUGHT}<answer>B</answer>", f"{THOUGHT}<answer>A</answer>"


def columns(count: int, **changes: object) -> dict[str, list[object]]:
    return {name: [value] * count for name, value in (ROW | changes).items()}


@pytest.mark.parametrize("reward", ALL, ids=lambda reward: reward.__name__)
def test_a_reward_is_what_trl_expects(reward: Reward) -> None:
    extras = {"trainer_state": object(), "log_extra": None, "log_metric": None, "prompts": ["p", "p"]}
    again = pickle.loads(pickle.dumps(reward))
    assert again.__name__ == reward.__name__
    strings = again([RIGHT, WRONG], completion_ids=[[0] * 9] * 2, **extras, **columns(2))
    messages = [[{"role": "assistant", "content": text}] for text in (RIGHT, WRONG)]
    assert reward(messages, completion_ids=[[0] * 9] * 2, **extras, **columns(2)) == strings
    assert len(strings) == 2
    assert all(paid is None or isinstance(paid, float) for paid in strings)
    assert reward([], completion_ids=[], **columns(0)) == []


def test_the_right_answer_is_paid_and_no_other() -> None:
    assert correct_answer([RIGHT, WRONG, "B or A", ""], **columns(4)) == [1.0, 0.0, 0.0, 0.0]


def test_what_cannot_be_verified_is_not_paid_and_not_punished() -> None:
    unverifiable = columns(1, answer="maybe", answer_label=None)
    for reward in (correct_answer, Brevity(), Faithful()):
        assert reward([RIGHT], **unverifiable) == [None]


def test_a_dataset_without_a_gold_is_an_error() -> None:
    with pytest.raises(KeyError, match="answer and answer_type"):
        correct_answer([RIGHT], prompts=["p"])


def test_a_row_that_another_dataset_mixed_in_does_not_count() -> None:
    mixed = columns(2) | {"answer": [None, "Two"], "answer_type": [None, "choice"], "choices": [None, ROW["choices"]]}
    for reward in (correct_answer, Brevity(), Faithful()):
        nothing, paid = reward([RIGHT, RIGHT], **mixed)
        assert nothing is None
        assert paid


@pytest.mark.parametrize("content", [[{"type": "text", "text": RIGHT}], [RIGHT]])
def test_content_parts_are_read(content: object) -> None:
    assert correct_answer([[{"role": "assistant", "content": content}]], **columns(1)) == [1.0]


def test_only_the_last_reply_counts() -> None:
    search = {"role": "assistant", "content": "<think>Let me look.</think>", "tool_calls": [{"type": "function"}]}
    found = {"role": "tool", "content": "The answer is A."}
    reply = {"role": "assistant", "content": RIGHT}
    assert correct_answer(
        [[search, found, reply], [search, found], [{"role": "assistant", "content": None}]], **columns(3)
    ) == [1.0, 0.0, 0.0]
    assert answer_format([[search, found, reply]]) == [1.0]


@pytest.mark.parametrize(
    "completion",
    [
        "", "<answer>B</answer>", "<think>x</think>B", "<think></think><answer>B</answer>", "<think>x</think><answer> </answer>",
        "<think>x</think><answer>B</answer> and more", "so <think>x</think><answer>B</answer>", "<answer>B</answer><think>x</think>",
        "<think>x</think><answer>A</answer><answer>B</answer>", "<think>x<think>y</think><answer>B</answer>",
    ],
)  # fmt: skip
def test_only_the_whole_format_is_paid(completion: str) -> None:
    assert answer_format([completion]) == [0.0]


def test_brevity_pays_short_rationales_under_right_answers_only() -> None:
    def paid(words: int, answer: str = "B") -> float | None:
        return Brevity(full=10, none=20, least=3)(
            [f"<think>{'w ' * words}</think><answer>{answer}</answer>"], **columns(1)
        )[0]

    assert [paid(words) for words in (2, 3, 10, 15, 20, 500)] == [0.0, 1.0, 1.0, 0.5, 0.0, 0.0]
    assert paid(5, "A") == 0.0
    assert Brevity()(["The answer is B."], **columns(1)) == [0.0]


@given(st.lists(st.sampled_from(["fever", "rash", "pain"]), max_size=40))
def test_repetition_is_charged_between_minus_one_and_nothing(words: list[str]) -> None:
    (charge,) = NoRepetition(size=2)([" ".join(words)])
    assert charge is not None
    assert -1.0 < charge <= 0.0
    pairs = list(pairwise(words))
    assert (charge < 0) == (len(set(pairs)) < len(pairs))


@given(st.integers(0, 400))
def test_length_is_charged_as_in_dapo(tokens: int) -> None:
    (charge,) = Overlong(limit=200, cache=50)(["x"], completion_ids=[[0] * tokens])
    expected = 0.0 if tokens <= 150 else -1.0 if tokens > 200 else (150 - tokens) / 50
    assert charge == pytest.approx(expected)


def test_length_in_tokens_is_not_guessed() -> None:
    assert Overlong()(["word " * 5000]) == [None]


def test_a_faithful_rationale_is_paid_more_than_a_list_of_words_or_another_subject() -> None:
    stuffed = (
        "<think>"
        + " ".join(f"medical{n} fever jaundice suggest hepatitis" for n in range(60))
        + "</think><answer>B</answer>"
    )
    other = "<think>Bone density falls with age in women.</think><answer>B</answer>"
    faithful, wrong, stuffing, elsewhere = Faithful()([RIGHT, WRONG, stuffed, other], **columns(4))
    assert faithful is not None
    assert faithful > 0.5
    assert (wrong, elsewhere) == (0.0, 0.0)
    assert stuffing is not None
    assert stuffing < 0.2
    assert Faithful()([RIGHT], **columns(1, reference_reasoning=None)) == [None]


def test_a_weighted_sum_leaves_out_what_does_not_apply() -> None:
    reward = Weighted(((correct_answer, 1.0), (answer_format, 0.2), (Overlong(), 0.5)))
    assert reward([RIGHT, WRONG, ""], **columns(3)) == pytest.approx([1.2, 0.2, 0.0])
    unverifiable = columns(1, answer="maybe", answer_label=None)
    assert reward([RIGHT], **unverifiable) == pytest.approx([0.2])
    assert Weighted(((correct_answer, 1.0),))([RIGHT], **unverifiable) == [None]


def test_every_part_is_logged_by_name() -> None:
    metrics: dict[str, float] = {}
    extras: dict[str, list[object]] = {}
    Weighted(tuple(recipe_rewards()))(
        [RIGHT, WRONG], log_metric=metrics.__setitem__, log_extra=extras.__setitem__, **columns(2)
    )
    assert metrics == {
        "answer/read": 1.0,
        "answer/unverifiable": 0.0,
        "rewards/correct_answer": 0.5,
        "rewards/answer_format": 1.0,
        "rewards/brevity": 0.5,
    }
    assert extras["answer_read"] == ["B", "A"]
    assert extras["correct_answer"] == [1.0, 0.0]


def test_the_rewards_load_no_heavy_library() -> None:
    heavy = "{'torch', 'transformers', 'trl', 'datasets', 'pint', 'verifiers', 'httpx2'}"
    code = f"import sys, openmed_data.rewards, openmed_data.probe; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_environment_without_its_library_names_the_extra(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "verifiers", None)
    monkeypatch.delitem(sys.modules, "openmed_data.rewards.environment", raising=False)
    with pytest.raises(ModuleNotFoundError, match=r"openmed-data\[verifiers\]"):
        importlib.import_module("openmed_data.rewards.environment")
