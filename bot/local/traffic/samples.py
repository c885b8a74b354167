"""The metrics of one pod of the demo app, counted and written as Prometheus text.

The names are those of the teaching material; ``version`` is the pod-template hash.
"""

import collections

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_STATUSES = ("200", "500")
_DURATION = "http_request_duration_seconds"


class Samples:
    """Counters of one pod; they start at nought when the pod does, as real ones do."""

    def __init__(self, *, service: str, version: str) -> None:
        self._labels = f'service="{service}",version="{version}"'
        # Shown from the start with 0, or the first increase would be invisible to rate().
        self.requests = collections.Counter(dict.fromkeys(_STATUSES, 0))
        self.page_views = 0
        self.conversions = 0
        self._buckets = [0] * len(BUCKETS)
        self._count = 0
        self._sum = 0.0

    def observe(self, *, status: int, seconds: float, converted: bool) -> None:
        """One answered request."""
        self.requests[str(status)] += 1
        self.page_views += 1
        self.conversions += converted
        self._count += 1
        self._sum += seconds
        for index, bound in enumerate(BUCKETS):
            self._buckets[index] += seconds <= bound

    def text(self) -> str:
        """What a scrape gets."""
        lines = ["# TYPE http_requests_total counter"]
        for status, count in sorted(self.requests.items()):
            lines.append(f'http_requests_total{{{self._labels},status="{status}"}} {count}')
        lines.append(f"# TYPE {_DURATION} histogram")
        for bound, count in zip(BUCKETS, self._buckets, strict=True):
            lines.append(f'{_DURATION}_bucket{{{self._labels},le="{bound:g}"}} {count}')
        lines.append(f'{_DURATION}_bucket{{{self._labels},le="+Inf"}} {self._count}')
        lines.append(f"{_DURATION}_sum{{{self._labels}}} {self._sum:.6f}")
        lines.append(f"{_DURATION}_count{{{self._labels}}} {self._count}")
        for name, count in (("page_views", self.page_views), ("conversions", self.conversions)):
            lines.append(f"# TYPE {name}_total counter")
            lines.append(f"{name}_total{{{self._labels}}} {count}")
        return "\n".join(lines) + "\n"
