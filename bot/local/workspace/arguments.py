"""The arguments of one API call, however they came: query, form or JSON. Typed access only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bot.local.workspace.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Args:
    """What a method may ask of its arguments; a missing or malformed one refuses the call."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw

    def has(self, key: str) -> bool:
        return self.raw.get(key) not in (None, "")

    def text(self, key: str) -> str:
        value = self.raw.get(key)
        return "" if value is None else str(value)

    def need(self, key: str) -> str:
        if not self.has(key):
            raise RefusedError("invalid_arguments", f"[ERROR] missing required field: {key}")
        return self.text(key)

    def flag(self, key: str) -> bool:
        return self.text(key).lower() in {"1", "true"}

    def number(self, key: str, default: int) -> int:
        if not self.has(key):
            return default
        try:
            return int(self.text(key))
        except ValueError:
            raise RefusedError("invalid_arguments", f"[ERROR] must be an integer: {key}") from None

    def parsed(self, key: str) -> Any:
        """Return a structured argument; forms carry it as a JSON string."""
        value = self.raw.get(key)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError:
            code = "invalid_blocks_format" if key == "blocks" else "invalid_json"
            raise RefusedError(code) from None

    def names(self, key: str) -> tuple[str, ...]:
        """Return a comma-separated argument."""
        return tuple(part.strip() for part in self.text(key).split(",") if part.strip())
