"""What tests of trainers share: a chat template, a tokenizer trained on the rows, a model of random weights."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tiny_tokenizer import train_tokenizer

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
# ChatML, the smallest template that marks who speaks.
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def tiny_tokenizer(texts: Iterable[str], *, whole: Iterable[str] = ()) -> Any:
    """Return a ChatML tokenizer trained on `texts`; each of `whole` is one token to it."""
    fast = train_tokenizer(texts, SPECIAL, 600, whole=whole, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    fast.chat_template = TEMPLATE
    return fast


def tiny_llama(tokenizer: Any, folder: Path) -> Any:
    """Return a model of random weights, the same every time, loaded from `folder`, where trainers read it again."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return LlamaForCausalLM.from_pretrained(folder)
