"""Put every adversarial answer through every reward and see who pays."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from openmed_data.probe.items import ProbeAnswer, ProbeItem, adversarial_answers
from openmed_data.rewards import Payment, Reward, Weighted

# Rewards that pay for the form of a completion; every other one pays for a right answer, or only charges.
FORM_REWARDS = frozenset({"answer_format"})
_ROUNDING = 1e-9


class Paid(NamedTuple):
    """What one reward paid one answer to one item; ``gold`` is the item's right answer, ``due`` the most it may pay."""

    reward: str
    answer: str
    gold: str
    completion: str
    payment: Payment
    due: float

    @property
    def is_false_credit(self) -> bool:
        """Whether the completion was paid more than it deserves from this reward."""
        return self.payment is not None and self.payment > self.due + _ROUNDING


@dataclass(frozen=True)
class ProbeReport:
    """Every payment of a probe.

    Attributes
    ----------
    payments
        One per reward, item and answer.
    unpaid
        Payments of the controls (right answer, right form) that should have been positive: a reward that never pays
        has no false credit either.
    """

    payments: tuple[Paid, ...]
    unpaid: tuple[Paid, ...]

    @property
    def false_credits(self) -> tuple[Paid, ...]:
        """The payments that must not be."""
        return tuple(paid for paid in self.payments if paid.is_false_credit)

    @property
    def passed(self) -> bool:
        """Whether nothing undeserved was paid and every control was."""
        return not self.false_credits and not self.unpaid

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Return the header and the rows of "who paid what": one row per answer, the range paid by each reward.

        A range is over the items; ``-`` means that the reward did not apply; ``!`` marks false credit.
        """
        rewards = list(dict.fromkeys(paid.reward for paid in self.payments))
        cells: dict[str, dict[str, list[Paid]]] = {}
        for paid in self.payments:
            cells.setdefault(paid.answer, {}).setdefault(paid.reward, []).append(paid)
        rows = [[answer, *(_cell(by_reward.get(name, [])) for name in rewards)] for answer, by_reward in cells.items()]
        return ["answer", *rewards], rows

    def markdown(self) -> str:
        """Return the table as Markdown."""
        header, rows = self.table()
        lines = [header, ["---"] * len(header), *rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def probe_rewards(rewards: Sequence[Reward], items: Iterable[ProbeItem]) -> ProbeReport:
    """Put every adversarial answer to every item through every reward.

    Parameters
    ----------
    rewards
        As the trainer takes them: callables with a ``__name__``.
    items
        ``bundled_items()``, or items made from the prompts of a dataset.

    Examples
    --------
    >>> from openmed_data.probe import bundled_items
    >>> from openmed_data.rewards import correct_answer
    >>> probe_rewards([correct_answer], bundled_items()).passed
    True
    >>> def first_letter(completions, answer_label, **_):
    ...     return [float(text[:1] == label) for text, label in zip(completions, answer_label)]
    >>> report = probe_rewards([first_letter], bundled_items())
    >>> sorted({paid.answer for paid in report.false_credits})
    ['all letters', 'all letters run together', 'options echoed']
    """
    payments: list[Paid] = []
    for item in items:
        answers = adversarial_answers(item)
        completions = [answer.completion for answer in answers]
        # The trainer counts tokens; words are as good to see whether length is charged.
        lengths = [list(range(len(completion.split()))) for completion in completions]
        for reward in rewards:
            paid = reward(completions, completion_ids=lengths, **item.columns(len(answers)))
            payments += [_paid(reward, item, *pair) for pair in zip(answers, paid, strict=True)]
    return ProbeReport(tuple(payments), tuple(_unpaid(payments)))


def _paid(reward: Reward, item: ProbeItem, answer: ProbeAnswer, payment: Payment) -> Paid:
    return Paid(reward.__name__, answer.name, item.right, answer.completion, payment, _due(reward, answer))


def _due(reward: Reward, answer: ProbeAnswer) -> float:
    """Return the most a reward may pay: anything where it is deserved, nothing where not, the due parts of a sum."""
    if isinstance(reward, Weighted):
        return sum(weight for part, weight in reward.parts if weight > 0 and _due(part, answer))
    deserved = answer.well_formed if reward.__name__ in FORM_REWARDS else answer.right
    return math.inf if deserved else 0.0


def _unpaid(payments: list[Paid]) -> list[Paid]:
    """Find the well-formed right answers that a reward which pays somewhere left without pay."""
    paying = {paid.reward for paid in payments if paid.payment is not None and paid.payment > 0}
    controls = [paid for paid in payments if paid.answer == "right answer" and paid.payment is not None]
    never = {paid.reward for paid in payments if paid.payment is not None and paid.payment < 0} - paying
    return [paid for paid in controls if paid.reward not in never and not (paid.payment or 0) > 0]


def _cell(paid: list[Paid]) -> str:
    amounts = [one.payment for one in paid if one.payment is not None]
    if not amounts:
        return "-"
    low, high = min(amounts), max(amounts)
    mark = " !" if any(one.is_false_credit for one in paid) else ""
    return (f"{low:.2f}" if low == high else f"{low:.2f} to {high:.2f}") + mark
