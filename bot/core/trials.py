"""What experiments mean for a rollout: which one a step has, and when it ends (spec §6.7).

How an Experiment runs is ``core.experiments``; here stands only its place in the course.
"""

from collections.abc import Mapping
from typing import Any

from bot.core import draft as draft_module
from bot.core import fields, new_trials
from bot.core.analysis import arguments
from bot.model import errors, status, world
from bot.model import spec as spec_model


def present(d: draft_module.Draft) -> world.Experiment | None:
    """The experiment of the present step, where there is one."""
    name = d.status.experiment
    if not name or not new_trials.belongs(d, name):
        return None
    return next((one for one in d.seen.experiments if one.name == name), None)


def want(d: draft_module.Draft, step: spec_model.Experiment) -> None:
    """Make sure that the present step has its experiment."""
    held = (pause.reason for pause in d.status.pause_conditions)
    if d.family.creating or d.family.stable is None or status.PauseReason.INCONCLUSIVE in held:
        return
    one = present(d)
    again = (d.resumed or d.again) and one is not None and one.phase == "Inconclusive"
    if one is None or again:
        # Also where somebody deleted it, or moved the course past the step of this one.
        d.resumed = d.resumed and not again
        d.set(experiment=new_trials.create(d, step.raw))


def settle(d: draft_module.Draft) -> None:
    """End every experiment that nothing waits for any more."""
    over = d.promoted or d.status.abort or d.skipping or d.finished
    step = None if over else d.spec.canary.steps[d.index]
    wanted = isinstance(step, spec_model.Experiment) and new_trials.belongs(d, d.status.experiment)
    if not wanted:
        d.set(experiment="")
    for one in d.seen.experiments:
        if not (one.done or one.terminating or one.name == d.status.experiment):
            d.terminate_experiments.append(one.name)


def garbage(d: draft_module.Draft) -> tuple[str, ...]:
    """Finished experiments that history no longer keeps (spec §2.21)."""
    hashes = {rs.hash for rs in d.family.all}
    good: list[str] = []
    bad: list[str] = []
    gone: list[str] = []
    for one in sorted(d.seen.experiments, key=lambda e: (e.created, e.name), reverse=True):
        if one.name == d.status.experiment or one.name in d.terminate_experiments:
            continue
        if not one.hash or one.hash not in hashes:
            gone.append(one.name)
        elif one.done:
            (good if one.phase == "Successful" else bad).append(one.name)
    keep_good, keep_bad = d.spec.successful_run_limit, d.spec.unsuccessful_run_limit
    return (*gone, *good[keep_good:], *bad[keep_bad:])


def check(spec: spec_model.Spec, known: status.Status, seen: world.Seen) -> None:
    """Refuse arguments that could not be resolved later.

    Raises:
        errors.UserError: Argo's field error on the step.

    """
    for at, step in enumerate(spec.canary.steps):
        if isinstance(step, spec_model.Experiment):
            path = f"spec.strategy.canary.steps[{at}].experiment"
            _check_one(step.raw, path, known, seen)


def _check_one(raw: Mapping[str, Any], path: str, known: status.Status, seen: world.Seen) -> None:
    for at, one in enumerate(raw.get("analyses") or ()):
        try:
            arguments.from_rollout(
                one.get("args") or (), seen.raw, "latest", known.stable_hash or "stable"
            )
        except errors.UserError as problem:
            where = f"{path}.analyses[{at}].args"
            raise fields.Invalid(where, str(one.get("name", "")), problem.sentence) from None
