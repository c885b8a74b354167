"""The built-ins on text, JSON, base64 and bits. Sizes are charged before text is made."""

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any, Protocol

from bot.core.expr import printing, values
from bot.core.expr.budget import Budget
from bot.core.expr.errors import ExprError

_MAX_REPEAT = 1_000_000
_BITS = 64
_WORD = (1 << _BITS) - 1
_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"  # fmt: skip  # noqa: E501


class Run(Protocol):
    """All that these functions use of the evaluation."""

    budget: Budget


def string(value: Any) -> str:
    if not isinstance(value, str):
        name = "nil" if value is None else values.type_name(value)
        raise ExprError(f"interface conversion: interface {{}} is {name}, not string")
    return value


def _strings(run: Run, args: list[Any]) -> list[str]:
    found = [string(one) for one in args]
    run.budget.spend(sum(map(len, found)) // 50)
    return found


def _trim(run: Run, args: list[Any]) -> str:
    texts = _strings(run, args)
    return texts[0].strip(texts[1]) if texts[1:] else texts[0].strip(_SPACE)


def _split(*, keep: bool) -> Callable[[Run, list[Any]], values.Strings]:
    def call(run: Run, args: list[Any]) -> values.Strings:
        text, separator = _strings(run, args[:2])
        most = values.to_int(args[2]) if args[2:] else -1
        if most == 0:
            return values.Strings()
        count = text.count(separator) if separator else len(text)
        run.budget.grow(count + 1 if most < 0 else min(count + 1, most))
        if not separator:
            cut = len(text) if most < 0 else most - 1
            head, rest = list(text[:cut]), text[cut:]
            return values.Strings([*head, rest] if rest else head)
        parts = text.split(separator, most - 1 if most > 0 else -1)
        if keep:
            parts = [part + separator for part in parts[:-1]] + parts[-1:]
        return values.Strings(parts)

    return call


def _replace(run: Run, args: list[Any]) -> str:
    text, old, new = _strings(run, args[:3])
    most = values.to_int(args[3]) if args[3:] else -1
    count = text.count(old)
    run.budget.grow(len(text) + len(new) * (count if most < 0 else min(count, most)))
    return text.replace(old, new, max(most, -1))


def _repeat(run: Run, args: list[Any]) -> str:
    text, times = string(args[0]), values.to_int(args[1])
    if times < 0:
        raise ExprError(f"invalid argument for repeat (expected positive integer, got {times})")
    if times > _MAX_REPEAT:
        raise ExprError("memory budget exceeded")
    run.budget.grow(len(text) * times)
    return text * times


def _join(run: Run, args: list[Any]) -> str:
    if not isinstance(args[0], list):
        raise ExprError(f"invalid argument for join (type {values.type_name(args[0])})")
    glue = string(args[1]) if args[1:] else ""
    parts = [string(one) for one in args[0]]
    run.budget.grow(sum(map(len, parts)) + len(glue) * len(parts))
    return glue.join(parts)


def _cased(change: Callable[[str], str]) -> Callable[[Run, list[Any]], str]:
    def call(run: Run, args: list[Any]) -> str:
        return change(_strings(run, args)[0])

    return call


def _two(function: Callable[[str, str], Any]) -> Callable[[Run, list[Any]], Any]:
    def call(run: Run, args: list[Any]) -> Any:
        texts = _strings(run, args)
        return function(texts[0], texts[1] if texts[1:] else " ")

    return call


def _position(text: str, part: str, *, last: bool = False) -> int:
    """Give the index in bytes, as Go counts."""
    at = text.rfind(part) if last else text.find(part)
    return at if at < 0 else len(values.clean(text[:at]).encode())


def _json(run: Run, args: list[Any]) -> Any:
    (text,) = _strings(run, args)
    # Parsing costs more than copying.
    run.budget.grow(len(text) * 4)
    try:
        return values.floated(json.loads(text, parse_constant=_no_constant), run.budget)
    except ValueError:
        raise ExprError("invalid character in JSON input") from None


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _from_base64(run: Run, args: list[Any]) -> str:
    (text,) = _strings(run, args)
    run.budget.grow(len(text))
    try:
        raw = values.clean(text).replace("\n", "").replace("\r", "").encode("ascii")
        return base64.b64decode(raw, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        raise ExprError("illegal base64 data") from None


def _to_base64(run: Run, args: list[Any]) -> str:
    (text,) = _strings(run, args)
    run.budget.grow(len(text) * 2)
    return base64.b64encode(values.clean(text).encode()).decode()


def _bits(name: str, function: Callable[[int, int], int]) -> Callable[[Run, list[Any]], int]:
    def call(_: Run, args: list[Any]) -> int:
        for one in args:
            if not values.is_int(one):
                raise ExprError(
                    f"cannot use {values.type_name(one)} as argument (type int) to call {name}"
                )
        return values.wrapped(function(args[0], args[-1]))

    return call


def _shift(left: int, by: int) -> int:
    if by < 0:
        raise ExprError(f"invalid operation: negative shift count {by} (type int)")
    return left << by if by < _BITS else 0


def _shift_right(left: int, by: int) -> int:
    if by < 0:
        raise ExprError(f"invalid operation: negative shift count {by} (type int)")
    return left >> min(by, _BITS)


def _text(run: Run, args: list[Any]) -> str:
    found = printing.text(args[0], run.budget)
    run.budget.grow(len(found))
    return found


def _to_json(run: Run, args: list[Any]) -> str:
    found = printing.json_text(args[0], run.budget)
    run.budget.grow(len(found))
    return found


FUNCTIONS: dict[str, Callable[[Any, list[Any]], Any]] = {
    "string": _text,
    "trim": _trim,
    "trimPrefix": _two(str.removeprefix),
    "trimSuffix": _two(str.removesuffix),
    "upper": _cased(str.upper),
    "lower": _cased(str.lower),
    "split": _split(keep=False),
    "splitAfter": _split(keep=True),
    "replace": _replace,
    "repeat": _repeat,
    "join": _join,
    "indexOf": _two(_position),
    "lastIndexOf": _two(lambda text, part: _position(text, part, last=True)),
    "hasPrefix": _two(str.startswith),
    "hasSuffix": _two(str.endswith),
    "toJSON": _to_json,
    "fromJSON": _json,
    "toBase64": _to_base64,
    "fromBase64": _from_base64,
    "bitand": _bits("bitand", lambda a, b: a & b),
    "bitor": _bits("bitor", lambda a, b: a | b),
    "bitxor": _bits("bitxor", lambda a, b: a ^ b),
    "bitnand": _bits("bitnand", lambda a, b: a & ~b),
    "bitshl": _bits("bitshl", _shift),
    "bitshr": _bits("bitshr", _shift_right),
    "bitushr": _bits("bitushr", lambda a, b: _shift_right(a & _WORD, b)),
    "bitnot": _bits("bitnot", lambda a, _: ~a),
}
