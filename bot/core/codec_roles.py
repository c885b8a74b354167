"""Raw strategy → what pods carry and which nodes they avoid, by role (spec §1.3, §1.6)."""

from collections.abc import Mapping
from typing import Any

from bot.core import affinity, codec_blue_green, fields

CANARY = "spec.strategy.canary"


def decode(canary: Mapping[str, Any], blue_green: Any) -> dict[str, Any]:
    """What pods carry, and which nodes they avoid, by the role of their revision.

    Raises:
        errors.UserError: the sentence names the field.

    """
    path, chosen, names = CANARY, canary, ("canaryMetadata", "stableMetadata")
    if blue_green is not None:
        path, names = codec_blue_green.PATH, ("previewMetadata", "activeMetadata")
        chosen = fields.mapping(blue_green, path)
    return {
        "anti_affinity": affinity.decode(chosen.get("antiAffinity"), f"{path}.antiAffinity"),
        "new_marks": _marks(chosen, names[0], path),
        "stable_marks": _marks(chosen, names[1], path),
    }


def _marks(raw: Mapping[str, Any], key: str, path: str) -> dict[str, dict[str, str]]:
    given, out = fields.mapping(raw.get(key), f"{path}.{key}"), {}
    for kind in ("labels", "annotations"):
        texts = fields.mapping(given.get(kind), f"{path}.{key}.{kind}")
        for name, value in texts.items():
            if not isinstance(value, str):
                raise fields.Invalid(f"{path}.{key}.{kind}.{name}", value, "must be a text")
        if texts:
            out[kind] = dict(texts)
    return out
