"""A real tokenizer, trained in no time on a few texts; for tests that render, train or generate."""

from collections.abc import Iterable, Sequence
from typing import Any


def train_tokenizer(
    texts: Iterable[str], special: Sequence[str], size: int, *, whole: Iterable[str] = (), **marks: str
) -> Any:
    """Return a byte-level BPE tokenizer of at most `size` tokens, among them every byte and every text of `special`.

    Parameters
    ----------
    whole
        Texts that are one token each.
    marks
        Which special token is what: `eos_token`, `pad_token`, `bos_token`.
    """
    from tokenizers import AddedToken, ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast

    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(texts, vocab_size=size, special_tokens=list(special), show_progress=False)
    trained.add_tokens([AddedToken(text, normalized=False) for text in whole])
    return PreTrainedTokenizerFast(tokenizer_object=trained._tokenizer, **marks)
