"""The contract of a router: what its objects say and what to write. Pure, one file each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bot.model import ports, world

Look = Callable[[ports.Ref], ports.Object | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteWrite:
    """One write that brings a router to its route, and the event that tells of it."""

    write: ports.Write
    event: world.Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The rollout whose traffic is split, with its router's configuration.

    ``managed_routes`` are the names that ``setHeaderRoute`` and ``setMirrorRoute`` may use;
    ``max_weight`` is the weight that is all of the traffic where it is not 100.
    """

    namespace: str
    name: str
    owner: Mapping[str, Any]
    canary_service: str
    stable_service: str
    config: Mapping[str, Any]
    managed_routes: tuple[str, ...] = ()
    max_weight: int | None = None


def seen(weights: Sequence[int]) -> world.RouteView:
    """What several routes say together."""
    most, least = max(weights, default=0), min(weights, default=0)
    return world.RouteView(weight=most, least=None if least == most else least)


class Router(Protocol):
    """What can split traffic between a canary and a stable Service."""

    kind: str

    def refs(self, subject: Subject) -> Sequence[ports.Ref]:
        """The objects that ``view`` and ``plan`` look at; a change of one wakes the rollout.

        Raises:
            errors.NotSupported: the configuration uses what this version does not run.

        """

    def view(self, subject: Subject, look: Look) -> world.RouteView:
        """The canary's weight as the objects have it, or the problem that InvalidSpec names."""

    def plan(self, subject: Subject, route: world.Route, look: Look) -> Sequence[RouteWrite]:
        """What must be written so that the objects say ``route``; nothing where they do."""
