"""Compare two datasets row by row, by id, without holding either in memory.

Both sides are read once in batches and reduced to one hash for each column of each row, laid down in temporary files by
a hash of the id. Those are then joined on the id, one part at a time, so memory depends on a part and not on a set.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import polars as pl

from openmed_data.dataset import Dataset
from openmed_data.scratch import scratch

_ID, _COPY, _SPLIT = "id", "_copy", "split"
_PARTS = 16
_ROWS_AT_ONCE = 250_000
_EXAMPLES = 5
_MANIFEST_PARTS = ("source", "options", "filters", "made_with", "limit")


@dataclass(frozen=True, slots=True)
class Change:
    """One value that differs, None on the side that lacks it."""

    name: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Diff:
    """What sets two datasets apart.

    Attributes
    ----------
    old_rows, new_rows
        Rows by split.
    added, removed, changed, unchanged
        Numbers of rows; a row is changed where both sides have its id with other content or in another split.
    by_column
        In how many changed rows each column differs; `split` counts as one. Columns that one side lacks are not
        compared.
    columns_added, columns_removed
        Columns that only one side has.
    examples
        A few ids of each of added, removed and changed.
    reasons, made_from, figures
        What differs between the manifests: rejected rows by reason, sources and options, measured figures. Empty
        unless both sides are builds.
    """

    old_rows: Mapping[str, int]
    new_rows: Mapping[str, int]
    added: int
    removed: int
    changed: int
    unchanged: int
    by_column: Mapping[str, int]
    columns_added: Sequence[str]
    columns_removed: Sequence[str]
    examples: Mapping[str, Sequence[str]]
    reasons: Sequence[Change]
    made_from: Sequence[Change]
    figures: Sequence[Change]

    @property
    def same(self) -> bool:
        """Whether both sides hold the same rows in the same splits and columns."""
        return not (self.added or self.removed or self.changed or self.columns_added or self.columns_removed)

    def to_json(self) -> dict[str, Any]:
        """Return the difference as JSON values."""
        return {"same": self.same, **asdict(self)}


def diff(old: Dataset, new: Dataset) -> Diff:
    """Compare `old` and `new`.

    Rows are matched by `id`; where an id occurs several times, its copies are matched in order. Files without ids are
    matched by their whole content, so that a row is added or removed and never changed.

    Examples
    --------
    >>> from openmed_data.dataset import open_dataset
    >>> with scratch() as folder:
    ...     def save(name: str, answers: dict[str, str]) -> Dataset:
    ...         reply = [[{"role": "assistant", "content": text}] for text in answers.values()]
    ...         pl.DataFrame({"id": list(answers), "messages": reply}).write_parquet(f"{folder}/{name}.parquet")
    ...         return open_dataset(f"{folder}/{name}.parquet")
    ...
    ...     found = diff(save("old", {"a": "yes", "b": "no"}), save("new", {"b": "maybe", "c": "no"}))
    >>> found.added, found.removed, found.changed, dict(found.by_column)
    (1, 1, 1, {'messages': 1})
    """
    schemas = [_schema(side) for side in (old, new)]
    shared = [name for name in schemas[0] if name in schemas[1] and name != _ID]
    # Hashes are compared between columns of one type; columns of two types are compared as text.
    as_text = {name for name in shared if schemas[0][name] != schemas[1][name]}
    has_ids = all(_ID in schema for schema in schemas)
    with scratch() as folder:
        sides = [folder / name for name in ("old", "new")]
        rows = [
            _lay_down(side, path, shared, as_text, has_ids=has_ids)
            for side, path in zip((old, new), sides, strict=True)
        ]
        counts = _Counts()
        for part in range(_PARTS):
            counts.take(_joined(sides, part))
    both = old.manifest is not None and new.manifest is not None
    return Diff(
        old_rows=rows[0],
        new_rows=rows[1],
        **counts.totals(),
        columns_added=[name for name in schemas[1] if name not in schemas[0]],
        columns_removed=[name for name in schemas[0] if name not in schemas[1]],
        reasons=_changes(_reasons(old), _reasons(new)) if both else (),
        made_from=_changes(_parts(old, _MANIFEST_PARTS), _parts(new, _MANIFEST_PARTS)) if both else (),
        figures=_changes(_parts(old, ("figures",)), _parts(new, ("figures",))) if both else (),
    )


def _schema(dataset: Dataset) -> dict[str, pl.DataType]:
    for _, batch in dataset.batches():
        return dict(batch.schema)
    return {}


def _lay_down(
    dataset: Dataset, folder: Path, shared: Sequence[str], as_text: set[str], *, has_ids: bool
) -> dict[str, int]:
    """Write id, split and one hash a column for every row; return the rows of each split."""
    rows: dict[str, int] = {}
    empty = pl.DataFrame(schema={**dict.fromkeys(shared, pl.UInt64), _ID: pl.String, _SPLIT: pl.UInt64})
    held = [empty]
    for split, batch in dataset.batches():
        rows[split] = rows.get(split, 0) + batch.height
        hashes = batch.select(_hash(name, as_text=name in as_text) for name in shared)
        ids = batch[_ID].cast(pl.String) if has_ids else hashes.select(pl.struct(pl.all()).hash()).to_series().cast(str)
        held.append(hashes.with_columns(ids.alias(_ID), pl.lit(split).hash().alias(_SPLIT)).select(empty.columns))
        if sum(frame.height for frame in held) >= _ROWS_AT_ONCE:
            _write_parts(pl.concat(held), folder)
            held = [empty]
    _write_parts(pl.concat(held), folder)
    return rows


def _write_parts(rows: pl.DataFrame, folder: Path) -> None:
    for part in range(_PARTS):
        path = folder / f"{part:02d}"
        path.mkdir(parents=True, exist_ok=True)
        held = rows.filter(pl.col(_ID).hash() % _PARTS == part)
        held.write_ipc(path / f"{len(list(path.iterdir())):06d}.arrow")


def _hash(name: str, *, as_text: bool) -> pl.Expr:
    # The struct gives the JSON a key, so that lists and plain values are encoded alike.
    value = pl.struct(pl.col(name).alias("")).struct.json_encode() if as_text else pl.col(name)
    return value.hash().alias(name)


def _joined(sides: Sequence[Path], part: int) -> pl.DataFrame:
    """Return the rows of both sides whose ids fall into one part, side by side."""
    halves = [
        pl.scan_ipc(path / f"{part:02d}" / "*.arrow")
        .with_columns(pl.int_range(pl.len()).over(_ID).alias(_COPY), pl.lit(value=True).alias("_here"))
        .collect()
        for path in sides
    ]
    return halves[0].join(halves[1], on=[_ID, _COPY], how="full", coalesce=True, suffix=" new", nulls_equal=True)


class _Counts:
    """Sums over parts."""

    def __init__(self) -> None:
        self.unchanged = 0
        self.kinds = {"added": 0, "removed": 0, "changed": 0}
        self.examples: dict[str, list[str]] = {kind: [] for kind in self.kinds}
        self.by_column: dict[str, int] = {}

    def take(self, pairs: pl.DataFrame) -> None:
        """Count one part."""
        columns = [name for name in pairs.columns if f"{name} new" in pairs.columns and name != "_here"]
        differs = [pl.col(name).ne_missing(pl.col(f"{name} new")).alias(name) for name in columns]
        here, there = pl.col("_here").is_not_null(), pl.col("_here new").is_not_null()
        both = pairs.filter(here & there).select(_ID, *differs)
        changed = both.filter(pl.any_horizontal(columns)) if columns else both.head(0)
        self.unchanged += both.height - changed.height
        for kind, rows in (
            ("added", pairs.filter(~here)),
            ("removed", pairs.filter(~there)),
            ("changed", changed),
        ):
            self.kinds[kind] += rows.height
            few = cast(list[str], rows[_ID].drop_nulls().bottom_k(_EXAMPLES).to_list())
            self.examples[kind] = sorted([*self.examples[kind], *few])[:_EXAMPLES]
        for name in columns:
            self.by_column[name] = self.by_column.get(name, 0) + int(changed[name].sum())

    def totals(self) -> dict[str, Any]:
        """Return the sums under the names that `Diff` gives them."""
        ordered = sorted(self.by_column.items(), key=lambda item: (-item[1], item[0]))
        by_column = {name: count for name, count in ordered if count}
        return {**self.kinds, "unchanged": self.unchanged, "by_column": by_column, "examples": self.examples}


def _reasons(dataset: Dataset) -> dict[str, Any]:
    books = cast(Mapping[str, Any], (dataset.manifest or {}).get("books", {}))
    named = {
        "source rows": books["source_rows"],
        "used rows": books["used_rows"],
        **books["rejected_source_rows"],
        **books["rejected_candidate_rows"],
    }
    return {name: int(count) for name, count in named.items()}


def _parts(dataset: Dataset, names: Sequence[str]) -> dict[str, Any]:
    manifest = dict(dataset.manifest or {})
    manifest["filters"] = {one["check"]: one["given"] for one in manifest.get("filters", ())}
    leaves = dict(leaf for name in names for leaf in _leaves(name, manifest.get(name)))
    return {name.removeprefix("figures."): value for name, value in leaves.items()}


def _leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield dotted name → plain value; entries of a list are named by what identifies them."""
    if isinstance(value, Mapping):
        for key, inner in cast(Mapping[str, Any], value).items():
            yield from _leaves(f"{name}.{key}", inner)
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        for entry in cast(list[Mapping[str, Any]], value):
            label, last = _entry(entry)
            yield f"{name}.{label}", last
    else:
        yield name, value


def _entry(entry: Mapping[str, Any]) -> tuple[str, Any]:
    """Name an entry of a manifest's list: a repair by its words, a source file by its name."""
    if "count" in entry:
        return " → ".join(str(value) for key, value in entry.items() if key != "count"), entry["count"]
    return str(entry.get("name")), entry.get("sha256")


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Change, ...]:
    names = [*old, *(name for name in new if name not in old)]
    return tuple(Change(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name))
