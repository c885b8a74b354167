"""Settings of what messages point at: links, and how requests of a canary are counted."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where people find what messages say: links, and how requests of a canary are counted.

    ``metrics_url`` is a Prometheus, or any address with {query}, {start} and {end} in it.
    """

    metrics_url: str = ""
    argocd_url: str = ""
    requests_query: str = ""
    failed_query: str = ""
