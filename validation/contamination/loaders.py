"""Benchmark items from files in the shapes in which the benchmarks are published.

Every loader raises `BenchmarkFileError`, naming file, row and field, for a file that is not what it should be: an
item that silently fails to load would be a leak that is never found.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

import polars as pl

from .items import BenchmarkItem, BenchmarkItems

Record = Mapping[str, Any]
_LETTERS = "ABCD"


class BenchmarkFileError(ValueError):
    """A benchmark file does not have the shape that its loader expects."""


def load_mmlu(folder: Path, name: str = "mmlu/test") -> BenchmarkItems:
    """MMLU as released: `<subject>_test.csv`, without header: question, A, B, C, D, letter.

    An item's id is `<subject>_test/<row>`, rows counted from 0.
    """
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise BenchmarkFileError(f"{folder}: no MMLU csv file here")
    items = [item for file in files for item in _mmlu_subject(file)]
    return BenchmarkItems(name, tuple(items), folder.name)


def load_mmlu_rows(path: Path, name: str = "") -> BenchmarkItems:
    """MMLU as on the Hub: rows with question, choices, answer, subject; called by the split in the file's name."""
    return _load(path, name or f"mmlu/{path.stem.partition('-')[0]}", mmlu_item)


def load_mmlu_pro(path: Path, name: str = "mmlu-pro/test") -> BenchmarkItems:
    """MMLU-Pro as on the Hub: Parquet with question_id, question, options, answer_index."""
    return _load(path, name, mmlu_pro_item)


def load_ifeval(path: Path, name: str = "ifeval") -> BenchmarkItems:
    """IFEval: JSON lines with key and prompt."""
    return _load(path, name, ifeval_item)


def load_medqa(path: Path, name: str = "medqa/test") -> BenchmarkItems:
    """MedQA-USMLE with four options: JSON lines with question, options by letter, answer.

    The file has no id; an item's id is its row, counted from 0.
    """
    return _load(path, name, medqa_item)


def load_pubmedqa(path: Path, name: str = "") -> BenchmarkItems:
    """PubMedQA as released, one JSON object, PMID -> QUESTION and more, or as on the Hub, rows with pubid and question.

    The contexts are published abstracts that any medical text may rightly quote, so only the question counts. Without a
    name it is called by whether its rows have a final decision.
    """
    items = to_items(str(path), read_records(path), pubmedqa_item)
    labelled = any(item.answer for item in items)
    return BenchmarkItems(name or f"pubmedqa/{'labelled' if labelled else 'unlabelled'}", items, path.name)


def load_medmcqa(path: Path, *, first_option: Literal[0, 1], name: str = "medmcqa/validation") -> BenchmarkItems:
    """MedMCQA: JSON lines with id, question, opa to opd, cop.

    Parameters
    ----------
    path : Path
    first_option : {0, 1}
        The value of `cop` that means option A: 1 in the original release, 0 on the Hub. It cannot be told from a
        single row, so it must be said. Rows without a key (-1 on the Hub) have no answer text.
    name : str
    """
    return _load(path, name, lambda record, _: medmcqa_item(record, first_option))


def load_file(path: Path, name: str, text: str, *, options: str = "", answer: str = "") -> BenchmarkItems:
    """Any JSON lines (`.jsonl`) or Parquet (`.parquet`) file; rows are counted from 0.

    Parameters
    ----------
    path : Path
    name : str
        As the set shall stand in reports.
    text : str
        Column of the question or prompt.
    options, answer : str, optional
        Columns of the list of option texts, and of the right answer's text.
    """

    def item(record: Record, row: int) -> BenchmarkItem:
        return BenchmarkItem(
            str(row),
            _text(record, text),
            _list(record, options) if options else (),
            str(record.get(answer) or "") if answer else "",
        )

    return _load(path, name, item)


def mmlu_item(record: Record, row: int) -> BenchmarkItem:
    """One row of MMLU as on the Hub."""
    options = tuple(map(str, record["choices"]))
    answer = keyed_option(options, record["answer"])
    return BenchmarkItem(f"{record['subject']}/{row}", _text(record, "question"), options, answer)


def mmlu_pro_item(record: Record, _: int = 0) -> BenchmarkItem:
    """One row of MMLU-Pro."""
    options = tuple(map(str, record["options"]))

    answer = keyed_option(options, record["answer_index"])
    return BenchmarkItem(str(record["question_id"]), _text(record, "question"), options, answer)


def ifeval_item(record: Record, _: int = 0) -> BenchmarkItem:
    """One row of IFEval."""
    return BenchmarkItem(str(record["key"]), _text(record, "prompt"))


