"""Arguments: where their values come from, and how they get into a metric (spec §5.1, §5.2)."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from bot.core import fields
from bot.model import errors

_TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_META = re.compile(r"metadata\.(labels|annotations)\['([^']*)'\]")
_INDEX = re.compile(r"[.\[\]]+")


def from_rollout(
    given: Iterable[Any], rollout: Mapping[str, Any], latest: str, stable: str
) -> dict[str, Mapping[str, Any]]:
    """The caller's arguments by name, hashes and field references already looked up."""
    out: dict[str, Mapping[str, Any]] = {}
    for raw in given:
        arg = fields.mapping(raw, "args")
        name, source = str(arg.get("name", "")), fields.mapping(arg.get("valueFrom"), "valueFrom")
        if arg.get("value") is not None:
            out[name] = {"name": name, "value": str(arg["value"])}
        elif source.get("podTemplateHashValue"):
            chosen = stable if source["podTemplateHashValue"] == "Stable" else latest
            out[name] = {"name": name, "value": chosen}
        elif source.get("fieldRef"):
            path = str(fields.mapping(source["fieldRef"], "fieldRef").get("fieldPath", ""))
            out[name] = {"name": name, "value": _field(path, rollout)}
        elif source:
            out[name] = {"name": name, "valueFrom": dict(source)}
    return out


def _field(path: str, rollout: Mapping[str, Any]) -> str:
    if path.startswith("metadata"):
        return _metadata(path, fields.mapping(rollout.get("metadata"), "metadata"))
    at: Any = rollout
    for part in (part for part in _INDEX.split(path) if part):
        at = _descend(at, part, path)
    if isinstance(at, Mapping | list) or at is None:
        raise errors.UserError(f"path {path} in rollout must terminate in a primitive value")
    return at if isinstance(at, str) else json.dumps(at)


def _metadata(path: str, meta: Mapping[str, Any]) -> str:
    if path in {"metadata.name", "metadata.namespace", "metadata.uid"}:
        return str(meta.get(path.removeprefix("metadata."), ""))
    match = _META.fullmatch(path)
    if match is None:
        raise errors.UserError(f"invalid path {path} in rollout")
    return str((meta.get(match[1]) or {}).get(match[2], ""))


def _descend(at: Any, part: str, path: str) -> Any:
    if isinstance(at, list):
        if not part.isdecimal():
            raise errors.UserError(f"invalid index '{part}'")
        if int(part) >= len(at):
            raise errors.UserError(f"index {part} out of range")
        return at[int(part)]
    if not isinstance(at, Mapping) or part not in at:
        raise errors.UserError(f"invalid path {path} in rollout")
    return at[part]


def merged(
    declared: Iterable[Mapping[str, Any]], given: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The run's arguments: those declared, with what the caller gives; unknown ones are dropped.

    Raises:
        errors.UserError: an argument has no value from anywhere.

    """
    out = []
    for arg in declared:
        name = str(arg.get("name", ""))
        entry = {key: value for key, value in arg.items() if value is not None}
        incoming = given.get(name, {})
        if incoming.get("value") is not None:
            entry["value"] = incoming["value"]
            entry.pop("valueFrom", None)
        elif incoming.get("valueFrom") is not None and entry.get("value") is None:
            entry["valueFrom"] = incoming["valueFrom"]
        if entry.get("value") is None and entry.get("valueFrom") is None:
            raise errors.UserError(f"args.{name} was not resolved")
        out.append(entry)
    return out


def substituted(metric: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """The metric with every ``{{ args.NAME }}`` replaced.

    Raises:
        errors.UserError: a tag that names no argument.

    """

    def replace(match: re.Match[str]) -> str:
        tag = match[1].strip()
        name = tag.removeprefix("args.")
        if not tag.startswith("args.") or name not in values:
            raise errors.UserError(f"failed to resolve {{{{{match[1]}}}}}")
        return json.dumps(values[name], ensure_ascii=False)[1:-1]

    text = json.dumps(metric, ensure_ascii=False)
    out: dict[str, Any] = json.loads(_TAG.sub(replace, text))
    return out


def values(
    args: Iterable[Any], secrets: Mapping[tuple[str, str], str | None]
) -> tuple[dict[str, str], frozenset[tuple[str, str]]]:
    """Argument values by name, and the secrets (name, key) that are still to be read.

    Raises:
        errors.UserError: an argument without a value, or a secret without the key.

    """
    found: dict[str, str] = {}
    wanted = set()
    for raw in args:
        arg = fields.mapping(raw, "args")
        name = str(arg.get("name", ""))
        ref = fields.mapping(
            fields.mapping(arg.get("valueFrom"), "valueFrom").get("secretKeyRef"), "secretKeyRef"
        )
        if arg.get("value") is not None:
            found[name] = str(arg["value"])
        elif ref:
            key = (str(ref.get("name", "")), str(ref.get("key", "")))
            if key not in secrets:
                wanted.add(key)
            elif (value := secrets[key]) is None:
                text = f"key '{key[1]}' does not exist in secret '{key[0]}'"
                raise errors.UserError(text)
            else:
                found[name] = value
        else:
            raise errors.UserError(f'argument "{name}" was not supplied')
    return found, frozenset(wanted)
