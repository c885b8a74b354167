"""What analysis means for a rollout: which runs should exist, what their verdicts do (spec §5.8).

How a run is built and judged is ``core.analysis``; here stands only its place in the course.
"""

from collections.abc import Mapping
from typing import Any

from bot.core import analysis, revisions
from bot.core import draft as draft_module
from bot.model import errors, status, world
from bot.model import spec as spec_model

STEP, BACKGROUND = "Step", "Background"
_REVISION = "rollout.argoproj.io/revision"
_STRICT = "rollout-bot.io/strict"
_MOST_FOREIGN = 100
_INSTANCE = "argo-rollouts.argoproj.io/controller-instance-id"


def check(spec: spec_model.Spec, known: status.Status, seen: world.Seen) -> None:
    """Refuse what could not be run later (spec §4.5).

    Raises:
        errors.UserError: a template is missing, or arguments or metrics do not fit.
        errors.NotSupported: a metric uses a provider of a later version.

    """
    canary = "spec.strategy.canary"
    for at, step in enumerate(spec.canary.steps):
        if isinstance(step, spec_model.Analysis):
            _check_one(step.raw, f"{canary}.steps[{at}].analysis", seen, known, step=True)
    if spec.canary.background is not None:
        _check_one(spec.canary.background.raw, f"{canary}.analysis", seen, known, step=False)


def remarks(spec: spec_model.Spec, seen: world.Seen) -> tuple[str, ...]:
    """What people should know of the analyses of the steps, though nothing is wrong (ruling 2)."""
    found: list[str] = []
    for step in spec.canary.steps:
        if not isinstance(step, spec_model.Analysis) or spec.strict:
            continue
        try:
            body = analysis.build_spec(
                step.raw,
                lookup=_lookup(seen),
                rollout=seen.raw,
                latest_hash="latest",
                stable_hash="stable",
                step=True,
            )
            found.extend(analysis.ended(step.raw, body, _lookup(seen)))
        except errors.UserError:
            continue  # it is told elsewhere, as InvalidSpec
    return tuple(dict.fromkeys(found))


def _check_one(
    raw: Mapping[str, Any], path: str, seen: world.Seen, known: status.Status, *, step: bool
) -> None:
    analysis.check(
        raw,
        path=path,
        step=step,
        lookup=_lookup(seen),
        rollout=seen.raw,
        stable_hash=known.stable_hash,
    )


def _lookup(seen: world.Seen) -> Any:
    def find(cluster_scope: bool, name: str) -> Mapping[str, Any] | None:  # noqa: FBT001
        return seen.templates.get((cluster_scope, name))

    return find


def step_run(d: draft_module.Draft) -> world.Run | None:
    """The run of the present step, where there is one."""
    return _find(d, d.status.step_run)


def _find(d: draft_module.Draft, ref: status.RunRef | None) -> world.Run | None:
    if ref is None:
        return None
    return next((run for run in d.seen.runs if run.name == ref.name), None)


def want_step_run(d: draft_module.Draft, step: spec_model.Analysis) -> None:
    """Make sure that the present analysis step has its run, and mirror its phase."""
    ref, run = d.status.step_run, step_run(d)
    other = run is not None and run.step_index not in (None, d.index)
    again = d.resumed and run is not None and run.phase == "Inconclusive"
    if ref is None or run is None or other or again:
        # Also where somebody deleted the run, or moved the course past the step of this one.
        d.resumed = d.resumed and not again
        ref = _create(d, step.raw, kind=STEP, index=d.index)
    d.set(step_run=_mirrored(d, ref, _find(d, ref), STEP))


def background(d: draft_module.Draft) -> None:
    """The run beside the steps, from its starting step on."""
    wanted = d.spec.canary.background
    if wanted is None or not _background_time(d, wanted):
        return
    ref, run = d.status.background_run, _find(d, d.status.background_run)
    if ref is None or run is None or (d.resumed and run.phase == "Inconclusive"):
        d.resumed = False
        ref = _create(d, wanted.raw, kind=BACKGROUND, index=None)
    d.set(background_run=_mirrored(d, ref, _find(d, ref), BACKGROUND))


def _background_time(d: draft_module.Draft, wanted: spec_model.BackgroundAnalysis) -> bool:
    if d.promoted or not d.status.stable_hash or d.status.abort or d.status.promote_full:
        return False
    return d.index >= wanted.starting_step


