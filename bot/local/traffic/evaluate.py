"""Computes a parsed query over samples that were scraped, by the rules of Prometheus. Pure."""

import itertools
import math
import operator
from collections.abc import Callable

from bot.local.traffic import errors, promql

Labels = tuple[tuple[str, str], ...]
Series = dict[Labels, list[tuple[float, float]]]
Vector = dict[Labels, float]
Value = float | Vector
LOOKBACK_S = 5.0
"""Prometheus ends a series whose target is gone; here it ends by not being scraped."""
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq, "!=": operator.ne, ">": operator.gt,
    "<": operator.lt, ">=": operator.ge, "<=": operator.le,
}  # fmt: skip
_AGGREGATE: dict[str, Callable[[list[float]], float]] = {
    "sum": math.fsum, "min": min, "max": max, "count": lambda values: float(len(values)),
    "avg": lambda values: math.fsum(values) / len(values),
}  # fmt: skip


def evaluate(node: promql.Node, *, series: Series, at: float) -> Value:
    """The value of ``node`` at the time ``at``; raises ``BadQuery``."""
    if isinstance(node, promql.Number):
        return node.value
    if isinstance(node, promql.Selector):
        return _instant(node, series=series, at=at)
    if isinstance(node, promql.Aggregate):
        inner = _vector(evaluate(node.of, series=series, at=at))
        return _aggregate(node, inner)
    if isinstance(node, promql.Call):
        return _call(node, series=series, at=at)
    left = evaluate(node.left, series=series, at=at)
    return _binary(node.sign, left, evaluate(node.right, series=series, at=at))


def _vector(value: Value) -> Vector:
    if isinstance(value, dict):
        return value
    raise errors.BadQuery("expected an instant vector, found a number")


def _number(value: Value) -> float:
    if isinstance(value, dict):
        raise errors.BadQuery("expected a number, found a vector")
    return value


def _chosen(node: promql.Selector, *, series: Series) -> Series:
    return {
        labels: points
        for labels, points in series.items()
        if (not node.name or ("__name__", node.name) in labels)
        and all(matcher.holds(dict(labels)) for matcher in node.matchers)
    }


def _instant(node: promql.Selector, *, series: Series, at: float) -> Vector:
    if node.window_s is not None:
        raise errors.BadQuery("a range needs a function such as rate()")
    found: Vector = {}
    for labels, points in _chosen(node, series=series).items():
        seen = [value for when, value in points if at - LOOKBACK_S < when <= at]
        if seen:
            found[labels] = seen[-1]
    return found


def _call(node: promql.Call, *, series: Series, at: float) -> Value:
    first = node.arguments[0]
    if node.name in ("rate", "irate", "increase"):
        if not isinstance(first, promql.Selector) or first.window_s is None:
            raise errors.BadQuery(f"{node.name}() needs a range such as [10s]")
        return _rates(node.name, first, series=series, at=at)
    values = [evaluate(argument, series=series, at=at) for argument in node.arguments]
    if node.name == "vector":
        return {(): _number(values[0])}
    if node.name == "scalar":
        vector = _vector(values[0])
        return next(iter(vector.values())) if len(vector) == 1 else math.nan
    if node.name == "histogram_quantile":
        return _quantiles(_number(values[0]), _vector(values[1]))
    return _clamped(node.name, values)


def _clamped(name: str, values: list[Value]) -> Vector:
    bound = _number(values[1]) if len(values) > 1 else 0.0
    how: Callable[[float], float] = {
        "abs": abs,
        "clamp_min": lambda value: max(value, bound),
        "clamp_max": lambda value: min(value, bound),
    }[name]
    return {_without_name(labels): how(v) for labels, v in _vector(values[0]).items()}


def _rates(name: str, node: promql.Selector, *, series: Series, at: float) -> Vector:
    window = node.window_s or 0.0
    found: Vector = {}
    for labels, points in _chosen(node, series=series).items():
        inside = [point for point in points if at - window <= point[0] <= at]
        inside = inside[-2:] if name == "irate" else inside
        if len(inside) >= 2 and inside[-1][0] > inside[0][0]:
            span = inside[-1][0] - inside[0][0]
            grown = _grown(inside)
            if name == "irate":
                found[_without_name(labels)] = grown / span
                continue
            grown *= _stretch(inside, start=at - window, end=at, grown=grown) / span
            found[_without_name(labels)] = grown if name == "increase" else grown / window
    return found


