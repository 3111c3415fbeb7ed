"""Read files of traces as one record for each trace: rows of tables, sessions of logs, conversations of plain texts."""

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

import polars as pl

from openmed_data.errors import Problem, SourceError
from openmed_data.sources import SourceFile, documents, lines
from openmed_data.sources.delimited import read_csv
from openmed_data.sources.readers import Part
from openmed_data.sources.resolve import data_suffix
from openmed_data.sources.streams import BYTE_ORDER_MARK, DAMAGED, open_bytes, require_utf_8
from openmed_data.traces.codec import dumps, loads
from openmed_data.traces.detect import formats

RECORD = "record"
SUFFIXES = (".jsonl", ".ndjson", ".json", ".parquet", ".csv", ".txt")
TABLE, LOG, TEXT = "rows", "sessions of a log", "conversations of a text"
PART_RECORDS = 4_096  # of up to 20 kB each
_LOOKED_AT = 50  # lines by which a log is told from a table


@dataclass(frozen=True, slots=True)
class RecordsPart:
    """Up to `PART_RECORDS` records, each a line of JSON; see `openmed_data.sources.readers.Part`."""

    file: str
    shape: str
    first_row: int
    lines: tuple[bytes, ...]

    @property
    def rows(self) -> int:
        """How many records it holds."""
        return len(self.lines)

    def load(self) -> pl.DataFrame:
        """Return the records in the column `RECORD`.

        Raises
        ------
        SourceError
            A line is no JSON object; every such line of the part is named.
        """
        problems: list[Problem] = []
        texts: list[str] = []
        for row, line in enumerate(self.lines, start=self.first_row):
            try:
                texts.append(line.decode())
                found: Any = loads(texts[-1])
            except (ValueError, RecursionError) as error:
                problems.append(Problem(self.file, _broken(line, error), "one JSON object on the line", row=row))
                continue
            if not isinstance(found, dict):
                problems.append(Problem(self.file, f"a JSON {type(found).__name__}", "a JSON object", row=row))
        if problems:
            raise SourceError(f"'{self.file}' has {len(problems)} line(s) that cannot be read", problems, hint=DAMAGED)
        return pl.DataFrame({RECORD: texts}, schema={RECORD: pl.String})


def _broken(line: bytes, error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"byte 0x{line[error.start]:02x} that is not UTF-8"
    if isinstance(error, RecursionError):
        return "values nested too deeply"
    return f"broken JSON ({str(error).split(': line ')[0]})"


def record_parts(file: SourceFile) -> Iterator[Part]:
    """Cut a file into parts of records.

    A table (JSON lines, a JSON array, Parquet, CSV) gives its rows, a log in which each line is an event gives its
    sessions in the order of their first events, and a plain text its conversations. A log is held in memory as a whole.

    Raises
    ------
    SourceError
        The file is empty, damaged, or a plain text in which no format finds a conversation.
    """
    suffix = data_suffix(file.path)
    if suffix != ".parquet":
        require_utf_8(file)
    shape, records = TABLE, _rows(file, suffix)
    if suffix == ".txt":
        shape, records = TEXT, _conversations(file)
    elif suffix in {".jsonl", ".ndjson"}:
        head = list(islice(records, _LOOKED_AT))
        records = _after(head, records)
        if _is_log(head):
            shape, records = LOG, _sessions(file.name, records)
    first = 1
    while part := tuple(islice(records, PART_RECORDS)):
        yield RecordsPart(file.name, shape, first, part)
        first += len(part)
    if first == 1:
        raise lines.empty(file.name)


def _after(head: list[bytes], rest: Iterator[bytes]) -> Iterator[bytes]:
    yield from head
    yield from rest


def _rows(file: SourceFile, suffix: str) -> Iterator[bytes]:
    """Yield the rows of a table as JSON."""
    if suffix == ".parquet":
        yield from (_without_padding(row) for row in _parquet(file))
    elif suffix == ".csv":
        for frame in read_csv(file, PART_RECORDS):
            yield from (dumps(row).encode() for row in frame.iter_rows(named=True))
    else:
        document = suffix == ".json" and documents.is_document(file)
        with nullcontext(documents.as_lines(file)) if document else open_bytes(file) as stream:
            for number, line in enumerate(stream):
                text = line.removeprefix(BYTE_ORDER_MARK) if number == 0 else line
                if text.strip():
                    yield text.strip()


def _parquet(file: SourceFile) -> Iterator[Mapping[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with open_bytes(file) as stream:
        held = io.BytesIO(stream.read()) if file.path.suffix != ".parquet" else file.path
    try:
        with pq.ParquetFile(held) as reader:
            for batch in reader.iter_batches(batch_size=1024):
                yield from batch.to_pylist()
    except pa.ArrowException as error:
        problem = Problem(file.name, str(error).splitlines()[0], "a complete Parquet file")
        raise SourceError(f"'{file.name}' is not valid Parquet", [problem], hint=DAMAGED) from error


def _without_padding(row: Any) -> bytes:
    """Return a row as JSON without the nulls by which Arrow gives unlike objects the same keys."""

    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: bare(one) for key, one in cast(dict[str, Any], value).items() if one is not None}
        return [bare(one) for one in cast("list[Any]", value)] if isinstance(value, list) else value

    return json.dumps(bare(row), ensure_ascii=False, default=str).encode()


def _conversations(file: SourceFile) -> Iterator[bytes]:
    with open_bytes(file) as stream:
        raw = stream.read().removeprefix(BYTE_ORDER_MARK)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        problem = Problem(file.name, f"byte 0x{raw[error.start]:02x} that is not UTF-8", "UTF-8 text")
        raise SourceError(f"'{file.name}' is not UTF-8 text", [problem], hint=DAMAGED) from error
    found = [list(one.split(text)) for one in formats().values()]
    best = max(found, key=len)
    if text.strip() and not best:
        problem = Problem(file.name, "a text without the tags of any format", "conversations of a trace format")
        raise SourceError(f"'{file.name}' holds no conversation", [problem], hint="Leave it out of the pattern.")
    return (dumps({"text": one}).encode() for one in best)


def _objects(some: Iterable[bytes]) -> Iterator[Any]:
    for line in some:
        try:
            yield loads(line.decode())
        except ValueError:
            yield None


def _is_log(head: list[bytes]) -> bool:
    """Tell a log by most of its first lines being events."""
    events = sum(_session(one) is not None for one in _objects(head))
    return 2 * events > len(head)


def _session(record: Any) -> str | None:
    if not isinstance(record, dict):
        return None
    named = (one.session(cast("dict[str, Any]", record)) for one in formats().values())
    return next((session for session in named if session is not None), None)


def _sessions(name: str, records: Iterable[bytes]) -> Iterator[bytes]:
    """Group the events of a log; a line that is no event belongs to the session before it, which it spoils."""
    sessions: dict[str, list[bytes]] = {}
    last = ""
    problems: list[Problem] = []
    for row, line in enumerate(records, start=1):
        try:
            event: Any = loads(line.decode())
        except ValueError as error:
            problems.append(Problem(name, _broken(line, error), "one JSON value on the line", row=row))
            continue
        last = _session(event) or last
        sessions.setdefault(last, []).append(line)
    if problems:
        raise SourceError(f"'{name}' has {len(problems)} line(s) that cannot be read", problems, hint=DAMAGED)
    for session, events in sessions.items():
        head = f'{{"session":{dumps(session)},"events":['.encode()
        yield head + b",".join(events) + b"]}"
