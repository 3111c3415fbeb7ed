"""One writer for every Parquet file, so that equal rows are equal bytes.

What makes the bytes stable (measured with pyarrow 26): one declared schema without metadata of the caller's, each
row group made of single chunks, a fixed compression level, and no clock anywhere. Content-defined chunking cuts pages
where the data says so, which lets the Hub upload only the pages that an edit touched.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from openmed_data.files import whole

ZSTD_LEVEL = 3
# Columns that are unlike in every row; looking for repetition in them costs a third of the writing time.
_UNLIKE = frozenset({"id", "source_id", "record", "detail", "tools", "answer", "reference_reasoning"})


def _repeating(schema: pa.Schema) -> list[str]:
    """Return the paths of the columns whose values repeat from row to row."""
    nested = {name for name, kind in zip(schema.names, schema.types, strict=True) if pa.types.is_nested(kind)}
    flat = [name for name in schema.names if name not in nested | _UNLIKE]
    return [*flat, *(f"{name}.list.element.role" for name in schema.names if name in nested)]


def write_table(table: pa.Table, path: Path) -> None:
    """Write `table` as one row group to `path`, whole or not at all.

    Parameters
    ----------
    table
        The rows; columns are cast to single chunks first.
    path
        Where the file is to stand; a file already there is replaced.

    Raises
    ------
    OSError
        The disk is full or the folder cannot be written.
    """
    with (
        whole(path) as partial,
        pq.ParquetWriter(
            partial,
            table.schema.remove_metadata(),
            compression="zstd",
            compression_level=ZSTD_LEVEL,
            use_dictionary=_repeating(table.schema),  # pyright: ignore[reportArgumentType]  (typed as bool only)
            use_content_defined_chunking=True,
            write_page_index=True,
            store_schema=False,
        ) as writer,
    ):
        if table.num_rows:
            writer.write_table(table.replace_schema_metadata(None).combine_chunks(), row_group_size=table.num_rows)
