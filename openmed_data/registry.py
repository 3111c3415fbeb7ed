"""Find builders, checks and stages by name: the modules of the rooms, and entry points of other packages.

A module of a room offers one object under the room's attribute, for example ``BUILDER``; its name, with dashes for
underscores, is what the command line shows. Nothing is listed anywhere, so a new dataset is a new file.
"""

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from openmed_data.errors import UsageError


@dataclass(frozen=True, slots=True)
class Room:
    """Where one kind of part lives, and what it is called in messages."""

    package: str
    attribute: str
    group: str
    noun: str


BUILDERS = Room("openmed_data.builders", "BUILDER", "openmed_data.builders", "dataset")
CHECKS = Room("openmed_data.validation", "CHECK", "openmed_data.checks", "check")
STAGES = Room("openmed_data.train", "STAGE", "openmed_data.stages", "stage")


def names(room: Room) -> list[str]:
    """Return the names of everything in `room`, sorted; imports the room's modules."""
    offered = (name for name, module in _modules(room).items() if _may_offer(room, module))
    return sorted({*offered, *_entry_points(room)})


def find(room: Room, name: str) -> Any:
    """Return the part of `room` called `name`.

    Raises
    ------
    UsageError
        Nothing has that name, and near misses are suggested; or its module cannot be imported, or offers something
        else.

    Examples
    --------
    >>> find(BUILDERS, "medmcqa-pref")
    Traceback (most recent call last):
    ...
    openmed_data.errors.UsageError: no dataset is called 'medmcqa-pref'
    """
    modules = _modules(room)
    if name in modules and _may_offer(room, modules[name]):
        return _part(room, name, partial(_offered, room, modules[name]))
    points = _entry_points(room)
    if name in points:
        return _part(room, name, points[name].load)
    raise UsageError(f"no {room.noun} is called '{name}'", hint=nearest(name, names(room)))


def nearest(name: str, known: Sequence[str]) -> str:
    """Say which of the names that are known may be meant, or which there are.

    Examples
    --------
    >>> nearest("scheme", ["pairs", "schema"]), nearest("x", ["pairs", "schema"])
    ("Did you mean 'schema'?", 'There are: pairs, schema.')
    """
    near = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(known) or 'none'}."


def all_of(room: Room) -> Mapping[str, Any]:
    """Return every part of `room` by name; imports all of them."""
    return {name: find(room, name) for name in names(room)}


def _modules(room: Room) -> dict[str, str]:
    """Return name → module for the modules of `room`; an underscore in front says that one only serves its siblings."""
    package = importlib.import_module(room.package)
    found = (module.name for module in pkgutil.iter_modules(package.__path__) if not module.name.startswith("_"))
    return {name.replace("_", "-"): f"{room.package}.{name}" for name in found}


def _may_offer(room: Room, module: str) -> bool:
    """Return whether a module offers a part; `find` says of one that cannot be imported what is wrong with it."""
    try:
        return _offered(room, module) is not None
    except Exception:  # noqa: BLE001  (whatever its author's code raises)
        return True


def _offered(room: Room, module: str) -> Any:
    """Return the part that a module offers; None where it only serves others."""
    return getattr(importlib.import_module(module), room.attribute, None)


def _part(room: Room, name: str, load: Callable[[], Any]) -> Any:
    """Return the part that `load` imports, if it is one and has the name by which it was looked for."""
    try:
        part = load()
    except Exception as error:
        raise UsageError(
            f"the {room.noun} '{name}' cannot be imported: {type(error).__name__}: {error}",
            hint="Mend its module, or install what it needs.",
        ) from error
    if isinstance(part, type):
        raise UsageError(
            f"the {room.noun} '{name}' is the class {part.__name__}",
            hint=f"Make one: {room.attribute} = {part.__name__}()",
        )
    if (called := getattr(part, "name", None)) != name:
        raise UsageError(
            f"the {room.noun} '{name}' calls itself {called!r}",
            hint="A module, or an entry point, is called as its part is; dashes are underscores in a module's name.",
        )
    return part


def _entry_points(room: Room) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=room.group)}
