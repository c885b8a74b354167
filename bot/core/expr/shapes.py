"""The metric's value as Go would hold it, and its static type."""

from typing import Any

from bot.core.expr import kinds, values
from bot.core.expr.errors import ExprError

# A vector or document beyond this is no condition's business, and would take too long.
MAX_VALUES = 20_000


class _Count:
    """Ticks for the walk over the value."""

    def __init__(self) -> None:
        self.left = MAX_VALUES

    def __iter__(self) -> "_Count":
        return self

    def __next__(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise ExprError("memory budget exceeded")


_SCALARS: tuple[tuple[type, kinds.Kind], ...] = (
    (bool, kinds.BOOL),
    (float, kinds.FLOAT),
    (str, kinds.STRING),
    (list, kinds.ANY_ARRAY),
    (dict, kinds.MAP),
)


def shaped(result: Any, shape: str) -> tuple[Any, kinds.Kind]:
    """Give the value with every number a float, and its kind.

    Raises:
        ExprError: the value is not of that shape, or not one that JSON has.

    """
    value = values.floated(result, _Count())
    if shape == "any":
        if value is None:
            return value, kinds.NIL
        return value, next(kind for held, kind in _SCALARS if isinstance(value, held))
    if shape == "[]float64":
        if not isinstance(value, list) or not all(isinstance(one, float) for one in value):
            raise ExprError("the metric's value is no list of numbers")
        return values.Floats(value), kinds.FLOATS
    if shape == "*float64" and value is None:
        return value, kinds.FLOAT_POINTER
    if shape not in {"float64", "*float64"} or not isinstance(value, float):
        raise ExprError(f"the metric's value is no {shape}")
    return value, kinds.FLOAT if shape == "float64" else kinds.FLOAT_POINTER
