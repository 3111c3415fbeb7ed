"""Ask language models many things, pay for each answer once, and keep every answer.

Works with any endpoint that speaks the OpenAI chat interface: vLLM, llama.cpp, hosted ones. `docs/llm.md` says how.

Examples
--------
>>> endpoint = Endpoint("http://localhost:8000/v1", "some-model")
>>> hello = ChatRequest([{"role": "user", "content": "Say hello."}], max_tokens=10)
>>> endpoint.body(hello)
{'model': 'some-model', 'messages': [{'role': 'user', 'content': 'Say hello.'}], 'max_tokens': 10}

``complete(endpoint, [hello], store, Ledger(max_requests=1), Silent())`` then asks, and the store has the answer under
``key_of(endpoint.body(hello))``.
"""

from .answer import Answer, read_answer, written
from .client import Summary, complete
from .endpoint import Endpoint, key_from_environment
from .money import Ledger, LimitError, Prices, Usage, dollars, told
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
    "told",
    "written",
]
