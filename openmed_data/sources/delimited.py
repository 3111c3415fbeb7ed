"""CSV: parsed fast, diagnosed slowly only when something is wrong."""

import csv
import io
import sys
from collections.abc import Iterator
from typing import Any

import polars as pl

from openmed_data.errors import Problem, SourceError
from openmed_data.sources.resolve import COMPRESSED, SourceFile
from openmed_data.sources.streams import DAMAGED, open_bytes

_EXPECTED = "UTF-8 CSV with a header"


def read_csv(file: SourceFile, rows: int) -> Iterator[pl.DataFrame]:
    """Yield the rows of a CSV file with a header, about `rows` at a time, every value as text.

    Raises
    ------
    SourceError
        The file is not UTF-8, or a row has more or fewer fields than the header; every such row is named.
    """
    source: Any = file.path
    if file.path.suffix in COMPRESSED:
        with open_bytes(file) as stream:
            source = stream.read()
    doubtful = False
    try:
        for frame in pl.scan_csv(source, infer_schema=False).collect_batches(chunk_size=rows):
            # A row that was cut short lacks its last fields, which the fast reader fills with nulls.
            doubtful = doubtful or frame.to_series(-1).null_count() > 0
            yield frame
    except pl.exceptions.NoDataError:
        return
    except pl.exceptions.PolarsError as error:
        _raise_if_wrong(file)
        problem = Problem(file.name, str(error).splitlines()[0], _EXPECTED)
        raise SourceError(f"'{file.name}' is not valid CSV", [problem], hint=DAMAGED) from error
    if doubtful:
        _raise_if_wrong(file)


def _raise_if_wrong(file: SourceFile) -> None:
    problems: list[Problem] = []
    row = 0
    csv.field_size_limit(sys.maxsize)  # a field may be a whole article
    with open_bytes(file) as stream, io.TextIOWrapper(stream, encoding="utf-8-sig", newline="") as text:
        reader = csv.reader(text, strict=True)
        try:
            width = len(next(reader))
            for row, fields in enumerate(reader, start=1):
                if fields and len(fields) != width:
                    problems.append(Problem(file.name, f"{len(fields)} fields", f"{width} fields", row=row))
        except UnicodeDecodeError as error:
            found = f"byte 0x{error.object[error.start]:02x} that is not UTF-8"
            problems.append(Problem(file.name, found, "UTF-8 text"))
        except csv.Error as error:
            problems.append(Problem(file.name, f"broken CSV ({error})", _EXPECTED, row=row + 1))
    if problems:
        raise SourceError(f"'{file.name}' has {len(problems)} row(s) that cannot be read", problems, hint=DAMAGED)
