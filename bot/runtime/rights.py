"""What the cluster's own rules must grant somebody for each act. Data; whoever asks is elsewhere.

Reading needs what reading needs. To approve and to freeze there are verbs of their own, so
that a role can give the one without the other: who may ship a version need not be who lets it
through.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """One verb on Rollouts, as a role of the cluster has it."""

    verb: str
    subresource: str = ""

    @property
    def resource(self) -> str:
        return f"rollouts/{self.subresource}" if self.subresource else "rollouts"


APPROVE = Right(verb="approve")
STEER = Right(verb="patch", subresource="status")
CHANGE = Right(verb="patch")
FREEZE = Right(verb="freeze")
"""On every rollout in the scope; beside it the freezes' own ConfigMap must be theirs to patch."""

NEEDED: Mapping[str, Right] = {
    "promote": APPROVE,
    "promote-full": APPROVE,
    "continue": APPROVE,
    "measure-again": APPROVE,
    "abort": STEER,
    "retry": STEER,
    "undo": CHANGE,
    "set-image": CHANGE,
    "freeze": FREEZE,
    "unfreeze": FREEZE,
    "stop-the-line": FREEZE,
}
"""By action. An act that is not here is not to be had at a terminal."""
