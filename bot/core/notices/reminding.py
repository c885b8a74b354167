"""Reminders of a gate that nobody answers: what is due by now, of whom, and since when.

Derived from the pause's own start, so a restart finds the same ones. Who gets which, and whether
it did, is the runtime's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core import approvals, gate_ids, persons, shippers, tally
from bot.core.notices import people
from bot.core.notices import scene as scenes
from bot.model import facts, policy

ASKED = "asked:"
"""Under it, by the gate's id, stands in ``said`` where the escalations of a gate are."""
ABSENT = "absent:"
"""In that record, by the channel's name: where an escalation went since we are not in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One escalation whose time has come; ``number`` is its place in the policy's list."""

    number: int
    to: str
    at: datetime
    gate: str
    start: datetime
    after_s: int


def due(scene: scenes.Scene) -> tuple[Due, ...]:
    """Everything that is due of the gate that it stands at, earliest first."""
    rule = rule_of(scene)
    held, gate = scenes.pause(scene), scenes.gate(scene)
    if rule is None or held is None or not gate:
        return ()
    found = []
    for number, one in enumerate(rule.escalations):
        at = held.start + timedelta(seconds=one.after_s)
        if scene.now >= at:
            found.append(
                Due(
                    number=number,
                    to=one.to,
                    at=at,
                    gate=gate,
                    start=held.start,
                    after_s=one.after_s,
                )
            )
    return tuple(found)


def latest(scene: scenes.Scene) -> Iterator[Due]:
    """The last that is due for each receiver: who hears late hears once."""
    newest = {one.to: one for one in due(scene)}
    yield from newest.values()


def absent(scene: scenes.Scene) -> Iterator[tuple[str, str]]:
    """Channels that the present gate's escalations did not reach, and where each went instead."""
    record = scene.status.bot.said.get(f"{ASKED}{scenes.gate(scene)}")
    for name, instead in (record if isinstance(record, Mapping) else {}).items():
        if name.startswith(ABSENT):
            yield name.removeprefix(ABSENT), str(instead)


def rule_of(scene: scenes.Scene) -> policy.Approval | None:
    """How the gate that it stands at is opened."""
    return None if scene.sheet is None else approvals.now(scene.sheet)


def named(scene: scenes.Scene) -> policy.Who:
    """Who may approve as the policy says; empty where it names nobody."""
    rule = rule_of(scene)
    effective = scene.seen.policy
    listed = rule.approvers if rule is not None else ()
    return listed or tuple(effective.may.get(policy.Action.PROMOTE, ()))


def barred(scene: scenes.Scene) -> tuple[facts.Person, ...]:
    """Who need not be asked: they have approved already, or may not since they shipped it."""
    rule, sheet = rule_of(scene), scene.sheet
    if rule is None or sheet is None:
        return ()
    here = gate_ids.present_gate(scene.seen.cluster, scene.seen.uid, scene.status)
    found = [people.decode(one.actor) for one in tally.recorded(sheet, here)]
    if rule.four_eyes:
        found += shippers.of(sheet.seen, sheet.status, sheet.spec.template)
    known = scene.seen.policy.people
    every = (one for person in found if person is not None for one in persons.ways(person, known))
    return tuple(dict.fromkeys(every))
