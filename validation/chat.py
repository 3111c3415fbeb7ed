"""Check `chat`: what a trainer makes of the rows with a given chat template and tokenizer.

A template can refuse a conversation, drop a part of it, leave out the token by which a model learns to stop, or mark
nothing as the model's own words, so that training goes on and teaches nothing. Which tokens are trained is what the
template marks (``{% generation %}``, as TRL's `assistant_only_loss` reads it), and the reply where there is a prompt or
the template marks nothing. The stop token counts as TRL counts it (`is_chat_template_stop_token_trained`): the last
trained token that is not white space must be one that was added to the tokenizer's vocabulary.
"""

from collections.abc import Mapping

import polars as pl
from pydantic import Field

from openmed_data import tally
from openmed_data.builder import ReasonCode
from openmed_data.check import FINDINGS, Check, Figure, Scan, Settings, Severity
from openmed_data.kinds import Kind, kind_of

from ._chat_tokens import Outcome, examine
from ._conversations import conversations
from ._render import open_renderer

_CLASS = 64  # tokens


class Fault(ReasonCode):
    """What can go wrong between a row and the loss."""

    UNRENDERABLE = "unrenderable", "rows that the template refuses or fails on"
    NOT_PREFIX = "prompt_not_prefix", "rows whose prompt renders otherwise once the reply follows it"
    LOST_TEXT = "lost_text", "rows of which the template leaves a message's text out, in whole or in part"
    LOST_CALLS = "lost_calls", "rows of which the template leaves a call or the declared tools out"
    NOTHING_TRAINED = "nothing_trained", "rows without a token that is trained"
    NO_STOP = "stop_not_trained", "rows whose last trained token is not one by which the model stops"
    TOO_LONG = "too_long", "rows with more tokens than the trainer takes, which it cuts or drops"


_SEVERITY = {Fault.LOST_TEXT: Severity.WARN}


class ChatSettings(Settings):
    """What renders the rows, and how many may go wrong."""

    tokenizer: str = Field("", description="Folder of a tokenizer, or its repository on the Hub.")
    template: str = Field("", description="Jinja file of a chat template; the tokenizer's own if left out.")
    max_length: int = Field(1024, ge=1, description="Most tokens that the trainer takes; `max_length` of its recipe.")
    max_too_long: float = Field(0.01, ge=0, le=1, description="Most rows with more tokens, as a share.")
    max_faulty: int = Field(0, ge=0, description="Most rows with one and the same other fault.")


