"""`planner=llm` over a whole source: ask for the queries of every question that is searched for, then read them."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import polars as pl

from openmed_data.builder import SHAPE
from openmed_data.errors import BuildError
from openmed_data.llm import Answers, ChatRequest, Store, complete, key_of
from openmed_data.llm.sums import sums
from openmed_data.progress import Progress
from openmed_data.search.corpora import READERS

from .asking import Asker, digest, read_queries
from .choices import CHOICE_SHAPES
from .making import Shares, make_traces
from .options import Planner, SearchOptions
from .planner import Plan, by_rules
from .preparing import SearchState, open_index
from .questions import Question
from .reading import read_questions


def prepare_plans(
    source: Iterable[pl.DataFrame], state: SearchState, options: SearchOptions, progress: Progress
) -> SearchState:
    """See that the store holds the queries of every question that is searched for, where a model plans.

    Raises
    ------
    UsageError
        Model or address are wrong, the key is refused, or another run uses the store.
    BuildError
        A limit was reached, or requests remain unanswered; what was answered is kept.
    """
    if options.planner is Planner.RULES:
        return state
    endpoint, requests = options.endpoint_with_key(), _Requests(source, state, options)
    with Store(options.store) as store:
        complete(endpoint, requests, store, options.ledger(), progress, "planning searches")
        paid = sums(endpoint, options.prices(), requests, store.get)
    asked = {"model": options.model, "prompts_sha256": digest(), **paid}
    return replace(state, store=options.store, planner=asked)


@dataclass(frozen=True, slots=True)
class _Requests:
    """Requests that are made anew whenever someone goes through them, so that none has to be kept."""

    source: Iterable[pl.DataFrame]
    state: SearchState
    options: SearchOptions

    def __iter__(self) -> Iterator[ChatRequest]:
        """Yield the request of every question whose trace needs queries: making the traces without any tells which."""
        asker, index = Asker(self.options.seed), open_index(self.state.folder)
        shares = Shares(self.options.no_tool_share, self.state.held_out)
        for batch in self.source:
            if not batch.height or batch[SHAPE][0] not in {*READERS, *CHOICE_SHAPES}:
                continue
            needed: list[Question] = []
            make_traces(read_questions(batch, self.state, self.options)[0], index, shares, _noting(needed))
            yield from map(asker.request, needed)


def _noting(needed: list[Question]) -> Plan:
    def plan(question: Question) -> None:
        needed.append(question)

    return plan


@contextmanager
def open_plan(state: SearchState, options: SearchOptions) -> Generator[Plan]:
    """Yield what gives the queries of a question: nothing, which leaves them to the rules, or the stored answer's."""
    if options.planner is Planner.RULES:
        yield by_rules
        return
    asker, endpoint = Asker(options.seed), options.endpoint()
    with Answers(state.store).open() as read:

        def plan(question: Question) -> tuple[str, ...] | None:
            stored = read(key_of(endpoint.body(asker.request(question))))
            if stored is None:
                raise BuildError("an answer is no longer in the store of answers", hint="Run the same command again.")
            return read_queries(stored) or None

        yield plan