def _grown(points: list[tuple[float, float]]) -> float:
    """A counter that fell was restarted: what it shows then is all new."""
    pairs = itertools.pairwise(points)
    return sum(after - before if after >= before else after for (_, before), (_, after) in pairs)


def _stretch(
    points: list[tuple[float, float]], *, start: float, end: float, grown: float
) -> float:
    """The span that the growth stands for: Prometheus's extrapolation to the window's ends."""
    first, last = points[0], points[-1]
    span = last[0] - first[0]
    average = span / (len(points) - 1)
    head, tail = first[0] - start, end - last[0]
    if grown > 0 and first[1] >= 0:
        head = min(head, span * first[1] / grown)  # a counter was never below nought
    near = average * 1.1
    head = head if head < near else average / 2
    tail = tail if tail < near else average / 2
    return span + head + tail


def _aggregate(node: promql.Aggregate, vector: Vector) -> Vector:
    groups: dict[Labels, list[float]] = {}
    for labels, value in vector.items():
        kept = tuple(
            (name, text)
            for name, text in labels
            if name != "__name__" and (name in node.labels) != node.without
        )
        groups.setdefault(kept, []).append(value)
    how = _AGGREGATE[node.name]
    return {labels: how(values) for labels, values in groups.items()}


def _binary(sign: str, left: Value, right: Value) -> Value:
    if sign in ("or", "and", "unless"):
        return _set(sign, _vector(left), _vector(right))
    if not isinstance(left, dict) and not isinstance(right, dict):
        return float(_COMPARE[sign](left, right)) if sign in _COMPARE else _math(sign, left, right)
    pairs = _pairs(left, right)
    if sign in _COMPARE:  # a comparison keeps the vector's own value
        return {
            labels: (a if isinstance(left, dict) else b)
            for labels, (a, b) in pairs.items()
            if _COMPARE[sign](a, b)
        }
    return {_without_name(labels): _math(sign, a, b) for labels, (a, b) in pairs.items()}


def _set(sign: str, left: Vector, right: Vector) -> Vector:
    keys = {_without_name(labels) for labels in right}
    if sign == "or":
        mine = {_without_name(labels) for labels in left}
        return left | {k: v for k, v in right.items() if _without_name(k) not in mine}
    return {k: v for k, v in left.items() if (_without_name(k) in keys) == (sign == "and")}


def _pairs(left: Value, right: Value) -> dict[Labels, tuple[float, float]]:
    if not isinstance(left, dict):
        return {labels: (left, value) for labels, value in _vector(right).items()}
    if not isinstance(right, dict):
        return {labels: (value, right) for labels, value in left.items()}
    others = {_without_name(labels): value for labels, value in right.items()}
    return {
        labels: (value, others[_without_name(labels)])
        for labels, value in left.items()
        if _without_name(labels) in others
    }


def _math(sign: str, left: float, right: float) -> float:
    if sign == "/":
        if right == 0:
            return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left)
        return left / right
    return {"+": left + right, "-": left - right, "*": left * right}[sign]


def _quantiles(quantile: float, vector: Vector) -> Vector:
    groups: dict[Labels, list[tuple[float, float]]] = {}
    for labels, value in vector.items():
        rest = tuple(pair for pair in labels if pair[0] not in ("le", "__name__"))
        if "le" in dict(labels):
            groups.setdefault(rest, []).append((float(dict(labels)["le"]), value))
    return {labels: _quantile(quantile, sorted(b)) for labels, b in groups.items()}


def _quantile(quantile: float, buckets: list[tuple[float, float]]) -> float:
    if len(buckets) < 2 or buckets[-1][0] != math.inf or buckets[-1][1] == 0:
        return math.nan
    rank = quantile * buckets[-1][1]
    start, below = 0.0, 0.0
    for bound, count in buckets:
        if count >= rank:
            if bound == math.inf:
                return start
            return start + (bound - start) * ((rank - below) / (count - below or 1.0))
        start, below = bound, count
    return start


def _without_name(labels: Labels) -> Labels:
    return tuple(pair for pair in labels if pair[0] != "__name__")