def medqa_item(record: Record, row: int) -> BenchmarkItem:
    """One row of MedQA."""
    lettered = record["options"]
    if not isinstance(lettered, dict):
        raise TypeError(f"options must be an object keyed by letter, got {lettered!r}")
    options = tuple(map(str, cast("Record", lettered).values()))
    return BenchmarkItem(str(row), _text(record, "question"), options, str(record["answer"] or ""))


def pubmedqa_item(record: Record, _: int = 0) -> BenchmarkItem:
    """One row of PubMedQA, of the original release (QUESTION) or of the Hub (question)."""
    field = "QUESTION" if "QUESTION" in record else "question"
    return BenchmarkItem(str(record["pubid"]), _text(record, field), (), str(record.get("final_decision") or ""))


def medmcqa_item(record: Record, first_option: Literal[0, 1]) -> BenchmarkItem:
    """One row of MedMCQA."""
    options = tuple(str(record[f"op{letter}"] or "") for letter in "abcd")
    key = int(record["cop"]) - first_option
    unlabelled = first_option == 0 and key == -1
    if not unlabelled and key not in range(4):
        raise ValueError(f"cop is {record['cop']}, which is no option when A is {first_option}")
    return BenchmarkItem(str(record["id"]), _text(record, "question"), options, "" if unlabelled else options[key])


def _mmlu_subject(file: Path) -> Iterator[BenchmarkItem]:
    with file.open(encoding="utf-8", newline="") as lines:
        for row, record in enumerate(csv.reader(lines)):
            if len(record) != 6 or record[5] not in _LETTERS:
                raise BenchmarkFileError(f"{file}: row {row}: expected question, four options, letter; got {record!r}")
            question, *options, letter = record
            yield BenchmarkItem(f"{file.stem}/{row}", question, tuple(options), options[_LETTERS.index(letter)])


def read_records(path: Path) -> Iterator[Record]:
    """Rows of a Parquet file, of JSON lines (`.jsonl`, `.json`), or of a `.json` file that is one list or one object.

    Of an object whose values are rows, as PubMedQA is released, the keys are their `pubid`.
    """
    readers = {".jsonl": _json_lines, ".json": _json, ".parquet": _parquet}
    if path.suffix not in readers:
        raise BenchmarkFileError(f"{path}: expected a .jsonl, .json or .parquet file")
    for row, record in enumerate(readers[path.suffix](path)):
        if not isinstance(record, dict):
            raise BenchmarkFileError(f"{path}: row {row}: expected an object, found {record!r}")
        yield cast("Record", record)


def to_items(
    source: str, records: Iterable[Record], item: Callable[[Record, int], BenchmarkItem]
) -> tuple[BenchmarkItem, ...]:
    """Make an item of every row; a row that is not one is an error that names it."""
    items: list[BenchmarkItem] = []
    for row, record in enumerate(records):
        try:
            items.append(item(record, row))
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise BenchmarkFileError(f"{source}: row {row}: {type(error).__name__}: {error}") from error
    return tuple(items)


def _load(path: Path, name: str, item: Callable[[Record, int], BenchmarkItem]) -> BenchmarkItems:
    return BenchmarkItems(name, to_items(str(path), read_records(path), item), path.name)


def keyed_option(options: Sequence[str], key: object) -> str:
    """Give the option that a 0-based key names; a key outside the options is an error, not Python's last one."""
    if not isinstance(key, int) or key not in range(len(options)):
        raise ValueError(f"key {key!r} names none of {len(options)} options")
    return options[key]


def _text(record: Record, field: str) -> str:
    value = record[field]
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{field} must be a text, got {value!r}")
    return value


def _list(record: Record, field: str) -> tuple[str, ...]:
    value = record.get(field)
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise TypeError(f"{field} must be a list of texts, got {value!r}")
    return tuple(map(str, cast("Sequence[Any]", value)))


def _json(path: Path) -> Iterator[Any]:
    try:
        held: Any = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return _json_lines(path)
    if isinstance(held, list):
        return iter(cast("list[Any]", held))
    rows: dict[str, Any] = cast("dict[str, Any]", held) if isinstance(held, dict) else {}
    if rows and all(isinstance(row, dict) for row in rows.values()):
        return ({**row, "pubid": key} for key, row in rows.items())
    return iter([cast("Any", held)])


def _json_lines(path: Path) -> Iterator[Any]:
    with path.open("rb") as lines:  # of bytes, `json` tells the encoding
        for row, line in enumerate(lines):
            try:
                yield json.loads(line)
            except (ValueError, RecursionError) as error:
                raise BenchmarkFileError(f"{path}: row {row}: not JSON ({error})") from error


def _parquet(path: Path) -> Iterator[Any]:
    try:
        frame = pl.read_parquet(path)
    except pl.exceptions.PolarsError as error:
        raise BenchmarkFileError(f"{path}: not a Parquet file ({error})") from error
    return frame.iter_rows(named=True)
