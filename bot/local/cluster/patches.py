"""The three kinds of patch: merge (RFC 7386), JSON (RFC 6902), strategic merge."""

import copy
from typing import Any

from bot.local.cluster import refusals

_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "ports": "port",
    "containerPorts": "containerPort",
    "ownerReferences": "uid",
    "conditions": "type",
    "imagePullSecrets": "name",
    "hostAliases": "ip",
    "podIPs": "ip",
    "hostIPs": "ip",
    "readinessGates": "conditionType",
}


def merge(target: Any, patch: Any) -> Any:
    """A JSON merge patch: null takes away, lists are whole."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    out = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            out.pop(key, None)
        else:
            out[key] = merge(out.get(key), value)
    return out


def strategic(target: Any, patch: Any, key: str = "") -> Any:
    """A strategic merge patch: lists of objects are merged by their key field."""
    if isinstance(patch, dict):
        if patch.get("$patch") == "replace":
            return {k: copy.deepcopy(v) for k, v in patch.items() if k != "$patch"}
        out = dict(target) if isinstance(target, dict) else {}
        for name, value in patch.items():
            if value is None:
                out.pop(name, None)
            elif not name.startswith("$"):
                out[name] = strategic(out.get(name), value, name)
        return out
    if isinstance(patch, list) and isinstance(target, list) and key in _KEYS:
        return _by_key(target, patch, _key_of(key, [*target, *patch]))
    return copy.deepcopy(patch)


def _key_of(key: str, entries: list[Any]) -> str:
    """``ports`` of a container are merged by containerPort, of a Service by port."""
    named = _KEYS[key]
    if key == "ports" and any(isinstance(e, dict) and "containerPort" in e for e in entries):
        return "containerPort"
    return named


def _by_key(target: list[Any], patch: list[Any], field: str) -> list[Any]:
    if any(not isinstance(entry, dict) for entry in [*target, *patch]):
        return [*target, *(entry for entry in patch if entry not in target)]
    if any(entry.get("$patch") == "replace" for entry in patch):
        return [copy.deepcopy(e) for e in patch if e.get("$patch") != "replace"]
    out = [dict(entry) for entry in target]
    for entry in patch:
        at = next((i for i, one in enumerate(out) if one.get(field) == entry.get(field)), None)
        if entry.get("$patch") == "delete":
            if at is not None:
                out.pop(at)
        elif at is None:
            out.append(copy.deepcopy(entry))
        else:
            out[at] = strategic(out[at], entry)
    return out


def json_patch(target: Any, operations: Any) -> Any:
    """A JSON patch; a failed ``test`` refuses the whole of it."""
    if not isinstance(operations, list):
        raise refusals.bad("a JSON patch is a list of operations")
    out = copy.deepcopy(target)
    for operation in operations:
        out = _operate(out, operation)
    return out


def _parts(path: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]


def _operate(doc: Any, operation: dict[str, Any]) -> Any:
    op, path = operation.get("op"), str(operation.get("path", ""))
    parts = _parts(path)
    if not parts:
        return copy.deepcopy(operation.get("value")) if op in {"add", "replace"} else doc
    try:
        holder = _walk(doc, parts[:-1])
        if op == "test":
            if _at(holder, parts[-1]) != operation.get("value"):
                raise refusals.Refusal(
                    422, "Invalid", f"the server rejected our request: testing value {path} failed"
                )
        elif op in {"copy", "move"}:
            source = _parts(str(operation.get("from", "")))
            value = copy.deepcopy(_at(_walk(doc, source[:-1]), source[-1]))
            if op == "move":
                _remove(_walk(doc, source[:-1]), source[-1])
            _add(holder, parts[-1], value)
        elif op == "remove":
            _remove(holder, parts[-1])
        elif op == "replace":
            _at(holder, parts[-1])
            _put(holder, parts[-1], copy.deepcopy(operation.get("value")))
        elif op == "add":
            _add(holder, parts[-1], copy.deepcopy(operation.get("value")))
        else:
            raise refusals.bad(f"unknown operation {op}")
    except (KeyError, IndexError, ValueError, TypeError):
        text = f"the server rejected our request: the path {path} does not exist"
        raise refusals.Refusal(422, "Invalid", text) from None
    return doc


def _walk(doc: Any, parts: list[str]) -> Any:
    for part in parts:
        doc = _at(doc, part)
    return doc


def _at(holder: Any, part: str) -> Any:
    return holder[int(part)] if isinstance(holder, list) else holder[part]


def _put(holder: Any, part: str, value: Any) -> None:
    if isinstance(holder, list):
        holder[int(part)] = value
    else:
        holder[part] = value


def _add(holder: Any, part: str, value: Any) -> None:
    if isinstance(holder, list):
        holder.insert(len(holder) if part == "-" else int(part), value)
    else:
        holder[part] = value


def _remove(holder: Any, part: str) -> None:
    if isinstance(holder, list):
        holder.pop(int(part))
    else:
        holder.pop(part)
