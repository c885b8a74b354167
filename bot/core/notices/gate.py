"""Gates: the loud request while one is open, and how it ended once it is not."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.core import blue_green_places, explaining, gate_limits, weights, writers
from bot.core.notices import (
    approving,
    blast,
    card,
    glassing,
    header_routes,
    measured,
    people,
    queries,
    standing,
    switching,
)
from bot.core.notices import scene as scenes
from bot.core.notices.notice import Kind, Notice, Said
from bot.model import facts, messages, sealed, status, world
from bot.model.facts import Closing

HEADER_LIMIT = 200
_ASKED = "asked"
"""Of which abort the reason was still awaited when the gate was closed: the time of it."""


def notices(scene: scenes.Scene, said: Said) -> Iterator[Notice]:
    """The open gate, and the end of those that are over."""
    now = scenes.gate(scene)
    if now:
        key = f"gate:{now}"
        facts_now = _open(scene, now, said.get(key, {}))
        yield Notice(key=key, kind=Kind.GATE, facts=facts_now, keep=keep(scene))
    for key, record in said.items():
        gate = key.removeprefix("gate:")
        if not key.startswith("gate:") or gate == now:
            continue
        if not record.get("end"):
            facts_then = closed(scene, gate, record)
            left = _awaiting(scene, facts_then.decided)
            yield _over(key, facts_then, left=left)
        elif _explained(scene, record):
            yield _over(key, closed(scene, gate, record), anew=True, left={_ASKED: None})


def _over(key: str, decided: messages.GateFacts, **more: Any) -> Notice:
    return Notice(key=key, kind=Kind.GATE, facts=decided, fresh=False, settled=True, **more)


def _awaiting(scene: scenes.Scene, decided: messages.GateDecision | None) -> Mapping[str, Any]:
    """Which abort it says the reason was asked of; a later one is another."""
    if decided is None or decided.closing is not Closing.ABORTED or decided.because:
        return {}
    return {_ASKED: scene.abort.get("at")}


def _explained(scene: scenes.Scene, record: Mapping[str, Any]) -> bool:
    """Whether the reason that it says was asked for has been given since."""
    asked = record.get(_ASKED)
    same = bool(asked) and scene.status.abort and asked == scene.abort.get("at")
    return same and bool(explaining.reason(scene.abort))


def keep(scene: scenes.Scene) -> dict[str, Any]:
    """What must be known of the gate when it is over and gone from the status."""
    held = scenes.pause(scene)
    return {
        "revision": scene.hash,
        "n": scenes.revision(scene).number,
        "step": weights.FULL if scenes.full_gate(scene) else scene.index,
        "from": scenes.weight(scene),
        "to": scenes.coming(scene),
        "since": held.start.isoformat() if held is not None else "",
        **({"old": former.hash} if (former := scenes.former(scene)) is not None else {}),
        **({"inconclusive": True} if scenes.inconclusive(scene) else {}),
        **({"header": header[:HEADER_LIMIT]} if (header := header_routes.text(scene)) else {}),
    }


def _open(scene: scenes.Scene, gate: str, record: Mapping[str, Any]) -> messages.GateFacts:
    held = scenes.pause(scene)
    return messages.GateFacts(
        gate_id=gate,
        rollout=scene.rollout,
        revision=scenes.revision(scene),
        stable=scenes.former(scene),
        weight_from=scenes.weight(scene),
        weight_to=scenes.coming(scene),
        inconclusive=scenes.inconclusive(scene),
        because=standing.because(scene) if scenes.inconclusive(scene) else "",
        switch=switching.fact(scene),
        header_route=header_routes.text(scene),
        stable_warm_s=_warm_s(scene),
        so_far_s=_so_far_s(scene, held.start if held is not None else None),
        metrics=queries.beside(queries.metrics(scene), record.get("stable")),
        plan=blast.pods(scene),
        measured=measured.measured(scene),
        change=replace(card.change(scene), at=None, changes=blast.differences(scene)),
        buttons=standing.made(scene, *standing.at_gate(scene)),
        **approving.facts_of(scene),
    )


def _so_far_s(scene: scenes.Scene, since: datetime | None) -> float | None:
    started = scene.status.bot.started
    if since is None or started is None:
        return None
    return max(0.0, (since - started).total_seconds())


def _warm_s(scene: scenes.Scene) -> float | None:
    """How long the stable keeps its pods afterwards; None where it gives them up on the way."""
    if scene.spec is None:
        return None
    if scene.spec.blue_green is not None:
        return float(blue_green_places.warm_s(scene.spec.blue_green))
    return float(scene.spec.canary.scale_down_delay_s) if scene.spec.canary.routed else None


def closed(scene: scenes.Scene, gate: str, record: Mapping[str, Any]) -> messages.GateFacts:
    """How the wait ended, with what was known then; ``record`` is what ``keep`` gave before."""
    found = scenes.label(scene.of_hash(str(record.get("revision", ""))))
    label = found or facts.RevisionLabel(
        number=_number(record, "n"), hash=str(record.get("revision", ""))
    )
    return messages.GateFacts(
        gate_id=gate,
        rollout=scene.rollout,
        revision=label,
        stable=scenes.label(_old(scene, record)),
        weight_from=_number(record, "from"),
        weight_to=_number(record, "to"),
        inconclusive=record.get("inconclusive") is True,
        switch=switching.fact(scene),
        header_route=str(record.get("header", "")),
        decided=_decision(scene, gate, record),
        **_evidence(scene, record),
    )


def _old(scene: scenes.Scene, record: Mapping[str, Any]) -> world.ReplicaSet | None:
    """The stable of that time: once the revision is promoted it is nobody's any more."""
    known = scene.of_hash(str(record.get("old", "")))
    return known or (scene.stable if scenes.former(scene) is not None else None)


