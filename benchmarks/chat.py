"""Speed of the check `chat` on one core: rows rendered, tokenized and judged a second, beside transformers' own way.

The tokenizer is a byte-level BPE of 8,000 tokens, trained here on the first 4,000 texts; what is timed are the same
rows, since nothing is tuned on them. transformers is asked for the same: text, token ids and the mask of the
assistant's tokens. Times are of the processor, the best of three.

    python benchmarks/chat.py build/medmcqa-prefs
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

import polars as pl
from tokenizers import ByteLevelBPETokenizer
from transformers import PreTrainedTokenizerFast

from openmed_data.dataset import open_dataset
from openmed_data.kinds import Kind, kind_of
from openmed_data.validation._conversations import conversations
from openmed_data.validation._texts import texts_of
from openmed_data.validation.chat import CHECK, ChatSettings

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] }}<|im_end|>{% endgeneration %}\n"
    "{% else %}{{ message['content'] }}<|im_end|>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
AT_LEAST = 2_000


def main() -> None:
    """Time both and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset")
    rows = pl.concat([batch for _, batch in open_dataset(parser.parse_args().dataset).batches()]).head(16_000)
    kind = kind_of(set(rows.columns))
    if kind is None:
        raise SystemExit("a dataset of one of the four kinds is needed")
    texts = texts_of(rows, kind)["text"]
    with tempfile.TemporaryDirectory() as folder:
        tokenizer = train(texts.head(4_000).to_list(), Path(folder))
        settings = ChatSettings(tokenizer=folder, max_length=1_024)
        CHECK.scan(rows.head(10), settings)
        ours = best(lambda: CHECK.scan(rows, settings))
        theirs = best(lambda: by_transformers(rows, kind, tokenizer))
    size = texts.str.len_bytes().sum() / rows.height
    print(f"{rows.height:,} rows of kind {kind}, {size:,.0f} bytes of text a row")
    print(f"{'openmed-data: check chat':34}{rows.height / ours:10,.0f} rows/s   (to reach: {AT_LEAST:,})")
    print(f"{'transformers: apply_chat_template':34}{rows.height / theirs:10,.0f} rows/s")


def train(texts: list[str], folder: Path) -> Any:
    """Train a tokenizer and keep it in `folder`."""
    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(texts, vocab_size=8_000, special_tokens=SPECIAL, show_progress=False)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=trained._tokenizer,  # noqa: SLF001 - the wrapper offers no other way to it
        eos_token=SPECIAL[2],
        pad_token=SPECIAL[0],
    )
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)
    return fast


def by_transformers(rows: pl.DataFrame, kind: Kind, tokenizer: Any) -> None:
    """Do the same with `apply_chat_template`, row by row."""
    for one in conversations(rows, kind):
        tokenizer.apply_chat_template(one.messages, tokenize=True, return_dict=True, return_assistant_tokens_mask=True)


def best(work: Callable[[], Any]) -> float:
    """Return the least seconds of the processor in three runs."""
    times: list[float] = []
    for _ in range(3):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


if __name__ == "__main__":
    main()
