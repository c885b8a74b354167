"""Why a rollout in flight stands where it stands: the one condition that holds it now.

Since when, what would free it, and which buttons would: the last reason of a decision. What is
over (done, aborted, not valid) says so itself. To add a condition: a function, a line in ``ROWS``.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from bot.core import (
    analyses,
    approvers_left,
    gates,
    inconclusive,
    moments,
    quorum,
    sizing,
    trials,
    unmeasured,
    unreached,
    weights,
)
from bot.core import draft as draft_module
from bot.model import buttons, world
from bot.model import spec as spec_model

Row = Callable[[draft_module.Draft], world.Reason | None]
RULE = "now:"
_KIND = buttons.ButtonKind
_ABORT = (_KIND.ABORT.value,)


def of(d: draft_module.Draft) -> Iterator[world.Reason]:
    """The first row that holds; nothing where no update is in flight."""
    if d.status.abort or d.promoted or not d.status.stable_hash:
        return
    found = (row(d) for row in ROWS)
    if (reason := next((one for one in found if one is not None), None)) is not None:
        yield reason


def _paused(d: draft_module.Draft) -> world.Reason | None:
    if not d.spec.paused:
        return None
    marked = d.status.condition("Paused")
    return world.Reason(
        rule=f"{RULE}paused",
        sentence="spec.paused is set",
        since=marked.transitioned if marked is not None else None,
        frees="It moves on when spec.paused is taken away.",
        acts=_ABORT,
    )


def _unmeasured(d: draft_module.Draft) -> world.Reason | None:
    if not unmeasured.held(d):
        return None
    pause = next(iter(d.status.pause_conditions), None)
    return world.Reason(
        rule=f"{RULE}unmeasured",
        sentence=unmeasured.BECAUSE,
        since=pause.start if pause is not None else None,
        frees=unmeasured.FREES,
        acts=_ABORT,
    )


def _held(d: draft_module.Draft) -> world.Reason | None:
    if d.bitten is None:
        return None
    known = d.status.bot.held
    return world.Reason(
        rule=f"{RULE}held",
        sentence=d.bitten.sentence,
        since=known.since if known is not None else d.now,
        until=d.bitten.until,
        frees=d.bitten.frees,
        acts=_ABORT,
    )


def _without_verdict(d: draft_module.Draft) -> world.Reason | None:
    pause = next((p for p in d.status.pause_conditions if p.reason in inconclusive.REASONS), None)
    if pause is None:
        return None
    refs = (d.status.step_run, d.status.background_run, d.status.pre_run, d.status.post_run)
    said = next((r.message for r in refs if r is not None and r.status == "Inconclusive"), "")
    return world.Reason(
        rule=f"{RULE}inconclusive",
        sentence="an analysis was inconclusive" + (f": {said}" if said else ""),
        since=pause.start,
        frees="It moves on when somebody has it measured again, or lets it go on without.",
        acts=(_KIND.MEASURE_AGAIN.value, _KIND.CONTINUE.value, *_ABORT),
    )


def _gate(d: draft_module.Draft) -> world.Reason | None:
    """A pause until a person promotes, the gate before 100 %, or the one before a switch."""
    pause = next(iter(d.status.pause_conditions), None)
    if pause is None or _timed_s(d) is not None:
        return None
    chosen = d.spec.blue_green
    stands = quorum.of(d)
    who = quorum.missing(stands) if stands is not None else "somebody approves"
    said = "an approval that nobody has given yet"
    if stands is not None and stands.so_far:
        said = f"approvals of which some are missing: {stands.so_far}"
    what = "switches" if chosen is not None else f"moves on to {_coming(d)} %"
    short = approvers_left.sentences(d)
    opens = _KIND.APPROVE.value if chosen is None else _KIND.SWITCH.value
    return world.Reason(
        rule=f"{RULE}gate",
        sentence=said,
        since=pause.start,
        frees=short or f"It {what} when {who}.{_then_held(d)}",
        acts=_ABORT if short else (opens, *_ABORT),
    )


def _coming(d: draft_module.Draft) -> int:
    """The next weight, in per cents."""
    full = d.spec.canary.full
    if not weights.held_before_full(d):
        for step in d.spec.canary.steps[d.index + 1 :]:
            if isinstance(step, spec_model.SetWeight):
                return step.weight * 100 // full
    return 100


def _then_held(d: draft_module.Draft) -> str:
    """What comes after its own wait, where something else holds it then."""
    hold = gates.ahead(d)
    return f" After that it is held: {hold.sentence}." if hold is not None else ""


def _timed_s(d: draft_module.Draft) -> int | None:
    """The length of the present pause, where it is a timed one."""
    chosen = d.spec.blue_green
    if weights.held_before_full(d):
        return None
    if chosen is not None:
        return chosen.auto_promotion_s if chosen.auto_promotion else None
    step = None if d.finished else d.spec.canary.steps[d.index]
    return step.duration_s if isinstance(step, spec_model.Pause) else None


def _timed(d: draft_module.Draft) -> world.Reason | None:
    pause, seconds = next(iter(d.status.pause_conditions), None), _timed_s(d)
    if pause is None or seconds is None:
        return None
    until = pause.start + timedelta(seconds=seconds)
    return world.Reason(
        rule=f"{RULE}pause",
        sentence=f"a pause of {seconds} s",
        since=pause.start,
        until=until,
        frees=f"It goes on by itself at {moments.utc(until)}.{_then_held(d)}",
        acts=(_KIND.SKIP_WAIT.value, *_ABORT),
    )


def _pods(d: draft_module.Draft) -> world.Reason | None:
    new = d.family.new
    if d.spec.blue_green is not None:
        if new.available >= new.replicas and not d.family.creating:
            return None
        missing = f"preview {new.available} of {new.replicas} pods available"
    else:
        ready, missing = sizing.at_target(d)
        if ready:
            return None
    progress = d.status.condition("Progressing")
    since = progress.updated if progress is not None else None
    late = progress is not None and progress.reason == "ProgressDeadlineExceeded"
    until = since + timedelta(seconds=d.spec.progress_deadline_s) if since and not late else None
    after = "it goes back" if d.spec.progress_deadline_abort else "it counts as stuck"
    when = f"; at {moments.utc(until)} {after}" if until and since else ""
    return world.Reason(
        rule=f"{RULE}late" if late else f"{RULE}pods",
        sentence=f"{missing}; its progress deadline has passed" if late else missing,
        since=since,
        until=until,
        frees=f"It goes on when they are{when}.",
        acts=_ABORT,
    )


def _route(d: draft_module.Draft) -> world.Reason | None:
    """A router that does not show what was asked, or whose objects cannot be read."""
    view = next((one for one in d.seen.routes if one.problem is not None), None)
    if view is None or view.problem is None:
        return None
    path, value, text = view.problem
    return world.Reason(
        rule=f"{RULE}route",
        sentence=f"the router cannot be set: {path} {value}: {text}",
        frees="It goes on when that is mended.",
        acts=_ABORT,
    )


def _measures(d: draft_module.Draft) -> world.Reason | None:
    """An analysis that the course waits for, with what keeps it from a verdict."""
    names = [ref.name for ref in (d.status.step_run, d.status.pre_run, d.status.post_run) if ref]
    run = next((one for one in d.seen.runs if one.name in names and not one.done), None)
    if run is None:
        waits = not d.finished and isinstance(d.spec.canary.steps[d.index], spec_model.Analysis)
        if not waits or analyses.step_run(d) is not None:
            return None
        return world.Reason(
            rule=f"{RULE}analysis",
            sentence="the analysis is about to begin",
            frees=_VERDICT,
            acts=_ABORT,
        )
    return world.Reason(
        rule=f"{RULE}analysis",
        sentence=f"analysis {run.name} measures{_trouble(run.raw)}",
        since=run.created,
        frees=_VERDICT,
        acts=_ABORT,
    )


_VERDICT = "It moves on when the analysis succeeds, and goes back when it fails."


def _trouble(raw: Mapping[str, Any]) -> str:
    """What its metrics say that have no good answer: an error, or no data."""
    body = raw.get("status")
    results = body.get("metricResults") if isinstance(body, Mapping) else None
    for one in results if isinstance(results, list) else ():
        if not isinstance(one, Mapping):
            continue
        name = str(one.get("name", ""))
        taken = one.get("measurements")
        last = taken[-1] if isinstance(taken, list) and taken else None
        said = str(last.get("message") or "") if isinstance(last, Mapping) else ""
        said = unreached.said(said)[:200]
        if one.get("consecutiveError"):
            return f"; {name} cannot be measured" + (f": {said}" if said else "")
        if one.get("inconclusive"):
            return f"; {name} has no clear answer" + (f": {said}" if said else " yet")
    return ""


def _experiment(d: draft_module.Draft) -> world.Reason | None:
    one = trials.present(d)
    if one is None or one.done:
        return None
    return world.Reason(
        rule=f"{RULE}experiment",
        sentence=f"experiment {one.name} runs" + (f": {one.message}" if one.message else ""),
        since=one.created,
        frees="It moves on when the experiment succeeds, and goes back when it fails.",
        acts=_ABORT,
    )


def _restored(d: draft_module.Draft) -> world.Reason | None:
    """Nothing of the above: the traffic still has to follow, or the old pods to go."""
    said = next((r.sentence for r in d.reasons if r.rule == "stable-floor"), "")
    if not said:
        return None
    return world.Reason(
        rule=f"{RULE}stable", sentence=said, frees="It goes on when they are.", acts=_ABORT
    )


ROWS: tuple[Row, ...] = (
    _paused,
    _unmeasured,
    _held,
    _without_verdict,
    _gate,
    _timed,
    _route,
    _pods,
    _measures,
    _experiment,
    _restored,
)
