"""Write a build's dataset card: metadata the Hub accepts, and text whose every figure comes from the build's files.

The words stand in the room `data_cards`, one template for each kind of card; here are only the facts they ask for.
"""

import json
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any, cast

import pyarrow.parquet as pq
import yaml
from jinja2 import Environment, StrictUndefined
from pydantic.fields import FieldInfo

from openmed_data import manifest, markdown
from openmed_data.builder import Builder, CardText, GlobalReason
from openmed_data.check import Check, parse_settings
from openmed_data.dataset import told
from openmed_data.describe import meaning_of, meanings, reasons
from openmed_data.errors import UsageError
from openmed_data.features import card_features
from openmed_data.kinds import Kind, schema
from openmed_data.licenses import License, card_license
from openmed_data.planted import SelfTest
from openmed_data.registry import BUILDERS, CHECKS, all_of, find

_TEMPLATES = "openmed_data.data_cards"

_TASKS: dict[Kind, tuple[str, ...]] = {
    Kind.SFT: ("text-generation", "question-answering"),
    Kind.PREFERENCES: ("text-generation", "question-answering"),
    Kind.REWARDS: ("question-answering", "text-generation"),
    Kind.TRACES: ("text-generation",),
}
_TRAINERS: dict[Kind, str] = {
    Kind.SFT: "SFTTrainer",
    Kind.PREFERENCES: "DPOTrainer",
    Kind.REWARDS: "GRPOTrainer",
    Kind.TRACES: "SFTTrainer",
}
_SIZES = ("1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B", "100B", "1T")
_EXAMPLES = 2
_SHOWN_CHARACTERS = 1_000
_BENCHMARKS = "BENCHMARKS"
_SHOWN_REPAIRS = 10


def render(build: Path) -> str:
    """Return the text of a build's ``README.md``.

    Parameters
    ----------
    build
        A build's folder: its manifest, its Parquet files and, where it was validated, ``validation/report.json``.
        The builder's own paragraphs are used where the builder is installed.

    Returns
    -------
    str
        Markdown that starts with YAML metadata. The same files give the same text: it holds no date.

    Raises
    ------
    UsageError
        No finished build stands there.
    SourceError
        A file is damaged.
    """
    document = manifest.read(build)
    builder = _builder(document["dataset"])
    card = builder.card if builder else CardText(document["dataset"], what="", how="", limits="", languages=())
    source = document["source"]
    license_ = card_license(source["license"], source["homepage"])
    report = _report(build)
    data = _read_data(build, document, _fit(report))
    facts = {
        "m": document,
        "card": card,
        "license": license_,
        "data": data,
        "trainer": _TRAINERS[Kind(document["kind"])],
        "columns": schema(Kind(document["kind"])).names,
        "reasons": _meanings(builder, document["books"]),
        "options": _options(document["options"], builder),
        "declared_splits": len({file["split"] or "train" for file in source["files"]}) > 1,
        "counted": _counted(document["figures"]),
        "measured": _measured(document["figures"]),
        "shown_repairs": _SHOWN_REPAIRS,
        "command": _command(document, builder),
        "benchmarks": {name: count for use in document["filters"] for name, count in _benchmarks(use).items()},
        "manifest_sha256": manifest.digest(build),
        "report": report,
        "self_test": SelfTest.from_json(report["self_test"]) if report and report.get("self_test") else None,
    }
    metadata = yaml.safe_dump(_metadata(document, card, license_, data), sort_keys=False, allow_unicode=True)
    filters = {"number": _number, "percent": _percent, "bounds": _bounds, "verdict": _verdict}
    return f"---\n{metadata}---\n\n{fill('dataset.md.j2', facts, filters)}"


@dataclass(frozen=True, slots=True)
class _Data:
    """Rows and bytes in memory of each split, and two rows."""

    rows: Mapping[str, int]
    bytes: Mapping[str, int]
    examples: tuple[str, ...]


def _builder(name: str) -> Builder[Any, Any] | None:
    try:
        return find(BUILDERS, name)
    except UsageError:
        return None


def _read_data(build: Path, document: Mapping[str, Any], fit: Callable[[str], bool]) -> _Data:
    files = document["files"]
    rows, sizes = (
        {split: sum(file[what] for file in files if file["split"] == split) for split in _splits(files)}
        for what in ("rows", "arrow_bytes")
    )
    examples = (example for file in files for example in _examples(build / file["name"], fit))
    return _Data(rows, sizes, tuple(islice(examples, _EXAMPLES)))


