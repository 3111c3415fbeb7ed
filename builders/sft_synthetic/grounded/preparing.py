"""Draw the seeds, and see that the store holds every answer that they need; then tell what the answers cost."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openmed_data.llm import ChatRequest, Store, complete
from openmed_data.llm.sums import sums
from openmed_data.progress import Progress

from .dialogue import Dialogue
from .making import Maker, Read
from .options import GroundedOptions
from .prompts import digest
from .seeds import Ground, Seed, count_tasks, draw_seeds

Work = Sequence[tuple[Ground, Seed]]


@dataclass(frozen=True, slots=True)
class Grounded:
    """What rows are made from: the seeds by row of the source, and the store; with what the manifest says of them."""

    seeds: Mapping[int, Seed] = field(default_factory=dict[int, Seed])
    store: Path = Path()
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class _Requests:
    """Requests that are made anew whenever someone goes through them, so that none has to be kept."""

    make: Callable[[], Iterator[ChatRequest]]

    def __iter__(self) -> Iterator[ChatRequest]:
        return self.make()


def prepare_answers(grounds: Iterable[Ground], options: GroundedOptions, progress: Progress) -> Grounded:
    """Ask for every dialogue, then for a verdict on each that passes the checks.

    Raises
    ------
    UsageError
        Model or address are not given or wrong, the key is refused, or another run uses the store.
    BuildError
        A limit was reached, or requests remain unanswered; what was answered is kept.
    """
    options.require_endpoint("generator=llm")
    held = list(grounds)
    seeds = draw_seeds(held, options.n, options.seed)
    if len(seeds) < options.n:
        progress.note(f"{len(seeds):,} of {options.n:,} dialogues can be asked for: too few passages suit some tasks")
    work = [(ground, seeds[ground.row]) for ground in held if ground.row in seeds]
    maker, endpoint, ledger = Maker(options.asker(), options.prices()), options.endpoint_with_key(), options.ledger()
    with Store(options.store) as store:
        dialogues = _Requests(lambda: (maker.asker.dialogue(*one) for one in work))
        complete(endpoint, dialogues, store, ledger, progress, "writing dialogues")
        verdicts = _Requests(lambda: _verdicts(maker, work, store.get))
        complete(endpoint, verdicts, store, ledger, progress, "judging dialogues")
        asked = {"dialogues": dialogues, "verdicts": verdicts}
        paid = {name: sums(endpoint, maker.prices, requests, store.get) for name, requests in asked.items()}
    return Grounded(seeds, options.store, {"prompts_sha256": digest(), "seeds": count_tasks(seeds), **paid})


def _verdicts(maker: Maker, work: Work, read: Read) -> Iterator[ChatRequest]:
    for ground, seed in work:
        dialogue = maker.written(ground, seed, read)
        if isinstance(dialogue, Dialogue):
            yield maker.asker.verdict(ground, seed, dialogue)
