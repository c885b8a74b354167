"""A new Experiment of a rollout: its name, its labels, its spec (spec §6.7)."""

from collections.abc import Mapping
from typing import Any

from bot.core import draft as draft_module
from bot.core import revisions
from bot.core.analysis import arguments
from bot.model import world

_REVISION = "rollout.argoproj.io/revision"
_STRICT = "rollout-bot.io/strict"
_MOST_FOREIGN = 100
_COPIED = ("duration", "scaleDownDelaySeconds", "dryRun", "measurementRetention")


def create(d: draft_module.Draft, raw: Mapping[str, Any]) -> str:
    """The name of the experiment that is wanted; it is made unless an equal one goes on."""
    body = _body(d, raw)
    name, reused = _free_name(d, body)
    if not reused:
        d.create_experiments.append(_object(d, name, body))
        d.event("ExperimentCreated", f"Created Experiment '{name}'")
    return name


def belongs(d: draft_module.Draft, name: str) -> bool:
    """Whether a name is that of an experiment of the present step and revision."""
    base = _base(d)
    return name == base or name.startswith(f"{base}-")


def _base(d: draft_module.Draft) -> str:
    new = d.family.new
    return f"{d.seen.name}-{new.hash}-{new.revision}-{d.index}"


def _free_name(d: draft_module.Draft, body: Mapping[str, Any]) -> tuple[str, bool]:
    """The first name that is free, or an unfinished experiment of ours that asks for the same."""
    base, taken = _base(d), {one.name: one for one in d.seen.experiments}
    for attempt in range(len(taken) + _MOST_FOREIGN):
        name = base if attempt == 0 else f"{base}-{attempt}"
        one = taken.get(name)
        if one is None:
            if name in d.seen.foreign_experiments:
                continue
            return name, False
        if not one.done and not one.terminating and _within(body, one.raw.get("spec") or {}):
            return name, True
    return f"{base}-{len(taken) + _MOST_FOREIGN}", False


def _within(mine: Any, theirs: Any) -> bool:
    """Whether all of ``mine`` stands in ``theirs``; what the server filled in does not count."""
    if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
        return all(key in theirs and _within(value, theirs[key]) for key, value in mine.items())
    if isinstance(mine, list | tuple) and isinstance(theirs, list | tuple):
        return len(mine) == len(theirs) and all(map(_within, mine, theirs))
    return bool(mine == theirs)


def _body(d: draft_module.Draft, raw: Mapping[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "templates": [_template(d, one) for one in raw.get("templates") or ()],
        "analysisRunMetadata": raw.get("analysisRunMetadata") or {},
    }
    body.update({key: raw[key] for key in _COPIED if raw.get(key) is not None})
    deadline = (d.seen.raw.get("spec") or {}).get("progressDeadlineSeconds")
    if deadline is not None:
        body["progressDeadlineSeconds"] = deadline
    if raw.get("analyses"):
        body["analyses"] = [_analysis(d, one) for one in raw["analyses"]]
    return body


def _analysis(d: draft_module.Draft, raw: Mapping[str, Any]) -> dict[str, Any]:
    """One analysis, its arguments looked up in the rollout; the experiment's tags stay."""
    out = {key: value for key, value in raw.items() if key != "args" and value is not None}
    given = raw.get("args") or ()
    found = arguments.from_rollout(given, d.seen.raw, d.family.new.hash, d.status.stable_hash)
    if found:
        out["args"] = [dict(arg) for arg in found.values()]
    return out


def _template(d: draft_module.Draft, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The pods of the revision that ``specRef`` means, under the marks of the step."""
    rs = _revision(d, str(raw.get("specRef")))
    marks = raw.get("metadata") or {}
    meta = dict(rs.template.get("metadata") or {})
    for kind in ("labels", "annotations"):
        if marks.get(kind):
            meta[kind] = {**(meta.get(kind) or {}), **marks[kind]}
    out: dict[str, Any] = {
        "name": raw.get("name"),
        "selector": _selector(d, raw, rs),
        "template": {**rs.template, "metadata": meta},
    }
    if raw.get("replicas") is not None:
        out["replicas"] = raw["replicas"]
    if rs.min_ready_s:
        out["minReadySeconds"] = rs.min_ready_s
    if raw.get("service") is not None or raw.get("weight") is not None:
        out["service"] = dict(raw.get("service") or {})
    return out


def _revision(d: draft_module.Draft, ref: str) -> world.ReplicaSet:
    if ref == "stable" and d.family.stable is not None:
        return d.family.stable
    return d.family.new


def _selector(
    d: draft_module.Draft, raw: Mapping[str, Any], rs: world.ReplicaSet
) -> dict[str, Any]:
    chosen = dict(raw.get("selector") or d.spec.selector)
    labels = {**(chosen.get("matchLabels") or {})}
    if not raw.get("selector"):
        labels[revisions.HASH] = rs.hash
    labels.update((raw.get("metadata") or {}).get("labels") or {})
    return {**chosen, "matchLabels": labels}


def _object(d: draft_module.Draft, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    new = d.family.new
    notes = {_STRICT: "true"} if d.spec.strict else {}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Experiment",
        "metadata": {
            "name": name,
            "namespace": d.seen.namespace,
            # The instance's label is among the rollout's own.
            "labels": {**d.seen.labels, revisions.HASH: new.hash},
            "annotations": {**notes, _REVISION: str(new.revision)},
            "ownerReferences": [revisions.owner(d.seen)],
        },
        "spec": dict(body),
    }
