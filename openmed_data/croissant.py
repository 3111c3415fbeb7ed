"""Describe a build in Croissant, the metadata format that dataset search and loaders of several frameworks read.

Follows https://docs.mlcommons.org/croissant/docs/croissant-spec.html, version 1.1. Each shard is listed with its size
and SHA-256; each split is a file set and a record set whose fields are the columns.
"""

import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, cast

import pyarrow as pa

from openmed_data import front_matter
from openmed_data.kinds import Kind, schema

NAME = "croissant.json"
CONFORMS_TO = "http://mlcommons.org/croissant/1.1"

_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def render(document: Mapping[str, Any], card: str, repo: str) -> str:
    """Return ``croissant.json`` for a build that is to stand in the Hub repository `repo`.

    Parameters
    ----------
    document
        The build's manifest.
    card
        The text of its card; name, licence, languages and keywords come from its metadata.
    """
    metadata, text = front_matter.split(card)
    splits = list(dict.fromkeys(file["split"] for file in document["files"]))
    page = f"https://huggingface.co/datasets/{repo}"
    described = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": repo.rsplit("/", 1)[-1],
        "alternateName": metadata.get("pretty_name", document["dataset"]),
        "description": _description(text, document["dataset"]),
        "url": page,
        "license": _license(metadata),
        "creator": {"@type": "Organization", "name": repo.split("/", 1)[0]},
        "citeAs": document["source"]["homepage"],
        "isBasedOn": document["source"]["homepage"],
        "inLanguage": metadata.get("language", []),
        "keywords": metadata.get("tags", []),
        "version": _version(document),
        "distribution": [
            *(_file_object(file) for file in document["files"]),
            *(_file_set(split, document) for split in splits),
        ],
        "recordSet": [_record_set(split, schema(Kind(document["kind"]))) for split in splits],
    }
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"


def _description(text: str, name: str) -> str:
    """Return the first paragraph under the card's title."""
    paragraphs = (part.strip() for part in text.split("\n\n"))
    plain = (part for part in paragraphs if part and not part.startswith(("#", ">", "|", "```")))
    return " ".join(next(plain, name).split())


def _license(metadata: Mapping[str, Any]) -> str:
    """Return the address of the licence's text.

    Examples
    --------
    >>> _license({"license": "mit"}), _license({"license": "cc-by-nc-4.0"})
    ('https://choosealicense.com/licenses/mit/', 'https://creativecommons.org/licenses/by-nc/4.0/')
    """
    given = str(metadata.get("license", ""))
    if given.startswith("cc-by"):  # the other place has two of these only
        terms, _, version = given.removeprefix("cc-").rpartition("-")
        return f"https://creativecommons.org/licenses/{terms}/{version}/"
    return str(metadata["license_link"]) if given == "other" else f"https://choosealicense.com/licenses/{given}/"


def _version(document: Mapping[str, Any]) -> str:
    """Return a semantic version that names the rows: build metadata is the head of their digest."""
    return f"1.0.0+{document['content_digest'][:12]}"


def _file_object(file: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": file["name"],
        "name": PurePosixPath(file["name"]).name,
        "contentUrl": file["name"],
        "contentSize": f"{file['bytes']} B",
        "encodingFormat": "application/x-parquet",
        "sha256": file["sha256"],
    }


def _file_set(split: str, document: Mapping[str, Any]) -> dict[str, Any]:
    names = [file["name"] for file in document["files"] if file["split"] == split]
    return {
        "@type": "cr:FileSet",
        "@id": f"files-{split}",
        "name": f"files-{split}",
        "description": f"The {len(names)} Parquet file{'s' if len(names) > 1 else ''} of the split {split}.",
        "encodingFormat": "application/x-parquet",
        "includes": f"data/{split}-*.parquet",
    }


def _record_set(split: str, columns: pa.Schema) -> dict[str, Any]:
    fields: list[pa.Field[Any]] = list(columns)
    return {
        "@type": "cr:RecordSet",
        "@id": split,
        "name": split,
        "field": [_field(split, field.name, field.type) for field in fields],
    }


def _field(split: str, name: str, kind: pa.DataType) -> dict[str, Any]:
    found = _plain_field(split, name, [name])
    if not isinstance(kind, pa.ListType):
        return found | {"dataType": _data_type(kind)}
    found |= {"isArray": True, "arrayShape": "-1"}
    element = cast(pa.DataType, kind.value_type)
    if not isinstance(element, pa.StructType):
        return found | {"dataType": _data_type(element)}
    inner: list[pa.Field[Any]] = [element.field(index) for index in range(element.num_fields)]
    del found["source"]  # the parts have theirs
    return found | {
        "subField": [_plain_field(split, name, [name, one.name]) | {"dataType": _inner_type(one.type)} for one in inner]
    }


def _plain_field(split: str, column: str, path: list[str]) -> dict[str, Any]:
    """Return a field of the record set `split`, at `path` in `column`."""
    source: dict[str, Any] = {"fileSet": {"@id": f"files-{split}"}, "extract": {"column": column}}
    if path[1:]:
        source["transform"] = {"jsonPath": ".".join(path[1:])}
    name = "/".join([split, *path])
    return {"@type": "cr:Field", "@id": name, "name": name, "source": source}


def _inner_type(kind: pa.DataType) -> str:
    return _data_type(cast(pa.DataType, kind.value_type) if isinstance(kind, pa.ListType) else kind)


def _data_type(kind: pa.DataType) -> str:
    return "sc:Integer" if pa.types.is_integer(kind) else "sc:Text"
