"""Load models for an export: never from the network, never with code that a repository brings, on the CPU."""

import gc
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from openmed_data.errors import GateError

# A question with words, numbers and signs, so that many parts of a vocabulary take part.
PROMPT = (
    "A 54-year-old woman has a potassium of 6.8 mEq/L and peaked T waves. Which drug acts first, and how does it work? "
    "Answer in one sentence, then give the dose in mL of a 10 % solution."
)
# In bfloat16 a weight keeps 8 bits, a relative error of at most 2⁻⁹; through the layers of a model the logits come to
# differ by a few times as much of their own size.
MOST_DIFFERENCE = 2.0**-5


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the exported model differs from the trained one on `PROMPT`.

    Attributes
    ----------
    identical
        Whether the exported model, loaded back, gives bit for bit the logits it gave before it was written.
    difference
        Root mean square of the difference in logits to the trained model, over that of the logits.
    same_token
        Share of places where both would write the same next token.
    """

    tokens: int
    identical: bool
    difference: float
    same_token: float

    def to_json(self) -> dict[str, Any]:
        """Return it for the record."""
        return asdict(self)

    def require(self) -> None:
        """Raise unless both are the same model within bfloat16's precision.

        Raises
        ------
        GateError
            They are not.
        """
        if not self.identical:
            raise GateError(
                "the exported model, loaded back, gives other logits than before it was written",
                hint="Look at the disk; export it again.",
            )
        if not self.difference <= MOST_DIFFERENCE:
            raise GateError(
                f"the exported model's logits differ from the trained model's by {self.difference:.2%} of their size, "
                f"and bfloat16 explains {MOST_DIFFERENCE:.2%}",
                hint="Its weights may hold values that bfloat16 cannot; look at them, or train on.",
            )


@contextmanager
def quiet() -> Generator[None]:
    """Keep transformers' own progress bars off the terminal."""
    logging: Any = import_module("transformers.utils.logging")
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def load(folder: Path, dtype: str) -> Any:
    """Load a causal language model on the CPU, its weights as `dtype`."""
    transformers: Any = import_module("transformers")
    torch: Any = import_module("torch")
    options = {"dtype": getattr(torch, dtype), "local_files_only": True, "trust_remote_code": False}
    return transformers.AutoModelForCausalLM.from_pretrained(str(folder), **options).eval()


def load_tokenizer(folder: Path) -> Any:
    """Load a tokenizer."""
    transformers: Any = import_module("transformers")
    return transformers.AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)


def logits(model: Any, ids: Sequence[int]) -> Any:
    """Return a model's logits for each place of `ids`, as float32, shape (places, vocabulary)."""
    torch: Any = import_module("torch")
    with torch.inference_mode():
        found = model(input_ids=torch.tensor([list(ids)]), use_cache=False).logits[0].float().clone()
    gc.collect()
    return found


def compare(trained: Any, written: Any, read: Any) -> Comparison:
    """Hold the logits of the trained model, of its export before it was written, and of that loaded back together."""
    torch: Any = import_module("torch")
    size = trained.square().mean().sqrt()
    difference = float((read - trained).square().mean().sqrt() / size)
    same = float((read.argmax(-1) == trained.argmax(-1)).float().mean())
    return Comparison(int(trained.shape[0]), bool(torch.equal(written, read)), difference, same)
