"""The analyses that a rollout names: whether they could be run, and what is remarkable."""

from collections.abc import Mapping
from typing import Any

from bot.core import analysis
from bot.model import errors, status, world
from bot.model import spec as spec_model


def check(spec: spec_model.Spec, known: status.Status, seen: world.Seen) -> None:
    """Refuse what could not be run later (spec §4.5).

    Raises:
        errors.UserError: a template is missing, or arguments or metrics do not fit.
        errors.NotSupported: a metric uses a provider of a later version.

    """
    if spec.blue_green is not None:
        pre, post = spec.blue_green.pre, spec.blue_green.post
        for key, raw in (("prePromotionAnalysis", pre), ("postPromotionAnalysis", post)):
            if raw is not None:
                _check_one(raw, f"spec.strategy.blueGreen.{key}", seen, known, step=True)
    canary = "spec.strategy.canary"
    for at, step in enumerate(spec.canary.steps):
        if isinstance(step, spec_model.Analysis):
            _check_one(step.raw, f"{canary}.steps[{at}].analysis", seen, known, step=True)
    if spec.canary.background is not None:
        _check_one(spec.canary.background.raw, f"{canary}.analysis", seen, known, step=False)


def remarks(spec: spec_model.Spec, seen: world.Seen) -> tuple[str, ...]:
    """What people should know of the analyses of the steps, though nothing is wrong (ruling 2)."""
    found: list[str] = []
    background = spec.canary.background
    for raw in spec.analyses:
        if spec.strict or (background is not None and raw is background.raw):
            continue
        try:
            body = analysis.build_spec(
                raw,
                lookup=lookup(seen),
                rollout=seen.raw,
                latest_hash="latest",
                stable_hash="stable",
                step=True,
            )
            found.extend(analysis.ended(raw, body, lookup(seen)))
        except errors.UserError:
            continue  # it is told elsewhere, as InvalidSpec
    return tuple(dict.fromkeys(found))


def _check_one(
    raw: Mapping[str, Any], path: str, seen: world.Seen, known: status.Status, *, step: bool
) -> None:
    analysis.check(
        raw,
        path=path,
        step=step,
        lookup=lookup(seen),
        rollout=seen.raw,
        stable_hash=known.stable_hash,
    )


def lookup(seen: world.Seen) -> Any:
    """How a template is found: by whether it is for the whole cluster, and its name."""

    def find(cluster_scope: bool, name: str) -> Mapping[str, Any] | None:  # noqa: FBT001
        return seen.templates.get((cluster_scope, name))

    return find
