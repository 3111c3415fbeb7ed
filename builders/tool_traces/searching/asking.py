"""`planner=llm`: the request that asks a language model for the queries of a question, and how its answer is read."""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jinja2 import StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from openmed_data.llm import AnswerSchema, ChatRequest, Rejected, Stored, read_answer

from .planner import MOST_SEARCHES
from .questions import Question

_MOST_CHARACTERS = 4_000
_LONGEST_QUERY = 120
_MOST_TOKENS = 1_000  # of which a model that thinks first may need most
_TAGS = re.compile(r"</?question\b[^>]*>", re.IGNORECASE)
QUERIES = AnswerSchema(
    "search_queries",
    {
        "type": "object",
        "properties": {
            "queries": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": MOST_SEARCHES}
        },
        "required": ["queries"],
        "additionalProperties": False,
    },
)


@dataclass(frozen=True, slots=True)
class Asker:
    """Turns questions into requests; each has a sampling seed derived from the question and the build's seed."""

    seed: int

    def request(self, question: Question) -> ChatRequest:
        """Return the request that asks for the queries of a question."""
        asked = _TAGS.sub("", question.text)[:_MOST_CHARACTERS]
        prompt = _template().render(question=asked).strip()
        sampled = (question.uid ^ self.seed) % 2**31
        return ChatRequest([{"role": "user", "content": prompt}], _MOST_TOKENS, None, sampled, QUERIES)


def read_queries(stored: Stored) -> tuple[str, ...]:
    r"""Return the queries of a stored answer; none where it was refused, is malformed, or holds no short query.

    Quotation marks are taken away, as the search does not know them and an answer that names a query quotes it.

    Examples
    --------
    >>> body = '{"choices": [{"message": {"content": "{\\"queries\\": [\\" gout  therapy \\", \\"gout\\"]}"}}]}'
    >>> read_queries(Stored(b"", "{}", False, body, 9, 4, 1, "localhost"))
    ('gout therapy', 'gout')
    """
    value = read_answer(stored, QUERIES).value
    if isinstance(value, Rejected):
        return ()
    written = [" ".join(query.replace('"', " ").split()) for query in value["queries"]]
    if any(len(query) > _LONGEST_QUERY for query in written):
        return ()
    return tuple(dict.fromkeys(filter(None, written)))


@cache
def digest() -> str:
    """Return the SHA-256 of the template."""
    return hashlib.sha256(_text().encode()).hexdigest()


@cache
def _template() -> Template:
    return ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(_text())  # prompts are no HTML


def _text() -> str:
    folder = files(__name__.rpartition(".")[0]).joinpath("templates")
    return folder.joinpath("planner.j2").read_text(encoding="utf-8")