def judge(d: draft_module.Draft) -> None:
    """Act on what the background run came to, before anything else moves."""
    ref = d.status.background_run
    if ref is None or d.promoted or d.status.abort or d.status.promote_full:
        return
    run = _find(d, ref)
    if run is None or not run.done:
        return
    d.set(background_run=_mirrored(d, ref, run, BACKGROUND))
    if run.phase in {"Failed", "Error"}:
        cause = "Background analysis phase error/failed"
        d.abort(f"{cause}: {run.message}" if run.message else cause)
    elif run.phase == "Inconclusive" and not d.resumed:
        _pause_inconclusive(d)


def judge_step(d: draft_module.Draft) -> None:
    """Act on a failed run of the present step where the steps themselves cannot be looked at."""
    ref, run = d.status.step_run, step_run(d)
    if ref is None or d.promoted or d.status.abort:
        return
    if run is not None and run.phase in {"Failed", "Error"}:
        d.set(step_run=_mirrored(d, ref, run, STEP))
        cause = "Step-based analysis phase error/failed"
        d.abort(f"{cause}: {run.message}" if run.message else cause)


def _pause_inconclusive(d: draft_module.Draft) -> None:
    reason = status.PauseReason.INCONCLUSIVE
    if any(pause.reason == reason for pause in d.status.pause_conditions):
        return
    start = d.now.replace(microsecond=0)
    pause = status.PauseCondition(reason=reason, start=start)
    d.set(pause_conditions=(*d.status.pause_conditions, pause))
    d.event("RolloutPaused", f"Rollout is paused ({reason})")


def _mirrored(
    d: draft_module.Draft, ref: status.RunRef, run: world.Run | None, kind: str
) -> status.RunRef:
    """The reference with the run's phase; a change of it is an event."""
    if run is None or run.phase in {"", "Pending"}:
        return ref
    if run.phase != ref.status:
        d.event(
            f"AnalysisRun{run.phase}",
            f"{kind} Analysis Run '{ref.name}' Status New: '{run.phase}' Previous: '{ref.status}'",
            warning=run.phase in {"Failed", "Error"},
        )
    return status.RunRef(name=ref.name, status=run.phase, message=run.message)


def _create(
    d: draft_module.Draft, raw: Mapping[str, Any], *, kind: str, index: int | None
) -> status.RunRef:
    new = d.family.new
    body = analysis.build_spec(
        raw,
        lookup=_lookup(d.seen),
        rollout=d.seen.raw,
        latest_hash=new.hash,
        stable_hash=d.status.stable_hash,
        step=kind == STEP,
    )
    base = f"{d.seen.name}-{new.hash}-{new.revision}" + ("" if index is None else f"-{index}")
    name, reused = _free_name(d, base, body)
    if not reused:
        for sentence in analysis.ended(raw, body, _lookup(d.seen)) if kind == STEP else ():
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


def cancel(d: draft_module.Draft) -> None:
    """Stop every run that nothing waits for any more; after an abort its end is still shown."""
    if d.status.abort:
        _shown(d)
    wanted = {run.name for run in (d.status.step_run, d.status.background_run) if run}
    over = d.promoted or d.status.abort or d.status.promote_full
    if d.promoted:
        d.set(step_run=None, background_run=None)
    for run in d.seen.runs:
        if run.done or run.terminating or run.kind not in {STEP, BACKGROUND}:
            continue
        if over or run.name not in wanted:
            d.terminate_runs.append(run.name)


def _shown(d: draft_module.Draft) -> None:
    """The references keep the last word of their runs; it is no news by then."""
    for name in ("step_run", "background_run"):
        ref = getattr(d.status, name)
        run = _find(d, ref)
        if run is not None and run.done and run.phase != ref.status:
            last = status.RunRef(name=run.name, status=run.phase, message=run.message)
            d.set(**{name: last})


def garbage(d: draft_module.Draft) -> tuple[str, ...]:
    """Finished runs that history no longer keeps (spec §2.21)."""
    current = {run.name for run in (d.status.step_run, d.status.background_run) if run}
    hashes = {rs.hash for rs in d.family.all}
    good: list[str] = []
    bad: list[str] = []
    gone: list[str] = []
    for run in sorted(d.seen.runs, key=lambda run: (run.created, run.name), reverse=True):
        if run.name in current or run.name in d.terminate_runs:
            continue
        if not run.hash or run.hash not in hashes:
            gone.append(run.name)
        elif run.done:
            (good if run.phase == "Successful" else bad).append(run.name)
    keep_good, keep_bad = d.spec.successful_run_limit, d.spec.unsuccessful_run_limit
    return (*gone, *good[keep_good:], *bad[keep_bad:])
