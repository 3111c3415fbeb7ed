"""Which licences may stand in one dataset, and under which the whole then stands.

The rules are those of Creative Commons' compatibility chart (https://wiki.creativecommons.org/wiki/Wiki/cc_license_compatibility):
a mixture is an adaptation, which no-derivatives licences forbid; share-alike licences demand their own terms for the
whole; non-commercial terms bind the whole. Every row keeps its own licence, whose notices are to be kept with it.
"""

from collections.abc import Iterable

from openmed_data.errors import UsageError

# Each demands more than those before it.
_FREE = (
    *("cc0-1.0", "pddl", "unlicense", "wtfpl"),
    *("zlib", "isc", "bsd", "bsd-2-clause", "bsd-3-clause", "bsd-3-clause-clear", "mit", "ecl-2.0", "apache-2.0"),
    *("cdla-permissive-1.0", "cdla-permissive-2.0", "odc-by", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0"),
)
_NON_COMMERCIAL = ("cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0")
# Licences that demand themselves for the whole, and what may be taken up into them besides the free ones.
_SHARE_ALIKE: dict[str, frozenset[str]] = {
    "cc-by-sa-3.0": frozenset(),
    "cc-by-sa-4.0": frozenset({"cc-by-sa-3.0"}),
    "cc-by-nc-sa-3.0": frozenset(_NON_COMMERCIAL[:2]),
    "cc-by-nc-sa-4.0": frozenset({*_NON_COMMERCIAL, "cc-by-nc-sa-3.0"}),
    "odbl": frozenset(),
    "cdla-sharing-1.0": frozenset(),
    "gfdl": frozenset(),
}


def roll_up(licenses: Iterable[str]) -> str:
    """Return the licence of a mixture of works under `licenses`.

    Raises
    ------
    UsageError
        They do not go together, or one of them allows no mixture or is not known.

    Examples
    --------
    >>> roll_up(["mit", "cc-by-4.0", "cc0-1.0"]), roll_up(["cc-by-nc-4.0", "apache-2.0"])
    ('cc-by-4.0', 'cc-by-nc-4.0')
    >>> roll_up(["cc-by-sa-4.0", "cc-by-nc-4.0"])
    Traceback (most recent call last):
    ...
    openmed_data.errors.UsageError: the licences cc-by-nc-4.0 and cc-by-sa-4.0 cannot stand in one dataset
    """
    named = sorted({"-".join(text.lower().split()) for text in licenses})
    unknown = [name for name in named if name not in {*_FREE, *_NON_COMMERCIAL, *_SHARE_ALIKE}]
    if unknown:
        raise UsageError(
            f"nothing says that works under {', '.join(repr(name) for name in unknown)} may be mixed with others",
            hint="Leave the part out, or give it a `license` if its rows do not say theirs and you know it.",
        )
    bound = [name for name in named if name in _SHARE_ALIKE]
    for name in reversed(bound):
        if all(other == name or other in _FREE or other in _SHARE_ALIKE[name] for other in named):
            return name
    if bound:
        raise UsageError(
            f"the licences {' and '.join(name for name in named if name not in _FREE)} cannot stand in one dataset",
            hint="Leave one of these parts out of the recipe.",
        )
    return max(named, key=(*_FREE, *_NON_COMMERCIAL).index)
