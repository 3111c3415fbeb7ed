"""Tiny real models: an Arcee architecture of random weights, its tokenizer, and a template that training would use."""

from pathlib import Path
from typing import Any

from tiny_tokenizer import train_tokenizer

# ChatML with generation tags that trim white space, and tools: what training needs of a template.
TEMPLATE = """\
{%- if tools %}
<|im_start|>system
Tools: {{ tools | tojson }}<|im_end|>
{% endif %}
{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\\n' }}
{%- if message.role == 'assistant' %}
    {%- generation -%}
    {{ message.content }}
    {%- for call in message.tool_calls or [] %}
        {{- '\\n<tool_call>' }}{{ call.function | tojson }}{{ '</tool_call>' }}
    {%- endfor %}
    {{- '<|im_end|>' }}
    {%- endgeneration %}
{%- else %}
    {{- message.content + '<|im_end|>' }}
{%- endif %}
{{- '\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""

TEXTS = ("A potassium of 6.8 mEq/L needs calcium.", "Which vitamin is water-soluble? Vitamin C is.", "system user tool")


def make_tokenizer(folder: Path, template: str = TEMPLATE) -> Any:
    marks = dict.fromkeys(("bos_token", "eos_token", "pad_token"), "<|endoftext|>")
    fast = train_tokenizer(TEXTS, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], 400, **marks)
    fast.chat_template = template
    fast.save_pretrained(str(folder))
    return fast


def make_model(folder: Path, *, seed: int = 0, scale: float = 1.0, generation: bool = False) -> Path:
    """Save a model of random weights as training leaves it: float32, its cache off, no generation configuration."""
    import torch
    from transformers import ArceeConfig, ArceeForCausalLM

    tokenizer = make_tokenizer(folder)
    torch.manual_seed(seed)
    config = ArceeConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=0,
        use_cache=False,
    )
    model = ArceeForCausalLM(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(scale)
    if generation:
        model.generation_config.temperature = 0.7
        model.generation_config.do_sample = True
    model.save_pretrained(str(folder))
    if not generation:
        (folder / "generation_config.json").unlink(missing_ok=True)
    return folder
