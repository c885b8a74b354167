"""Break-glass: the loud request with its two buttons, how it ended, and the lines of it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from bot.core import glass
from bot.core.notices import people, standing
from bot.core.notices import scene as scenes
from bot.core.notices.notice import Kind, Line, Notice, Said
from bot.model import buttons, facts, messages, sealed

PREFIX = "glass:"
_KINDS = (buttons.ButtonKind.AGREE, buttons.ButtonKind.REFUSE)


def notices(scene: scenes.Scene, said: Said) -> Iterator[Notice]:
    """The request that waits, and the end of those that were told."""
    known = {f"{PREFIX}{one.id}": one for one in of(scene)}
    for key, one in known.items():
        if glass.waits(one, scene.now):
            yield Notice(key=key, kind=Kind.GATE, facts=_open(scene, one), keep=_keep(one))
    for key, record in said.items():
        if not key.startswith(PREFIX) or record.get("end"):
            continue
        found = known.get(key)
        if found is None or not glass.waits(found, scene.now):
            closed = _closed(scene, found, record)
            yield Notice(key=key, kind=Kind.GATE, facts=closed, fresh=False, settled=True)


def of(scene: scenes.Scene) -> tuple[sealed.Glass, ...]:
    """Those of the present revision that bear the seal."""
    found = scene.status.bot.glasses
    return tuple(one for one in found if one.signed and one.revision == scene.hash)


def opened(scene: scenes.Scene, gate: str) -> sealed.Glass | None:
    """The one that opened a gate."""
    found = (one for one in of(scene) if one.gate == gate)
    return next((one for one in found if one.answer == sealed.Answer.AGREED), None)


def names(one: sealed.Glass) -> str:
    """As in "asked by lee, agreed by sam: orders fail"."""
    asked, second = (_name(actor) for actor in (one.actor, one.second))
    return f"asked by {asked}, agreed by {second}: {one.reason}"


def _name(actor: str) -> str:
    person = people.decode(actor)
    return person.name if person is not None else "somebody"


def _keep(one: sealed.Glass) -> dict[str, Any]:
    return {"by": one.actor, "reason": one.reason[:300]}


def _open(scene: scenes.Scene, one: sealed.Glass) -> messages.GlassFacts:
    made = standing.made(scene, *_KINDS)
    bound = tuple(replace(b, value=replace(b.value, gate_id=one.id)) for b in made)
    return messages.GlassFacts(
        rollout=scene.rollout,
        revision=scenes.revision(scene),
        by=people.decode(one.actor),
        reason=one.reason,
        until=one.until,
        buttons=bound,
    )


def _closed(
    scene: scenes.Scene, one: sealed.Glass | None, record: Mapping[str, Any]
) -> messages.GlassFacts:
    answered = one is not None and bool(one.answer)
    return messages.GlassFacts(
        rollout=scene.rollout,
        revision=scenes.revision(scene),
        by=people.decode(str(record.get("by", ""))),
        reason=str(record.get("reason", "")),
        over=True,
        second=people.decode(one.second) if one is not None else None,
        agreed=one.answer == sealed.Answer.AGREED if one is not None and answered else None,
        at=one.answered if one is not None else None,
    )


def lines(scene: scenes.Scene) -> Iterator[Line]:
    """Who asked and why, and what the second person said."""
    for one in of(scene):
        text = f"break-glass asked by {_name(one.actor)}: {one.reason}"
        yield _line(f"glass:{one.id[:16]}", one, text)
        if one.answered is not None:
            text = f"break-glass {one.answer} by {_name(one.second)}"
            yield _line(f"glass-end:{one.id[:16]}", one, text)


def _line(key: str, one: sealed.Glass, text: str) -> Line:
    at = one.answered if key.startswith("glass-end") and one.answered else one.at
    fact = messages.ThreadFact(kind=facts.ThreadKind.OTHER, at=at, text=text)
    return Line(id=key, fact=fact, apart=True)
