"""Ask language models many things, pay for each answer once, and keep every answer.

Works with any endpoint that speaks the OpenAI chat interface: vLLM, llama.cpp, hosted ones. See `docs/llm.md`.

Examples
--------
>>> from pathlib import Path
>>> from tempfile import TemporaryDirectory
>>> from openmed_data.progress import Silent
>>> endpoint = Endpoint("http://localhost:9/v1", "some-model")
>>> hello = ChatRequest([{"role": "user", "content": "Say hello."}], max_tokens=10)
>>> with TemporaryDirectory() as folder, Store(Path(folder) / "answers.sqlite") as store:
...     complete(endpoint, [hello], store, Ledger(), Silent())
Traceback (most recent call last):
...
openmed_data.errors.UsageError: no connection to http://localhost:9/v1/chat/completions: ...
"""

from .answer import Answer, read_answer
from .client import Summary, complete
from .endpoint import Endpoint, key_from_environment
from .money import Ledger, LimitError, Prices, Usage, dollars
from .request import AnswerSchema, ChatRequest, Structured, key_of
from .store import Answers, Store, Stored
from .structured import Fault, Rejected, read_structured

__all__ = [
    "Answer",
    "AnswerSchema",
    "Answers",
    "ChatRequest",
    "Endpoint",
    "Fault",
    "Ledger",
    "LimitError",
    "Prices",
    "Rejected",
    "Store",
    "Stored",
    "Structured",
    "Summary",
    "Usage",
    "complete",
    "dollars",
    "key_from_environment",
    "key_of",
    "read_answer",
    "read_structured",
]
