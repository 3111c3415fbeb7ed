"""The laws that a trace must keep, each one a reason for rejecting it."""

from openmed_data.builder import ReasonCode


class Law(ReasonCode):
    """What is wrong with a trace."""

    UNREADABLE = "unreadable", "the record does not have the structure of its format; the detail names the field"
    NOT_TEXT = "not_text", "a message holds a picture, a sound or a file, which no text can stand for"
    FAILED = "failed_trajectory", "the source says that the task was not solved"
    BAD_TOOLS = "bad_tools", "a declared tool has no name, shares it with another one, or its schema is no JSON Schema"
    UNDECLARED_TOOL = "undeclared_tool", "a call names a tool that is not declared"
    ARGUMENTS = "arguments_do_not_fit", "a call's arguments are no object, or break the JSON Schema of the tool"
    CALL_WITHOUT_RESULT = "call_without_result", "the conversation goes on although a call was not answered"
    RESULT_WITHOUT_CALL = "result_without_call", "a result answers no call, or one that was answered before"
    OUT_OF_ORDER = "result_out_of_order", "a result answers a call of an earlier turn"
    TURNS = (
        "turns_out_of_order",
        "the turns are not those of a conversation: a user asks, the assistant acts or answers",
    )
    EMPTY_TURN = "empty_turn", "a user or the assistant says and calls nothing"
    NO_TOOLS = "no_tools", "no tool is declared and none is called: a conversation, and no trace of tool use"
    NO_FINAL_ANSWER = "no_final_answer", "the trace does not end with what the assistant should say"
    REWARD_LEAK = "reward_leak", "words of an evaluator or of a simulator stand in the conversation"
    UNRESOLVED = (
        "unresolved_reference",
        "a placeholder stands where a value should, such as the name of an earlier call",
    )
    MADE_UP = "made_up_secret", "a call gives a password, a code or a token that nobody has said"
    MARKUP = "markup_left", "control tokens, or a call that is still written as text, stand in a message"
    REFUSAL = "refusal", "the assistant refuses, or speaks of itself as a language model, and offers no tool instead"
    BEGINNING = "beginning_of_another", "it ends with a call, and a longer trace of the source begins with all of it"
    SECRET = "secret", "a message holds a key or token that opens something"


class Unfit(Exception):  # noqa: N818 - it is handed on as what became of a record
    """A record that breaks a law.

    Attributes
    ----------
    law
        Which one.
    detail
        Where it stands and what was found, as in ``messages[3].content: found a number``.
    """

    def __init__(self, law: Law, detail: str) -> None:
        super().__init__(f"{law}: {detail}")
        self.law = law
        self.detail = detail


def unreadable(field: str, found: object, expected: str) -> Unfit:
    """Return the error for a field that is not what the format says.

    Examples
    --------
    >>> unreadable("messages[0].role", 3, "a string").detail
    'messages[0].role: found a number; expected a string'
    """
    return Unfit(Law.UNREADABLE, f"{field}: found {kind_of(found)}; expected {expected}")


_KINDS = {"str": "a string", "int": "a number", "float": "a number", "list": "an array", "dict": "an object"}


def kind_of(value: object) -> str:
    """Return what a JSON value is, in words; never the value itself."""
    if value is None:
        return "nothing"
    return _KINDS.get(type(value).__name__, "true or false")
