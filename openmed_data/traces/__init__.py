"""Tool-use traces: the formats in which they are published, one canonical form, the laws that they must keep.

See `docs/traces.md`.
"""

from openmed_data.traces.trace import Call, Message, Trace

__all__ = ["Call", "Message", "Trace"]
