"""Medical units, through pint: conversion inside one dimension only, never through a molar mass or a potency."""

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, cast

from openmed_data.text.normalize import answer_key

if TYPE_CHECKING:
    from pint import UnitRegistry

# What lab reports write for what pint reads; keys are lower case. Units of effect (IU), of enzyme activity or dose
# (U) and equivalents are dimensions of their own: one converts into another for one substance only.
_ALIASES = {
    "%": "percent", "percent": "percent", "mcg": "microgram", "ug": "microgram", "gm": "gram", "gms": "gram",
    "cc": "milliliter", "mmhg": "mmHg", "mm hg": "mmHg", "cm h2o": "cmH2O", "cmh2o": "cmH2O", "torr": "torr",
    "iu": "medical_iu", "u": "medical_unit", "unit": "medical_unit", "units": "medical_unit", "miu": "milli_medical_iu",
    "meq": "milli_medical_eq", "eq": "medical_eq", "mosm": "milli_medical_osm", "osm": "medical_osm",
    "bpm": "medical_beat / minute", "beats": "medical_beat", "beat": "medical_beat",
    "breaths": "medical_breath", "breath": "medical_breath", "cells": "medical_cell", "cell": "medical_cell",
    "°c": "degC", "° c": "degC", "celsius": "degC", "°f": "degF", "° f": "degF", "fahrenheit": "degF",
    "°": "degree", "degrees": "degree", "yr": "year", "yrs": "year", "y": "year", "years": "year", "year": "year",
    "mo": "month", "month": "month", "months": "month", "wk": "week", "wks": "week", "hr": "hour", "hrs": "hour",
    "h": "hour", "min": "minute", "mins": "minute", "sec": "second", "secs": "second", "s": "second", "d": "day",
    "l": "liter", "dl": "deciliter", "ml": "milliliter", "ul": "microliter", "fl": "femtoliter", "lb": "pound",
    "lbs": "pound", "mmol": "millimole", "umol": "micromole", "nmol": "nanomole", "pmol": "picomole", "mol": "mole",
    "kg": "kilogram", "g": "gram", "mg": "milligram", "ng": "nanogram", "pg": "picogram", "mm": "millimeter",
    "cm": "centimeter", "m": "meter", "km": "kilometer", "um": "micrometer", "nm": "nanometer", "hz": "hertz",
    "mm3": "millimeter**3", "cm3": "centimeter**3", "m2": "meter**2", "cm2": "centimeter**2", "kcal": "kilocalorie",
    "cal": "calorie", "kj": "kilojoule", "kpa": "kilopascal", "pa": "pascal", "mv": "millivolt", "v": "volt",
    "gy": "gray", "rad": "rads", "sv": "sievert", "msv": "millisievert", "day": "day", "days": "day",
    "week": "week", "weeks": "week", "hour": "hour", "hours": "hour", "minute": "minute", "minutes": "minute",
    "second": "second", "seconds": "second", "kilogram": "kilogram", "gram": "gram", "milligram": "milligram",
    "microgram": "microgram", "nanogram": "nanogram", "liter": "liter", "litre": "liter", "deciliter": "deciliter",
    "decilitre": "deciliter", "milliliter": "milliliter", "millilitre": "milliliter", "microliter": "microliter",
    "microlitre": "microliter", "kilometer": "kilometer", "kilometre": "kilometer", "meter": "meter", "metre": "meter",
    "centimeter": "centimeter", "centimetre": "centimeter", "millimeter": "millimeter", "millimetre": "millimeter",
    "micrometer": "micrometer", "micrometre": "micrometer", "mole": "mole", "millimole": "millimole",
}  # fmt: skip
# Case tells these apart: molar from metre, milli from mega.
_CASED = {
    "M": "molar",
    "mM": "millimolar",
    "uM": "micromolar",
    "μM": "micromolar",
    "nM": "nanomolar",
    "MHz": "megahertz",
}
_SAME = 1e-9


@cache
def _registry() -> "UnitRegistry[Any]":
    from pint import UnitRegistry  # half a second to import

    registry: UnitRegistry[Any] = UnitRegistry(autoconvert_offset_to_baseunit=True)
    for name in ("iu", "unit", "eq", "osm", "beat", "breath", "cell"):
        registry.define(f"medical_{name} = [medical_{name}]")
    for name in ("iu", "eq", "osm"):
        registry.define(f"milli_medical_{name} = 1e-3 * medical_{name}")
    return registry


@lru_cache(maxsize=4096)
def pint_unit(text: str) -> str | None:
    """Return a unit as pint writes it, ``""`` for none, or None where the text is no unit that is known.

    Examples
    --------
    >>> pint_unit("mg/dL"), pint_unit("chromosomes")
    ('milligram / deciliter', None)
    """
    parts = [part.strip() for part in text.replace(" per ", "/").replace(" in ", "/").strip(" .").split("/")]
    if parts == [""]:
        return ""
    names = [_one_unit(part) if part else "1" for part in parts]
    return None if None in names else " / ".join(cast("list[str]", names))


def _one_unit(text: str) -> str | None:
    lower = text.lower()
    return _CASED.get(text) or _ALIASES.get(answer_key(text)) or _ALIASES.get(lower) or _ALIASES.get(lower.rstrip("s"))


def same_quantity(value: float, unit: str, other: float, other_unit: str, tolerance: float) -> bool:
    """Compare two quantities; ``unit`` and ``other_unit`` are written as :func:`pint_unit` returns them.

    Parameters
    ----------
    tolerance
        Relative to the second quantity.

    Examples
    --------
    >>> same_quantity(120, "mmHg", 16.0, "kilopascal", 0.01)
    True
    >>> same_quantity(100, "milligram / deciliter", 5.6, "millimole / liter", 0.01)
    False
    """
    if unit != other_unit:
        converted = _convert(value, unit, other_unit)
        if converted is None:
            return False
        value = converted
    return abs(value - other) <= max(tolerance * abs(other), _SAME * max(1.0, abs(other)) if other else _SAME)


def convertible(unit: str, other: str) -> bool:
    """Say whether quantities in two units are of one dimension, each unit as :func:`pint_unit` returns it.

    Examples
    --------
    >>> convertible("day", "week"), convertible("percent", "day")
    (True, False)
    """
    return unit == other or _convert(1.0, unit, other) is not None


@lru_cache(maxsize=1 << 14)
def _convert(value: float, unit: str, to: str) -> float | None:
    from pint.errors import PintError

    if not unit or not to:  # a number without its unit is not the answer to a question that has one
        return None
    registry = _registry()
    try:
        return float(cast("float", registry.Quantity(value, unit).to(to).magnitude))
    except PintError:
        return None
