"""What the card of an Experiment of its own says; one of a rollout is on the rollout's card."""

from dataclasses import dataclass
from datetime import datetime

from bot.model.facts import MetricFact


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSide:
    """One template and its pods; ``trouble`` says why it did not do."""

    name: str
    ready: int = 0
    wanted: int = 0
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRow:
    """One metric of one template; ``template`` is empty where it is of all of them."""

    template: str
    metric: MetricFact


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialFacts:
    """``phase`` is the Experiment's own word, empty before it begins; ``over``: it has ended.

    ``analyses`` are those that it asks for; ``rows`` are of those that have begun.
    """

    cluster: str
    namespace: str
    name: str
    phase: str = ""
    over: bool = False
    because: str = ""
    sides: tuple[TrialSide, ...] = ()
    rows: tuple[TrialRow, ...] = ()
    analyses: int = 0
    until: datetime | None = None
