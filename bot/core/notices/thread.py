"""The lines of a card's thread: one a fact, each with the id it is remembered by."""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.core import explaining, gate_limits, outcomes
from bot.core.notices import (
    afterwards,
    approving,
    card,
    glassing,
    measured,
    people,
    standing,
    unanswered,
)
from bot.core.notices import scene as scenes
from bot.core.notices.notice import Line
from bot.model import facts, messages, status
from bot.model import spec as spec_model
from bot.model.facts import ThreadKind


def key(scene: scenes.Scene) -> str:
    return f"thread:{scene.hash}:{scenes.revision(scene).number}"


def lines(scene: scenes.Scene, known: Mapping[str, Any]) -> tuple[Line, ...]:
    """Every fact that the present moment shows, in the order it came about.

    ``known`` are the lines told already; only an end that depends on its beginning asks them.
    Of a first deployment its one card says all there is.
    """
    if scene.problem or not scene.hash or card.first(scene):
        return ()
    found = [
        *_shipped(scene),
        *_asked(scene),
        *_weight(scene),
        *unanswered.lines(scene, known),
        *approving.lines(scene),
        *glassing.lines(scene),
        *_failed(scene),
        *afterwards.lines(scene),
        *_done(scene),
    ]
    return tuple(sorted(found, key=lambda line: line.fact.at))


def _shipped(scene: scenes.Scene) -> Iterator[Line]:
    started = scene.status.bot.started
    if started is None or scene.status.abort:
        return
    fact = messages.ThreadFact(
        kind=ThreadKind.SHIPPED,
        at=started,
        by=card.change(scene).by,
        revision=scenes.revision(scene),
        steps=len(scene.steps) if not scene.first else None,
    )
    yield Line(id="shipped", fact=fact)


def _weight(scene: scenes.Scene) -> Iterator[Line]:
    """A weight that was reached: written in the route, or its pods are there.

    Of all traffic the line that it is done says enough.
    """
    reached = scenes.weight(scene)
    if scene.promoted or scene.status.abort or not 0 < reached < 100:
        return
    step = scenes.present(scene)
    routed = scene.spec is not None and scene.spec.canary.routed
    if not routed and (isinstance(step, spec_model.SetWeight) or step is None):
        return
    started = scene.status.bot.started
    run = f"@{started:%H%M%S}" if started is not None else ""
    fact = messages.ThreadFact(kind=ThreadKind.WEIGHT, at=scene.now, weight=reached)
    yield Line(id=f"w{reached}{run}", fact=fact)


_KINDS = {
    "promote": ThreadKind.PROMOTED,
    "promote-full": ThreadKind.PROMOTED,
    "abort": ThreadKind.ABORTED,
    "retry": ThreadKind.RETRIED,
    "measure-again": ThreadKind.MEASURED_AGAIN,
    "continue": ThreadKind.CONTINUED,
}


def _asked(scene: scenes.Scene) -> Iterator[Line]:
    """What people decided, with their names; what stock tools did, without."""
    started, opened = scene.status.bot.started, scene.status.bot.opened
    for one in scene.status.bot.handled:
        if not one.accepted or one.kind not in _KINDS or (started and one.at < started):
            continue
        yield Line(id=f"{one.kind}:{one.id[:16]}", fact=_decision(scene, one, opened))
        if one.kind == "abort" and _answerable(scene, one):
            yield Line(id=f"why:{one.id[:16]}", fact=_question(one))
    if opened is not None and people.decode(opened.by) is None and opened.revision == scene.hash:
        text = f"promoted with {opened.how or 'kubectl'} (no name known)"
        if opened.how == gate_limits.BY_POLICY:
            text = "promoted by the policy: nobody answered in time"
        fact = messages.ThreadFact(kind=ThreadKind.OTHER, at=opened.at, text=text)
        yield Line(id=f"opened:{opened.at:%Y%m%d%H%M%S}", fact=fact)


def _answerable(scene: scenes.Scene, one: status.Handled) -> bool:
    """Whether the reason is missing, and who is asked can be known by an answer in the thread."""
    by = people.decode(one.actor)
    return not explaining.reason(scene.abort) and by is not None and bool(by.slack_id)


def _question(one: status.Handled) -> messages.ThreadFact:
    """No dialog stands before an abort: its reason is asked for afterwards (ruling 6)."""
    by = people.decode(one.actor)
    text = (
        f"{by.name if by is not None else 'somebody'}, why was it aborted? A line here is enough"
    )
    return messages.ThreadFact(kind=ThreadKind.OTHER, at=one.at, text=text)


def _decision(
    scene: scenes.Scene, one: status.Handled, opened: status.Opened | None
) -> messages.ThreadFact:
    kind = _KINDS[one.kind]
    opener = opened is not None and opened.by == one.actor and opened.at == one.at
    if opener or _counted(one):
        kind = ThreadKind.APPROVED
    reason = explaining.reason(scene.abort) if one.kind == "abort" else ""
    return messages.ThreadFact(
        kind=kind,
        at=one.at,
        by=people.decode(one.actor),
        revision=scenes.revision(scene),
        stable=scenes.former(scene),
        weight=None if _counted(one) else _leads_to(scene, one, kind),
        text=reason,
    )


def _counted(one: status.Handled) -> bool:
    """One approval of several: by itself it promoted nothing."""
    return outcomes.of(one) is status.Outcome.VOTED


def _leads_to(scene: scenes.Scene, one: status.Handled, kind: ThreadKind) -> int | None:
    if one.kind == "promote-full":
        return 100
    approved = kind is ThreadKind.APPROVED and not scene.status.abort
    return scenes.asked(scene) if approved else None


def _failed(scene: scenes.Scene) -> Iterator[Line]:
    run = measured.failed_run(scene)
    metric = measured.failed_metric(run) if run is not None else None
    if run is None or metric is None or metric.verdict is not facts.Verdict.FAILED:
        return
    at = scenes.time(scene.abort.get("at")) or scene.now
    fact = messages.ThreadFact(kind=ThreadKind.METRIC_FAILED, at=at, metric=metric)
    yield Line(id=f"failed:{run.name[-60:]}", fact=fact)


def _done(scene: scenes.Scene) -> Iterator[Line]:
    if standing.news(scene) is not facts.News.DONE:
        return
    end = standing.condition_time(scene, "Completed") or scene.now
    start = scene.status.bot.started
    took = max(0.0, (end - start).total_seconds()) if start is not None else None
    yield Line(id="done", fact=messages.ThreadFact(kind=ThreadKind.DONE, at=end, took_s=took))
