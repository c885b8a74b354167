"""The hash of a pod template and of canary steps, as Argo computes them (spec §1.12)."""

import functools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.core.hashing import defaults, go_json

_SAFE = "bcdfghjklmnpqrstvwxz2456789"
_OFFSET, _PRIME, _BITS = 0x811C9DC5, 0x01000193, 0xFFFFFFFF
_KEPT = 16384


def of_template(template: Mapping[str, Any], collisions: int | None = None) -> str:
    """A template's ``rollouts-pod-template-hash``; ``collisions``: ``status.collisionCount``."""
    return _of_template(go_json.plain(template), collisions)


def of_steps(steps: Sequence[Any]) -> str:
    """``status.currentStepHash``; a canary without steps has the hash of ``null``."""
    return _of_steps(go_json.raw(list(steps) or None))


@functools.lru_cache(maxsize=_KEPT)
def _of_steps(text: str) -> str:
    """Kept by their text, as it came: what Go does not look into is hashed in its order."""
    shape = f"[]{go_json.STEP}"
    return _safe(go_json.written(json.loads(text), shape).encode("utf-8", "replace"))


@functools.lru_cache(maxsize=_KEPT)
def _of_template(text: str, collisions: int | None) -> str:
    """Kept by the template's text: a pass that changes nothing asks for the same again."""
    body = go_json.written(json.loads(text), go_json.TEMPLATE).encode("utf-8", "replace")
    if collisions is not None:
        body += (collisions & _BITS).to_bytes(4, "little") + bytes(4)
    return _safe(body)


def same(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    """Whether two templates are one to Kubernetes: what a server fills in does not count."""
    return _filled(go_json.plain(mine)) == _filled(go_json.plain(theirs))


@functools.lru_cache(maxsize=_KEPT)
def _filled(text: str) -> str:
    return go_json.written(json.loads(text), go_json.TEMPLATE, defaults.of)


def _safe(body: bytes) -> str:
    """FNV-1a with 32 bits, its decimal digits in Kubernetes' alphabet without vowels."""
    value = _OFFSET
    for byte in body:
        value = ((value ^ byte) * _PRIME) & _BITS
    return "".join(_SAFE[ord(digit) % len(_SAFE)] for digit in str(value))
