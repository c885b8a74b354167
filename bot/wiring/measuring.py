"""Analyses and experiments, wired: what measures and what drives the trials."""

from typing import TYPE_CHECKING

from bot.adapters import metrics
from bot.runtime import measure, reconcile
from bot.runtime import trials as experiments
from bot.wiring import triggers

if TYPE_CHECKING:
    from bot.wiring import controller as controllers


def measurer(controller: "controllers.Controller", told: reconcile.Events) -> measure.Measurer:
    """What takes the measurements of analysis runs."""
    return measure.Measurer(
        api=controller.api,
        runs=controller.caches.runs,
        providers=controller.providers,
        lasting=metrics.build_lasting(controller.jobs),
        clock=controller.clock,
        timers=controller.timers,
        events=told,
        again=controller.run_queue.add,
        changed=controller.triggers.verdict,
        instance_id=controller.chosen.instance_id,
    )


def trials(controller: "controllers.Controller", told: reconcile.Events) -> experiments.Trials:
    """What drives Experiments."""
    return experiments.Trials(
        api=controller.api,
        caches=controller.caches,
        clock=controller.clock,
        timers=controller.timers,
        events=told,
        again=controller.trial_queue.add,
        changed=controller.triggers.verdict,
        measure=lambda run: controller.run_queue.add(triggers.key_of(run)),
        instance_id=controller.chosen.instance_id,
    )