def _splits(files: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    return dict.fromkeys(file["split"] for file in files)


def _examples(path: Path, fit: Callable[[str], bool]) -> Iterator[str]:
    """Yield the first fit row of each half of a file, as YAML, which keeps a text's lines and says where it ends."""
    with told(path.name), pq.ParquetFile(path) as file:
        ids = cast(list[str], file.read(columns=["id"])["id"].to_pylist())
        half = len(ids) // 2
        firsts = (next((row for row in part if fit(ids[row])), None) for part in (range(half), range(half, len(ids))))
        chosen = [row for row in firsts if row is not None]
        held: list[dict[str, Any]] = file.read().take(chosen).to_pylist() if chosen else []
    for row in held:
        yield yaml.dump(_shortened(row), Dumper=_Readable, sort_keys=False, allow_unicode=True, width=10**6)


class _Readable(yaml.SafeDumper):
    """YAML that writes a text of several lines as lines."""


def _lines(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Readable.add_representer(str, _lines)


def _shortened(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _SHOWN_CHARACTERS:
        return f"{value[:_SHOWN_CHARACTERS]}… ({len(value) - _SHOWN_CHARACTERS:,} more characters)"
    if isinstance(value, list):
        return [_shortened(one) for one in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, dict):
        return {name: _shortened(one) for name, one in value.items()}  # pyright: ignore[reportUnknownVariableType]
    return value


def _metadata(document: Mapping[str, Any], card: CardText, license_: License, data: _Data) -> dict[str, Any]:
    """Return the card's YAML metadata, in the order the Hub's own documentation has."""
    kind = Kind(document["kind"])
    found: dict[str, Any] = {"license": license_.id}
    if license_.id == "other":
        found |= {"license_name": license_.name, "license_link": license_.link}
    return found | {
        "pretty_name": card.title,
        **({"language": list(card.languages)} if card.languages else {}),
        "size_categories": [_size(sum(data.rows.values()))],
        "task_categories": list(_TASKS[kind]),
        "tags": list(dict.fromkeys([*card.tags, "openmed-data"])),
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": split, "path": f"data/{split}-*"} for split in data.rows],
            }
        ],
        "dataset_info": {
            "config_name": "default",
            "features": card_features(schema(kind)),
            "splits": [
                {"name": split, "num_bytes": data.bytes[split], "num_examples": rows}
                for split, rows in data.rows.items()
            ],
            "download_size": sum(file["bytes"] for file in document["files"]),
            "dataset_size": sum(data.bytes.values()),
        },
    }


def _size(rows: int) -> str:
    """Return the Hub's size category.

    Examples
    --------
    >>> _size(999), _size(1_000), _size(182_822)
    ('n<1K', '1K<n<10K', '100K<n<1M')
    """
    power = min(len(str(rows)) - 3, len(_SIZES))
    if power <= 0:
        return "n<1K"
    return f"{_SIZES[power - 1]}<n<{_SIZES[power]}" if power < len(_SIZES) else "n>1T"


def _meanings(builder: Builder[Any, Any] | None, books: Mapping[str, Any]) -> dict[str, str]:
    known = reasons(builder) if builder else meanings(GlobalReason)
    codes = [*books["rejected_source_rows"], *books["rejected_candidate_rows"]]
    return {code: meaning_of(code, known) for code in codes}


def _options(given: Mapping[str, Any], builder: Builder[Any, Any] | None) -> list[tuple[str, str, str]]:
    """Return name, value and meaning of every option."""
    fields: dict[str, FieldInfo] = builder.options_model.model_fields if builder else {}
    return [
        (name, _setting(value), (fields[name].description or "") if name in fields else "")
        for name, value in given.items()
    ]


def _setting(value: Any) -> str:
    """Return an option's value as ``--set`` takes it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _command(document: Mapping[str, Any], builder: Builder[Any, Any] | None) -> str:
    """Return the command that makes the build again, saying every option that is not at its default."""
    source = document["source"]
    place = f"hub:{source['repo']}@{source['revision']}" if source["repo"] else source["name"]
    defaults: dict[str, Any] = builder.options_model().model_dump(mode="json") if builder else {}
    words = ["openmed-data", "build", document["dataset"], "--source", place]
    for name, value in document["options"].items():
        if name not in defaults or defaults[name] != value:
            words += ["--set", f"{name}={_setting(value)}"]
    for use in document["filters"]:
        words += _told_to(use, builder)
    if document["limit"] is not None:
        words += ["--limit", str(document["limit"])]
    return shlex.join(words)


def _told_to(use: Mapping[str, Any], builder: Builder[Any, Any] | None) -> list[str]:
    """Return how the command tells a check by which rows were filtered what is not at its default."""
    own = {one.check: one.settings for one in builder.filters} if builder else {}
    check: Check[Any] | None = all_of(CHECKS).get(use["check"])
    defaults = parse_settings(check, own.get(use["check"], {})).model_dump(mode="json") if check else {}
    words = ["--benchmarks", _BENCHMARKS] if _benchmarks(use) else []
    if excluded := use["given"].get("excluded"):
        reasons = ";".join(f"{name}={why}" for name, why in excluded.items())
        words += ["--set", f"{use['check']}.exclude={reasons}"]
    for name, value in use["given"].items():
        if name in defaults and name != "benchmarks" and value != defaults[name]:
            words += ["--set", f"{use['check']}.{name}={_setting(value)}"]
    return words


def _benchmarks(use: Mapping[str, Any]) -> Mapping[str, int]:
    """Return the benchmarks that rows were held against, and their items; a manifest knows no path of theirs."""
    return use["given"].get("benchmarks", {})


def _counted(figures: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Return a builder's counts by name, such as rows by subject, most first."""
    counts: dict[str, dict[str, int]] = {}
    for title, value in figures.items():
        held = cast(dict[str, Any], value) if title != "bias" and isinstance(value, dict) else {}
        if held and all(isinstance(count, int) for count in held.values()):
            counts[title] = dict(sorted(held.items(), key=lambda item: (-item[1], item[0])))
    return counts


def _measured(figures: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return a builder's measures by name: groups of numbers that are not all counts."""
    groups: dict[str, dict[str, float]] = {}
    for title, value in figures.items():
        held = cast(dict[str, Any], value) if title != "bias" and isinstance(value, dict) else {}
        numbers = [number for number in held.values() if isinstance(number, int | float)]
        if len(numbers) == len(held) and any(isinstance(number, float) for number in numbers):
            groups[title] = held
    return groups


def _report(build: Path) -> dict[str, Any] | None:
    """Return the validation report, with whether it judges these very files; None where there is none."""
    path = build / "validation" / "report.json"
    if not path.is_file():
        return None
    report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return report | {"is_of_these_bytes": report.get("manifest_sha256") == manifest.digest(build)}


def _fit(report: Mapping[str, Any] | None) -> Callable[[str], bool]:
    """Return whether a row of an id may be an example: one that the report shows, as no check found anything in it.

    Its list of findings would not do: it is cut, and its ids are masked where one of them is private.
    """
    if report is None:
        return lambda _: True
    clean = frozenset(sample["id"] for sample in report["samples"] if not sample["masked"])
    return lambda name: name in clean


def fill(template: str, facts: Mapping[str, Any], filters: Mapping[str, Callable[..., str]]) -> str:
    """Fill a template of the room `data_cards`; `filters` are those of this card, beside those of all Markdown."""
    # Not autoescaped: the output is Markdown, and the template says for each value how it is made safe.
    environment = Environment(  # noqa: S701
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    of_markdown = {"text": markdown.escape, "code": markdown.code, "fenced": markdown.fenced, "cell": markdown.cell}
    environment.filters |= {**of_markdown, **filters}
    return environment.from_string(files(_TEMPLATES).joinpath(template).read_text(encoding="utf-8")).render(facts)


def _number(value: float | None) -> str:
    if value is None:
        return "not known"
    return f"{int(value):,}" if float(value).is_integer() else f"{value:.4g}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def _bounds(figure: Mapping[str, Any]) -> str:
    """Return the range that a figure of the report must lie in."""
    low, high = figure["minimum"], figure["maximum"]
    if low is not None and low == high:
        return _number(low)
    sides = [f"≥ {_number(low)}"] if low is not None else []
    return " and ".join([*sides, f"≤ {_number(high)}"] if high is not None else sides)


def _verdict(figure: Mapping[str, Any]) -> str:
    if figure["passed"]:
        return "passed" if _bounds(figure) else ""
    return "**failed**" if figure["severity"] == "fail" else "warning"
