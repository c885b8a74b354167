"""A manifest as Go would write it: known fields in Go's order, zero values left out or not.

``fields.json`` has the fields of every type; ``tests/hashes`` has the program that writes it.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib import resources
from typing import Any

from bot.core.hashing import quantities

_TABLE = json.loads(resources.files("bot.core.hashing").joinpath("fields.json").read_text("utf-8"))
_TYPES: Mapping[str, list[tuple[str, str, int]]] = _TABLE["types"]
TEMPLATE: str = _TABLE["template"]
STEP: str = _TABLE["step"]
_KEPT, _OMIT_EMPTY, _OMIT_ZERO = range(3)
_ESCAPED = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


Filled = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
"""The defaults of a type, by its name and the fields that are given."""


class _NoFitError(Exception):
    """A value that Go could not have read into its field."""


def written(value: Any, shape: str, filled: Filled | None = None) -> str:
    """The JSON text of ``value`` read into a Go value of ``shape``.

    What does not fit (Argo would refuse the object) is written as plain JSON: any two manifests
    that differ still have different texts.
    """
    try:
        return _Writer(filled).written(value, shape)
    except (_NoFitError, RecursionError):
        return plain(value)


def plain(value: Any) -> str:
    """JSON without knowledge of types: keys in order, Go's escapes."""
    return _dumped(value, ordered=True)


def _dumped(value: Any, *, ordered: bool) -> str:
    text = json.dumps(
        value, sort_keys=ordered, separators=(",", ":"), ensure_ascii=False, default=str
    )
    return text.translate(_ESCAPED)


def raw(value: Any) -> str:
    """JSON in the order in which it came: so Go writes what it does not look into."""
    return _dumped(value, ordered=False)


class _Writer:
    def __init__(self, filled: Filled | None) -> None:
        self._filled = filled

    def written(self, value: Any, shape: str) -> str:
        if shape[0] == "*":
            return "null" if value is None else self.written(value, shape[1:])
        if shape[0] == ".":
            return self._struct(value, shape[1:])
        if shape.startswith("[]"):
            return self._list(value, shape[2:])
        if shape.startswith("{}"):
            return self._map(value, shape[2:])
        return _WRITERS[shape](value)

    def _struct(self, value: Any, name: str) -> str:
        given = {} if value is None else _a(value, Mapping)
        defaults = {} if self._filled is None else self._filled(name, given)
        parts = []
        for key, shape, omit in _TYPES[name]:
            inner = given.get(key)
            if key in defaults and _empty(inner, shape):
                inner = defaults[key]
            if omit == _OMIT_ZERO and inner is None:
                continue
            if omit != _KEPT and _empty(inner, shape):
                continue
            parts.append(f"{plain(key)}:{self.written(inner, shape)}")
        return "{" + ",".join(parts) + "}"

    def _list(self, value: Any, shape: str) -> str:
        if value is None:
            return "null"
        return "[" + ",".join(self.written(one, shape) for one in _a(value, list | tuple)) + "]"

    def _map(self, value: Any, shape: str) -> str:
        if value is None:
            return "null"
        given = _a(value, Mapping)
        if not all(isinstance(key, str) for key in given):
            raise _NoFitError
        parts = (f"{plain(key)}:{self.written(given[key], shape)}" for key in sorted(given))
        return "{" + ",".join(parts) + "}"


def _empty(value: Any, shape: str) -> bool:
    """Go's ``omitempty``: structs and pointers to a zero are never empty."""
    if shape[0] == "*":
        return value is None
    if shape[0] == "." or shape in {"time", "quantity", "intOrString"}:
        return False
    return value in (None, "", 0, [], {}) or value is False


def _a(value: Any, kind: Any) -> Any:
    if not isinstance(value, kind):
        raise _NoFitError
    return value


def _text(value: Any) -> str:
    return plain("" if value is None else _a(value, str))


def _number(value: Any) -> str:
    if isinstance(value, bool):
        raise _NoFitError
    return plain(0 if value is None else _a(value, int))


def _switch(value: Any) -> str:
    return plain(value=False if value is None else _a(value, bool))


def _time(value: Any) -> str:
    if value is None:
        return "null"
    try:
        found = datetime.fromisoformat(_a(value, str))
    except ValueError:
        raise _NoFitError from None
    if found.tzinfo is None:
        raise _NoFitError
    return plain(found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))


def _quantity(value: Any) -> str:
    found = "0" if value is None else quantities.canonical(value)
    if found is None:
        raise _NoFitError
    return plain(found)


def _int_or_string(value: Any) -> str:
    return _text(value) if isinstance(value, str) else _number(value)


_WRITERS: Mapping[str, Callable[[Any], str]] = {
    "string": _text,
    "int": _number,
    "bool": _switch,
    "time": _time,
    "quantity": _quantity,
    "intOrString": _int_or_string,
    "bytes": _text,
    "raw": raw,
}