class ChatCheck(Check[ChatSettings]):
    """Rendering, supervised tokens and lengths in tokens."""

    name = "chat"
    summary = "rows render with a chat template, train some tokens and the stop token, and are not too long"
    codes = Fault

    @property
    def settings_model(self) -> type[ChatSettings]:
        """Return the settings."""
        return ChatSettings

    def not_run(self, settings: ChatSettings) -> str:
        """Say that there is nothing to render with."""
        given = settings.tokenizer or settings.template
        return "" if given else "no tokenizer or template was given: --set chat.tokenizer=DIR, chat.template=FILE"

    def scan(self, batch: pl.DataFrame, settings: ChatSettings) -> Scan:
        """Render the rows of a batch, tokenize them, and count."""
        kind = kind_of(set(batch.columns))
        if kind is None or self.not_run(settings):
            return Scan()
        renderer = open_renderer(settings.tokenizer, settings.template)
        outcomes = examine(list(conversations(batch, kind)), renderer)
        found = _faults(outcomes, settings, trained=kind is not Kind.REWARDS)
        rows = found.select("row", "code").unique().group_by("code").agg(pl.len().alias("count"))
        counts = [tally.tally("fault", rows, key="code"), _count("rows", "rows", batch.height)]
        counts.append(_count("counted", "tokens" if renderer.backend is not None else "characters", 1))
        counts.append(_sizes(outcomes))
        return Scan(_findings(found, batch, self.most_findings), tally.merge(counts))

    def assess(self, counts: pl.DataFrame, settings: ChatSettings) -> tuple[Figure, ...]:
        """Turn counts into figures: faults, percentiles of tokens, and the share of rows that are too long."""
        if self.not_run(settings):
            return ()
        faults, rows = tally.table(counts, "fault"), tally.table(counts, "rows").get("rows", 0)
        figures = [
            Figure(
                fault,
                faults.get(fault, 0),
                maximum=settings.max_faulty,
                severity=_SEVERITY.get(fault, Severity.FAIL),
                meaning=fault.meaning,
            )
            for fault in Fault
            if fault is not Fault.TOO_LONG
        ]
        figures.insert(0, Figure("rendered_rows", rows - faults.get(Fault.UNRENDERABLE, 0), meaning="rows that render"))
        if "tokens" in tally.table(counts, "counted"):
            figures += _token_figures(counts, rows, settings)
        return tuple(figures)

    def tables(self, counts: pl.DataFrame) -> Mapping[str, Mapping[str, float]]:
        """Return rows by their number of tokens, in classes."""
        if "tokens" not in tally.table(counts, "counted"):
            return {}
        classes: dict[int, int] = {}
        for size, rows in tally.table(counts, "size").items():
            classes[int(size) // _CLASS] = classes.get(int(size) // _CLASS, 0) + rows
        ordered = range(min(classes, default=0), max(classes, default=-1) + 1)
        return {
            "tokens per row": {f"{at * _CLASS:,}-{at * _CLASS + _CLASS - 1:,}": classes.get(at, 0) for at in ordered}
        }


def _token_figures(counts: pl.DataFrame, rows: int, settings: ChatSettings) -> list[Figure]:
    sizes, trained = tally.table(counts, "size"), tally.table(counts, "trained")
    long = tally.table(counts, "fault").get(Fault.TOO_LONG, 0)
    return [
        *(
            Figure(f"tokens_p{part}", percentile(sizes, part), meaning=f"tokens that {part}% of rows do not exceed")
            for part in (50, 90, 99, 100)
        ),
        Figure(
            "trained_tokens_p50", percentile(trained, 50), meaning="trained tokens that half of the rows do not exceed"
        ),
        Figure(
            Fault.TOO_LONG,
            round(long / rows, 6) if rows else 0.0,
            maximum=settings.max_too_long,
            meaning=f"{Fault.TOO_LONG.meaning}: {settings.max_length:,}; share of rows ({long:,} of {rows:,})",
        ),
    ]


def percentile(counts: Mapping[str, int], part: int) -> int:
    """Return the smallest number that at least `part` percent of the counted ones do not exceed; 0 if there are none.

    Examples
    --------
    >>> percentile({"3": 1, "10": 1}, 50), percentile({"3": 1, "10": 1}, 51)
    (3, 10)
    """
    total, seen = sum(counts.values()), 0
    for number, count in sorted((int(key), count) for key, count in counts.items()):
        seen += count
        if 100 * seen >= part * total:
            return number
    return 0


_FOUND = pl.Schema({"row": pl.Int64, "field": pl.String, "code": pl.String, "masked": pl.String})


def _faults(outcomes: list[Outcome], settings: ChatSettings, *, trained: bool) -> pl.DataFrame:
    found: list[tuple[int, str, str, str]] = []
    for one in outcomes:
        if one.refused is not None:
            found.append((one.row, one.field, Fault.UNRENDERABLE, one.refused))
            continue
        told = {
            Fault.NOT_PREFIX: one.prompt_changed,
            Fault.LOST_TEXT: one.lost_text,
            Fault.LOST_CALLS: one.lost_calls,
            Fault.NOTHING_TRAINED: trained and one.trained == 0,
            Fault.NO_STOP: trained and one.trained > 0 and one.stops is False,
            Fault.TOO_LONG: one.tokens is not None and one.tokens > settings.max_length,
        }
        found += [(one.row, one.field, str(fault), "") for fault, holds in told.items() if holds]
    return pl.DataFrame(found, schema=_FOUND, orient="row")


def _sizes(outcomes: list[Outcome]) -> pl.DataFrame:
    """Count rows by their tokens and by their trained tokens; of the two sides of a pair the longer one counts."""
    held = [(one.row, one.tokens or 0, one.trained) for one in outcomes if one.refused is None]
    frame = pl.DataFrame(held, schema={"row": pl.Int64, "size": pl.Int64, "trained": pl.Int64}, orient="row")
    rows = frame.group_by("row").agg(pl.col("size", "trained").max())
    counted = (rows.group_by(name).agg(pl.len().alias("count")) for name in ("size", "trained"))
    return tally.merge(
        tally.tally(name, counts, key=name) for name, counts in zip(("size", "trained"), counted, strict=True)
    )


def _count(table: str, key: str, count: int) -> pl.DataFrame:
    return pl.DataFrame([(table, key, "", count)], schema=tally.SCHEMA, orient="row")


def _findings(found: pl.DataFrame, batch: pl.DataFrame, most: int) -> pl.DataFrame:
    shown = found.group_by("code", maintain_order=True).head(most)
    return shown.select(
        batch["id"].cast(pl.String).fill_null("").gather(shown["row"]).alias("id"),
        pl.lit("").alias("split"),
        "field",
        pl.lit(0, pl.Int64).alias("start"),
        pl.lit(0, pl.Int64).alias("end"),
        "code",
        pl.lit(2, pl.Int8).alias("level"),
        "masked",
    ).select(FINDINGS.names())


CHECK = ChatCheck()
