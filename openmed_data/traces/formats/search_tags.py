"""Searches in tags inside one text: Search-R1's `<search>`/`<information>`, R1-Searcher's `<|begin_of_query|>`.

B. Jin et al., "Search-R1", 2025; H. Song et al., "R1-Searcher", 2025. Thoughts keep their words and lose their tags.
"""

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from openmed_data.traces.fields import id_of, some_text, turn_objects, turns_of, verdict_of
from openmed_data.traces.format import Format, Record
from openmed_data.traces.reasons import Law, Unfit, unreadable
from openmed_data.traces.texts import Tags, chatml_texts, chatml_turns, lone_text
from openmed_data.traces.trace import Call, Message, Trace

_QUERY = {"<search>": "</search>", "<|begin_of_query|>": "<|end_of_query|>"}
_RESULT = {"<information>": "</information>", "<|begin_of_documents|>": "<|end_of_documents|>"}
_SIGNS = {**_QUERY, **_RESULT}
_PIECES = Tags({**_SIGNS, "<answer>": "</answer>"})
_THINK = re.compile(r"</?think>")
_QUESTION = re.compile(r"\bQuestion:[ \t]*")
PROMPT_CUT = "instructions about tags before the question cut"


class SearchTags(Format):
    """Searches in tags."""

    name = "search-tags"
    summary = "<search>/<information> or <|begin_of_query|>/<|begin_of_documents|> inside one text"
    may_end_with_call = False
    descriptions: ClassVar[Mapping[str, str]] = {"search": "Search for a query and return the documents found."}

    def detect(self, record: Record) -> float:
        """Its tags are sure; an answer in tags is a hint, for some questions need no search."""
        text = some_text(record)
        if any(sign in text for sign in _SIGNS):
            return 1.0
        return 0.3 if "<answer>" in text else 0.0

    def split(self, text: str) -> Iterator[str]:
        """Cut a text of several conversations."""
        if any(sign in text for sign in _SIGNS):
            yield from chatml_texts(text)

    def read(self, record: Record) -> Trace:
        """Read a text, or the question and the text of a row."""
        messages: list[Message] = []
        mended: list[str] = []
        for role, said, at in _turns(record):
            if role == "assistant":
                messages += _steps(said, at)
                continue
            question = _question(said) if role == "user" else said
            mended += [PROMPT_CUT] * (question != said)
            messages.append(Message(role, question))
        passed = verdict_of(record, "gpt4o_output")
        return Trace(tuple(messages), None, passed, id_of(record), tuple(mended))


def _turns(record: Record) -> Iterator[tuple[str, str, str]]:
    """Yield role, text and place of each turn."""
    if turns_of(record) is not None:
        for place, turn in enumerate(turn_objects(record)):
            role, said = turn.get("role"), turn.get("content")
            if role not in ("system", "user", "assistant") or not isinstance(said, str):
                raise unreadable(f"messages[{place}]", turn, "a turn of system, user or assistant")
            yield str(role), said, f"messages[{place}].content"
        return
    asked = record.get("question", record.get("query"))
    if isinstance(asked, str):
        texts = {key: value for key, value in record.items() if isinstance(value, str)}
        key = next((key for key, text in texts.items() if any(_PIECES.spans(text))), None)
        if key is None:
            raise unreadable("text", None, "a text with searches or an answer in tags")
        yield from (("user", asked, "question"), ("assistant", texts[key], key))
        return
    for place, (role, said) in enumerate(chatml_turns(lone_text(record))):
        yield role, said, f"text, turn {place + 1}"


def _question(said: str) -> str:
    """Return the question without the instructions before it that name the tags."""
    found = _QUESTION.search(said)
    named = found is not None and ("<search>" in said or "<answer>" in said or "<|begin_of_query|>" in said)
    return said[found.end() :].strip() if found is not None and named else said


def _steps(said: str, at: str) -> Iterator[Message]:
    """Yield calls with the thoughts before them, results, and the answer."""
    end, thought = 0, ""
    for found in _PIECES.spans(said):
        before = _THINK.sub("", said[end : found.start]).strip()
        thought, end = f"{thought}\n\n{before}".strip(), found.end
        body = found.inside.strip()
        if found.tag in _RESULT:
            if thought:
                raise Unfit(Law.TURNS, f"{at}: words between a search and its result")
            yield Message("tool", body)
            continue
        if found.tag in _QUERY:
            yield Message("assistant", thought, (Call("search", {"query": body}),))
        else:
            yield Message("assistant", f"{thought}\n\nAnswer: {body}" if thought else body)
        thought = ""
    if rest := _THINK.sub("", said[end:]).strip():
        yield Message("assistant", f"{thought}\n\n{rest}".strip())


FORMAT = SearchTags()
