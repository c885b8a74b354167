"""What Datadog's answers mean: values with their Go shape, Argo's sentences. No I/O."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.adapters.metrics import text
from bot.model import ports

MAX_GROUPS = 100
_TOP = 200


def parsed(body: bytes) -> Mapping[str, Any]:
    """The answer's object.

    Raises:
        ports.MetricError: it is none.

    """
    try:
        found = json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise _unreadable(str(error)[:_TOP]) from None
    if not isinstance(found, dict):
        raise _unreadable("an object is needed")
    return found


def of_v1(body: bytes) -> ports.Sample:
    """The last point of the first series."""
    series = _list(parsed(body).get("series"), "series")
    first = _object(series[0], "series") if series else {}
    points = _list(first.get("pointlist"), "pointlist")
    if not points:
        told = [{"Pointlist": _object(one, "series").get("pointlist")} for one in series or ()]
        shown = "null" if series is None else text.compact_json(told)
        return ports.Sample(value=None, shape="*float64", text=text.bounded(shown))
    point = _list(points[-1], "pointlist") or []
    if len(point) != 2:
        raise ports.MetricError("Datapoint does not have 2 values")
    if point[1] is None:
        # A gap: Argo reads it as 0, and 0 errors would be good news.
        return ports.Sample(value=None, shape="*float64", text="null")
    if not _is_number(point[1]):
        raise _unreadable("pointlist: a number is needed")
    value = float(point[1])
    return ports.Sample(value=value, shape="float64", text=text.number(value))


def of_v2(body: bytes) -> ports.Sample:
    """The first column of numbers; one value, or a list where the query has groups."""
    data = _object(parsed(body).get("data") or {}, "data")
    if data.get("errors"):
        raise ports.MetricError(f"There were errors in your query: {data['errors']}"[:_TOP])
    columns = _list(_object(data.get("attributes") or {}, "attributes").get("columns"), "columns")
    found = [_object(one, "columns") for one in columns or ()]
    groups = [one for one in found if one.get("type") == "group"]
    numbers = next((one for one in found if one.get("type") in {None, "", "number"}), {})
    named = _named(numbers, groups)
    values = [value for _, value in named]
    if not values:
        return ports.Sample(value=None, shape="*float64", text="[]")
    if not groups:
        return ports.Sample(value=values[0], shape="float64", text=text.number(values[0]))
    shown = text.bounded(text.numbers(values))
    return ports.Sample(value=values, shape="[]float64", text=shown, notes=_notes(named))


def _named(
    numbers: Mapping[str, Any], groups: Sequence[Mapping[str, Any]]
) -> list[tuple[str, float]]:
    """Each value with its group; those without data are left out."""
    found = []
    for at, value in enumerate(_list(numbers.get("values"), "values") or ()):
        if value is None:
            continue
        if not _is_number(value):
            shown = text.compact_json(value)[:_TOP]
            column = numbers.get("name", "")
            raise ports.MetricError(
                f'could not parse numeric value "{shown}" in column "{column}"'
            )
        found.append((_group(groups, at), float(value)))
    return found


def _group(groups: Sequence[Mapping[str, Any]], at: int) -> str:
    parts: list[str] = []
    for column in groups:
        values = _list(column.get("values"), "values") or []
        tags = values[at] if at < len(values) else None
        if not isinstance(tags, list) or not tags or not all(isinstance(t, str) for t in tags):
            raise ports.MetricError(f"could not parse group label at index {at}")
        parts.extend(tags)
    return ",".join(parts)


def _notes(named: Sequence[tuple[str, float]]) -> dict[str, str]:
    """The groups as JSON; of very many the lowest and the highest."""
    kept = list(named)
    if len(kept) > MAX_GROUPS:
        ordered, half = sorted(kept, key=lambda one: one[1]), MAX_GROUPS // 2
        kept = ordered[:half] + ordered[-half:]
    shown = text.compact_json([{"name": name, "value": value} for name, value in kept])
    cut = {"groups_truncated": "true"} if len(kept) < len(named) else {}
    return {"groups": shown, **cut}


def _list(value: Any, field: str) -> list[Any] | None:
    if value is not None and not isinstance(value, list):
        raise _unreadable(f"{field}: a list is needed")
    return value


def _object(value: Any, field: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _unreadable(f"{field}: an object is needed")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _unreadable(reason: str) -> ports.MetricError:
    return ports.MetricError(f"Could not parse JSON body: {reason}")
