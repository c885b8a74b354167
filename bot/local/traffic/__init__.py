"""Traffic of the demo: pod runner, proxy, load and metrics, clients of the Kubernetes API."""

from bot.local.traffic.stage import Traffic

__all__ = ["Traffic"]
