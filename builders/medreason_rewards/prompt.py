"""Phrase a question as a prompt, and an answer as the completion that the prompt asks for."""

from string import ascii_uppercase

from openmed_data.answers import AnswerType
from openmed_data.answers.number import read_quantity

from .judge import DECISIONS, Question
from .reasons import AnswerFormat, RewardsOptions

_ASK = {
    AnswerFormat.THINK_ANSWER: "Think briefly between <think> and </think>, then give only {} between <answer> and "
    "</answer>.",
    AnswerFormat.ANSWER_ONLY: "Give only {}.",
}
# Stands for reasoning in completions that only test the answer.
_THOUGHT = "The findings were weighed against each other."


def prompt_of(question: Question, options: RewardsOptions) -> list[dict[str, str]]:
    """Return the message list of a prompt."""
    lines = [question.text, ""]
    if question.answer_type is AnswerType.CHOICE:
        listed = zip(ascii_uppercase, question.choices, strict=False)
        lines += [*(f"{letter}. {text}" for letter, text in listed), ""]
    lines.append(_ASK[options.answer_format].format(_asked_for(question)))
    messages = [{"role": "user", "content": "\n".join(lines)}]
    return [{"role": "system", "content": options.system}, *messages] if options.system else messages


def _asked_for(question: Question) -> str:
    match question.answer_type:
        case AnswerType.CHOICE:
            return "the letter of the best option"
        case AnswerType.BOOLEAN:
            return "yes, no or maybe" if DECISIONS[2] in question.choices else "yes or no"
        case AnswerType.NUMBER:
            quantity = read_quantity(question.answer)
            return "the number with its unit" if quantity and quantity.unit else "the number"
        case AnswerType.TEXT:
            return "the answer, in a few words,"


def completion_of(answer: str, answer_format: AnswerFormat) -> str:
    """Return a completion that gives `answer` as a prompt of this format asks for it.

    Examples
    --------
    >>> completion_of("B", AnswerFormat.THINK_ANSWER)[-18:]
    '<answer>B</answer>'
    """
    if answer_format is AnswerFormat.ANSWER_ONLY:
        return answer
    return f"<think>{_THOUGHT}</think>\n<answer>{answer}</answer>"
