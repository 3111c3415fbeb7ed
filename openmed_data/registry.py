"""Find builders, checks and stages by name: the modules of the rooms, and entry points of other packages.

A module of a room offers one object under the room's attribute, for example ``BUILDER``; its name, with dashes for
underscores, is what the command line shows. Nothing is listed anywhere, so a new dataset is a new file.
"""

import difflib
import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
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
    return sorted({*_offers(room), *_entry_points(room)})


def find(room: Room, name: str) -> Any:
    """Return the part of `room` called `name`.

    Raises
    ------
    UsageError
        Nothing has that name; near misses are suggested.

    Examples
    --------
    >>> find(BUILDERS, "medmcqa-pref")
    Traceback (most recent call last):
    ...
    openmed_data.errors.UsageError: no dataset is called 'medmcqa-pref'
    """
    modules = _modules(room)
    if name in modules and (part := _offered(room, modules[name])) is not None:
        return part
    points = _entry_points(room)
    if name in points:
        return points[name].load()
    known = names(room)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(known) or 'none'}."
    raise UsageError(f"no {room.noun} is called '{name}'", hint=hint)


def all_of(room: Room) -> Mapping[str, Any]:
    """Return every part of `room` by name; imports all of them."""
    return {name: find(room, name) for name in names(room)}


def _modules(room: Room) -> dict[str, str]:
    """Return name → module for the modules of `room`; an underscore in front says that one only serves its siblings."""
    package = importlib.import_module(room.package)
    found = (module.name for module in pkgutil.iter_modules(package.__path__) if not module.name.startswith("_"))
    return {name.replace("_", "-"): f"{room.package}.{name}" for name in found}


def _offers(room: Room) -> list[str]:
    """Return the names of modules that do offer a part; one that lacks the room's attribute only serves others."""
    return [name for name, module in _modules(room).items() if _offered(room, module) is not None]


def _offered(room: Room, module: str) -> Any:
    return getattr(importlib.import_module(module), room.attribute, None)


def _entry_points(room: Room) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=room.group)}
