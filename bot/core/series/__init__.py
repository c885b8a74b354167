"""What is so, as time series: from raw objects to gauges with Argo's names and labels (spec §9.4).

What happens (passes, errors, events) is counted where it happens, not here.
"""

from bot.core.series.courses import ended, started, waiting_since
from bot.core.series.gauges import families

__all__ = ["ended", "families", "started", "waiting_since"]
