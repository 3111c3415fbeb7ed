"""What a trainer leaves of the replies of pairs that are longer than it takes."""

import polars as pl
from jinja2 import TemplateError

from openmed_data.kinds import Kind

from ._conversations import Conversation, conversations
from ._render import Renderer

_AT_ONCE = 256


def cut_replies(pairs: pl.DataFrame, renderer: Renderer, max_length: int) -> pl.DataFrame:
    """Cut prompt and reply to the first `max_length` tokens, as TRL's DPO trainer does (`keep_start`).

    Returns
    -------
    pl.DataFrame
        `row` (number in `pairs`), and of the replies `chosen` and `rejected` the text that is left, for the pairs of
        which a reply is cut.
    """
    made: dict[int, list[tuple[str, int]]] = {}
    for one in conversations(pairs, Kind.PREFERENCES):
        if (rendered := _rendered(one, renderer)) is not None:
            made.setdefault(one.row, []).append(rendered)
    whole = [(row, *sides) for row, sides in made.items() if len(sides) == 2]
    cut: list[tuple[int, str, str]] = []
    for start in range(0, len(whole), _AT_ONCE):
        some = whole[start : start + _AT_ONCE]
        ends = _ends([text for _, *sides in some for text, _ in sides], renderer, max_length)
        for place, (row, (chosen, begin), (rejected, other)) in enumerate(some):
            first, second = ends[2 * place], ends[2 * place + 1]
            if first < len(chosen) or second < len(rejected):
                cut.append((row, chosen[begin:first], rejected[other:second]))
    return pl.DataFrame(cut, schema={"row": pl.Int64, "chosen": pl.String, "rejected": pl.String}, orient="row")


def _rendered(one: Conversation, renderer: Renderer) -> tuple[str, int] | None:
    """Return prompt and reply as one text, and where the reply begins; None where the template refuses."""
    try:
        whole = renderer.render(one.messages).text
        prompt = renderer.render(one.messages[: one.asked], prompt=True).text
    except TemplateError:
        return None
    return (whole, len(prompt)) if whole.startswith(prompt) else None


def _ends(texts: list[str], renderer: Renderer, max_length: int) -> list[int]:
    """Return how many characters of each text its first tokens cover."""
    ends: list[int] = []
    for text, encoded in zip(texts, renderer.encode(texts), strict=True):
        long = len(encoded.ids) > max_length
        last = encoded.token_to_chars(max_length - 1) if long else None
        ends.append(last[1] if last else len(text))
    return ends
