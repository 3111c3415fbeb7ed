"""Fields that records of several formats share, read with the same care."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from openmed_data.traces.codec import loads
from openmed_data.traces.reasons import Law, Unfit, kind_of, unreadable
from openmed_data.traces.toolbox import Toolbox, toolbox
from openmed_data.traces.trace import Call

Record = dict[str, Any]
_TURNS = ("messages", "conversations", "conversation", "traj", "trajectory", "dialog")
_VERDICTS = ("reward", "score", "success", "solved", "resolved", "passed", "is_correct", "correct")
_IDS = ("id", "uuid", "task_id", "question_id", "sample_id", "session", "idx")
_NO = frozenset({"false", "no", "fail", "failed", "incorrect"})
THOUGHTS_LEFT = "thinking blocks left out"
SAID_FIRST = "words after a call put before it"
_YES = frozenset({"true", "yes", "pass", "passed", "correct", "success"})


def turns_of(record: Record) -> list[Any] | None:
    """Return the list of turns that a record holds, also as JSON text; None where there is none."""
    for key in _TURNS:
        held = record.get(key)
        if isinstance(held, str) and held.startswith("["):
            try:
                held = loads(held)
            except ValueError:
                continue
        if isinstance(held, list):
            return cast("list[Any]", held)
    return None


def turn_objects(record: Record) -> list[Record]:
    """Return the turns of a record.

    Raises
    ------
    Unfit
        There are none, or one is no object.
    """
    turns = turns_of(record)
    if turns is None:
        raise unreadable("messages", None, "a list of turns")
    for place, turn in enumerate(turns):
        if not isinstance(turn, dict):
            raise unreadable(f"messages[{place}]", turn, "an object")
    return cast("list[Record]", turns)


def role_of(held: Any, roles: Mapping[str, str], field: str) -> str:
    """Return the role that a source's word for it stands for.

    Raises
    ------
    Unfit
        The word is none of `roles`.
    """
    if not isinstance(held, str) or held not in roles:
        raise unreadable(field, held, f"one of {', '.join(roles)}")
    return roles[held]


def parts_text(held: Any, field: str) -> str:
    r"""Return what a content says: text, parts of text, or nothing.

    Raises
    ------
    Unfit
        It is something else, or holds a picture or a file.

    Examples
    --------
    >>> parts_text([{"type": "text", "text": "Hello"}, {"type": "text", "text": "there"}], "content")
    'Hello\nthere'
    """
    if isinstance(held, str):
        return held
    if held is None:
        return ""
    if not isinstance(held, list):
        raise unreadable(field, held, "text, or a list of parts")
    texts: list[str] = []
    for place, part in enumerate(cast("list[Any]", held)):
        if isinstance(part, str):
            texts.append(part)
            continue
        said: Any = cast(Record, part).get("text") if isinstance(part, dict) else None
        if isinstance(said, str):
            texts.append(said)
        elif isinstance(part, dict) and isinstance(cast(Record, part).get("type"), str):
            raise Unfit(Law.NOT_TEXT, f"{field}[{place}]: {cast(Record, part)['type']}")
        else:
            raise unreadable(f"{field}[{place}]", cast(Any, part), "a part of text")
    return "\n".join(texts)


def without_thoughts(reply: str) -> str:
    """Return a reply without the thoughts in it; where a template opened the first of them, its tag is not there.

    Examples
    --------
    >>> [without_thoughts(reply) for reply in ("<think>Five?</think> Yes.", "Five?</think> Yes.", "<think>")]
    ['Yes.', 'Yes.', '<think>']
    """
    *closed, last = reply.split("</think>")
    if not closed:
        return reply
    said: list[str] = []
    for piece in closed:
        before, opened, _ = piece.partition("<think>")
        if opened:
            said.append(before)
        else:
            said.clear()
    return "\n\n".join(part.strip() for part in (*said, last) if part.strip())


def arguments_of(held: Any, field: str) -> Mapping[str, Any]:
    """Return a call's arguments as an object; none at all are an empty one.

    Raises
    ------
    Unfit
        They are broken JSON, or no object.
    """
    if held is None or held == "":
        return {}
    if isinstance(held, str):
        try:
            held = loads(held)
        except ValueError as error:
            raise Unfit(Law.ARGUMENTS, f"{field}: found broken JSON; expected an object") from error
    if not isinstance(held, dict):
        raise Unfit(Law.ARGUMENTS, f"{field}: found {kind_of(held)}; expected an object")
    return cast(Mapping[str, Any], held)


def call_of(held: Any, field: str, call_id: Any = "") -> Call:
    """Return the call in an object of `name` and `arguments`.

    Raises
    ------
    Unfit
        It has no name, or arguments that are no object.
    """
    if not isinstance(held, dict):
        raise unreadable(field, held, "an object with name and arguments")
    given = cast(Record, held)
    name: Any = given.get("name")
    if not isinstance(name, str) or not name:
        raise unreadable(f"{field}.name", name, "the name of a tool")
    arguments = given.get("arguments", given.get("parameters"))
    given_id = str(call_id) if isinstance(call_id, str | int) else ""
    return Call(name, arguments_of(arguments, f"{field}.arguments"), given_id)


def calls_of(text: str, field: str) -> list[Call]:
    """Return the calls that a JSON text holds: one object, or a list of them.

    Raises
    ------
    Unfit
        The text is no JSON, or holds no calls.
    """
    try:
        held: Any = loads(text)
    except ValueError as error:
        raise Unfit(Law.UNREADABLE, f"{field}: found broken JSON; expected a call") from error
    listed = cast("list[Any]", held) if isinstance(held, list) else [held]
    return [call_of(one, f"{field}[{place}]") for place, one in enumerate(listed)]


def tools_of(record: Record, *names: str) -> Toolbox | None:
    """Return the tools that a record declares under one of `names`; None where it declares none."""
    held = next((record[name] for name in names if record.get(name) is not None), None)
    return None if held is None else toolbox(held)


def verdict_of(record: Record, *names: str) -> bool | None:
    """Return whether the source says that the task was solved; None where it does not say.

    Examples
    --------
    >>> verdict_of({"reward": 0.0}), verdict_of({"reward": "0.5"}), verdict_of({"gpt4o_output": "True"}, "gpt4o_output")
    (False, True, True)
    """
    for name in (*names, *_VERDICTS):
        held = record.get(name)
        if isinstance(held, str):  # as in CSV
            said = held.strip().lower()
            held = said in _YES if said in _NO | _YES else _number(said)
        if isinstance(held, bool | int | float):
            return held > 0
    return None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def id_of(record: Record) -> str:
    """Return what the source calls the record; a trial's number is part of it."""
    held = next((record[name] for name in _IDS if isinstance(record.get(name), str | int)), "")
    trial = record.get("trial")
    return f"{held}/{trial}" if held != "" and isinstance(trial, int) else str(held)


def some_text(record: Record, limit: int = 20_000) -> str:
    """Return the texts of a record's turns, or of the record itself, up to about `limit` characters."""
    turns = turns_of(record)
    held: Sequence[Any] = turns if turns is not None else list(record.values())
    texts: list[str] = []
    for one in held:
        said: Any = cast(Record, one).get("content", cast(Record, one).get("value")) if isinstance(one, dict) else one
        if isinstance(said, str):
            texts.append(said)
            limit -= len(said)
            if limit < 0:
                break
    return "\n".join(texts)
