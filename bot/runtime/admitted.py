"""Approvals from a terminal that the cluster's own admission has vouched for.

Such a request bears no seal: the person's account wrote it. Where the policy says that the
admission policy of ``manifests/admission`` is in force, nobody can have written another's name
into it, nor without the verb ``approve``. Whether that person may is asked here once more, of
the one function, for whoever writes it might not have asked.
"""

from dataclasses import replace
from datetime import datetime

from bot.core import approvals, shippers
from bot.core.notices import people
from bot.core.notices import scene as scenes
from bot.model import errors, facts, policy, status, world
from bot.model import spec as spec_model
from bot.runtime import authorize


def vouched(
    spec: spec_model.Spec | errors.UserError,
    known: status.Status,
    seen: world.Seen,
    now: datetime,
) -> status.Status:
    """The status with these requests counting as if they bore the seal."""
    if not seen.policy.terminal_approvals or not any(map(_meant, known.bot.intents)):
        return known
    scene = scenes.build(spec=spec, status=known, seen=seen, reasons=(), now=now)
    intents = tuple(
        replace(one, signed=True) if _meant(one) and _may(one, scene) else one
        for one in known.bot.intents
    )
    return replace(known, bot=replace(known.bot, intents=intents))


def _meant(intent: status.Intent) -> bool:
    return intent.kind == "promote" and not intent.signed and _user(intent) is not None


def _user(intent: status.Intent) -> facts.Person | None:
    person = people.decode(intent.actor)
    return person if person is not None and person.user else None


def _may(intent: status.Intent, scene: scenes.Scene) -> bool:
    person, sheet = _user(intent), scene.sheet
    approval = approvals.now(sheet) if sheet is not None else None
    if person is None or sheet is None or approval is None:
        return False
    answer = authorize.authorize(
        actor=person,
        action=policy.Action.PROMOTE,
        rollout=dict(scene.seen.raw),
        rules=authorize.Rules(),
        members=None,
        case=authorize.Case(
            effective=scene.seen.policy,
            approval=approval,
            shippers=shippers.named(sheet.seen, sheet.status, sheet.spec.template),
            tool=shippers.tool(sheet.seen),
            review=True,  # the admission has asked for the verb
        ),
    )
    return isinstance(answer, authorize.Allowed)
