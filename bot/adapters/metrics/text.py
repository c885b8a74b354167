"""Values as Argo writes them into a measurement: Go's number forms. No I/O."""

import json
import math
from decimal import Decimal
from typing import Any

MAX_TEXT = 4_096

# encoding/json writes an exponent outside of this range.
_LEAST, _MOST = 1e-6, 1e21
_ESCAPED = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}


def bounded(shown: str) -> str:
    """Cut a text that would not fit into an object beside all the other measurements."""
    return shown if len(shown) <= MAX_TEXT else shown[: MAX_TEXT - 1] + "…"


def number(value: float) -> str:
    """``strconv.FormatFloat(value, 'f', -1, 64)``: never an exponent, no needless digits."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    plain = format(Decimal(repr(value)), "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def numbers(values: list[float]) -> str:
    return f"[{','.join(map(number, values))}]"


def _json_number(value: float) -> str:
    if value == 0 or _LEAST <= abs(value) < _MOST or not math.isfinite(value):
        return number(value)
    mantissa, _, exponent = repr(value).partition("e")
    return f"{mantissa.removesuffix('.0')}e{exponent[0]}{exponent[1:].lstrip('0')}"


def _json_string(value: str) -> str:
    quoted = json.dumps(value, ensure_ascii=False)
    for plain, escaped in _ESCAPED.items():
        quoted = quoted.replace(plain, escaped)
    return quoted


def compact_json(value: Any) -> str:
    """What Go's ``json.Marshal`` makes of a decoded JSON value."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return _json_number(float(value))
        case str():
            return _json_string(value)
        case list():
            return f"[{','.join(map(compact_json, value))}]"
        case _:
            pairs = (f"{_json_string(key)}:{compact_json(value[key])}" for key in sorted(value))
            return "{" + ",".join(pairs) + "}"
