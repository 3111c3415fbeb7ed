"""Tell by its column names alone which of the shapes that a builder reads a file has."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from openmed_data.errors import Problem, SourceError

# Name of a shape → the columns a file of that shape must have.
Shapes: TypeAlias = Mapping[str, Sequence[str]]

_RENAME = "`openmed-data describe NAME` lists the columns; rename yours to match."


def shape_of(name: str, found: Sequence[str], shapes: Shapes) -> str:
    """Return the shape that a file with the columns `found` has.

    A shape whose columns include those of another is the more telling one and wins.

    Raises
    ------
    SourceError
        No shape fits; the message names the nearest one and every column that it misses. Or two shapes fit and
        neither includes the other.

    Examples
    --------
    >>> shapes = {"plain": ("question", "answer"), "with options": ("question", "answer", "options")}
    >>> shape_of("rows.json", ["question", "options", "answer", "id"], shapes)
    'with options'
    """
    fitting = [shape for shape, columns in shapes.items() if set(columns) <= set(found)]
    if not fitting:
        raise _no_shape(name, found, shapes)
    best = max(fitting, key=lambda shape: len(shapes[shape]))
    rival = next((shape for shape in fitting if not set(shapes[shape]) <= set(shapes[best])), None)
    if rival is not None:
        problem = Problem(name, f"the columns of {best} and of {rival}", "the columns of one of them")
        raise SourceError(
            f"'{name}' can be read in two ways", [problem], hint="Remove the columns that you do not mean."
        )
    return best


def _no_shape(name: str, found: Sequence[str], shapes: Shapes) -> SourceError:
    def missing(shape: str) -> list[str]:
        return [column for column in shapes[shape] if column not in found]

    nearest = min(shapes, key=lambda shape: (len(missing(shape)) / len(shapes[shape]), len(missing(shape))))
    listed = ", ".join(found) or "none"
    problems = [
        Problem(name, f"the columns {listed}", f"a column '{column}'", field=column) for column in missing(nearest)
    ]
    lacks = f"{len(problems)} of the columns that this builder reads"
    if len(shapes) > 1:
        lacks = f"the columns of every shape that this builder reads ({', '.join(shapes)}); nearest is {nearest}"
    return SourceError(f"'{name}' lacks {lacks}", problems, hint=_RENAME)
