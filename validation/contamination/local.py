"""Benchmarks from files and folders that a user names, each recognised by what it holds, or from the Hub."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from openmed_data.errors import UsageError

from ._store import IndexFileError
from .hub import HUB, load_hub, pinned
from .index import INDEX_SUFFIX, Index, index_file
from .items import BenchmarkItems
from .loaders import (
    BenchmarkFileError,
    load_file,
    load_ifeval,
    load_medmcqa,
    load_medqa,
    load_mmlu,
    load_mmlu_pro,
    load_mmlu_rows,
    load_pubmedqa,
    read_records,
)

_SUFFIXES = frozenset({".json", ".jsonl", ".parquet"})
_COLUMNS_SHOWN = 12
_OPTIONS = ("options", "choices")
_TEXTS = ("question", "prompt", "problem", "text")


@lru_cache(maxsize=2)
def open_index(benchmarks: tuple[str, ...], cache: Path) -> tuple[Index, Path]:
    """Open the index of the benchmarks at some paths, building and caching it unless that was done before.

    Parameters
    ----------
    benchmarks
        Files, folders of them, ``NAME=PATH`` for a file that shall have another name, ``hub:OWNER/NAME@COMMIT``, or one
        ``.index`` file.
    cache
        Folder of built indexes.

    Returns
    -------
    tuple of Index and Path
        The index, and its file.

    Raises
    ------
    UsageError
        A path does not exist, is no benchmark that can be recognised, or is damaged.
    """
    try:
        ready = [Path(text) for text in benchmarks if text.endswith(INDEX_SUFFIX)]
        if ready and len(benchmarks) > 1:
            raise UsageError(f"'{ready[0]}' is an index, which stands alone", hint="Give the benchmarks' own files.")
        if ready:
            return Index.load(ready[0]), ready[0]
        index = _cached(load(benchmarks), cache)
    except (BenchmarkFileError, IndexFileError, OSError, ValueError) as error:
        raise UsageError(f"the benchmarks cannot be read: {error}", hint=_HINT) from error
    return index, index_file(index.digest, cache)


def _cached(items: list[BenchmarkItems], cache: Path) -> Index:
    try:
        return Index.cached(items, cache)
    except OSError as error:
        hint = "Name another folder: --set contamination.cache=DIR"
        raise UsageError(f"the index of the benchmarks cannot be kept: {error}", hint=hint) from error


_HINT = "Give MMLU's folder, MMLU-Pro, IFEval, MedQA, PubMedQA or MedMCQA as published, or a file with `question`."


def named_path(benchmark: str) -> tuple[str, Path]:
    """Return the name, empty where none is given, and the absolute path of ``PATH`` or ``NAME=PATH``.

    What stands there as a whole is a path, whatever signs it holds.

    Examples
    --------
    >>> named_path("mine=/questions/split=test.jsonl")
    ('mine', PosixPath('/questions/split=test.jsonl'))
    """
    whole = Path(benchmark).expanduser()
    name, equals, path = benchmark.partition("=")
    if not equals or whole.exists():
        return "", whole.absolute()
    return name, Path(path).expanduser().absolute()


def settled(benchmarks: Iterable[str]) -> tuple[str, ...]:
    """Return benchmarks with absolute paths: workers of a cluster stand in folders of their own.

    Raises
    ------
    UsageError
        A path does not exist, or what shall come from the Hub is not known or has no commit.
    """
    whole: list[str] = []
    missing: list[str] = []
    for benchmark in benchmarks:
        if benchmark.startswith(HUB):
            pinned(benchmark)
            whole.append(benchmark)
            continue
        name, path = named_path(benchmark)
        whole.append(f"{name}={path}" if name else str(path))
        missing += [] if path.exists() else [f"'{path}'"]
    if missing:
        raise UsageError(f"--benchmarks names {', '.join(missing)}, and no file or folder stands there")
    return tuple(whole)


def load(benchmarks: Iterable[str]) -> list[BenchmarkItems]:
    """Read every benchmark at some paths, or of the Hub, in the order of their names.

    Raises
    ------
    BenchmarkFileError
        A file cannot be read or recognised, or a folder holds none.
    ValueError
        A benchmark has no item.
    """
    found: list[BenchmarkItems] = []
    for text in benchmarks:
        if text.startswith(HUB):
            found += load_hub(text)
            continue
        name, path = named_path(text)
        found += _load(path, name)
    return sorted(found, key=lambda one: one.name)


def _load(path: Path, name: str = "") -> list[BenchmarkItems]:
    if not path.is_dir():
        return [_load_file(path, name)]
    if any(path.glob("*.csv")):
        return [load_mmlu(path, **_named(name))]
    inside = sorted(one for one in path.iterdir() if one.is_dir() or one.suffix in _SUFFIXES)
    if not inside:
        raise BenchmarkFileError(f"{path}: holds no benchmark")
    return [items for one in inside for items in _load(one)]


def _load_file(path: Path, name: str) -> BenchmarkItems:
    first = next(read_records(path), None)
    if first is None:
        raise BenchmarkFileError(f"{path}: holds no row")
    for columns, loader in _SHAPES:
        if columns.keys() <= first.keys() and all(isinstance(first[name], kind) for name, kind in columns.items()):
            return loader(path, **_named(name))
    text = next((column for column in _TEXTS if column in first), None)
    if text is None:
        shown = ", ".join(sorted(first)[:_COLUMNS_SHOWN])
        raise BenchmarkFileError(f"{path}: no benchmark known by its columns ({shown})")
    options = next((column for column in _OPTIONS if isinstance(first.get(column), list)), "")
    answer = "answer" if isinstance(first.get("answer"), str) else ""
    return load_file(path, name or path.stem, text, options=options, answer=answer)


def _load_any_medmcqa(path: Path, **named: Any) -> BenchmarkItems:
    return load_medmcqa(path, first_option=_first_option(path), **named)


# Columns with the type of their values in the first row, and what reads such a file.
_SHAPES: tuple[tuple[Mapping[str, type], Callable[..., BenchmarkItems]], ...] = (
    (dict.fromkeys(("opa", "opd", "cop"), object), _load_any_medmcqa),
    (dict.fromkeys(("question_id", "options", "answer_index"), object), load_mmlu_pro),
    (dict.fromkeys(("key", "prompt", "instruction_id_list"), object), load_ifeval),
    ({"question": object, "choices": object, "answer": int, "subject": object}, load_mmlu_rows),
    (dict.fromkeys(("pubid", "question"), object), load_pubmedqa),
    (dict.fromkeys(("pubid", "QUESTION"), object), load_pubmedqa),
    ({"question": object, "answer": object, "options": dict}, load_medqa),
)


def _named(name: str) -> dict[str, Any]:
    """Return the name as an argument where one was given; every loader knows its benchmark's own."""
    return {"name": name} if name else {}


def _first_option(path: Path) -> Literal[0, 1]:
    """Tell what MedMCQA's key counts from, by the whole file; what cannot be told is an error, not a guess."""
    keys = {int(record["cop"]) for record in read_records(path)}
    if 4 in keys and not keys & {0, -1}:
        return 1
    if keys & {0, -1} and 4 not in keys:
        return 0
    raise BenchmarkFileError(f"{path}: `cop` counts from 0 or from 1, and its values {sorted(keys)} do not tell which")
