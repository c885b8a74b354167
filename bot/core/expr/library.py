"""The plain built-ins and what Argo adds, by name. Text functions are in ``library_text``."""

import math
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from bot.core.expr import library_lists, library_text, predicates, times, values
from bot.core.expr.budget import Budget
from bot.core.expr.errors import ExprError

_FLOAT = re.compile(
    r"[+-]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?"
    r"|[+-]?(?:inf|infinity)|nan",
    re.IGNORECASE | re.ASCII,
)
_INT = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)
_INT_END = 1 << 63
_MAX_NESTING = 100


class Run(predicates.Run, Protocol):
    """What a built-in may know of the evaluation."""

    budget: Budget
    result: Any
    now: datetime | None

    def fetch(self, base: Any, prop: Any) -> Any: ...


def _float_of(string: str) -> float | None:
    if not _FLOAT.fullmatch(string):
        return None
    try:
        number = float(string)
    except ValueError:
        return None
    return None if math.isinf(number) and "n" not in string.lower() else number


def _int_of(string: str) -> int | None:
    number = int(string) if _INT.fullmatch(string) else _INT_END
    return number if -_INT_END <= number < _INT_END else None


def _as_int(_: Run, args: list[Any]) -> int:
    value = args[0]
    if isinstance(value, float):
        return values.truncated(value)
    if isinstance(value, str):
        number = _int_of(value)
        if number is None:
            why = "value out of range" if _INT.fullmatch(value) else "invalid syntax"
            raise ExprError(f'strconv.ParseInt: parsing "{value}": {why}')
        return number
    raise ExprError(f"asInt() not supported on type {values.type_name(value)}")


def _as_float(_: Run, args: list[Any]) -> float:
    value = args[0]
    if isinstance(value, float):
        return value
    if isinstance(value, str):
        number = _float_of(value)
        if number is None:
            why = "value out of range" if _FLOAT.fullmatch(value) else "invalid syntax"
            raise ExprError(f'strconv.ParseFloat: parsing "{value}": {why}')
        return number
    raise ExprError(f"asFloat() not supported on type {values.type_name(value)}")


def _float_test(test: Callable[[float], bool]) -> "Function":
    def call(_: Run, args: list[Any]) -> bool:
        value = args[0]
        if not isinstance(value, float):
            name = "nil" if value is None else values.type_name(value)
            raise ExprError(f"interface conversion: interface {{}} is {name}, not float64")
        return test(value)

    return call


def _len(_: Run, args: list[Any]) -> int:
    if isinstance(args[0], (list, dict, str)):
        return len(args[0])
    raise ExprError(f"invalid argument for len (type {values.type_name(args[0])})")


def _type(_: Run, args: list[Any]) -> str:
    match args[0]:
        case None:
            return "nil"
        case list():
            return "array"
        case dict():
            return "map"
        case float():
            return "float"
        case _:
            return values.type_name(args[0])


def _number(name: str, value: Any) -> int | float:
    if not values.is_number(value):
        raise ExprError(f"invalid argument for {name} (type {values.type_name(value)})")
    return value  # type: ignore[no-any-return]


def _abs(_: Run, args: list[Any]) -> int | float:
    found = abs(_number("abs", args[0]))
    return values.wrapped(found) if isinstance(found, int) else found


def _rounding(name: str, function: Callable[[float], float]) -> "Function":
    def call(_: Run, args: list[Any]) -> float:
        number = float(_number(name, args[0]))
        # Beyond 2**53 a float has no fraction; infinities and NaN stay as they are.
        return function(number) if abs(number) < 2.0**53 else number

    return call


def _half_away(number: float) -> float:
    whole = math.trunc(number)
    if abs(number - whole) >= 0.5:
        whole += 1 if number > 0 else -1
    return math.copysign(float(whole), number)


def _int(_: Run, args: list[Any]) -> int:
    if isinstance(args[0], str):
        number = _int_of(args[0])
        if number is None:
            raise ExprError(f"invalid operation: int({args[0]})")
        return number
    return values.to_int(args[0])


def _float(_: Run, args: list[Any]) -> float:
    value = args[0]
    number = _float_of(value) if isinstance(value, str) else None
    if number is None:
        if values.is_number(value):
            return float(value)
        shown = value if isinstance(value, str) else values.type_name(value)
        raise ExprError(f"invalid operation: float({shown})")
    return number


def _numbers(run: Run, name: str, args: list[Any], depth: int = 0) -> list[int | float]:
    """Give all numbers in ``args``, lists opened."""
    found: list[int | float] = []
    if depth > _MAX_NESTING:
        raise ExprError("recursion depth exceeded")
    for one in args:
        next(run.budget)
        if isinstance(one, list):
            found += _numbers(run, name, one, depth + 1)
        else:
            found.append(_number(name, one))
    return found


def _extreme(name: str, op: str) -> "Function":
    def call(run: Run, args: list[Any]) -> Any:
        if len(args) == 1 and not isinstance(args[0], list):
            return args[0]
        best: Any = None
        for number in _numbers(run, name, args):
            if best is None or values.compare(op, best, number):
                best = number
        return best

    return call


def _mean(run: Run, args: list[Any]) -> float:
    numbers = _numbers(run, "mean", args)
    total = 0.0
    for number in numbers:
        total += number
    return total / len(numbers) if numbers else 0.0


def _median(run: Run, args: list[Any]) -> float:
    numbers = sorted(float(number) for number in _numbers(run, "median", args))
    if not numbers:
        return 0.0
    half = len(numbers) // 2
    return numbers[half] if len(numbers) % 2 else (numbers[half - 1] + numbers[half]) / 2


def _now(run: Run, args: list[Any]) -> datetime:
    if run.now is None:
        raise ExprError("now() is not available here")
    return run.now.astimezone(args[0].zone) if args else run.now


Function = Callable[[Run, list[Any]], Any]

FUNCTIONS: dict[str, Function] = {
    **library_text.FUNCTIONS,
    **library_lists.FUNCTIONS,
    "asInt": _as_int,
    "asFloat": _as_float,
    "isNaN": _float_test(math.isnan),
    "isInf": _float_test(math.isinf),
    "isNil": lambda run, _: run.result is None,
    "default": lambda run, args: args[1] if run.result is None else run.result,
    "len": _len,
    "type": _type,
    "abs": _abs,
    "ceil": _rounding("ceil", lambda n: math.copysign(float(math.ceil(n)), n)),
    "floor": _rounding("floor", lambda n: math.copysign(float(math.floor(n)), n)),
    "round": _rounding("round", _half_away),
    "int": _int,
    "float": _float,
    "max": _extreme("max", "<"),
    "min": _extreme("min", ">"),
    "mean": _mean,
    "median": _median,
    "now": _now,
    "duration": lambda _, args: times.duration(library_text.string(args[0])),
    "date": lambda _, args: times.date(args),
    "timezone": lambda _, args: times.location(library_text.string(args[0])),
}
