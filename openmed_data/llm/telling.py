"""What a run says of itself while it goes: tokens a second, cost, time left, share of rejected answers."""

import time
from dataclasses import dataclass, field

from openmed_data.progress import Advance

from .money import Ledger, Usage, told


@dataclass(slots=True)
class Telling:
    """Counts what arrives, and says it through a step of the progress.

    Attributes
    ----------
    advance
        The step.
    ledger
        Where the cost stands; without prices none is said.
    missing
        Answers still to come.
    """

    advance: Advance
    ledger: Ledger
    missing: int
    arrived: int = 0
    tokens: int = 0
    rejected: int = 0
    began: float = field(default_factory=time.monotonic)

    def stored(self, number: int) -> None:
        """Count answers that an earlier run paid for."""
        self.advance(number)

    def came(self, usage: Usage | None, *, rejected: bool) -> None:
        """Count one answer."""
        self.arrived += 1
        self.tokens += usage.prompt + usage.completion if usage else 0
        self.rejected += rejected
        self.advance(1, self.line(time.monotonic() - self.began))

    def line(self, seconds: float) -> str:
        """Return what there is to say after so many seconds.

        Examples
        --------
        >>> from openmed_data.progress import ignore
        >>> telling = Telling(ignore, Ledger(), missing=10, arrived=4, tokens=800, rejected=1)
        >>> telling.line(2.0)
        '400 tokens/s, 0:00:03 left, 25.0% rejected'
        """
        said = [f"{self.tokens / seconds:,.0f} tokens/s"] if self.tokens and seconds else []
        if self.ledger.prices.input or self.ledger.prices.output:
            said.append(told(self.ledger.spent))
        if self.arrived:
            left = round(seconds / self.arrived * (self.missing - self.arrived))
            said.append(f"{left // 3600}:{left // 60 % 60:02}:{left % 60:02} left")
            said.append(f"{self.rejected / self.arrived:.1%} rejected")
        return ", ".join(said)
