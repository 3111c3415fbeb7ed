"""What stored answers are and cost, as a manifest tells it."""

from collections.abc import Callable, Iterable
from typing import Any

from .answer import read_answer
from .endpoint import Endpoint
from .money import Prices, Usage, dollars
from .request import ChatRequest, key_of
from .store import Stored


def sums(
    endpoint: Endpoint, prices: Prices, requests: Iterable[ChatRequest], read: Callable[[bytes], Stored | None]
) -> dict[str, Any]:
    """Return what the stored answers to some requests are and cost; the same whenever and however they were asked.

    Examples
    --------
    >>> sums(Endpoint("http://localhost:8000/v1", "m"), Prices(), [], lambda key: None)["answers"]
    0
    """
    models: set[str] = set()
    hosts: set[str] = set()
    usages: list[Usage | None] = []
    asked = {key_of(endpoint.body(request)): request for request in requests}
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
        "cost": dollars(sum(map(prices.of, known))),
        "models": sorted(filter(None, models)),
        "hosts": sorted(hosts),
    }
