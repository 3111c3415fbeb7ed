"""A digest of a model's weights that neither sharding nor storage type changes.

Every tensor is hashed as float32 (16-bit floats convert exactly), so a model saved in another layout, or in float32
after it was loaded from bfloat16, is the same model; the digest of all is that of names, shapes and tensor digests.
"""

import hashlib
import json
import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt

from openmed_data.errors import UsageError

_TEXTS = ("config.json", "*token*.json", "vocab.json", "merges.txt", "*.model", "*.jinja")
_OF_SAVING = {"transformers_version", "_name_or_path", "dtype", "torch_dtype"}
_CHUNK = 1 << 24  # elements turned into float32 at once: 64 MiB
_FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
_WIDTHS = {"BF16": 2, "BOOL": 1, "I8": 1, "U8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "I16": 2, "I32": 4, "I64": 8}


def weights_digest(model: Path) -> str:
    """Return the SHA-256 of the weights of the model saved at `model`.

    Raises
    ------
    UsageError
        The folder holds no safetensors, or one that is damaged.
    """
    tensors = dict(pair for path in _files(model) for pair in _tensors(path))
    text = json.dumps(tensors, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def count_parameters(model: Path) -> int:
    """Return how many parameters are saved at `model`; reads only the headers.

    Raises
    ------
    UsageError
        The folder holds no safetensors, or one that is damaged.
    """
    total = 0
    for path in _files(model):
        with path.open("rb") as file:
            total += sum(math.prod(cast(list[int], facts["shape"])) for facts in _header(file)[0].values())
    return total


def texts_digest(model: Path) -> str:
    """Return the SHA-256 of what a model is besides its weights: configuration, tokenizer and chat template."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in _TEXTS for path in model.glob(pattern)):
        content = _own_facts(path) if path.name == "config.json" else path.read_bytes()
        digest.update(f"{path.name}\0".encode() + hashlib.sha256(content).digest())
    return digest.hexdigest()


def _own_facts(path: Path) -> bytes:
    """Return a configuration without what saving it again changes."""
    facts: dict[str, Any] = json.loads(path.read_bytes())
    return json.dumps({key: facts[key] for key in sorted(facts.keys() - _OF_SAVING)}).encode()


def _files(model: Path) -> list[Path]:
    """Return the files that transformers loads: some repositories hold the same weights a second time."""
    index = model / "model.safetensors.index.json"
    files = sorted(model.glob("*.safetensors"))
    if (model / "model.safetensors").is_file():
        files = [model / "model.safetensors"]
    elif index.is_file():
        files = [model / name for name in sorted(set(json.loads(index.read_bytes())["weight_map"].values()))]
    missing = [path.name for path in files if not path.is_file()]
    if missing:
        raise UsageError(f"'{model}' lacks weights: {', '.join(missing)}", hint="Fetch the model again.")
    if not files:
        hint = "Give the folder that `save_pretrained` made, or a repository on the Hub."
        raise UsageError(f"'{model}' holds no model (no *.safetensors)", hint=hint)
    return files


def _header(file: BinaryIO) -> tuple[dict[str, dict[str, Any]], int]:
    """Return tensors by name, and where their bytes begin (the format is 8 bytes of length, JSON, bytes)."""
    whole = os.fstat(file.fileno()).st_size
    length = int.from_bytes(file.read(8), "little")
    header: dict[str, dict[str, Any]] = {}
    with suppress(ValueError):
        header = json.loads(file.read(length)) if length <= whole else {}
    header.pop("__metadata__", None)
    ends = [facts["data_offsets"][1] for facts in header.values()]
    if not ends or 8 + length + max(ends) > whole:
        raise UsageError(
            f"'{file.name}' is damaged: it was cut off, or is no safetensors", hint="Fetch the model again."
        )
    return header, 8 + length


def _tensors(path: Path) -> Iterator[tuple[str, list[Any]]]:
    with path.open("rb") as file:
        header, start = _header(file)
        for name, facts in header.items():
            first, last = facts["data_offsets"]
            file.seek(start + first)
            yield name, [facts["shape"], _digest(file, facts["dtype"], last - first)]


def _digest(file: BinaryIO, dtype: str, size: int) -> str:
    digest = hashlib.sha256()
    step = _CHUNK * (np.dtype(_FLOATS[dtype]).itemsize if dtype in _FLOATS else _WIDTHS[dtype])
    while size > 0:
        raw = file.read(min(step, size))
        digest.update(_as_float32(raw, dtype).data)
        size -= len(raw)
    return digest.hexdigest()


def _as_float32(raw: bytes, dtype: str) -> npt.NDArray[Any]:
    if dtype == "BF16":  # the upper half of a float32
        return (np.frombuffer(raw, "<u2").astype("<u4") << np.uint32(16)).view("<f4")
    if dtype in _FLOATS:
        return np.frombuffer(raw, _FLOATS[dtype]).astype("<f4")
    return np.frombuffer(raw, np.uint8)  # integers and 8-bit floats as they are
