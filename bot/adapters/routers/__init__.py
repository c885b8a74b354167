"""What can split traffic: one file a router, one line in the table. All of it pure."""

from collections.abc import Mapping

from bot.adapters.routers import istio, nginx
from bot.model import routers


def table(*, istio_version: str = "v1alpha3") -> Mapping[str, routers.Router]:
    """Every router by the key it has under ``trafficRouting``."""
    return {
        "istio": istio.Istio(version=istio_version),
        "nginx": nginx.Nginx(),
    }
