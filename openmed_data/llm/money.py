"""What answers cost, and the hard stops: nothing is sent that could exceed a limit.

A request is counted before it is sent, at the most that it can cost: a token for each byte of what is sent (a
byte-level tokenizer makes no more of it), room for what a chat template adds, and the longest answer allowed. When the
answer arrives, its own usage takes the place of that bound. Money is counted in whole picodollars, so that the sum does
not depend on the order in which answers arrive.
"""

import asyncio
from dataclasses import dataclass

from openmed_data.errors import BuildError

# What chat templates add: special tokens for each message, and a default system prompt or date.
_TEMPLATE_TOKENS = 256
_PER_DOLLAR = 10**12
_RAISE = "Run the same command with a higher limit to go on from there, or with fewer rows to do without."
# Dollars for a million tokens are as many millions of picodollars for one.
_PER_TOKEN = 10**6


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer, or of many."""

    prompt: int = 0
    completion: int = 0


@dataclass(frozen=True, slots=True)
class Prices:
    """Dollars for a million tokens.

    Examples
    --------
    >>> dollars(Prices(input=0.15, output=0.6).of(Usage(prompt=2_000_000, completion=1_000_000)))
    0.9
    """

    input: float = 0.0
    output: float = 0.0

    def of(self, usage: Usage) -> int:
        """Return what tokens cost, in picodollars."""
        return round(self.input * _PER_TOKEN) * usage.prompt + round(self.output * _PER_TOKEN) * usage.completion

    def most(self, sent: int, max_tokens: int) -> int:
        """Return the most that a request of `sent` bytes can cost, in picodollars."""
        return self.of(Usage(sent + _TEMPLATE_TOKENS, max_tokens))


def dollars(amount: int) -> float:
    """Return picodollars as dollars."""
    return amount / _PER_DOLLAR


def told(amount: int) -> str:
    """Return picodollars as text; small sums keep the digits that matter.

    Examples
    --------
    >>> told(1_234_500_000_000_000), told(81_000_000)
    ('$1,234.50', '$0.000081')
    """
    value = dollars(amount)
    return f"${value:,.2f}" if value >= 1 else f"${value:.6f}"


class LimitError(BuildError):
    """The next request could exceed `max_cost` or `max_requests`."""


@dataclass(slots=True)
class Ledger:
    """What was spent, what may be spent by requests under way, and the limits of both.

    Attributes
    ----------
    prices
        What tokens cost.
    max_cost, max_requests
        The limits, in dollars and in requests sent, each attempt being one; None for no limit. Answers that an earlier
        run paid for and that this one uses count.
    spent
        Picodollars: the cost of every answer, and the most that attempts which broke off can have cost.
    reserved
        Picodollars that requests under way can cost.
    lost
        How much of `spent` is for attempts that broke off.
    """

    prices: Prices = Prices()
    max_cost: float | None = None
    max_requests: int | None = None
    spent: int = 0
    reserved: int = 0
    lost: int = 0
    sent: int = 0
    under_way: int = 0
    _settled: asyncio.Event | None = None

    def count_stored(self, usage: Usage | None, most: int, attempts: int) -> None:
        """Count an answer that was paid for earlier."""
        self.spent += most if usage is None else self.prices.of(usage)
        self.sent += attempts

    async def admit(self, most: int) -> None:
        """Count a request that is about to be sent; wait for others where they may leave room for it.

        Raises
        ------
        LimitError
            It could exceed a limit whatever the requests under way come to.
        """
        while (reached := self._reached(most)) is not None:
            if not self.under_way or reached == "max_requests":
                next_one = f", as the next request may cost {told(most)}" if reached == "max_cost" else ""
                raise LimitError(f"stopped before {reached} was exceeded{next_one}", hint=_RAISE)
            if self._settled is None:
                self._settled = asyncio.Event()
            await self._settled.wait()
        self.sent += 1
        self.under_way += 1
        self.reserved += most

    def settle(self, most: int, cost: int, *, lost: bool = False) -> None:
        """Put what a request did cost in place of the most that it could."""
        self.under_way -= 1
        self.reserved -= most
        self.spent += cost
        self.lost += cost if lost else 0
        if self._settled is not None:
            self._settled.set()
            self._settled = None

    def _reached(self, most: int) -> str | None:
        if self.max_requests is not None and self.sent >= self.max_requests:
            return "max_requests"
        if self.max_cost is not None and self.spent + self.reserved + most > round(self.max_cost * _PER_DOLLAR):
            return "max_cost"
        return None
