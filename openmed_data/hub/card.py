"""Hold a card's metadata against what the Parquet files themselves say."""

from collections import Counter
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from openmed_data import front_matter
from openmed_data.errors import Problem
from openmed_data.features import card_features
from openmed_data.licenses import card_license

NAME = "README.md"


def card_problems(build: Path, document: Mapping[str, Any]) -> list[Problem]:
    """Return where the card of a build lacks a licence or says otherwise than the footers of its Parquet files."""
    try:
        metadata, _ = front_matter.split((build / NAME).read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        return [Problem(NAME, f"metadata that cannot be read ({type(error).__name__})", "YAML between two lines ---")]
    rows: Counter[str] = Counter()
    schemas: set[pa.Schema] = set()
    problems: list[Problem] = []
    for file in document["files"]:
        try:
            footer, schema = pq.read_metadata(build / file["name"]), pq.read_schema(build / file["name"])
        except (pa.ArrowInvalid, OSError) as error:
            problems.append(Problem(file["name"], str(error).splitlines()[0], "a complete Parquet file"))
            continue
        rows[file["split"]] += footer.num_rows
        schemas.add(schema)
    if problems:
        return problems
    licenses = _license(metadata) or _other_license(metadata, document)
    return [*licenses, *_splits(metadata, rows), *_configs(metadata, document), *_features(metadata, schemas)]


def _license(metadata: Mapping[str, Any]) -> list[Problem]:
    given = metadata.get("license")
    if not isinstance(given, str) or given == "unknown":
        return [_problem("license", given, "the licence of the rows")]
    if given == "other":
        return [
            _problem(name, None, "the licence's name and address, as it is not on the Hub's list")
            for name in ("license_name", "license_link")
            if not metadata.get(name)
        ]
    return [_problem("license", given, "an id of the Hub's list")] if card_license(given, "").id == "other" else []


def _other_license(metadata: Mapping[str, Any], document: Mapping[str, Any]) -> list[Problem]:
    """Return the licence of the card where the rows have another by the manifest, which may not know it."""
    source = document["source"]
    wanted = card_license(source["license"], source["homepage"])
    same = (metadata["license"], metadata.get("license_name")) == (wanted.id, wanted.name)
    stated = metadata.get("license_name") or metadata["license"]
    expected = f"'{wanted.name or wanted.id}', which the rows have"
    # A repository on the Hub that says `other` gives no name: the card's author knows better.
    return [] if same or source["license"] in {"unknown", "other"} else [_problem("license", stated, expected)]


def _splits(metadata: Mapping[str, Any], rows: Mapping[str, int]) -> list[Problem]:
    stated = {one.get("name"): one.get("num_examples") for one in _items(_info(metadata), "splits")}
    return [] if stated == dict(rows) else [_problem("dataset_info.splits", stated, f"{dict(rows)}, as the files hold")]


def _configs(metadata: Mapping[str, Any], document: Mapping[str, Any]) -> list[Problem]:
    """Return a problem unless each split's patterns match exactly the files of that split."""
    wanted = {(file["split"], file["name"]) for file in document["files"]}
    patterns = [
        (one.get("split"), one.get("path"))
        for config in _items(metadata, "configs")
        for one in _items(config, "data_files")
    ]
    matched = {
        (split, file["name"])
        for split, pattern in patterns
        for file in document["files"]
        if fnmatchcase(file["name"], str(pattern))
    }
    return [] if matched == wanted else [_problem("configs", patterns, "patterns that match the files of each split")]


def _features(metadata: Mapping[str, Any], schemas: set[pa.Schema]) -> list[Problem]:
    if len(schemas) != 1:
        return [Problem("data", f"{len(schemas)} different schemas", "one for all shards")]
    stated = _info(metadata).get("features")
    wanted = card_features(schemas.pop())
    return [] if stated == wanted else [_problem("dataset_info.features", stated, f"{wanted}, as the files hold")]


def _info(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Any = metadata.get("dataset_info")
    return cast(dict[str, Any], found) if isinstance(found, dict) else {}


def _items(mapping: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return the mappings in a list of the card, which a person may have edited into anything."""
    found: Any = mapping.get(name)
    return [one for one in cast(list[Any], found) if isinstance(one, dict)] if isinstance(found, list) else []


def _problem(field: str, found: object, expected: str) -> Problem:
    return Problem(NAME, "nothing" if found is None else repr(found), expected, field=field)