def _evidence(scene: scenes.Scene, record: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of what people decided by; of another revision only what its pods say."""
    old, new = _old(scene, record), scene.of_hash(str(record.get("revision", "")))
    changes = blast.between(old, new)
    if record.get("revision") != scene.hash:
        return {"change": facts.ChangeFact(changes=changes)}
    return {
        "change": replace(card.change(scene), at=None, changes=changes),
        "metrics": queries.beside(queries.metrics(scene), record.get("stable")),
        "measured": measured.measured(scene),
        "so_far_s": _so_far_s(scene, scenes.time(record.get("since"))),
    }


def _decision(scene: scenes.Scene, gate: str, record: Mapping[str, Any]) -> messages.GateDecision:
    """How the wait ended, and everybody who had a part in it."""
    decided = _ended(scene, gate, record)
    passed = _passed(scene, record)
    if decided.closing is not Closing.APPROVED or passed is None:
        return decided
    every = [one for one in map(people.decode, passed.by) if one is not None]
    if len(every) < 2:
        return decided
    return replace(decided, by=every[-1], others=tuple(every[:-1]))


def _passed(scene: scenes.Scene, record: Mapping[str, Any]) -> sealed.Passed | None:
    """What stands under the bot's seal of who opened the gate of ``record``."""
    since = scenes.time(record.get("since"))
    found = (
        one
        for one in scene.status.bot.passes
        if one.signed
        and one.revision == record.get("revision")
        and one.step == record.get("step")
        and (since is None or one.at >= since)
    )
    return next(found, None)


def _ended(scene: scenes.Scene, gate: str, record: Mapping[str, Any]) -> messages.GateDecision:
    """How the wait ended: the first row that fits."""
    if record.get("revision") != scene.hash:
        return messages.GateDecision(closing=Closing.SUPERSEDED, successor=scenes.revision(scene))
    if scene.status.abort:
        return _aborted(scene)
    broken = glassing.opened(scene, gate)
    if broken is not None:
        return messages.GateDecision(
            closing=Closing.GLASS, at=broken.answered, because=glassing.names(broken)
        )
    passed = _passed(scene, record)
    if passed is not None and passed.how == gate_limits.BY_POLICY:
        return messages.GateDecision(closing=Closing.OVER, at=passed.at, because=_UNANSWERED)
    opened = scene.status.bot.opened
    if opened is not None and _fits(opened, record):
        by = people.decode(opened.by)
        closing = Closing.APPROVED if by is not None else Closing.PROMOTED_ELSEWHERE
        return messages.GateDecision(
            closing=closing, at=opened.at, by=by, how=f"with {opened.how or 'kubectl'}"
        )
    promoted = _promotion(scene, record)
    if promoted is not None:
        return messages.GateDecision(
            closing=_CLOSING[promoted.kind],
            at=promoted.at,
            by=people.decode(promoted.actor),
            to=100 if promoted.kind == "promote-full" else None,
        )
    since = scenes.time(record.get("since"))
    if scene.promoted or scene.index > _number(record, "step"):
        return messages.GateDecision(
            closing=Closing.PROMOTED_ELSEWHERE,
            at=scene.now,
            how=f"with {writers.how(scene.seen.raw, *writers.COURSE, since=since)}",
        )
    return messages.GateDecision(closing=Closing.OVER)


_UNANSWERED = "nobody answered in time, and the policy lets it go on"


def _fits(opened: status.Opened, record: Mapping[str, Any]) -> bool:
    since = scenes.time(record.get("since"))
    later = since is None or opened.at >= since
    return opened.revision == record.get("revision") and later


def _promotion(scene: scenes.Scene, record: Mapping[str, Any]) -> status.Handled | None:
    since = scenes.time(record.get("since"))
    found = [
        one
        for one in scene.status.bot.handled
        if one.accepted and one.kind in _CLOSING and (since is None or one.at >= since)
    ]
    return found[-1] if found else None


_CLOSING = {
    "promote": Closing.APPROVED,
    "promote-full": Closing.APPROVED,
    "measure-again": Closing.MEASURED_AGAIN,
    "continue": Closing.CONTINUED,
}


def _aborted(scene: scenes.Scene) -> messages.GateDecision:
    at, because = scenes.time(scene.abort.get("at")), standing.cause(scene)
    by = people.decode(str(scene.abort.get("by", "")))
    if by is not None:
        reason = explaining.reason(scene.abort)
        return messages.GateDecision(closing=Closing.ABORTED, at=at, by=by, because=reason)
    if because:
        return messages.GateDecision(closing=Closing.ROLLED_BACK, at=at, because=because)
    how = f"with {scene.abort.get('how') or 'kubectl'}"
    return messages.GateDecision(closing=Closing.ABORTED_ELSEWHERE, at=at, how=how)


def _number(record: Mapping[str, Any], key: str) -> int:
    value = record.get(key)
    return value if isinstance(value, int) else 0
