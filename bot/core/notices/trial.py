"""The card of an Experiment of its own: its templates, what was measured of each, how it ended.

One that a Rollout owns is told of on the Rollout's card.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.core import revisions
from bot.core.experiments import codec, sheet, status_codec
from bot.core.notices import measured
from bot.model import errors, experiment, messages

KEY = "card"
SIDES_LIMIT, ROWS_LIMIT = 10, 40
NEWS_FOR = timedelta(minutes=10)
"""One that was over for longer before anybody looked is no news."""
_TEMPLATE = "experiment.argoproj.io/template-name"
_OVER = frozenset({"Successful", "Failed", "Error", "Inconclusive"})


def own(raw: Mapping[str, Any]) -> bool:
    """Whether nobody else tells of it."""
    owners = _map(raw.get("metadata")).get("ownerReferences") or ()
    return not any(_map(one).get("controller") for one in owners)


def news(raw: Mapping[str, Any], now: datetime) -> bool:
    """Whether one that nothing was said of yet is to be told."""
    status = status_codec.decode(raw.get("status"))
    if status.phase not in _OVER:
        return True
    ended = max((one.updated for one in status.conditions), default=None)
    return ended is not None and now - ended < NEWS_FOR


def card(
    raw: Mapping[str, Any],
    runs: Sequence[Mapping[str, Any]],
    sets: Sequence[Mapping[str, Any]],
    *,
    cluster: str,
) -> messages.TrialFacts:
    """What people should see now; ``runs`` and ``sets`` are its own, as raw objects."""
    meta, status = _map(raw.get("metadata")), status_codec.decode(raw.get("status"))
    over = status.phase in _OVER
    return messages.TrialFacts(
        cluster=cluster,
        namespace=str(meta.get("namespace", "")),
        name=str(meta.get("name", "")),
        phase=status.phase,
        over=over,
        because=status.message,
        sides=_sides(raw, status),
        rows=_rows(status, runs, _hashes(sets)),
        analyses=_analyses(raw),
        until=None if over else _until(raw, status),
    )


def settled(raw: Mapping[str, Any], runs: Sequence[Mapping[str, Any]]) -> bool:
    """Whether nothing of it will change any more: its runs end a little after it does."""
    status = status_codec.decode(raw.get("status"))
    phases = [str(_map(one.get("status")).get("phase", "")) for one in runs]
    return status.phase in _OVER and all(one in _OVER for one in phases)


def _sides(raw: Mapping[str, Any], status: experiment.Status) -> tuple[messages.TrialSide, ...]:
    asked = {one.name: one.replicas for one in _templates(raw)}
    return tuple(
        messages.TrialSide(
            name=one.name,
            ready=one.available,
            wanted=asked.get(one.name, one.replicas),
            trouble=one.message if one.status in {"Failed", "Error"} else "",
        )
        for one in status.templates[:SIDES_LIMIT]
    )


def _templates(raw: Mapping[str, Any]) -> tuple[experiment.Template, ...]:
    try:
        return codec.decode(raw).templates
    except errors.UserError:
        return ()


def _analyses(raw: Mapping[str, Any]) -> int:
    try:
        return len(codec.decode(raw).analyses)
    except errors.UserError:
        return 0


def _until(raw: Mapping[str, Any], status: experiment.Status) -> datetime | None:
    try:
        span = codec.decode(raw).duration
    except errors.UserError:
        return None
    if span is None or status.available_at is None:
        return None
    return sheet.later(status.available_at, span)


def _hashes(sets: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    """The template of each hash of pods: its arguments tell an analysis whom it measures."""
    found: dict[str, str] = {}
    for one in sets:
        meta = _map(one.get("metadata"))
        name = _map(meta.get("annotations")).get(_TEMPLATE)
        if name:
            found[str(_map(meta.get("labels")).get(revisions.HASH))] = str(name)
    return found


def _rows(
    status: experiment.Status,
    runs: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
) -> tuple[messages.TrialRow, ...]:
    """Template by template in their order; what is of no one template comes last."""
    order = {one.name: place for place, one in enumerate(status.templates)}
    ran = {one.run: place for place, one in enumerate(status.runs)}
    mine = [one for one in runs if str(_map(one.get("metadata")).get("name")) in ran]
    mine.sort(key=lambda one: ran[str(one["metadata"]["name"])])
    found = [
        messages.TrialRow(template=_side(run, names), metric=metric)
        for run in mine
        for metric in measured.of_run(run)
    ]
    found.sort(key=lambda row: order.get(row.template, len(order)))
    return tuple(found[:ROWS_LIMIT])


def _side(run: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The one template whose pods the run's arguments name; empty where it is not one."""
    args = _map(run.get("spec")).get("args") or ()
    given = {str(_map(one).get("value")) for one in args}
    found = [name for pod_hash, name in names.items() if pod_hash in given]
    return found[0] if len(found) == 1 else ""


def _map(raw: Any) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}
