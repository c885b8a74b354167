"""What Go does with values: type names, equality, order, arithmetic, printing.

Pure functions of values; nothing here knows of expressions. A Go int is a Python int (bool
excepted), a float64 a float, a slice a list, a map a dict, nil is None.
"""

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from bot.core.expr.errors import ExprError
from bot.core.expr.times import Duration, Location

_INT_MASK = (1 << 64) - 1
_INT_SIGN = 1 << 63
_FLOAT_END = 1 << 1023
_MAX_NESTING = 100


class Floats(list[float]):
    """A ``[]float64``: what a Prometheus vector is."""


class Ints(list[int]):
    """A ``[]int``: what ``1..3`` is."""


class Strings(list[str]):
    """A ``[]string``: what ``split`` returns."""


class Keyed(dict[Any, Any]):
    """A map whose keys need not be strings; they are all of one type."""


class Groups(Keyed):
    """What ``groupBy`` returns: a key it does not have gives an empty list."""


_NAMES: tuple[tuple[type, str], ...] = (
    (bool, "bool"),
    (int, "int"),
    (float, "float64"),
    (str, "string"),
    (Floats, "[]float64"),
    (Ints, "[]int"),
    (Strings, "[]string"),
    (list, "[]interface {}"),
    (Groups, "map[interface {}][]interface {}"),
    (Keyed, "map[interface {}]interface {}"),
    (dict, "map[string]interface {}"),
    (datetime, "time.Time"),
    (Duration, "time.Duration"),
    (Location, "*time.Location"),
)


def type_name(value: Any) -> str:
    """Go's ``%T``."""
    return next((name for kind, name in _NAMES if isinstance(value, kind)), "<nil>")


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def wrapped(number: int) -> int:
    """The same number in 64 bits."""
    return ((number + _INT_SIGN) & _INT_MASK) - _INT_SIGN


def truncated(number: float) -> int:
    """``int(f)``: what does not fit becomes the smallest int, as on amd64."""
    if not math.isfinite(number) or not -_INT_SIGN <= number < _INT_SIGN:
        return -_INT_SIGN
    return int(number)


def to_int(value: Any) -> int:
    if not is_number(value):
        raise ExprError(f"invalid operation: int({type_name(value)})")
    return truncated(value) if isinstance(value, float) else int(value)


def to_bool(value: Any) -> bool:
    if not isinstance(value, bool):
        name = "nil" if value is None else type_name(value)
        raise ExprError(f"interface conversion: interface {{}} is {name}, not bool")
    return value


def _same_scalar(left: Any, right: Any) -> bool:
    if is_number(left) and is_number(right):
        return float(left) == float(right) if type(left) is not type(right) else left == right
    return type_name(left) == type_name(right) and bool(left == right)


def equal(left: Any, right: Any, ticks: Iterator[None]) -> bool:
    """``==``: numbers by value, lists by element, maps only with the very same types.

    Draws one from ``ticks`` for every element, so that the caller can bound the work.
    """
    next(ticks)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(
            equal(a, b, ticks) for a, b in zip(left, right, strict=True)
        )
    if isinstance(left, dict) and isinstance(right, dict):
        return (
            len(left) == len(right)
            and left.keys() == right.keys()
            and all(
                type_name(left[key]) == type_name(right[key])
                and equal(left[key], right[key], ticks)
                for key in left
            )
        )
    return _same_scalar(left, right)


def compare(op: str, left: Any, right: Any) -> bool:
    """``<``, ``<=``, ``>``, ``>=`` between two values of a kind that has an order."""
    ordered = (
        (is_number(left) and is_number(right))
        or (isinstance(left, str) and isinstance(right, str))
        or (isinstance(left, datetime) and isinstance(right, datetime))
        or (isinstance(left, Duration) and isinstance(right, Duration))
    )
    if not ordered:
        raise refused(op, left, right)
    if isinstance(left, Duration):
        left, right = left.ns, right.ns
    match op:
        case "<":
            return bool(left < right)
        case "<=":
            return bool(left <= right)
        case ">":
            return bool(left > right)
        case _:
            return bool(left >= right)


def refused(op: str, left: Any, right: Any) -> ExprError:
    return ExprError(f"invalid operation: {type_name(left)} {op} {type_name(right)}")


def divide(left: Any, right: Any) -> float:
    if not (is_number(left) and is_number(right)):
        raise refused("/", left, right)
    top, bottom = float(left), float(right)
    if bottom:
        return top / bottom
    if top == 0 or math.isnan(top):
        return math.nan
    return math.copysign(math.inf, top) * math.copysign(1, bottom)


def power(left: Any, right: Any) -> float:
    if not (is_number(left) and is_number(right)):
        raise refused("**", left, right)
    base, exponent = float(left), float(right)
    try:
        return math.pow(base, exponent)
    except OverflowError:
        odd = exponent.is_integer() and exponent % 2 == 1
        return -math.inf if base < 0 and odd else math.inf
    except ValueError:
        return math.inf if base == 0 else math.nan


def modulo(left: Any, right: Any) -> int:
    if not (is_int(left) and is_int(right)):
        raise refused("%", left, right)
    if right == 0:
        raise ExprError("integer divide by zero")
    size: int = abs(left) % abs(right)
    return -size if left < 0 else size


def arithmetic(op: str, left: Any, right: Any) -> Any:
    """``+``, ``-``, ``*`` of numbers and of times."""
    if is_number(left) and is_number(right):
        if isinstance(left, float) or isinstance(right, float):
            left, right = float(left), float(right)
        result = left + right if op == "+" else left - right if op == "-" else left * right
        return wrapped(result) if isinstance(result, int) else result
    if op == "+" and isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(left, (datetime, Duration)) or isinstance(right, (datetime, Duration)):
        return _of_times(op, left, right)
    raise refused(op, left, right)


def _of_times(op: str, left: Any, right: Any) -> Any:
    try:
        match op, left, right:
            case "-", datetime(), datetime():
                return Duration.between(right, left)
            case "-", datetime(), Duration():
                return left - right.delta
            case "+", datetime(), Duration():
                return left + right.delta
            case "+", Duration(), datetime():
                return right + left.delta
            case (("+" | "-"), Duration(), Duration()):
                sign = 1 if op == "+" else -1
                return Duration(wrapped(left.ns + sign * right.ns))
            case "*", Duration(), _ if is_number(right):
                return Duration(truncated(float(left.ns) * float(right)))
            case "*", _, Duration() if is_number(left):
                return Duration(truncated(float(left) * float(right.ns)))
            case _:
                raise refused(op, left, right)
    except OverflowError:
        raise ExprError("time out of range") from None


def floated(value: Any, ticks: Iterator[None], depth: int = 0) -> Any:
    """Give a JSON value as Go decodes it: every number a float64.

    Raises:
        ExprError: it nests too deeply, or has something that JSON does not.

    """
    next(ticks)
    if depth > _MAX_NESTING:
        raise ExprError("value nests too deeply")
    match value:
        case None | bool() | float() | str():
            return value
        case int():
            return float(value) if abs(value) < _FLOAT_END else math.copysign(math.inf, value)
        case list() if all(type(one) is float for one in value):
            # What a vector is: no need to look at each for long.
            for _ in value:
                next(ticks)
            return list(value)
        case list() | tuple():
            return [floated(one, ticks, depth + 1) for one in value]
        case dict():
            return {str(key): floated(value[key], ticks, depth + 1) for key in value}
        case _:
            raise ExprError(f"no JSON value: {type(value).__name__}")


def clean(string: str) -> str:
    """The same text without lone surrogates, which no byte form has."""
    return string.encode("utf-8", "replace").decode()
