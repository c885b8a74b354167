"""What is left of the way: steps, the time that machines need, the people who are waited for.

Only what the manifest fixes is counted: waits, and analyses and experiments of a known length.
Nothing here moves with the clock, so that no card is edited for a tick.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.core import analysis, analysis_refs, broken, durations, gates
from bot.core.gates import windows
from bot.core.notices import measured, switching
from bot.core.notices import scene as scenes
from bot.model import errors, facts
from bot.model import spec as spec_model


def left(scene: scenes.Scene) -> facts.EtaFact | None:
    """What comes after the present step; None where nothing moves or nothing is left."""
    if scene.spec is None or scene.problem or scene.promoted or scene.status.abort or scene.first:
        return None
    if scenes.switching(scene) is not None:
        return _of_switch(scene)
    rest = scene.steps[scene.index + 1 :]
    waits = [_length(scene, step) for step in rest]
    known = [one for one in waits if one is not None]
    people = sum(isinstance(s, spec_model.Pause) and s.duration_s is None for s in rest)
    if scene.spec.gate_before_full and not scenes.full_gate(scene) and not _asks_last(rest):
        people += 1
    ends = _present_end(scene)
    if scene.index >= len(scene.steps) or not (rest or people or ends):
        return None
    machine_s = sum(known)
    unknown = len(known) < len(waits) or (ends is None and _waits(scene))
    misses = _missed(scene, ends) if ends is not None else ""
    sure = ends is not None and not people and not unknown and not misses
    return facts.EtaFact(
        steps=len(rest),
        machine_s=machine_s,
        people=people,
        more=unknown,
        done_at=ends + timedelta(seconds=machine_s) if sure and ends is not None else None,
        misses=misses,
    )


def _missed(scene: scenes.Scene, ends: datetime) -> str:
    """The window that is closed when its turn comes; nothing of it moves with the clock."""
    every = scene.seen.policy.windows
    if not every or scene.sheet is None or gates.exempt(scene.sheet):
        return ""
    if broken.since(scene.sheet) is not None:
        return ""
    at = ends
    for index in range(scene.index + 1, len(scene.steps) + 1):
        hold = windows.closed_at(every, index, at)
        if hold is not None:
            return hold.sentence
        step = scene.steps[index] if index < len(scene.steps) else None
        asks = isinstance(step, spec_model.Pause) and step.duration_s is None
        length = None if step is None or asks else _length(scene, step)
        if length is None:
            return ""  # nobody knows when it goes on from there
        at += timedelta(seconds=length)
    return ""


def _asks_last(rest: tuple[spec_model.Step, ...]) -> bool:
    """An approval right before the end counts for the gate before 100 % too."""
    last = rest[-1] if rest else None
    return isinstance(last, spec_model.Pause) and last.duration_s is None


def _waits(scene: scenes.Scene) -> bool:
    """Whether the present step itself takes a time that nobody knows."""
    step = scenes.present(scene)
    return not isinstance(step, spec_model.Pause) or step.duration_s is not None


def _present_end(scene: scenes.Scene) -> datetime | None:
    step, held = scenes.present(scene), scenes.pause(scene)
    if not isinstance(step, spec_model.Pause) or step.duration_s is None or held is None:
        return None
    if scenes.gate(scene):
        return None
    return held.start + timedelta(seconds=step.duration_s)


def _of_switch(scene: scenes.Scene) -> facts.EtaFact | None:
    chosen, ends = scenes.switching(scene), switching.wait(scene)
    if chosen is None or chosen.post is None or ends is None:
        return None
    after = _analysis(scene, chosen.post)
    return facts.EtaFact(
        steps=1,
        machine_s=after or 0.0,
        more=after is None,
        done_at=None if after is None else ends + timedelta(seconds=after),
    )


def _length(scene: scenes.Scene, step: spec_model.Step) -> float | None:
    """Seconds that a step takes by itself; None where nobody knows."""
    match step:
        case spec_model.Pause():
            return float(step.duration_s or 0)
        case spec_model.Analysis():
            return _analysis(scene, step.raw)
        case spec_model.Experiment():
            return _seconds(step.raw.get("duration"))
        case _:
            return 0.0


def _analysis(scene: scenes.Scene, raw: Mapping[str, Any]) -> float | None:
    """How long an analysis measures: its longest metric."""
    try:
        body = analysis.build_spec(
            raw,
            lookup=analysis_refs.lookup(scene.seen),
            rollout=scene.seen.raw,
            latest_hash="latest",
            stable_hash="stable",
            step=True,
        )
    except errors.UserError:
        return None
    metrics = [one for one in body.get("metrics") or () if isinstance(one, Mapping)]
    return _longest(_metric(one, {"spec": body}) for one in metrics)


def _longest(found: Iterable[float | None]) -> float | None:
    every = list(found)
    known = [one for one in every if one is not None]
    return max(known, default=None) if len(known) == len(every) else None


def _metric(metric: Mapping[str, Any], raw: Mapping[str, Any]) -> float | None:
    start = _seconds(measured.filled(metric.get("initialDelay") or "0", raw))
    interval = measured.filled(metric.get("interval") or "0", raw)
    count = measured.filled(str(metric.get("count") or 1), raw)
    every = _seconds(interval)
    if start is None or every is None or not count.isdecimal():
        return None
    return start + every * (min(int(count), 100_000) - 1)


def _seconds(text: Any) -> float | None:
    if not isinstance(text, str):
        return None
    try:
        return max(0.0, durations.parse_go(text).total_seconds())
    except ValueError:
        return None
