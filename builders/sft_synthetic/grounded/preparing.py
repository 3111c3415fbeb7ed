"""Draw the seeds, and see that the store holds every answer that they need; then tell what the answers cost."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openmed_data.llm import ChatRequest, Store, Usage, complete, dollars, key_of, read_answer
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
    options.require_endpoint()
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
        paid = {"dialogues": _sums(maker, dialogues, store.get), "verdicts": _sums(maker, verdicts, store.get)}
    return Grounded(seeds, options.store, {"prompts_sha256": digest(), "seeds": count_tasks(seeds), **paid})


def _verdicts(maker: Maker, work: Work, read: Read) -> Iterator[ChatRequest]:
    for ground, seed in work:
        dialogue = maker.written(ground, seed, read)
        if isinstance(dialogue, Dialogue):
            yield maker.asker.verdict(ground, seed, dialogue)


def _sums(maker: Maker, requests: Iterable[ChatRequest], read: Read) -> dict[str, Any]:
    """Return what the stored answers to some requests are and cost; the same whenever and however they were asked."""
    models: set[str] = set()
    hosts: set[str] = set()
    usages: list[Usage | None] = []
    asked = {key_of(maker.asker.endpoint.body(request)): request for request in requests}
    for key, request in asked.items():
        stored = read(key)
        if stored is not None:
            answer = read_answer(stored, request.schema)
            usages.append(answer.usage)
            models.add(answer.model)
            hosts.add(answer.host)
    known = [usage for usage in usages if usage is not None]
    return {
        "answers": len(usages),
        "without_usage": len(usages) - len(known),
        "prompt_tokens": sum(usage.prompt for usage in known),
        "completion_tokens": sum(usage.completion for usage in known),
        "cost": dollars(sum(map(maker.prices.of, known))),
        "models": sorted(filter(None, models)),
        "hosts": sorted(hosts),
    }
