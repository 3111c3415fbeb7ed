"""Every reason of this builder: the laws that a trace must keep, and why a question gives no search trace."""

from collections.abc import Iterable
from itertools import chain
from typing import Any, cast

from openmed_data.builder import ReasonCode
from openmed_data.traces.reasons import Law

from .searching import SearchReason


def _joined(name: str, *codes: type[ReasonCode]) -> type[ReasonCode]:
    members = chain.from_iterable(cast(Iterable[ReasonCode], one) for one in codes)
    make: Any = ReasonCode  # called with a list of members, an enumeration makes another one
    return make(name, [(code.name, (code.value, code.meaning)) for code in members])


Reason = _joined("Reason", Law, SearchReason)
