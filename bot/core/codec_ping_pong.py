"""Raw ``pingPong`` → which of the two Services is the canary's now (spec §1.5, §2.17)."""

from collections.abc import Mapping
from typing import Any

from bot.core import fields
from bot.model import spec

PATH = "spec.strategy.canary.pingPong"
_AT = "spec.strategy.pingPong"
_ROUTED_BY = ("alb", "istio", "plugins")
PING, PONG = "ping", "pong"


def decode(canary: Mapping[str, Any]) -> spec.PingPong | None:
    """The two Services, or None where the canary has fixed ones.

    Raises:
        errors.UserError: the sentence is Argo's field error.

    """
    if canary.get("pingPong") is None:
        return None
    raw = fields.mapping(canary["pingPong"], PATH)
    routing = fields.mapping(canary.get("trafficRouting"), "spec.strategy.canary.trafficRouting")
    if routing and not any(routing.get(name) is not None for name in _ROUTED_BY):
        raise fields.Invalid(
            "spec.strategy.trafficRouting.alb",
            None,
            "Ping-pong feature works with the ALB, Istio, and plugin-based traffic routers only",
        )
    both = {key: fields.text(raw, key, PATH) for key in ("pingService", "pongService")}
    for key, name in both.items():
        if not name:
            raise fields.Invalid(
                f"{_AT}.{key}",
                name,
                "Ping service and Pong service must to be set to use Ping-Pong feature",
            )
    if both["pingService"] == both["pongService"]:
        raise fields.Invalid(
            f"{_AT}.pingService",
            both["pingService"],
            "This rollout uses the same service for the ping and pong services, but two "
            "different services are required.",
        )
    return spec.PingPong(ping=both["pingService"], pong=both["pongService"])


def roles(both: spec.PingPong, stable: str) -> tuple[str, str]:
    """The canary's Service and the stable's; ``stable`` is ``status.canary.stablePingPong``.

    Before the first deployment nobody is the stable, and pong stands for it.
    """
    return (both.pong, both.ping) if stable == PING else (both.ping, both.pong)


def after_promotion(stable: str) -> str:
    """Which Service is the stable's once the canary has become the stable."""
    return PONG if stable == PING else PING
