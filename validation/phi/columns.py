"""Scan every text of a frame: nested columns are laid out flat, one line per text, and scanned all at once."""

from collections.abc import Iterator

import polars as pl

from openmed_data.kinds import Kind, schema
from openmed_data.mask import mask

from .fields import leaves, spoken
from .kinds import Level, Profile
from .mentions import mentions
from .ner import with_model
from .scanner import FRAME_SCHEMA, scan_frame

LEAVES = pl.Schema({"row": pl.UInt32, "field": pl.String, "head": pl.String, "text": pl.String})
FOUND = pl.Schema({**FRAME_SCHEMA, "field": pl.String, "text": pl.String, "value": pl.String, "masked": pl.String})

# Names that tell nothing of a text: columns of the four kinds, and the parts of a message. Under any other name
# (`patient_name`, `mrn`) a bare value is read together with it.
_PLAIN = frozenset(
    {"", "role", "content", "text", "question", "options", "explanation"}
    | {name for kind in Kind for name in schema(kind).names}
)
# The letter of an option would be read as a person's initial: "A. Robertson".
_OPTION = r"(?m)^[A-J][.)] "


def scan_columns(frame: pl.DataFrame, profile: Profile | str = Profile.GATE, model: str = "") -> pl.DataFrame:
    """Find identifiers in every text, number and date of `frame`, however deep it stands.

    Parameters
    ----------
    frame
        Any columns.
    profile
        As in `scan`.
    model
        A token-classification model that is asked beside the rules; see `ner.scan_with_model`.

    Returns
    -------
    pl.DataFrame
        As `scan_frame`, ordered by row, and beside it `field` (a path such as ``prompt[0].content``; positions are
        those of this text), `text`, `value` (what stands there) and `masked`. What one text of a row
        identifies is found in its other texts too, and once it holds a person, nothing in it is of level 1.

    Examples
    --------
    >>> frame = pl.DataFrame({"messages": [[{"role": "user", "content": "Mail a.b@example.org"}]], "mrn": [445566]})
    >>> scan_columns(frame).select("field", "type", "level", "masked").rows()
    [('messages[0].content', 'EMAIL', 3, '*.*@e******.o**'), ('mrn', 'MRN', 3, '******')]
    """
    texts = flat_texts(frame)
    read = pl.col("text").str.replace_all(_OPTION, "-- ") if Profile(profile) is Profile.GATE else pl.col("text")
    column = texts.select(pl.concat_str("head", read)).to_series()
    found = scan_frame(column, profile)
    if model:
        found = with_model(found, column, model)
    places = texts[found["row"]]
    shift = places["head"].str.len_chars()
    spans = found.with_columns(
        row=places["row"],
        start=(found["start"].cast(pl.Int64) - shift).clip(lower_bound=0).cast(pl.UInt32),
        end=(found["end"].cast(pl.Int64) - shift).clip(lower_bound=0).cast(pl.UInt32),
        field=places["field"],
        text=places["text"],
    ).filter(pl.col("end") > pl.col("start"))
    every = pl.concat([_raised(spans), mentions(spans, texts)])
    value = pl.col("text").str.slice("start", pl.col("end") - pl.col("start"))
    named = every.with_columns(value=value)
    masked = pl.Series("masked", [mask(text, len(text)) for text in named["value"]], dtype=pl.String)
    return named.with_columns(masked).select(FOUND.names()).sort("row", "field", "start")


def _raised(found: pl.DataFrame) -> pl.DataFrame:
    """Raise what is of level 1 in a row with more than that to level 2, as the scanner does within one text."""
    person = pl.col("level").max().over("row") >= Level.CONTEXT
    return found.with_columns(
        pl.when(person).then(pl.col("level").clip(Level.CONTEXT)).otherwise("level").alias("level")
    )


def flat_texts(frame: pl.DataFrame) -> pl.DataFrame:
    """Return one line for each text of `frame`, as `LEAVES`: its row, its path, the words to read before it, itself.

    A text that is itself JSON, as the arguments of a tool call are, gives the texts inside it.
    """
    columns = (
        frame.select(
            pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"), pl.lit(name).alias("field"), pl.col(name).alias("at")
        )
        for name in frame.columns
        if not name.startswith("_")
    )
    flat = [
        pl.DataFrame(schema=LEAVES),
        *(part for column in columns for part in _walk(column, column["field"].first())),
    ]
    return _with_json(pl.concat(flat))


def _walk(column: pl.DataFrame, name: object) -> Iterator[pl.DataFrame]:
    """Yield the texts below one column of values `at`, which stand under the key `name`."""
    held = column.drop_nulls("at")
    dtype = held.schema["at"]
    if isinstance(dtype, pl.List | pl.Array):
        each = held.with_columns(pl.col("at").cast(pl.List(dtype.inner)))
        numbered = each.with_columns(place=pl.int_ranges(pl.col("at").list.len())).filter(pl.col("at").list.len() > 0)
        items = numbered.explode("at", "place").with_columns(field=pl.format("{}[{}]", "field", "place"))
        yield from _walk(items.drop("place"), name)
    elif isinstance(dtype, pl.Struct):
        for part in dtype.fields:
            inner = held.select("row", pl.format(f"{{}}.{part.name}", "field").alias("field"), _part(part.name))
            yield from _walk(inner, part.name)
    elif dtype == pl.String or (str(name) not in _PLAIN and (dtype.is_numeric() or dtype.is_temporal())):
        head = "" if str(name) in _PLAIN else f"{spoken(str(name))}: "
        text = pl.col("at").cast(pl.String)
        spoken_first = pl.when(text.str.contains("\n")).then(pl.lit("")).otherwise(pl.lit(head))
        yield held.select("row", "field", spoken_first.alias("head"), text.alias("text"))


def _part(name: str) -> pl.Expr:
    return pl.col("at").struct.field(name).alias("at")


def _with_json(texts: pl.DataFrame) -> pl.DataFrame:
    """Put in the place of each JSON text the texts inside it."""
    maybe = texts["text"].str.contains(r"^\s*[\[{]")
    inside = [
        (row, leaf.path, f"{spoken(leaf.label)}: " if leaf.label and "\n" not in leaf.text else "", leaf.text)
        for row, field, head, text in texts.filter(maybe).iter_rows()
        for leaf in leaves(text, field, head.removesuffix(": "))
    ]
    return pl.concat([texts.filter(~maybe), pl.DataFrame(inside, schema=LEAVES, orient="row")])
