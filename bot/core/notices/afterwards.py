"""What is said once traffic is back: whether that helped, and whether Git undoes it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.core import aftermath, gitops, writers
from bot.core.notices import people
from bot.core.notices import scene as scenes
from bot.core.notices.notice import Line
from bot.model import facts, messages
from bot.model.facts import ThreadKind

RESTORED, NOT_RESTORED = "restored", "not-restored"
_KINDS = {RESTORED: ThreadKind.RESTORED, NOT_RESTORED: ThreadKind.NOT_RESTORED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was measured of the stable; ``measured`` is "success-rate 99.7 % (≥ 99 %)"."""

    verdict: str
    at: datetime
    measured: str = ""


def found(abort: Mapping[str, object]) -> Found | None:
    """What was recorded beside an abort of how the stable did after it; None: nothing yet."""
    raw = abort.get("restored")
    at = scenes.time(raw.get("at")) if isinstance(raw, Mapping) else None
    if at is None or not isinstance(raw, Mapping):
        return None
    metric = _metric(raw)
    bound = f" ({metric.bound_text})" if metric is not None and metric.bound_text else ""
    text = f"{metric.name} {metric.value_text}{bound}" if metric is not None else ""
    return Found(verdict=str(raw.get("verdict", "")), at=at, measured=text)


def restored_at(abort: Mapping[str, object]) -> datetime | None:
    """When users were seen to be well again; None where they were not."""
    seen = found(abort)
    return seen.at if seen is not None and seen.verdict == RESTORED else None


def lines(scene: scenes.Scene) -> Iterator[Line]:
    """The lines of the thread."""
    yield from _restored(scene)
    yield from _brought_back(scene)


def _restored(scene: scenes.Scene) -> Iterator[Line]:
    """What the stable measured after the abort, as it was recorded."""
    found = scene.abort.get("restored")
    if not isinstance(found, Mapping):
        return
    at, begun = scenes.time(found.get("at")), scenes.time(scene.abort.get("at"))
    if at is None:
        return
    verdict = str(found.get("verdict", ""))
    fact = messages.ThreadFact(
        kind=_KINDS.get(verdict, ThreadKind.OTHER),
        at=at,
        revision=scenes.revision(scene),
        stable=scenes.former(scene),
        metric=_metric(found),
        took_s=max(0.0, (at - begun).total_seconds()) if begun is not None else None,
        text=_unknown(found),
    )
    yield Line(id=f"after:{_stamp(begun or at)}", fact=fact, of_alert=True)


def _metric(found: Mapping[str, object]) -> facts.MetricFact | None:
    if not found.get("metric") or not found.get("value"):
        return None
    return facts.MetricFact(
        name=str(found["metric"])[:120],
        value_text=str(found["value"])[:60],
        bound_text=str(found.get("bound", ""))[:80],
    )


def _unknown(found: Mapping[str, object]) -> str:
    """For a stable that could not be measured: nobody must take silence for health."""
    why = str(found.get("why", ""))[:200]
    if found.get("verdict") == aftermath.UNMEASURED:
        return f"whether the rollback helped was not measured: no Job is run again ({why})"
    return "whether the rollback helped is not known: stable could not be measured" + (
        f" ({why})" if why else ""
    )


def _brought_back(scene: scenes.Scene) -> Iterator[Line]:
    """A revision that was rolled back is applied again by what follows Git."""
    back, git = scenes.time(scene.status.bot.rolled_back.get(scene.hash)), None
    if back is None or scene.promoted or scene.spec is None:
        return
    git = gitops.of(scene.seen.raw)
    wrote = writers.tool(scene.seen.raw, writers.TEMPLATE)
    started = scene.status.bot.started
    if git is None or started is None or wrote not in {"", git.tool}:
        return
    if people.signed(scene.seen.annotations, scene.spec.template) is not None:
        return  # a person of the chat wanted it
    text = f"applied by {git.tool} ({git.app})"
    fact = messages.ThreadFact(
        kind=ThreadKind.REAPPLIED,
        at=started,
        revision=scenes.revision(scene),
        text=text,
    )
    yield Line(id=f"again:{_stamp(started)}", fact=fact)


def _stamp(at: datetime) -> str:
    return f"{at:%Y%m%d%H%M%S}"
