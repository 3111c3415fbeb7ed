"""The rows of a build go through TRL's trainer as they are: one real step of a tiny random model on the CPU."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from tiny_llama import tiny_llama, tiny_tokenizer

from openmed_data.api import build_dataset

pytestmark = [
    pytest.mark.slow,
    # TRL calls what transformers 5 renamed; nothing that a user of either writes.
    pytest.mark.filterwarnings("ignore:`\\w*gradient_checkpointing\\w*` is deprecated:FutureWarning"),
]

torch = pytest.importorskip("torch")
trl = pytest.importorskip("trl")


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Any:
    import datasets

    folder = tmp_path_factory.mktemp("trl")
    build = build_dataset("medmcqa-prefs", "sample", folder / "prefs", validation=False).path
    return datasets.load_dataset(str(build), cache_dir=str(folder / "cache"))["train"]


@pytest.fixture(scope="module")
def tokenizer(rows: Any) -> Any:
    texts = [message["content"] for row in rows for side in ("prompt", "chosen") for message in row[side]]
    return tiny_tokenizer(texts)


@pytest.fixture
def model(tokenizer: Any, tmp_path: Path) -> Any:
    return tiny_llama(tokenizer, tmp_path / "model")


def _trainer(model: Any, tokenizer: Any, rows: Any, folder: Path) -> Any:
    arguments = trl.DPOConfig(
        output_dir=str(folder),
        max_steps=1,
        per_device_train_batch_size=4,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        use_cpu=True,
        disable_tqdm=True,
        bf16=False,
    )
    return trl.DPOTrainer(model=model, args=arguments, train_dataset=rows, processing_class=tokenizer)


def test_one_step_of_dpo(model: Any, tokenizer: Any, rows: Any, tmp_path: Path) -> None:
    before = json.dumps(rows.to_list())
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    trainer = _trainer(model, tokenizer, rows, tmp_path)
    result = trainer.train()

    assert result.global_step == 1
    assert math.isfinite(result.training_loss)
    # A reference model equal to the model gives ln 2 before the first update.
    assert result.training_loss == pytest.approx(math.log(2), abs=1e-3)
    assert any(not torch.equal(weights[name], tensor) for name, tensor in model.state_dict().items())
    assert len(trainer.train_dataset) == len(rows)
    assert json.dumps(rows.to_list()) == before


def test_the_trainer_reads_question_and_answers(model: Any, tokenizer: Any, rows: Any, tmp_path: Path) -> None:
    tokenized = _trainer(model, tokenizer, rows, tmp_path).train_dataset[0]
    row = rows[0]
    prompt, chosen, rejected = (tokenizer.decode(tokenized[f"{name}_ids"]) for name in ("prompt", "chosen", "rejected"))
    assert row["prompt"][-1]["content"] in prompt
    assert chosen.startswith(row["chosen"][0]["content"])
    assert rejected.startswith(row["rejected"][0]["content"])
    assert chosen != rejected
