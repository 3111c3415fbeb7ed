"""From a record's JSON text to a trace that keeps every law."""

from dataclasses import dataclass, replace
from typing import Any

from openmed_data.traces.codec import loads
from openmed_data.traces.format import Format
from openmed_data.traces.laws import uphold
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

    def convert(self, text: str) -> Trace | Unfit:
        """Return the trace, or the law that it breaks."""
        try:
            trace = read(text, self.form)
            tools = self.inferred if trace.tools is None else trace.tools
            uphold(trace, tools, may_end_with_call=self.end_with_call and self.form.may_end_with_call)
        except Unfit as unfit:
            return unfit
        return trace if trace.tools is tools else replace(trace, tools=tools)


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
    return settle(form.read(record))
