"""From the JSON text of records to traces that keep every law."""

import gc
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

from openmed_data.traces.codec import loads
from openmed_data.traces.format import Format
from openmed_data.traces.laws import suspects, uphold, uphold_texts
from openmed_data.traces.reasons import Unfit, unreadable
from openmed_data.traces.settle import settle
from openmed_data.traces.toolbox import Toolbox
from openmed_data.traces.trace import Trace


@dataclass(frozen=True, slots=True)
class Converter:
    """What turns records of one format into traces.

    Attributes
    ----------
    inferred
        The tools of records that declare none.
    end_with_call
        Whether traces may end with a call, in formats where that is a fit end.
    """

    form: Format
    inferred: Toolbox
    end_with_call: bool = True

    def convert(self, texts: Sequence[str]) -> list[Trace | Unfit]:
        """Return the trace in each text, or the law that it breaks."""
        with _no_collection():
            found = [self._converted(text) for text in texts]
        kept = [place for place, one in enumerate(found) if isinstance(one, Trace)]
        traces = [one for one in found if isinstance(one, Trace)]
        for at in suspects(traces):
            try:
                uphold_texts(traces[at])
            except Unfit as unfit:
                found[kept[at]] = unfit
        return found

    def _converted(self, text: str) -> Trace | Unfit:
        """Return the trace in a text, which keeps the laws of calls; those of texts are looked after all at once."""
        try:
            trace = read(text, self.form)
            tools = self.inferred if trace.tools is None else trace.tools
            uphold(trace, tools, may_end_with_call=self.end_with_call and self.form.may_end_with_call)
        except Unfit as unfit:
            return unfit
        return trace if trace.tools is tools else replace(trace, tools=tools)


@contextmanager
def _no_collection() -> Generator[None]:
    """Keep Python from looking for garbage: all that a batch makes lives to its end, and none of it is cyclic.

    Looking through it again and again takes a third of the time.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def read(text: str, form: Format) -> Trace:
    """Return the settled trace in a record's JSON text.

    Raises
    ------
    Unfit
        The record is not what the format says, or its turns and calls are in no order.
    """
    record: Any = loads(text)
    if not isinstance(record, dict):
        raise unreadable("record", record, "an object")
    return settle(form.read(cast("dict[str, Any]", record)))
