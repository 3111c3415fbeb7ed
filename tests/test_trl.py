"""The rows of a build go through TRL's trainer as they are: one real step of a tiny random model on the CPU."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from openmed_data.api import build_dataset

pytestmark = [
    pytest.mark.slow,
    # TRL calls what transformers 5 renamed; nothing that a user of either writes.
    pytest.mark.filterwarnings("ignore:`\\w*gradient_checkpointing\\w*` is deprecated:FutureWarning"),
]

torch = pytest.importorskip("torch")
trl = pytest.importorskip("trl")

# ChatML, the smallest template that marks who speaks.
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Any:
    import datasets

    folder = tmp_path_factory.mktemp("trl")
    build = build_dataset("medmcqa-prefs", "sample", folder / "prefs", validation=False).path
    return datasets.load_dataset(str(build), cache_dir=str(folder / "cache"))["train"]


@pytest.fixture(scope="module")
def tokenizer(rows: Any) -> Any:
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast

    trained = ByteLevelBPETokenizer()
    texts = [message["content"] for row in rows for side in ("prompt", "chosen") for message in row[side]]
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trained.train_from_iterator(texts, vocab_size=600, special_tokens=special, show_progress=False)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=trained._tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>"
    )
    fast.chat_template = TEMPLATE
    return fast


@pytest.fixture
def model(tokenizer: Any, tmp_path: Path) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    # The trainer reads its reference model from where the model was loaded.
    LlamaForCausalLM(config).save_pretrained(tmp_path / "model")
    return LlamaForCausalLM.from_pretrained(tmp_path / "model")


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
