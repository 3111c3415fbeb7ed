"""Say an Arrow schema in the words of a dataset card, so that loading gives exactly the declared columns and types.

The `datasets` library can do this too; it takes a second to import, and a card is written after every build.
"""

from typing import Any, cast

import pyarrow as pa

# The names that `datasets.Value` gives to the types of `openmed_data.kinds`.
_SCALARS: dict[pa.DataType, str] = {pa.string(): "string", pa.int32(): "int32", pa.json_(): "json"}


def card_features(schema: pa.Schema) -> list[dict[str, Any]]:
    """Return `dataset_info.features` of a dataset card.

    Raises
    ------
    ValueError
        A column has a type that none of the four kinds uses.

    Examples
    --------
    >>> card_features(pa.schema({"id": pa.string(), "choices": pa.list_(pa.string())}))
    [{'name': 'id', 'dtype': 'string'}, {'name': 'choices', 'list': 'string'}]
    """
    fields: list[pa.Field[Any]] = list(schema)
    return [_feature(field.name, field.type) for field in fields]


def _feature(name: str, kind: pa.DataType) -> dict[str, Any]:
    if isinstance(kind, pa.ListType):
        return {"name": name, "list": _element(cast(pa.DataType, kind.value_type))}
    return {"name": name, "dtype": _scalar(kind)}


def _element(kind: pa.DataType) -> list[dict[str, Any]] | str:
    if isinstance(kind, pa.StructType):
        fields: list[pa.Field[Any]] = [kind.field(index) for index in range(kind.num_fields)]
        return [_feature(field.name, field.type) for field in fields]
    return _scalar(kind)


def _scalar(kind: pa.DataType) -> str:
    if kind not in _SCALARS:
        raise ValueError(f"no card feature for the Arrow type {kind}")
    return _SCALARS[kind]
