"""What becomes of a rollout whose new ReplicaSet the server will not have."""

from dataclasses import replace
from datetime import datetime

from bot.core import decide as core
from bot.core import refusals
from bot.model import errors, world
from bot.model import spec as spec_model
from bot.model import status as status_model


def decide(
    problem: errors.PodsRefused | errors.RevisionRefused,
    spec: spec_model.Spec,
    status: status_model.Status,
    seen: world.Seen,
    *,
    planned: world.Decision,
    now: datetime,
) -> tuple[spec_model.Spec | errors.UserError, world.Decision]:
    """What the spec is taken for from now on, and what follows.

    An abort takes back the revision that is in flight; else the template is invalid, or, where
    only a right or a quota is lacking, the rollout says so and waits. ``planned`` is what was
    refused.
    """
    wrong = errors.UserError(f"spec.template: {problem}", path="spec.template")
    broken = replace(spec, problem=wrong)
    said = core.decide(broken, status, seen, status.bot.intents, now)
    if said.status is not None and said.status.abort:
        # The number on the object is that of the template, which nobody has taken back.
        return broken, replace(said, desired=replace(said.desired, revision=None))
    wanted = planned.desired.create
    if isinstance(problem, errors.PodsRefused) or wanted is None:
        return wrong, said
    name, following = str(wanted["metadata"]["name"]), planned.status or status
    return spec, refusals.not_created(name, str(problem), status, following, now)
