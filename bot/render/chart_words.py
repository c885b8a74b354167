"""What a chart says in words: its headline, and its alt text for who does not see it."""

import math
from collections.abc import Sequence

from bot.model import messages
from bot.render import scales, words

POINTS_SHOWN = 400


def headline(data: messages.ChartData) -> str:
    """The news of the chart in words: the last value against the bound."""
    last = finite(data.canary)[-1:]
    value = f" {words.with_unit(last[0].value, data.unit)}" if last else ": no data"
    must = ""
    if data.bound is not None:
        must = f", must be {_sign(data)} {words.with_unit(data.bound, data.unit)}"
    return words.bare(f"{words.bare(data.metric, 24)}{value}{must}", 52)


def _sign(data: messages.ChartData) -> str:
    return "≥" if data.direction is messages.Direction.AT_LEAST else "≤"


def alt(data: messages.ChartData) -> str:
    """What the picture shows, in numbers, for who does not see it."""
    canary, failing = finite(data.canary), finite(data.failing)
    metric, name = words.bare(data.metric, 60), words.bare(data.canary_name, 60)
    beside = f" and {words.bare(data.stable_name, 60)}" if data.stable else ""
    if not canary:
        return f"{metric} of {name}: no data."
    low, high = canary[0].at.timestamp(), canary[-1].at.timestamp()
    exact = high - low < 180
    span = " to ".join(scales.clock(end, seconds=exact) for end in (low, high))
    shown = [words.number(point.value) for point in canary]
    if len(shown) > 6:
        shown = [*shown[:2], "…", *shown[-3:]]
    unit = words.bare(data.unit, 12)
    text = f"{metric} of {name}{beside}, {span} UTC. Canary {', '.join(shown)} {unit}".rstrip()
    if data.bound is not None:
        text += f"; bound {words.bare(words.with_unit(data.bound, data.unit), 40)}"
    times = [scales.clock(p.at.timestamp(), seconds=exact) for p in failing[-10:]]
    return f"{text}. Failures at {', '.join(times)}." if times else f"{text}. No failures."


def finite(points: Sequence[messages.Point]) -> list[messages.Point]:
    """In order of time, without NaN, infinities and what no axis could hold."""
    usable = [p for p in points if math.isfinite(p.value) and abs(p.value) < 1e15]
    ordered = sorted(usable, key=lambda point: point.at)
    return [ordered[i] for i in scales.thinned(len(ordered), POINTS_SHOWN)]
