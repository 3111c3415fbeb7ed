"""Ask an endpoint many requests: each is paid for once, whatever happens in between.

A run first counts what the store holds, then sends one request alone, as a probe, and then the others, at most
`concurrency` at once. It ends early, and keeps everything that has arrived, at a limit of cost or requests, when the
key or the model stops being served, when the endpoint fails many times in a row, and at Ctrl-C.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from openmed_data.errors import BuildError, OpenMedError
from openmed_data.llm.canonical import canonical_json
from openmed_data.progress import Progress

from .answer import read_answer
from .endpoint import Endpoint
from .exchange import MAY_BE_BILLED, PASSING, Failure, Reply, Trouble, exchange, open_client
from .money import Ledger, LimitError, told
from .probe import denied, diagnosis
from .request import ChatRequest, key_of
from .store import Store, Stored
from .structured import Rejected
from .telling import Telling
from .waiting import Gate, backoff

if TYPE_CHECKING:
    from openai import AsyncOpenAI

# So many requests given up in a row, with no answer between them, mean that the endpoint is gone.
_GONE_AFTER = 10
# A longer wait than this is for the person to decide.
_LONGEST_WAIT = 600.0
# Answers under way at Ctrl-C are paid for, so they are given so long to arrive.
_GRACE = 10.0
# Between looks for an interrupt, where the requests are sent from another thread.
_SECONDS_BETWEEN_LOOKS = 0.2

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Summary:
    """How many answers a run used that were stored before, and how many it received."""

    stored: int
    received: int


def complete(
    endpoint: Endpoint,
    requests: Iterable[ChatRequest],
    store: Store,
    ledger: Ledger,
    progress: Progress,
    name: str = "asking the model",
) -> Summary:
    """See that the store holds an answer, or a refusal, to every request; read them there by the request's key.

    Parameters
    ----------
    requests
        Iterated more than once, so that none has to be kept; equal ones are sent once.
    ledger
        The prices and the limits; shared by the steps of a build that have one budget.
    name
        What the progress calls this step.

    Raises
    ------
    UsageError
        The address, the key or the model is wrong.
    BuildError
        A limit was reached, or requests remain unanswered; what was answered is kept.
    KeyboardInterrupt
        Ctrl-C, after what was under way had a few seconds to arrive.
    """
    return _in_a_loop(_Run(endpoint, requests, store, ledger, progress, name).run)


def _in_a_loop(main: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Run a coroutine in a loop of its own; where one is running, as in a notebook, in another thread."""
    if not _in_a_running_loop():
        return asyncio.run(main())
    running: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = []

    async def known() -> Result:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  for the type checker
        running.append((asyncio.get_running_loop(), task))
        return await main()

    with ThreadPoolExecutor(1) as thread:
        result = thread.submit(lambda: asyncio.run(known()))
        interrupt: KeyboardInterrupt | None = None
        while not result.done():
            try:
                wait([result], _SECONDS_BETWEEN_LOOKS)  # polars lets no interrupt end a wait without a limit
            except KeyboardInterrupt as error:  # which comes to the notebook's thread and not to the loop's
                interrupt = error
                for loop, task in running:
                    with suppress(RuntimeError):  # it has just ended
                        loop.call_soon_threadsafe(task.cancel)
    if interrupt is not None:
        raise interrupt
    return result.result()


def _in_a_running_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Pending:
    """A request that is to be sent, and the most that it can cost."""

    key: bytes
    text: str
    body: dict[str, Any]
    request: ChatRequest
    most: int


class _GivenUp(Exception):  # noqa: N818
    """A request found no answer in all its attempts."""


