"""What a policy asks of analyses: that there is one, and what one that failed to measure does."""

from dataclasses import replace

from bot.core import broken, weights
from bot.core import draft as draft_module
from bot.model import policy, status, world
from bot.model import spec as spec_model

BECAUSE = "the policy wants a metric and this canary has none"
FREES = "It goes on when an analysis is added to the Rollout; no approval frees it."
SENTENCE = (
    "The policy wants a metric and this canary has none: it is held. Add an analysis to the "
    "Rollout."
)


def errors_as_no_verdict(seen: world.Seen) -> world.Seen:
    """Under ``onMetricError: hold`` a run that ends in an error has come to no verdict."""
    if seen.policy.on_metric_error is not policy.OnMetricError.HOLD:
        return seen
    runs = tuple(
        replace(run, phase="Inconclusive") if run.phase == "Error" else run for run in seen.runs
    )
    return replace(seen, runs=runs)


def held(d: draft_module.Draft) -> bool:
    """Whether nothing measures a canary that the policy wants measured."""
    if not d.seen.policy.require_analysis or d.spec.blue_green is not None:
        return False
    if d.promoted or d.status.abort or not d.status.stable_hash or measured(d.spec):
        return False
    return broken.since(d) is None


def measured(spec: spec_model.Spec) -> bool:
    """Whether any step or background analysis measures; an experiment counts with its analyses."""
    tried = any(isinstance(step, spec_model.Experiment) for step in spec.canary.steps)
    return bool(spec.analyses) or tried


def cap(d: draft_module.Draft) -> int | None:
    """The canary gets nothing at its first step, and later no more than it has."""
    if not held(d):
        return None
    return 0 if d.index == 0 else weights.before_step(d.spec.canary.steps, d.index)


def hold(d: draft_module.Draft) -> None:
    """Pause at the present step, and say why."""
    reason = status.PauseReason.STEP
    if not any(pause.reason == reason for pause in d.status.pause_conditions):
        pause = status.PauseCondition(reason=reason, start=d.now.replace(microsecond=0))
        d.set(pause_conditions=(*d.status.pause_conditions, pause))
        d.event("Unmeasured", SENTENCE, warning=True)
    d.because("require-analysis", SENTENCE)
