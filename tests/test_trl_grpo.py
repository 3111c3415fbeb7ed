"""A build goes through TRL's GRPOTrainer as it is, paid by our rewards: steps of a tiny random model on the CPU."""

import math
from pathlib import Path
from typing import Any

import pytest
from tiny_llama import tiny_llama, tiny_tokenizer

from openmed_data.api import build_dataset
from openmed_data.rewards import Faithful, NoRepetition, Overlong, recipe_rewards

pytestmark = [
    pytest.mark.slow,
    # TRL and transformers call what their own next versions renamed; nothing that a user of either writes.
    pytest.mark.filterwarnings("ignore:`\\w*gradient_checkpointing\\w*` is deprecated:FutureWarning"),
]

torch = pytest.importorskip("torch")
trl = pytest.importorskip("trl")

THOUGHT = "<think>The findings point to it.</think>\n<answer>"
LETTERS = "ABCD"


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Any:
    import datasets

    folder = tmp_path_factory.mktemp("grpo")
    build = build_dataset("medreason-rewards", "sample", folder / "rewards", validation=False).path
    loaded = datasets.load_dataset(str(build), cache_dir=str(folder / "cache"))["train"]
    return loaded.filter(lambda row: row["answer_type"] == "choice").select(range(8))


@pytest.fixture(scope="module")
def tokenizer(rows: Any) -> Any:
    """A tokenizer to which a whole answer is one token, so that a model of random weights gives answers at all."""
    texts = [message["content"] for row in rows for message in row["prompt"]]
    return tiny_tokenizer(texts, whole=[f"{THOUGHT}{letter}</answer>" for letter in LETTERS])


@pytest.fixture
def model(tokenizer: Any, tmp_path: Path) -> Any:
    """A model of random weights, where the trainer can read it from."""
    return tiny_llama(tokenizer, tmp_path / "model")


def answers_only(tokenizer: Any) -> list[int]:
    """Return the tokens to sample from: the four answers."""
    return [tokenizer.convert_tokens_to_ids(f"{THOUGHT}{letter}</answer>") for letter in LETTERS]


def trainer_of(model: Any, tokenizer: Any, rows: Any, folder: Path) -> Any:
    rewards = [*recipe_rewards(), (NoRepetition(), 0.1), (Overlong(), 0.1), (Faithful(), 0.1)]
    kept = set(answers_only(tokenizer))
    suppressed = [token for token in range(len(tokenizer)) if token not in kept]
    arguments = trl.GRPOConfig(
        output_dir=str(folder),
        max_steps=2,
        learning_rate=1e-2,
        per_device_train_batch_size=8,
        num_generations=4,
        max_completion_length=1,
        generation_kwargs={"suppress_tokens": suppressed},
        reward_weights=[weight for _, weight in rewards],
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        use_cpu=True,
        bf16=False,
        disable_tqdm=True,
        seed=0,
    )
    return trl.GRPOTrainer(
        model=model,
        reward_funcs=[reward for reward, _ in rewards],
        args=arguments,
        train_dataset=rows,
        processing_class=tokenizer,
    )


def test_steps_of_grpo_have_a_signal(model: Any, tokenizer: Any, rows: Any, tmp_path: Path) -> None:
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    trainer = trainer_of(model, tokenizer, rows, tmp_path)
    result = trainer.train()

    logged = [entry for entry in trainer.state.log_history if "reward_std" in entry]
    assert len(logged) == 2
    assert all(entry["reward_std"] > 0 and entry["frac_reward_zero_std"] < 1 for entry in logged)
    assert all(0 < entry["rewards/correct_answer/mean"] < 1 for entry in logged)
    assert all(entry["rewards/answer_format/mean"] == 1 for entry in logged)
    assert math.isfinite(result.training_loss)
    # Where no reward varies, GRPO ends with the weights it began with, and with exit code 0.
    assert any(not torch.equal(weights[name], tensor) for name, tensor in model.state_dict().items())


def test_the_rewards_log_what_they_read(model: Any, tokenizer: Any, rows: Any, tmp_path: Path) -> None:
    trainer = trainer_of(model, tokenizer, rows, tmp_path)
    trainer.train()
    logged = next(entry for entry in trainer.state.log_history if "reward_std" in entry)
    assert logged["answer/read"] == 1
    assert logged["answer/unverifiable"] == 0