class _Run:
    def __init__(
        self,
        endpoint: Endpoint,
        requests: Iterable[ChatRequest],
        store: Store,
        ledger: Ledger,
        progress: Progress,
        name: str,
    ) -> None:
        self.endpoint, self.requests, self.store, self.ledger = endpoint, requests, store, ledger
        self.progress, self.name = progress, name
        self.gate = Gate()
        self.stop: OpenMedError | None = None
        self.stopping = asyncio.Event()
        self.given_up: list[str] = []
        self.in_a_row = 0

    async def run(self) -> Summary:
        stored, missing = self._count()
        self.telling = Telling(self.progress.step(self.name, stored + missing), self.ledger, missing)
        self.telling.stored(stored)
        if missing:
            await self._send_all(self._pending())
        if self.stop is not None:
            raise self._with_counts(self.stop, stored, missing)
        if self.given_up:
            raise self._unanswered(missing)
        return Summary(stored, self.telling.arrived)

    def _count(self) -> tuple[int, int]:
        """Return how many different requests are stored and how many are not, and count the cost of the stored."""
        seen: set[bytes] = set()
        stored = 0
        for pending in map(self._prepared, self.requests):
            if pending.key in seen:
                continue
            seen.add(pending.key)
            held = self.store.get(pending.key)
            if held is not None:
                stored += 1
                self.ledger.count_stored(held.usage, pending.most, held.attempts)
        return stored, len(seen) - stored

    def _pending(self) -> Iterator[_Pending]:
        """Yield what is to be sent, each request once."""
        seen: set[bytes] = set()
        for pending in map(self._prepared, self.requests):
            if pending.key not in seen and self.store.get(pending.key) is None:
                seen.add(pending.key)
                yield pending

    def _prepared(self, request: ChatRequest) -> _Pending:
        body = self.endpoint.body(request)
        text = canonical_json(body)
        most = self.ledger.prices.most(len(text.encode()), request.max_tokens)
        return _Pending(key_of(body), text, body, request, most)

    async def _send_all(self, pending: Iterator[_Pending]) -> None:
        client = open_client(self.endpoint)
        try:
            await self._together([self._guarded(self._answer(client, next(pending), probe=True))])
            if self.stop is None and not self.given_up:
                await self._together(
                    [self._work(client, pending) for _ in range(min(self.endpoint.concurrency, self.telling.missing))]
                )
        finally:
            await client.close()

    async def _together(self, workers: list[Coroutine[Any, Any, None]]) -> None:
        """Run the workers to their end; at Ctrl-C, let what is under way arrive."""
        tasks = [asyncio.create_task(worker) for worker in workers]
        try:
            for task in tasks:
                await asyncio.shield(task)
        except asyncio.CancelledError:
            self._stop_with(BuildError("interrupted"))
            self.progress.note(f"waiting up to {_GRACE:g} s for answers under way; press Ctrl-C again to leave at once")
            await asyncio.wait(tasks, timeout=_GRACE)
            raise
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, client: "AsyncOpenAI", pending: Iterator[_Pending]) -> None:
        for one in pending:
            await self._guarded(self._answer(client, one))
            if self.stop is not None:
                return

    async def _guarded(self, work: Awaitable[None]) -> None:
        """Turn what stops a run into a mark that all workers see, and count what is given up."""
        try:
            await work
        except _GivenUp as given_up:
            self.given_up.append(str(given_up))
            self.in_a_row += 1
            if self.in_a_row >= _GONE_AFTER:
                self._stop_with(BuildError(f"{self.endpoint.url} has stopped answering: {given_up}"))
        except OpenMedError as error:
            self._stop_with(error)

    def _stop_with(self, error: OpenMedError) -> None:
        """Send nothing more: those who wait to send wake up, and those who wait for an answer go on."""
        self.stop = self.stop or error
        self.stopping.set()

    async def _answer(self, client: "AsyncOpenAI", pending: _Pending, *, probe: bool = False) -> None:
        """Send one request until it is answered or refused, and store what came."""
        for attempt in range(1, self.endpoint.attempts + 1):
            outcome = await self._attempt(client, pending)
            if isinstance(outcome, Reply):
                await self._keep(pending, outcome, attempt)
                return
            if probe and (outcome.page or outcome.trouble not in PASSING or outcome.trouble is Trouble.UNREACHABLE):
                raise await diagnosis(client, self.endpoint, outcome)
            if outcome.trouble is Trouble.REFUSED:
                await self._keep(pending, outcome, attempt)
                return
            if outcome.trouble not in PASSING:
                raise await self._lasting(client, outcome)
            if attempt < self.endpoint.attempts:
                await self._wait(outcome, attempt)
            elif probe:
                raise await diagnosis(client, self.endpoint, outcome)
            else:
                raise _GivenUp(outcome.words)

    async def _attempt(self, client: "AsyncOpenAI", pending: _Pending) -> Reply | Failure:
        """Send one request once, within the limits."""
        while (closed := self.gate.closed()) > 0 and self.stop is None:
            await self._pause(closed)
        if self.stop is not None:
            raise self.stop
        await self.ledger.admit(pending.most)
        cost, lost = pending.most, True
        try:
            outcome = await exchange(client, self.endpoint, pending.body)
            if isinstance(outcome, Reply):
                lost = False
                cost = pending.most if outcome.usage is None else self.ledger.prices.of(outcome.usage)
            elif outcome.trouble not in MAY_BE_BILLED:
                cost, lost = 0, False
        finally:
            self.ledger.settle(pending.most, cost, lost=lost)
        return outcome

    async def _keep(self, pending: _Pending, outcome: Reply | Failure, attempts: int) -> None:
        refused = isinstance(outcome, Failure)
        usage = None if refused else outcome.usage
        row = Stored(
            key=pending.key,
            request=pending.text,
            refused=refused,
            response=outcome.words if refused else outcome.body,
            prompt_tokens=0 if refused else usage and usage.prompt,
            completion_tokens=0 if refused else usage and usage.completion,
            attempts=attempts,
            host=self.endpoint.host,
        )
        await self.store.put(row)
        self.in_a_row = 0
        rejected = isinstance(read_answer(row, pending.request.schema).value, Rejected)
        self.telling.came(usage, rejected=rejected)

    async def _wait(self, failure: Failure, attempt: int) -> None:
        """Wait before the next attempt; hold the others back too for as long as the endpoint asks for.

        Raises
        ------
        BuildError
            It asks for more than a run should wait.
        """
        asked = failure.wait or 0.0
        if asked > _LONGEST_WAIT:
            raise BuildError(f"{self.endpoint.host} asks to wait {asked:,.0f} s: {failure.words}")
        self.gate.close_for(asked)
        await self._pause(backoff(attempt))

    async def _pause(self, seconds: float) -> None:
        """Wait, or less where the run stops meanwhile."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)

    async def _lasting(self, client: "AsyncOpenAI", failure: Failure) -> OpenMedError:
        if failure.trouble in {Trouble.DENIED, Trouble.NO_CREDIT}:
            return denied(self.endpoint, failure)
        return await diagnosis(client, self.endpoint, failure)

    def _with_counts(self, error: OpenMedError, stored: int, missing: int) -> OpenMedError:
        """Return the error that stopped the run, with how far it came."""
        answered = self.telling.arrived + stored
        if not answered:
            return error
        kept = f"{answered:,} of {stored + missing:,} requests are answered and kept"
        if isinstance(error, LimitError):
            kept = f"{told(self.ledger.spent)} spent, {self.ledger.sent:,} requests sent; {kept}"
        return type(error)(f"{error}; {kept}", hint=error.hint or "Run the same command again to go on from there.")

    def _unanswered(self, missing: int) -> BuildError:
        return BuildError(
            f"{len(self.given_up):,} of {missing:,} requests got no answer in {self.endpoint.attempts} attempts each; "
            f"the last trouble: {self.given_up[-1]}",
            hint="Run the same command again to send these alone; every answer is kept.",
        )
