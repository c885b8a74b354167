"""The facts of a post-mortem, from the state alone: it needs no database and no chat.

Never taken: values of environment variables, headers, bodies, arguments from Secrets.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib import parse

from bot.core import aftermath, chronicle, codec_status
from bot.core.notices import afterwards, card, degraded, measured, standing, thread
from bot.core.notices import scene as scenes
from bot.core.notices.notice import Said
from bot.model import facts, past, postmortem, records, world

MEASUREMENTS_KEPT = 200
METRICS_KEPT = 32
EVENTS_KEPT = 40
_SECRETIVE = re.compile(r"token|key|secret|pass|auth|sig|credential", re.IGNORECASE)
_QUERY_FIELDS = ("query", "profile", "queries", "formula", "metricDataQueries", "jsonPath")


def bundle(
    scene: scenes.Scene, said: Said, events: Sequence[Mapping[str, Any]] | None
) -> postmortem.Bundle:
    """Of the present abort; ``events`` are those of its namespace, None where not readable."""
    alert = degraded.alert(scene, said.get(degraded.key(scene), {}))
    found = chronicle.derive(scene, scene)
    return postmortem.Bundle(
        rollout=scene.rollout,
        revision=scenes.revision(scene),
        stable=scenes.former(scene),
        cause=standing.because(scene) or alert.because,
        by=alert.by,
        change=card.change(scene),
        weight_from=alert.weight_from,
        shipped_at=scene.status.bot.started,
        bad_since=alert.bad_since,
        decided_at=alert.decided_at,
        zero_at=scenes.time(scene.abort.get("safeAt")),
        committed_at=next((one.update.commit_at for one in found if one.update.commit_at), None),
        restored_at=afterwards.restored_at(scene.abort),
        helped=_helped(scene),
        timeline=_timeline(scene, found, said),
        evidence=tuple(_evidence(scene))[:METRICS_KEPT],
        events=None if events is None else _events(scene, events),
        actors=_actors(found),
        chart="beside this file, in the thread of the alert" if _chart(scene, said) else "",
    )


CHART_WAIT = timedelta(minutes=2)
"""So long the file waits for a chart that it can name."""
HELP_WAIT = aftermath.SHARED_LIMIT + timedelta(minutes=1)
"""So long for whether the rollback helped: it is written down before that, unless nobody can."""
SAFE_WAIT = timedelta(minutes=10)
"""So long for users to be safe; a rollback that hangs needs its file all the more."""


def due(scene: scenes.Scene, record: Mapping[str, Any], now: datetime) -> bool:
    """Whether the file of the present abort can say all that it is going to."""
    at, safe = scenes.time(scene.abort.get("at")), scenes.time(scene.abort.get("safeAt"))
    if safe is None:
        return at is None or now - at >= SAFE_WAIT
    fresh = at is not None and now - at < CHART_WAIT
    if fresh and degraded.alert(scene, record).chart_expected:
        return False
    waits = "restored" not in scene.abort and degraded.measurable(scene)
    return not waits or now - safe >= HELP_WAIT


def _helped(scene: scenes.Scene) -> str:
    seen = afterwards.found(scene.abort)
    if seen is None:
        return ""
    said = {afterwards.RESTORED: "users are well again", afterwards.NOT_RESTORED: "not restored"}
    text = said.get(seen.verdict, "not known: the stable could not be measured")
    return f"{text}: {seen.measured}" if seen.measured else text


def _chart(scene: scenes.Scene, said: Said) -> bool:
    return said.get(degraded.key(scene), {}).get("chart") == "up"


def _timeline(
    scene: scenes.Scene, found: Sequence[records.Record], said: Said
) -> tuple[postmortem.Line, ...]:
    """What the status says, and the weights whose times the thread has kept.

    Within one second what was measured stands before what was decided on it.
    """
    lines = list(_failures(scene))
    lines += [
        postmortem.Line(at=one.at, what=past.sentence(one), why=past.reason(one))
        for one in past.told(found)
        if one.hash == scene.hash or one.kind is records.Kind.REFUSED
    ]
    for name, when in said.get(thread.key(scene), {}).items():
        weight, at = name.removeprefix("w").partition("@")[0], scenes.time(when)
        if name.startswith("w") and weight.isdecimal() and at is not None:
            lines.append(postmortem.Line(at=at, what=f"{weight} % of traffic"))
    return tuple(sorted(lines, key=lambda line: line.at.replace(microsecond=0)))


def _failures(scene: scenes.Scene) -> Iterator[postmortem.Line]:
    for run in measured.runs(scene):
        for metric in measured.of_run(run.raw):
            failed = [at for at, _, bad in measured.points(run.raw, metric.name) if bad]
            if failed:
                what = f"{metric.name} failed for the first time"
                yield postmortem.Line(at=failed[0], what=what)


def _actors(found: Sequence[records.Record]) -> tuple[str, ...]:
    """Who took part, each with what they did."""
    acts: dict[str, list[str]] = {}
    for one in found:
        if one.actor:
            acts.setdefault(one.actor, []).append(str(one.kind))
    return tuple(f"{who}: {', '.join(dict.fromkeys(done))}" for who, done in acts.items())


def _evidence(scene: scenes.Scene) -> Iterator[postmortem.Evidence]:
    for run in measured.runs(scene):
        shown = {fact.name: fact for fact in measured.of_run(run.raw)}
        for metric in _maps(_map(run.raw.get("spec")).get("metrics")):
            fact = shown.get(str(metric.get("name", "")))
            if fact is not None:
                yield _metric(run, metric, fact)


def _metric(
    run: world.Run, metric: Mapping[str, Any], fact: facts.MetricFact
) -> postmortem.Evidence:
    source, query = _asked(metric, run.raw)
    results = _maps(_map(run.raw.get("status")).get("metricResults"))
    result = next((one for one in results if one.get("name") == fact.name), {})
    taken = _maps(result.get("measurements"))
    unit = measured.unit_of(metric, run.raw)
    good, bad = (
        measured.filled(metric.get(name), run.raw)
        for name in ("successCondition", "failureCondition")
    )
    return postmortem.Evidence(
        run=run.name,
        name=fact.name,
        phase=str(fact.verdict),
        source=source,
        query=query,
        bound=fact.bound_text,
        condition=" · ".join([*([f"good: {good}"] * bool(good)), *([f"bad: {bad}"] * bool(bad))]),
        failed=fact.failed,
        failure_limit=fact.failure_limit,
        measurements=tuple(
            postmortem.Taken(
                at=_when(one),
                value=measured.value_text(one.get("value"), unit),
                phase=str(one.get("phase", "")),
                message=str(one.get("message") or "")[:200],
            )
            for one in taken[-MEASUREMENTS_KEPT:]
        ),
        left_out=max(0, len(taken) - MEASUREMENTS_KEPT),
    )


def _asked(metric: Mapping[str, Any], raw: Mapping[str, Any]) -> tuple[str, str]:
    """Which provider, and its query; an address without what may be secret in it."""
    for name, config in _map(metric.get("provider")).items():
        got = _map(config)
        texts = [
            measured.filled(got.get(field), raw)
            for field in _QUERY_FIELDS
            if isinstance(got.get(field), str)
        ]
        where = address(str(got.get("address") or got.get("url") or ""))
        return f"{name} {where}".strip(), "\n".join(filter(None, texts))
    return "", ""


def address(url: str) -> str:
    """Without user and password; the values of telling parameters are left out."""
    if "://" not in url:
        return ""
    try:
        parts = parse.urlsplit(url)
        pairs = parse.parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return ""
    kept = [(name, "…" if _SECRETIVE.search(name) else value) for name, value in pairs]
    query = "&".join(f"{name}={value}" for name, value in kept)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}{'?' if query else ''}{query}"


def _events(
    scene: scenes.Scene, events: Sequence[Mapping[str, Any]]
) -> tuple[postmortem.PodEvent, ...]:
    """Those of the revision's ReplicaSet and its pods, the newest last."""
    name = scene.new.name if scene.new is not None else ""
    found = []
    for one in events:
        about = _map(one.get("involvedObject"))
        mine = str(about.get("name", ""))
        if name and about.get("kind") in {"Pod", "ReplicaSet"} and _belongs(mine, name):
            found.append(
                postmortem.PodEvent(
                    at=_time_of(one),
                    about=f"{about.get('kind')} {mine}",
                    reason=str(one.get("reason") or ""),
                    message=str(one.get("message") or "")[:300],
                    count=one["count"] if isinstance(one.get("count"), int) else 1,
                )
            )
    found.sort(key=lambda event: (event.at is not None, event.at or scene.now))
    return tuple(found[-EVENTS_KEPT:])


def _belongs(name: str, replica_set: str) -> bool:
    return name == replica_set or name.startswith(f"{replica_set}-")


def _time_of(event: Mapping[str, Any]) -> datetime | None:
    for key in ("lastTimestamp", "eventTime", "firstTimestamp"):
        if (at := codec_status.time(event.get(key))) is not None:
            return at
    return None


def _when(measurement: Mapping[str, Any]) -> datetime | None:
    return codec_status.time(measurement.get("finishedAt") or measurement.get("startedAt"))


def _map(raw: Any) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}


def _maps(raw: Any) -> Sequence[Mapping[str, Any]]:
    return [one for one in raw if isinstance(one, Mapping)] if isinstance(raw, list) else []
