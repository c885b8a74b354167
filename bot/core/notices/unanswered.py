"""Metrics servers that do not answer: told once in the thread, and once that it is over.

Only what stands in the runs is used: a row of errors that name the server's address. What
such errors lead to is the analysis' business.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.core import codec_status, unreached
from bot.core.notices import measured
from bot.core.notices import scene as scenes
from bot.core.notices.notice import Line
from bot.model import facts, messages, policy, world

ROW = 2
"""Errors in a row; one alone is a hiccup that nobody needs to hear of."""
TIMES = 3
"""A server that comes and goes is told of so often for one card, then no more."""

_ITS_OWN = "server_error: "
_LIMIT = 4  # Argo's, where a metric names none


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """How one metric's server does: ``since`` it does not answer, or None where it does."""

    server: str
    at: datetime
    since: datetime | None
    reason: str = ""
    limit: int | None = None
    held: bool = False


def lines(scene: scenes.Scene, known: Mapping[str, Any]) -> Iterator[Line]:
    """The servers that went away or came back; ``known`` are the lines told already."""
    if scene.status.abort or scene.promoted:
        return
    found: dict[str, list[_State]] = {}
    for run in measured.runs(scene):
        for state in _states(run):
            found.setdefault(state.server, []).append(state)
    for server, states in found.items():
        gone = _count(known, "away", server)
        silent = [state for state in states if state.since is not None]
        if gone > _count(known, "back", server):
            if not silent:
                yield _back(server, gone, max(state.at for state in states))
        elif silent and gone < TIMES:
            yield _away(scene, gone + 1, min(silent, key=lambda one: one.since or one.at))


def _count(known: Mapping[str, Any], what: str, server: str) -> int:
    return sum(_id(what, server, number) in known for number in range(1, TIMES + 1))


def _id(what: str, server: str, number: int) -> str:
    return f"{what}:{server[:60]}:{number}"


def _away(scene: scenes.Scene, number: int, state: _State) -> Line:
    since = state.since or state.at
    name = scene.rollout.name
    what = f"{name} holds" if state.held else f"{name} goes on unmeasured"
    ends = ""
    if state.limit is not None:
        kept = scene.seen.policy.on_metric_error is policy.OnMetricError.HOLD
        then = "somebody must decide" if kept else "it goes back"
        ends = f"; after {state.limit + 1} errors in a row {then}"
    reason = f" ({state.reason})" if state.reason else ""
    text = f"metrics server {state.server} does not answer{reason}: {what}{ends}"
    return Line(id=_id("away", state.server, number), fact=_fact(since, text))


def _back(server: str, number: int, at: datetime) -> Line:
    text = f"metrics server {server} answers again"
    return Line(id=_id("back", server, number), fact=_fact(at, text))


def _fact(at: datetime, text: str) -> messages.ThreadFact:
    return messages.ThreadFact(kind=facts.ThreadKind.OTHER, at=at, text=text)


def _states(run: world.Run) -> Iterator[_State]:
    """One a metric whose server is known and was asked."""
    if run.done:
        return
    status, spec = _map(run.raw.get("status")), _map(run.raw.get("spec"))
    metrics = {one.get("name"): one for one in _maps(spec.get("metrics"))}
    for result in _maps(status.get("metricResults")):
        metric = metrics.get(result.get("name"))
        if metric is not None:
            yield from _state(run, metric, result)


def _state(
    run: world.Run, metric: Mapping[str, Any], result: Mapping[str, Any]
) -> Iterator[_State]:
    taken = [one for one in _maps(result.get("measurements")) if one.get("finishedAt")]
    if not taken:
        return
    configured = _configured(metric, run.raw)
    row: list[tuple[Mapping[str, Any], str, str]] = []
    for one in reversed(taken):
        server, reason = _silent(one, configured)
        if not server:
            break
        row.insert(0, (one, server, reason))
    at = _at(taken[-1])
    if len(row) >= ROW and at is not None:
        first, server, reason = row[0]
        yield _State(
            server=server,
            at=at,
            since=_at(first) or at,
            reason=reason[:80],
            limit=_limit(metric, result, run.raw),
            held=run.step_index is not None,
        )
    elif not row and at is not None and taken[-1].get("phase") != "Error":
        servers = {_silent(one, configured)[0] for one in taken} | {configured}
        for server in sorted(filter(None, servers)):
            yield _State(server=server, at=at, since=None)


def _silent(one: Mapping[str, Any], configured: str) -> tuple[str, str]:
    """The server that gave no answer to a measurement, and how; empty where it gave one."""
    message = str(one.get("message") or "")
    if one.get("phase") != "Error" or one.get("value"):
        return "", ""
    if message.startswith(_ITS_OWN):
        return configured, message.removeprefix(_ITS_OWN)
    return unreached.parts(message)


def _configured(metric: Mapping[str, Any], raw: Mapping[str, Any]) -> str:
    provider = _map(metric.get("provider"))
    address = _map(provider.get("prometheus")).get("address")
    return unreached.host(measured.filled(address or _map(provider.get("web")).get("url"), raw))


def _limit(
    metric: Mapping[str, Any], result: Mapping[str, Any], raw: Mapping[str, Any]
) -> int | None:
    """How many errors in a row are borne; None where none of them decides."""
    text = measured.filled(str(metric.get("consecutiveErrorLimit", _LIMIT)), raw)
    if result.get("dryRun") is True or not text.isdecimal():
        return None
    return int(text)


def _at(one: Mapping[str, Any]) -> datetime | None:
    return codec_status.time(one.get("finishedAt"))


def _map(raw: Any) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}


def _maps(raw: Any) -> list[Mapping[str, Any]]:
    return [one for one in raw if isinstance(one, Mapping)] if isinstance(raw, list) else []
