"""Check the steps of a calculation: each number comes from somewhere, and each result is right."""

import ast
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .quantities import plain

_OPERATIONS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: float.__add__,
    ast.Sub: float.__sub__,
    ast.Mult: float.__mul__,
    ast.Div: float.__truediv__,
}
# Numbers that convert one unit into another, and percentages.
_CONSTANTS = frozenset({"1", "7", "10", "12", "24", "30", "52", "60", "100", "365", "1000", "1000000", "2.2", "1440"})
_RELATIVE = 0.01
_LONGEST = 200


def false_step(steps: Iterable[Mapping[str, Any]], known: set[str]) -> str | None:
    """Return the first step that is wrong or uses a number from nowhere, or None.

    Parameters
    ----------
    steps
        Each with `expression`, of numbers, ``+ - * /`` and brackets, and `result`.
    known
        Numbers of the passage and of the question; results of earlier steps are known too.

    Examples
    --------
    >>> steps = [{"expression": "70 * 15", "result": 1050}, {"expression": "1050 / 3", "result": 350}]
    >>> false_step(steps, {"70", "15", "3"}) is None
    True
    >>> false_step([{"expression": "70 * 15", "result": 1500}], {"70", "15"})
    '70 * 15 = 1500, which is 1050'
    >>> false_step([{"expression": "70 * 20", "result": 1400}], {"70", "15"})
    '70 * 20: 20 comes from nowhere'
    """
    held = known | _CONSTANTS
    for step in steps:
        expression, result = str(step["expression"]), step["result"]
        try:
            value, numbers = _evaluated(expression)
            result = float(result)
        except (SyntaxError, ValueError, ZeroDivisionError, OverflowError):
            return f"{expression[:80]}: no calculation"
        strange = sorted(numbers - held)
        if strange:
            return f"{expression}: {strange[0]} comes from nowhere"
        if not math.isclose(value, result, rel_tol=_RELATIVE):
            return f"{expression} = {result:g}, which is {value:g}"
        held = held | {plain(f"{result:f}")}
    return None


def _evaluated(expression: str) -> tuple[float, set[str]]:
    """Return the value of an expression and the numbers that stand in it."""
    if len(expression) > _LONGEST:
        raise ValueError("too long")
    tree = ast.parse(expression.replace(",", ""), mode="eval")
    numbers = {
        plain(f"{node.value:f}") for node in ast.walk(tree) if isinstance(node, ast.Constant) and _is_number(node)
    }
    return _value(tree.body), numbers


def _is_number(node: ast.Constant) -> bool:
    return isinstance(node.value, int | float) and not isinstance(node.value, bool)


def _value(node: ast.expr) -> float:
    match node:
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
            return _OPERATIONS[type(op)](_value(left), _value(right))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.Constant(value=value) if _is_number(node):
            return float(str(value))
        case _:
            raise ValueError("no arithmetic")
