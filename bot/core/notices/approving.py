"""What people are told of a gate that a policy speaks of: who, how many, until when.

How such a gate is opened is ``gatekeeping``.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from bot.core import approvers_left, durations, gatekeeping, quorum
from bot.core.notices import reminding
from bot.core.notices import scene as scenes
from bot.core.notices.notice import Line
from bot.model import facts, messages, policy, status

_THEN = {
    policy.OnTimeout.HOLD: "it goes on waiting",
    policy.OnTimeout.ABORT: "it is aborted",
    policy.OnTimeout.PROMOTE: "it goes on by itself",
}
UNLIMITED = "no time limit: it waits"


def facts_of(scene: scenes.Scene) -> dict[str, Any]:
    """The fields of ``GateFacts`` that the policy decides."""
    stands = quorum.of(scene.sheet) if scene.sheet is not None else None
    held = scenes.pause(scene)
    if stands is None or held is None:
        return {"then": UNLIMITED}
    rule = stands.rule
    found: dict[str, Any] = {**_who(stands), "then": UNLIMITED}
    if rule.four_eyes:
        found["excluded"] = stands.shipped
        found["nameless"] = stands.nameless
    if short := approvers_left.short(scene.sheet) if scene.sheet is not None else "":
        left = f"{short[0].lower()}{short[1:]}"  # in the midst of a line
        found["quorum"] = "; ".join(filter(None, (found.get("quorum"), left)))
    if rule.expires_s is not None:
        found["until"] = held.start + timedelta(seconds=rule.expires_s)
        found["then"] = _THEN[rule.on_timeout]
    return found


def _who(stands: quorum.Standing) -> dict[str, str]:
    """Who may, and how far it has come: ``1 of 2 approved: sam``."""
    named = quorum.who(stands.rule)
    if stands.rule.quorum < 2:
        return {"approvers": named}
    so_far = stands.so_far or f"{stands.rule.quorum} must approve"
    return {"approvers": named or "the members of the channel", "quorum": so_far}


def lines(scene: scenes.Scene) -> Iterator[Line]:
    """Who tried to pass a gate by other means, and reminders of one that nobody answers."""
    kept = scene.status.bot.kept
    at = scenes.time(kept.get("at"))
    if at is not None and not scene.status.abort:
        text = gatekeeping.past(kept) or (
            f"{kept.get('by', 'somebody')} wrote {kept.get('what', 'the status')}: "
            "taken back, only its approvers open this gate"
        )
        yield _line(f"kept:{at:%Y%m%d%H%M%S%f}", at, text)
    rule, held = reminding.rule_of(scene), scenes.pause(scene)
    if rule is not None and held is not None:
        yield from _reminders(scene, rule, held)


def _reminders(
    scene: scenes.Scene, rule: policy.Approval, held: status.PauseCondition
) -> Iterator[Line]:
    gate = scenes.gate(scene)
    for one in reminding.due(scene):
        whom = "" if one.to == "thread" else f": {_asked(one.to)}"
        text = f"still waits for approval, {durations.span(one.after_s)} by now{whom}"
        yield _line(f"remind:{gate}:{one.number}", one.at, text)
    yield from _absent(scene, held)
    if gate and rule.expires_s is not None:
        end = held.start + timedelta(seconds=rule.expires_s)
        if scene.now >= end and rule.on_timeout is policy.OnTimeout.HOLD:
            span = durations.span(rule.expires_s)
            text = f"nobody approved within {span}: it goes on waiting"
            yield _line(f"expired:{gate}", end, text)


def _absent(scene: scenes.Scene, held: status.PauseCondition) -> Iterator[Line]:
    """After the reminders: whoever reads one that names a channel learns that it is not there."""
    last = max((one.at for one in reminding.due(scene)), default=held.start)
    for channel, instead in reminding.absent(scene):
        text = (
            f"I am not in {channel}: its message went to {instead}. Invite me with "
            f"/invite @rollout in {channel}, or correct its name in the policy"
        )
        yield _line(f"absent:{scenes.gate(scene)}:{channel}", last, text)


def _asked(to: str) -> str:
    """Whom a reminder goes to, for the thread that everybody reads."""
    words = {"approvers": "whoever may approve it", "channel": "the channel"}
    return words.get(to, to.removeprefix("group:"))


def _line(key: str, at: datetime, text: str) -> Line:
    fact = messages.ThreadFact(kind=facts.ThreadKind.OTHER, at=at, text=text)
    return Line(id=key, fact=fact, apart=True)
