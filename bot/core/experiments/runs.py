"""The analyses of an Experiment: when their runs are made, ended and mirrored (spec §6.5)."""

import re
from collections.abc import Mapping
from typing import Any

from bot.core import analysis, codec_status
from bot.core.experiments import sheet as sheets
from bot.model import errors, experiment, world

_TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_INSTANCE = "argo-rollouts.argoproj.io/controller-instance-id"
_STRICT = "rollout-bot.io/strict"
_MOST_FOREIGN = 100


def mirror(s: sheets.Sheet) -> None:
    """Take in what the runs came to since the last pass."""
    there = {run.name: run for run in s.seen.runs}
    for one in s.spec.analyses:
        known = s.runs.get(one.name)
        run = there.get(known.run) if known is not None else None
        if run is not None and run.phase:
            s.run(one.name, phase=run.phase, message=run.message)


def want(s: sheets.Sheet) -> None:
    """Make the runs once the pods are there; before that only see that they can be made."""
    for one in s.spec.analyses:
        known = s.runs.get(one.name)
        if s.ending or (known is not None and known.phase in {"Successful", *sheets.BAD}):
            continue
        if s.available_at is None:
            _verify(s, one)
        elif known is None or not known.run or _lost(s, known):
            _create(s, one)


def _lost(s: sheets.Sheet, known: experiment.RunStatus) -> bool:
    """Somebody deleted the run."""
    return all(run.name != known.run for run in s.seen.runs)


def _verify(s: sheets.Sheet, one: experiment.Analysis) -> None:
    try:
        analysis.resolve(one.raw["templates"], _lookup(s))
    except errors.UserError as problem:
        text = f"AnalysisTemplate verification failed for analysis '{one.name}': "
        s.run(one.name, phase="Error", message=text + problem.sentence)


def _create(s: sheets.Sheet, one: experiment.Analysis) -> None:
    try:
        body = analysis.build_spec(
            _expanded(s, one.raw),
            lookup=_lookup(s),
            rollout=s.raw,
            latest_hash="",
            stable_hash="",
            step=one.required,
        )
    except errors.UserError as problem:
        text = f"Failed to create AnalysisRun for analysis '{one.name}': {problem.sentence}"
        s.run(one.name, phase="Error", message=text)
        return
    name, reused = _free_name(s, f"{s.name}-{one.name}", body)
    if not reused:
        s.create_runs.append(_object(s, name, body))
        if one.required:
            _tell_of_counts(s, one.raw, body, name)
    s.run(one.name, run=name, phase="Pending", message="")


def _tell_of_counts(
    s: sheets.Sheet, raw: Mapping[str, Any], body: Mapping[str, Any], name: str
) -> None:
    for sentence in analysis.ended(raw, body, _lookup(s)):
        s.event("MetricBounded", f"{sentence} (AnalysisRun {name})", warning=True)


def _free_name(s: sheets.Sheet, base: str, body: Mapping[str, Any]) -> tuple[str, bool]:
    """The first name that is free, or an unfinished run of ours that asks for the same."""
    taken = {run.name: run for run in s.seen.runs}
    for attempt in range(len(taken) + _MOST_FOREIGN):
        name = base if attempt == 0 else f"{base}.{attempt}"
        run = taken.get(name)
        if run is None:
            if name in s.seen.foreign_runs:
                continue
            return name, False
        spec = {k: v for k, v in (run.raw.get("spec") or {}).items() if k != "terminate"}
        if not run.done and not run.terminating and spec == body:
            return name, True
    return f"{base}.{len(taken) + _MOST_FOREIGN}", False


def _object(s: sheets.Sheet, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The run: without a label of ours, as Argo makes it."""
    labels = dict(s.spec.run_metadata.get("labels") or {})
    notes = dict(s.spec.run_metadata.get("annotations") or {})
    if instance := s.labels.get(_INSTANCE):
        labels[_INSTANCE] = str(instance)
    if s.notes.get(_STRICT) == "true":
        notes[_STRICT] = "true"
    meta: dict[str, Any] = {
        "name": name,
        "namespace": s.raw["metadata"]["namespace"],
        "ownerReferences": [s.owner()],
    }
    if labels:
        meta["labels"] = labels
    if notes:
        meta["annotations"] = notes
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisRun",
        "metadata": meta,
        "spec": dict(body),
    }


def _lookup(s: sheets.Sheet) -> Any:
    def find(cluster_scope: bool, name: str) -> Mapping[str, Any] | None:  # noqa: FBT001
        return s.seen.templates.get((cluster_scope, name))

    return find


def _expanded(s: sheets.Sheet, raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """The analysis with every ``{{ templates.NAME.… }}`` and ``{{ experiment.… }}`` replaced.

    Raises:
        errors.UserError: a tag that names nothing.

    """
    known = _values(s)

    def put(match: re.Match[str]) -> str:
        tag = match[1].strip()
        if tag not in known:
            raise errors.UserError(f"failed to resolve {{{{{match[1]}}}}}")
        return known[tag]

    args = [
        {**arg, "value": _TAG.sub(put, arg["value"])} if isinstance(arg.get("value"), str) else arg
        for arg in raw["args"]
    ]
    return {**raw, "args": args}


def _values(s: sheets.Sheet) -> dict[str, str]:
    """What an argument may ask of its Experiment (spec §5.2)."""
    out: dict[str, str] = {}
    for one in s.spec.templates:
        rs = s.set_of(one.name)
        if rs is not None:
            out[f"templates.{one.name}.podTemplateHash"] = rs.hash
            out[f"templates.{one.name}.replicaset.name"] = rs.name
    if s.available_at is not None:
        out["experiment.availableAt"] = codec_status.stamp(s.available_at)
    if s.expires is not None:
        out["experiment.finishedAt"] = codec_status.stamp(s.expires)
    return out


def to_end(s: sheets.Sheet) -> list[str]:
    """The unfinished runs that nothing waits for any more, each told of once."""
    if not s.ending:
        return []
    found = [run for run in s.seen.runs if not run.done and not run.terminating]
    for run in found:
        s.event("AnalysisRunTerminating", _ended_text(s, run))
    return [run.name for run in found]


def _ended_text(s: sheets.Sheet, run: world.Run) -> str:
    named = next((one.name for one in s.runs.values() if one.run == run.name), run.name)
    return f"Terminating AnalysisRun '{named}'"
