"""Quantities as Kubernetes writes them: ``1000m`` is ``1``, ``1024Mi`` is ``1Gi``.

Source: k8s.io/apimachinery ``resource.Quantity``: what it keeps as it was written, and the
canonical form of the rest.
"""

import re
from decimal import ROUND_UP, Context, Decimal

_SHAPE = re.compile(r"([+-]?)(\d*)(?:\.(\d*))?([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d{1,3})?")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_BY_POWER = {power: suffix for suffix, power in _DECIMAL.items()}
_BY_SHIFT = {0: ""} | {shift: suffix for suffix, shift in _BINARY.items()}
_MOST = 2**63 - 1
_NANO = Decimal("1e-9")
_EXACT = Context(prec=400)
_LONGEST = 60
_BASE = 1024
_DIGITS, _BINARY_DIGITS, _FINEST = 18, 15, -9


def canonical(raw: object) -> str | None:
    """The text of a quantity; None where ``raw`` is none."""
    text = str(raw).strip() if isinstance(raw, str | int | float) else ""
    match = _SHAPE.fullmatch(text) if 0 < len(text) <= _LONGEST else None
    if match is None or isinstance(raw, bool) or not (match[2] or match[3]):
        return None
    whole, part, suffix = match[2].lstrip("0") or "0", match[3] or "", match[4] or ""
    if text == "0" or _kept(whole, part, suffix):
        return text
    value = _scaled(Decimal(f"{whole}.{part or 0}"), suffix).quantize(_NANO, ROUND_UP, _EXACT)
    if suffix in _BINARY:
        value = min(value, Decimal(_MOST))
    if value == 0:
        return "0"
    if suffix in _BINARY and value >= _BASE and value == value.to_integral_value():
        body = _in_binary(int(value))
    else:
        body = _in_decimal(value, exponent=len(suffix) > 1 and suffix not in _BINARY)
    return f"-{body}" if match[1] == "-" else body


def _kept(whole: str, part: str, suffix: str) -> bool:
    """Whether Kubernetes takes the text for canonical, and keeps it."""
    digits = whole + part
    if suffix in _BINARY:
        shift = _BINARY[suffix]
        room = _BINARY_DIGITS - len(whole) - int(shift * 3 / 10) - 1
        value = int(digits)
        return not part and room >= 0 and value << shift <= _MOST and value & 7 != 0
    power = _power(suffix) - len(part)
    if len(digits) > _DIGITS or power < _FINEST:
        return False
    return power % 3 == 0 and not digits.endswith("000") and digits[0] != "0"


def _power(suffix: str) -> int:
    return _DECIMAL[suffix] if suffix in _DECIMAL else int(suffix[1:])


def _scaled(number: Decimal, suffix: str) -> Decimal:
    if suffix in _BINARY:
        return _EXACT.multiply(number, Decimal(2 ** _BINARY[suffix]))
    return number.scaleb(_power(suffix), _EXACT)


def _in_decimal(value: Decimal, *, exponent: bool) -> str:
    scaled, power = int(value.scaleb(-_FINEST, _EXACT)), _FINEST
    while scaled % 1000 == 0 and (exponent or power < max(_BY_POWER)):
        scaled, power = scaled // 1000, power + 3
    if exponent:
        return f"{scaled}e{power}" if power else str(scaled)
    return f"{scaled}{_BY_POWER[power]}"


def _in_binary(value: int) -> str:
    shift = 0
    while value % _BASE == 0 and shift < max(_BY_SHIFT):
        value, shift = value // _BASE, shift + 10
    return f"{value}{_BY_SHIFT[shift]}"


def number(raw: object) -> Decimal | None:
    """What a quantity counts; None where ``raw`` is none."""
    text = canonical(raw)
    match = _SHAPE.fullmatch(text) if text is not None else None
    if match is None:
        return None
    value = _scaled(Decimal(f"{match[2] or 0}.{match[3] or 0}"), match[4] or "")
    return -value if match[1] == "-" else value
