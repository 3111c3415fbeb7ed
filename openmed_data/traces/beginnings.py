"""Find traces that are the beginning of a longer one.

Sets such as API-Bank cut one conversation before each of its calls and make a row of every piece. The longest piece
holds all others, with the results that they lack; training on all of them would weigh the first turns most.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

import polars as pl
import xxhash

from openmed_data import tally
from openmed_data.traces.codec import dumps
from openmed_data.traces.laws import uphold
from openmed_data.traces.reasons import Unfit
from openmed_data.traces.trace import Trace

_ENDS, _PASSED = "ends", "passed"


def count_beginnings(traces: Iterable[Trace]) -> pl.DataFrame:
    """Count, as a tally, the traces that end with a call, and the calls that a longer one goes on from.

    The tally has a row for each call, of a hash and a number.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for trace in traces:
        *passed, end = _hashes(trace)
        if trace.messages[-1].calls:
            counts[_ENDS, end] += 1
        if passed and _fits(trace):
            counts.update((_PASSED, one) for one in passed)
    rows = [(table, key, "", number) for (table, key), number in counts.items()]
    return pl.DataFrame(rows, schema=tally.SCHEMA, orient="row")


def _fits(trace: Trace) -> bool:
    """Tell whether a longer trace will itself be kept, as far as its calls can tell."""
    try:
        if trace.tools is not None:
            uphold(trace, trace.tools, may_end_with_call=True)
    except Unfit:
        return False
    return True


def beginnings(evidence: pl.DataFrame) -> frozenset[str]:
    """Return what `beginning` says of the traces that are the beginning of another one."""
    keys = {table: evidence.filter(pl.col("table") == table)["key"] for table in (_ENDS, _PASSED)}
    return frozenset(set(keys[_ENDS]) & set(keys[_PASSED]))


def beginning(trace: Trace) -> str:
    """Return a hash of all messages of a trace that ends with a call; empty for any other."""
    return list(_hashes(trace))[-1] if trace.messages[-1].calls else ""


def _hashes(trace: Trace) -> Iterator[str]:
    """Yield the hash of what was said up to each call, and up to the end."""
    running = xxhash.xxh3_64()
    last = len(trace.messages) - 1
    for place, message in enumerate(trace.messages):
        calls = [[call.name, call.arguments] for call in message.calls]
        running.update(dumps([message.role, message.content, calls]).encode())
        if calls and place < last:
            yield running.hexdigest()
    yield running.hexdigest()
