"""A new AnalysisRun of a rollout: its name, its labels, its spec (spec §5.8)."""

from collections.abc import Mapping
from typing import Any

from bot.core import analysis, analysis_refs, revisions
from bot.core import draft as draft_module
from bot.model import status

STEP, BACKGROUND = "Step", "Background"
PRE, POST = "PrePromotion", "PostPromotion"
_REVISION = "rollout.argoproj.io/revision"
_STRICT = "rollout-bot.io/strict"
_MOST_FOREIGN = 100
_INSTANCE = "argo-rollouts.argoproj.io/controller-instance-id"


def create(
    d: draft_module.Draft,
    raw: Mapping[str, Any],
    *,
    kind: str,
    suffix: str = "",
    index: int | None = None,
) -> status.RunRef:
    """The reference to the run that is wanted; it is made unless an equal one goes on already."""
    new = d.family.new
    body = analysis.build_spec(
        raw,
        lookup=analysis_refs.lookup(d.seen),
        rollout=d.seen.raw,
        latest_hash=new.hash,
        stable_hash=d.status.stable_hash,
        step=kind != BACKGROUND,
    )
    base = f"{d.seen.name}-{new.hash}-{new.revision}{suffix}"
    name, reused = _free_name(d, base, body)
    if not reused:
        told = kind != BACKGROUND
        for sentence in analysis.ended(raw, body, analysis_refs.lookup(d.seen)) if told else ():
            d.event("MetricBounded", f"{sentence} (AnalysisRun {name})", warning=True)
        d.create_runs.append(_object(d, name, body, raw, kind=kind, index=index))
    return status.RunRef(name=name)


def _free_name(d: draft_module.Draft, base: str, body: Mapping[str, Any]) -> tuple[str, bool]:
    """The first name that is free, or an unfinished run of ours that asks for the same."""
    taken = {run.name: run for run in d.seen.runs}
    for attempt in range(len(taken) + _MOST_FOREIGN):
        name = base if attempt == 0 else f"{base}.{attempt}"
        run = taken.get(name)
        if run is None:
            if name in d.seen.foreign_runs:
                continue
            return name, False
        spec = {k: v for k, v in (run.raw.get("spec") or {}).items() if k != "terminate"}
        if not run.done and not run.terminating and spec == body:
            return name, True
    return f"{base}.{len(taken) + _MOST_FOREIGN}", False


def _object(
    d: draft_module.Draft,
    name: str,
    body: Mapping[str, Any],
    raw: Mapping[str, Any],
    *,
    kind: str,
    index: int | None,
) -> dict[str, Any]:
    marks = raw.get("analysisRunMetadata") or {}
    labels = {
        **(d.spec.selector.get("matchLabels") or {}),
        **(marks.get("labels") or {}),
        revisions.HASH: d.family.new.hash,
        "rollout-type": kind,
    }
    if index is not None:
        labels["step-index"] = str(index)
    if instance := d.seen.labels.get(_INSTANCE):
        labels[_INSTANCE] = instance
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisRun",
        "metadata": {
            "name": name,
            "namespace": d.seen.namespace,
            "labels": labels,
            "annotations": {
                **(marks.get("annotations") or {}),
                **({_STRICT: "true"} if d.spec.strict else {}),
                _REVISION: str(d.family.new.revision),
            },
            "ownerReferences": [revisions.owner(d.seen)],
        },
        "spec": dict(body),
    }
