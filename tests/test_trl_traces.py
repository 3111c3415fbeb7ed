"""Tool traces go through TRL's SFTTrainer as they are: one real step of a tiny random model on the CPU."""

import json
import math
import sys
from pathlib import Path

import pytest
from tiny_llama import tiny_llama

from openmed_data.api import build_dataset

sys.path.insert(0, str(Path(__file__).parent / "traces"))
from trace_templates import STOPS, TEMPLATES, tokenizer_stopping_at

pytestmark = [
    pytest.mark.slow,
    # TRL calls what transformers 5 renamed; nothing that a user of either writes.
    pytest.mark.filterwarnings("ignore:`\\w*gradient_checkpointing\\w*` is deprecated:FutureWarning"),
]

torch = pytest.importorskip("torch")
trl = pytest.importorskip("trl")


def test_one_step_of_sft_on_the_assistants_turns_alone(tmp_path: Path) -> None:
    import datasets

    build = build_dataset("tool-traces", "sample", tmp_path / "traces", validation=False).path
    rows = datasets.load_dataset(str(build), cache_dir=str(tmp_path / "cache"))["train"]
    before = json.dumps(rows.to_list())
    tokenizer = tokenizer_stopping_at([json.dumps(row) for row in rows], STOPS["hermes"])
    tokenizer.chat_template = TEMPLATES["hermes"]
    model = tiny_llama(tokenizer, tmp_path / "model")
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    arguments = trl.SFTConfig(
        output_dir=str(tmp_path / "out"),
        max_steps=1,
        per_device_train_batch_size=4,
        assistant_only_loss=True,
        max_length=4096,
        save_strategy="no",
        report_to="none",
        use_cpu=True,
        disable_tqdm=True,
        bf16=False,
    )
    trainer = trl.SFTTrainer(model=model, args=arguments, train_dataset=rows, processing_class=tokenizer)
    result = trainer.train()

    assert result.global_step == 1
    assert math.isfinite(result.training_loss)
    assert any(not torch.equal(weights[name], tensor) for name, tensor in model.state_dict().items())
    assert len(trainer.train_dataset) == len(rows)
    called = [tokenizer.decode([token for token in row["labels"] if token != -100]) for row in trainer.train_dataset]
    assert all(text.endswith(STOPS["hermes"]) for text in called)
    assert any('<tool_call>\n{"name": "' in text for text in called)
    assert not any("<tool_response>" in text for text in called)
    assert json.dumps(rows.to_list()) == before
