"""Check a gold against the verifier itself before anything is trained on it."""

from openmed_data.answers.extract import verify
from openmed_data.answers.gold import Gold


def asked_for(gold: Gold) -> str:
    """Return the right answer as a prompt asks for it: the label, or the text where there are no labels.

    Examples
    --------
    >>> from openmed_data.answers import AnswerType
    >>> asked_for(Gold("Splenium", AnswerType.CHOICE, {"A": "Genu", "B": "Splenium"}))
    'B'
    """
    return gold.right_label or gold.answer


def is_sound(gold: Gold) -> bool:
    """Say whether the right answer earns credit, and every other option, by letter and by text, earns none.

    Fails for what cannot be verified and for items whose letters and texts contradict each other (option A reads
    "B"), which no verifier can judge without guessing. Two options with one text fail too.

    Examples
    --------
    >>> from openmed_data.answers import AnswerType
    >>> is_sound(Gold("Splenium", AnswerType.CHOICE, {"A": "Genu", "B": "Splenium"}, "B"))
    True
    >>> is_sound(Gold("B", AnswerType.CHOICE, {"A": "B", "B": "A"}, "A"))
    False
    """
    right = asked_for(gold)
    if verify(_in_tags(right), gold) is not True:
        return False
    others = {label: text for label, text in gold.choices.items() if label != right} if gold.right_label else {}
    wrong = (said for label, text in others.items() for said in (label, text, f"{label}. {text}"))
    return gold.choices.get(right) not in others.values() and not any(verify(_in_tags(said), gold) for said in wrong)


def _in_tags(answer: str) -> str:
    return f"<answer>{answer}</answer>"
