"""Analyses and experiments, wired: what measures and what drives the trials."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from bot.adapters import metrics
from bot.core import metric_servers
from bot.model import analysis, policy, ports
from bot.runtime import anchors, announce, measure, outages, reconcile, trial_cards
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
        heard=_heard(controller),
    )


def _heard(controller: "controllers.Controller") -> measure.Heard:
    """Who tells people of a metrics server that is away; nobody where there is no chat."""
    teller, caches = controller.chat.teller, controller.caches
    if not isinstance(teller, announce.Announcer) or teller.observing:
        return lambda _run, _due, _answered: None

    def holds(key: str) -> bool:
        namespace, _, name = key.partition("/")
        rollout = caches.rollouts.get(namespace, name)
        if rollout is None:
            return False
        rule = controller.rulebook.effective(rollout).on_metric_error
        return rule is policy.OnMetricError.HOLD

    found = outages.Outages(
        box=teller.box,
        clock=controller.clock,
        channel=teller.rules.default_channel,
        holds=holds,
    )

    def heard(key: str, due: analysis.Due, answered: bool) -> None:  # noqa: FBT001 - a port's shape
        default = controller.chosen.prometheus_address
        server = metric_servers.server(due.provider, due.config, default)
        run = caches.runs.get(*key.split("/", 1))
        if server and run is not None:
            labels = run["metadata"].get("labels") or {}
            waits = "step-index" in labels
            found.heard(server, triggers.owner_key(run), answered=answered, waits=waits)

    return heard


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
