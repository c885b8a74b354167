"""The degraded alert: one for each abort, edited once every user is safe."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.core import aftermath, codec_status, gitops, writers
from bot.core.notices import card, measured, origin, people, queries, standing
from bot.core.notices import scene as scenes
from bot.core.notices.notice import Kind, Notice, Said
from bot.model import buttons, facts, messages, world

_PODS = "pods"


def key(scene: scenes.Scene) -> str:
    """One abort of one revision; a retry that fails again is another."""
    at = scene.status.aborted_at or scenes.time(scene.abort.get("at"))
    stamp = codec_status.stamp(at) if at is not None else ""
    return f"alert:{scene.hash}:{stamp}"


def notices(scene: scenes.Scene, said: Said) -> Iterator[Notice]:
    """The alert of the present abort."""
    if not scene.status.abort or not scene.abort or scene.problem:
        return
    mine = key(scene)
    record = said.get(mine, {})
    yield Notice(
        key=mine,
        kind=Kind.ALERT,
        facts=alert(scene, record),
        fresh=not card.inherited(scene),
        keep={_PODS: pods} if (pods := _pods(scene, record)) else {},
    )


def alert(scene: scenes.Scene, record: Mapping[str, Any]) -> messages.AlertFacts:
    """What happened, why, how fast; ``record`` knows what the chart brought since."""
    at, safe_at = scenes.time(scene.abort.get("at")), scenes.time(scene.abort.get("safeAt"))
    by = people.decode(str(scene.abort.get("by", "")))
    run = None if by is not None else guilty(scene)
    metric = measured.failed_metric(run) if run is not None else None
    if run is not None and metric is not None:
        metric = queries.asked(run.raw, metric)
    if metric is not None and isinstance(record.get("stable"), str):
        metric = replace(metric, stable_text=record["stable"])
    weight = scene.abort.get("weight")
    because = _because(scene, record)
    nobody = "" if by is not None or because else _nobody(scene)
    return messages.AlertFacts(
        rollout=scene.rollout,
        revision=scenes.revision(scene),
        stable=scenes.former(scene),
        safe=safe_at is not None,
        weight_from=weight if isinstance(weight, int) else 0,
        weight_left=0 if safe_at is not None else scenes.left(scene),
        trouble=str(scene.abort.get("trouble", ""))[:600],
        metric=metric,
        by=by,
        ordered=by is not None or (metric is None and bool(nobody)),
        because=because or nobody,
        decided_at=at,
        took_s=_between(at, safe_at),
        bad_since=_bad_since(run, metric),
        git=_git(scene),
        git_url=_git_url(scene),
        git_app=_git_app(scene),
        requests=_served(scene, "requests"),
        requests_failed=_served(scene, "failed"),
        chart_expected=metric is not None and not record.get("chart"),
        buttons=standing.made(
            scene,
            buttons.ButtonKind.RETRY,
            buttons.ButtonKind.UNDO,
            buttons.ButtonKind.WHY,
        ),
    )


def _because(scene: scenes.Scene, record: Mapping[str, Any]) -> str:
    """The recorded cause; of a deadline, what people can do something about."""
    if not scene.abort.get("deadline") or scene.spec is None:
        return standing.cause(scene)
    pods = _pods(scene, record)
    late = f"canary not ready after {standing.span(scene.spec.progress_deadline_s)}"
    return f"{late} ({pods})" if pods else late


def _pods(scene: scenes.Scene, record: Mapping[str, Any]) -> str:
    """What its pods suffered from: they are gone soon, so it is kept beside the message."""
    kept = record.get(_PODS)
    if isinstance(kept, str):
        return kept
    return scene.ailment.text if scene.ailment is not None and scene.abort.get("deadline") else ""


def _nobody(scene: scenes.Scene) -> str:
    """An abort without a cause was asked for by a stock tool, which names nobody."""
    how = str(scene.abort.get("how") or "kubectl")
    return "" if scene.abort.get("cause") else f"aborted with {how} (no name known)"


def _git(scene: scenes.Scene) -> str:
    """Where Git still wants the revision that was rolled back."""
    git = gitops.of(scene.seen.raw)
    if git is None:
        return ""
    commit = origin.change(scene).commit
    return f"{git.tool} {git.app}" + (f" at {commit}" if commit else "")


def _git_url(scene: scenes.Scene) -> str:
    git = gitops.of(scene.seen.raw)
    return "" if git is None else git.url


def _git_app(scene: scenes.Scene) -> str:
    git = gitops.of(scene.seen.raw)
    return git.app if git is not None and git.tool == writers.ARGO_CD else ""


def _served(scene: scenes.Scene, key: str) -> int | None:
    """What the canary served, where somebody could ask for it; absent is not nothing."""
    served = scene.abort.get("served")
    value = served.get(key) if isinstance(served, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def guilty(scene: scenes.Scene) -> world.Run | None:
    """The run that caused the abort, if one did."""
    cause = str(scene.abort.get("cause", ""))
    return measured.failed_run(scene) if "analysis" in cause.lower() else None


def judging(scene: scenes.Scene) -> world.Run | None:
    """The run that caused the abort, else the newest that measured the canary."""
    if (run := guilty(scene)) is not None:
        return run
    runs = measured.runs(scene)
    return runs[-1] if runs else None


def measurable(scene: scenes.Scene) -> bool:
    """Whether it can be said if the abort helped, or that nobody measures that."""
    run = judging(scene)
    if run is None or scene.stable is None or card.inherited(scene):
        return False
    asked = aftermath.run_of_stable(run.raw, scene.stable.hash)
    return asked is not None or bool(aftermath.unmeasured(run.raw))


def _between(start: datetime | None, end: datetime | None) -> float | None:
    if start is None or end is None:
        return None
    return max(0.0, (end - start).total_seconds())


def _bad_since(run: world.Run | None, metric: facts.MetricFact | None) -> datetime | None:
    """The first failed measurement of the last unbroken row of them."""
    if run is None or metric is None:
        return None
    first = None
    for at, _, failed in measured.points(run.raw, metric.name):
        first = (first or at) if failed else None
    return first
