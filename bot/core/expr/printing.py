"""Values as Go prints them: ``%v`` and JSON. Pure text; nothing is evaluated here."""

import json
import math
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from bot.core.expr import values
from bot.core.expr.errors import ExprError
from bot.core.expr.times import Duration

# From here on Go prints floats with an exponent.
_EXPONENT_FROM = 21
_EXPONENT_BELOW = -4


def float_text(number: float) -> str:
    """Go's ``%v`` of a float64: the shortest digits that give the number back."""
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "+Inf" if number > 0 else "-Inf"
    if number == 0:
        return "-0" if math.copysign(1, number) < 0 else "0"
    mantissa, _, exponent = f"{number!r}".replace("E", "e").partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    scale = point - 1
    if scale < _EXPONENT_BELOW or scale >= _EXPONENT_FROM:
        tail = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{tail}e{'-' if scale < 0 else '+'}{abs(scale):02d}"
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    if point >= len(digits):
        return f"{sign}{digits}{'0' * (point - len(digits))}"
    return f"{sign}{digits[:point]}.{digits[point:]}"


def text(value: Any, ticks: Iterator[None]) -> str:
    """Go's ``%v``."""
    next(ticks)
    match value:
        case None:
            return "<nil>"
        case bool():
            return "true" if value else "false"
        case float():
            return float_text(value)
        case list():
            return f"[{' '.join(text(one, ticks) for one in value)}]"
        case dict():
            keys = sorted(value, key=str)
            return "map[" + " ".join(f"{k}:{text(value[k], ticks)}" for k in keys) + "]"
        case _:
            return str(value)


def json_text(value: Any, ticks: Iterator[None]) -> str:
    """``toJSON``: indented by two."""
    try:
        return json.dumps(_plain(value, ticks), indent=2, allow_nan=False, ensure_ascii=False)
    except (ValueError, TypeError):
        raise ExprError("json: unsupported value") from None


def _plain(value: Any, ticks: Iterator[None]) -> Any:
    next(ticks)
    match value:
        case float() if value.is_integer() and abs(value) < 1e21:
            return int(value)
        case list():
            return [_plain(one, ticks) for one in value]
        case values.Keyed():
            raise ExprError("json: unsupported type: " + values.type_name(value))
        case dict():
            return {str(key): _plain(value[key], ticks) for key in sorted(value, key=str)}
        case datetime():
            return value.isoformat()
        case Duration():
            return value.ns
        case _:
            return value
