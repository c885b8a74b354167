"""Reading one field of a manifest: its value, or a mistake with its path. Knows no kinds."""

import json
from collections.abc import Mapping
from typing import Any

from bot.model import errors

_MOST = 2**31 - 1


class Invalid(errors.UserError):
    """A field error in Argo's form: ``path: Invalid value: VALUE: TEXT``."""

    def __init__(self, path: str, value: Any, text: str) -> None:
        shown = value if isinstance(value, str) else json.dumps(value)
        shown = json.dumps(shown) if isinstance(value, str) else shown
        super().__init__(f"{path}: Invalid value: {shown}: {text}", path=path)


class Required(errors.UserError):
    """A field that must be there: ``path: Required value: TEXT``."""

    def __init__(self, path: str, text: str) -> None:
        super().__init__(f"{path}: Required value: {text}", path=path)


def mapping(raw: Any, path: str) -> Mapping[str, Any]:
    """``raw`` as a mapping; nothing at all is an empty one."""
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        raise Invalid(path, raw, "must be an object")
    return raw


def sequence(raw: Any, path: str) -> tuple[Any, ...]:
    """``raw`` as a tuple; nothing at all is an empty one."""
    if raw is None:
        return ()
    if not isinstance(raw, list | tuple):
        raise Invalid(path, raw, "must be a list")
    return tuple(raw)


def count(raw: Mapping[str, Any], key: str, path: str, default: int) -> int:
    """An int32 of ``raw[key]`` that is not negative, or ``default`` where it is absent."""
    value = integer(raw, key, path, default)
    if value < 0:
        raise Invalid(f"{path}.{key}", value, "must be greater than or equal to 0")
    return value


def integer(raw: Mapping[str, Any], key: str, path: str, default: int) -> int:
    """An int32 of ``raw[key]``, or ``default`` where it is absent."""
    value = raw.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int):
        raise Invalid(f"{path}.{key}", value, "must be a whole number")
    if not -_MOST - 1 <= value <= _MOST:
        raise Invalid(f"{path}.{key}", value, "must fit into 32 bits")
    return value


def text(raw: Mapping[str, Any], key: str, path: str, default: str = "") -> str:
    """A string of ``raw[key]``, or ``default`` where it is absent."""
    value = raw.get(key)
    if value is None:
        return default
    if not isinstance(value, str):
        raise Invalid(f"{path}.{key}", value, "must be a text")
    return value


def boolean(raw: Mapping[str, Any], key: str, path: str, *, default: bool = False) -> bool:
    """A boolean of ``raw[key]``, or ``default`` where it is absent."""
    value = raw.get(key)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise Invalid(f"{path}.{key}", value, "must be true or false")
    return value
