"""Analyses and experiments, wired: what measures and what drives the trials."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from bot.adapters import metrics
from bot.model import ports
from bot.runtime import anchors, announce, measure, reconcile, trial_cards
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
        shown=_shown(controller),
        instance_id=controller.chosen.instance_id,
    )


def _shown(controller: "controllers.Controller") -> Callable[[ports.Object], None]:
    """Who shows people an Experiment of its own; nobody where there is no chat."""
    teller, cache = controller.chat.teller, controller.caches.experiments
    if not isinstance(teller, announce.Announcer) or cache is None or teller.observing:
        return lambda _saved: None
    cards = trial_cards.TrialCards(
        box=teller.box,
        places=anchors.Anchors(
            api=controller.api, observe=cache.observe, kind=ports.EXPERIMENT, subresource=""
        ),
        rules=teller.rules,
        runs=controller.caches.runs,
        replica_sets=controller.caches.replica_sets,
        clock=controller.clock,
        cluster=controller.chosen.cluster,
    )
    return cards.show
