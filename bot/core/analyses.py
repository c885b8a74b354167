"""What analysis means for a rollout: which runs should exist, what their verdicts do (spec §5.8).

How a run is judged is ``core.analysis``, how one is made ``core.new_runs``; here stands only its
place in the course.
"""

from collections.abc import Mapping
from typing import Any

from bot.core import draft as draft_module
from bot.core import gates, inconclusive, new_runs
from bot.model import spec as spec_model
from bot.model import status, world

STEP, BACKGROUND = new_runs.STEP, new_runs.BACKGROUND
PRE, POST = new_runs.PRE, new_runs.POST
_KINDS = frozenset({STEP, BACKGROUND, PRE, POST})
_FIELDS = ("step_run", "background_run", "pre_run", "post_run")
_SUFFIXES = {PRE: "-pre", POST: "-post"}


def _referenced(known: status.Status) -> list[status.RunRef]:
    found = [getattr(known, name) for name in _FIELDS]
    return [ref for ref in found if ref is not None]


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
    again = _again(d, run)
    if ref is None or run is None or other or again:
        # Also where somebody deleted the run, or moved the course past the step of this one.
        d.resumed = d.resumed and not again
        ref = new_runs.create(d, step.raw, kind=STEP, suffix=f"-{d.index}", index=d.index)
    d.set(step_run=_mirrored(d, ref, _find(d, ref), STEP))


def background(d: draft_module.Draft) -> None:
    """The run beside the steps, from its starting step on."""
    wanted = d.spec.canary.background
    if wanted is None or not _background_time(d, wanted):
        return
    ref, run = d.status.background_run, _find(d, d.status.background_run)
    if ref is None and gates.present(d) is not None:
        return  # held before it has begun: there is nothing to measure yet
    if ref is None or run is None or _again(d, run):
        d.resumed = False
        ref = new_runs.create(d, wanted.raw, kind=BACKGROUND)
    d.set(background_run=_mirrored(d, ref, _find(d, ref), BACKGROUND))


def _background_time(d: draft_module.Draft, wanted: spec_model.BackgroundAnalysis) -> bool:
    if d.promoted or not d.status.stable_hash or d.status.abort or d.skipping:
        return False
    return d.index >= wanted.starting_step


def _again(d: draft_module.Draft, run: world.Run | None) -> bool:
    """Whether a person wants what this run left open to be measured anew."""
    open_end = run is not None and run.phase == "Inconclusive"
    wanted = (d.resumed or d.again) and open_end
    return wanted and run is not None and not inconclusive.overruled(d.status, run)


def _holds(d: draft_module.Draft, run: world.Run) -> bool:
    return not (d.resumed or d.again or inconclusive.overruled(d.status, run))


def judge(d: draft_module.Draft) -> None:
    """Act on what the background run came to, before anything else moves."""
    ref = d.status.background_run
    if ref is None or d.promoted or d.status.abort or d.skipping:
        return
    run = _find(d, ref)
    if run is None or not run.done:
        return
    d.set(background_run=_mirrored(d, ref, run, BACKGROUND))
    if run.phase in {"Failed", "Error"}:
        cause = "Background analysis phase error/failed"
        d.abort(f"{cause}: {run.message}" if run.message else cause)
    elif run.phase == "Inconclusive" and _holds(d, run):
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


def want_beside(
    d: draft_module.Draft, field: str, raw: Mapping[str, Any], kind: str, *, may_start: bool
) -> None:
    """Make sure of the run before or after a switch, and mirror its phase into ``field``."""
    ref: status.RunRef | None = getattr(d.status, field)
    run = _find(d, ref)
    again = _again(d, run)
    if ref is None or run is None or again:
        if not may_start:
            return
        d.resumed = d.resumed and not again
        ref = new_runs.create(d, raw, kind=kind, suffix=_SUFFIXES[kind])
    d.set(**{field: _mirrored(d, ref, _find(d, ref), kind)})


def judge_beside(d: draft_module.Draft) -> None:
    """Act on what the runs before and after a switch came to, before anything else moves."""
    for field, kind, words in (("pre_run", PRE, "pre"), ("post_run", POST, "post")):
        ref: status.RunRef | None = getattr(d.status, field)
        run = _find(d, ref)
        if ref is None or run is None or not run.done:
            continue
        if d.promoted or d.status.abort or d.skipping:
            continue
        d.set(**{field: _mirrored(d, ref, run, kind)})
        if run.phase in {"Failed", "Error"}:
            cause = f"Blue/green {words}-promotion analysis phase error/failed"
            d.abort(f"{cause}: {run.message}" if run.message else cause)
        elif run.phase == "Inconclusive" and _holds(d, run):
            _pause_inconclusive(d)


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


def cancel(d: draft_module.Draft) -> None:
    """Stop every run that nothing waits for any more; after an abort its end is still shown."""
    if d.status.abort:
        _shown(d)
    wanted = {run.name for run in _referenced(d.status)}
    over = d.promoted or d.status.abort or d.skipping
    if d.promoted:
        d.set(step_run=None, background_run=None)
    for run in d.seen.runs:
        if run.done or run.terminating or run.kind not in _KINDS:
            continue
        if over or run.name not in wanted:
            d.terminate_runs.append(run.name)


def _shown(d: draft_module.Draft) -> None:
    """The references keep the last word of their runs; it is no news by then."""
    for name in _FIELDS:
        ref = getattr(d.status, name)
        run = _find(d, ref)
        if run is not None and run.done and run.phase != ref.status:
            last = status.RunRef(name=run.name, status=run.phase, message=run.message)
            d.set(**{name: last})


def garbage(d: draft_module.Draft) -> tuple[str, ...]:
    """Finished runs that history no longer keeps (spec §2.21)."""
    current = {run.name for run in _referenced(d.status)}
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
