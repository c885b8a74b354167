"""The news of one rollout as events: each true now, each with an id that a restart finds again.

Who gets which, and whether it was handed over, is the runtime's.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from bot.core import codec_status, durations
from bot.core.notices import afterwards, card, degraded, reminding, standing
from bot.core.notices import scene as scenes
from bot.core.notices.notice import Said
from bot.model import facts, feed

PREFIX = "feed:"
OWED = "owed:"
"""Before the id of an event that stays news when another revision comes, with when it was so."""
LASTING = frozenset({feed.Kind.DONE})
_STEP_LIMIT = 100


def key(scene: scenes.Scene) -> str:
    """Where it is recorded what of this revision was handed over."""
    return f"{PREFIX}{scene.hash}:{scenes.revision(scene).number}"


def fresh(scene: scenes.Scene) -> bool:
    """Whether a revision that nothing was recorded of is news at all.

    What was over before this bot looked was told by somebody else, or is nobody's concern.
    """
    if scene.problem or not scene.hash or card.first(scene):
        return False
    over = standing.news(scene) is facts.News.DONE
    return not over and not (scene.status.abort and card.inherited(scene))


def events(scene: scenes.Scene, said: Said) -> tuple[feed.Event, ...]:
    """Everything that is true of the present revision, and what is still owed of earlier ones."""
    found = [*_recovered(scene, said), *_overtaken(scene, said)]
    if not scene.problem and (key(scene) in said or fresh(scene)):
        found += [
            *_shipped(scene),
            *_steps(scene),
            *_scaled(scene),
            *_paused(scene),
            *_waits(scene),
        ]
        found += [*_runs(scene), *_rolled_back(scene), *_done(scene)]
    return tuple(sorted(found, key=lambda event: event.at))


def spent(scene: scenes.Scene, said: Said, waiting: frozenset[str]) -> tuple[str, ...]:
    """Records of earlier revisions that nothing will be derived from any more.

    ``waiting`` are the hashes of revisions of which something is still to be handed over.
    """
    return tuple(
        name
        for name, record in said.items()
        if name.startswith(PREFIX)
        and name != key(scene)
        and _hash(name) not in waiting
        and (scene.promoted or not _told(record, feed.Kind.ROLLED_BACK))
    )


def _event(
    scene: scenes.Scene, kind: feed.Kind, event_id: str, at: datetime, **more: Any
) -> feed.Event:
    return feed.Event(
        kind=kind,
        id=event_id,
        at=at,
        rollout=scene.rollout,
        revision=scenes.revision(scene),
        stable=scenes.former(scene),
        weight=scenes.weight(scene),
        **more,
    )


def _shipped(scene: scenes.Scene) -> Iterator[feed.Event]:
    started = scene.status.bot.started
    if started is not None and not scene.status.abort and not scene.promoted:
        by = card.change(scene).by
        # A retry starts the same revision again, which is another update.
        yield _event(scene, feed.Kind.SHIPPED, f"shipped:{_stamp(started)}", started, by=by)


def _steps(scene: scenes.Scene) -> Iterator[feed.Event]:
    """The last step that was completed; those before it were events of earlier passes."""
    index, started = scene.status.step_index, scene.status.bot.started
    if not index or started is None or scene.status.abort or index > _STEP_LIMIT:
        return
    because = f"step {index} of {len(scene.steps)}"
    name = f"step-completed:{_stamp(started)}:{index}"
    yield _event(scene, feed.Kind.STEP_COMPLETED, name, scene.now, because=because)


def _scaled(scene: scenes.Scene) -> Iterator[feed.Event]:
    new = scene.new
    if new is None or scene.promoted or scene.status.abort or not new.replicas:
        return
    because = f"{new.name} has {new.replicas} replicas"
    yield _event(scene, feed.Kind.SCALED, f"scaled:{new.replicas}", scene.now, because=because)


def _paused(scene: scenes.Scene) -> Iterator[feed.Event]:
    held = scenes.pause(scene)
    if held is None or scene.status.abort or scene.promoted:
        return
    stamp = _stamp(held.start)
    yield _event(scene, feed.Kind.PAUSED, f"paused:{stamp}", held.start)
    if scenes.gate(scene):
        yield _event(
            scene,
            feed.Kind.NEEDS_APPROVAL,
            f"needs-approval:{stamp}",
            held.start,
            weight_to=scenes.coming(scene),
            because="its analysis gave no verdict" if scenes.inconclusive(scene) else "",
        )


def _waits(scene: scenes.Scene) -> Iterator[feed.Event]:
    """A gate that nobody answers, for each whom the policy wants to hear of it by now."""
    for one in reminding.latest(scene):
        yield _event(
            scene,
            feed.Kind.STILL_WAITS,
            f"{feed.Kind.STILL_WAITS}:{_stamp(one.start)}:{one.number}",
            one.at,
            weight_to=scenes.coming(scene),
            because=f"{durations.span(one.after_s)} by now",
            wait=feed.Wait(
                gate=one.gate,
                to=one.to,
                named=reminding.named(scene),
                barred=reminding.barred(scene),
            ),
        )


_PHASES = {
    "Running": feed.Kind.ANALYSIS_RUNNING,
    "Failed": feed.Kind.ANALYSIS_FAILED,
    "Error": feed.Kind.ANALYSIS_ERROR,
}


def _runs(scene: scenes.Scene) -> Iterator[feed.Event]:
    for run in scene.seen.runs:
        kind = _PHASES.get(run.phase)
        if kind is not None and run.hash == scene.hash:
            name = f"{kind}:{run.name[-60:]}"
            because = run.message[:300] or run.name
            at = run.created if kind is feed.Kind.ANALYSIS_RUNNING else scene.now
            yield _event(scene, kind, name, at, because=because)


def _rolled_back(scene: scenes.Scene) -> Iterator[feed.Event]:
    if not scene.status.abort or not scene.abort:
        return
    alert = degraded.alert(scene, {})
    yield _event(
        scene,
        feed.Kind.ROLLED_BACK,
        f"rolled-back:{_aborted(scene)}",
        alert.decided_at or scene.status.aborted_at or scene.now,
        safe=alert.safe,
        by=alert.by,
        because=alert.because,
        metric=alert.metric,
    )


def _done(scene: scenes.Scene) -> Iterator[feed.Event]:
    if standing.news(scene) is facts.News.DONE:
        end = standing.condition_time(scene, "Completed") or scene.now
        started = scene.status.bot.started
        name = f"done:{_stamp(started)}" if started is not None else "done"
        yield _event(scene, feed.Kind.DONE, name, end)


def _overtaken(scene: scenes.Scene, said: Said) -> Iterator[feed.Event]:
    """That an earlier revision was done, where not all who want to know have been told.

    One that is the stable was done, also where the bot was away when it became so.
    """
    for name, record in said.items():
        if not name.startswith(PREFIX) or name == key(scene):
            continue
        owed = {
            mark.removeprefix(OWED): at for mark, at in record.items() if mark.startswith(OWED)
        }
        stable = not scene.promoted and _hash(name) == scene.status.stable_hash
        if stable and not owed and not any(f":{feed.Kind.DONE}" in mark for mark in record):
            owed = {str(feed.Kind.DONE): ""}
        for event_id, at in owed.items():
            yield feed.Event(
                kind=feed.Kind.DONE,
                id=event_id,
                at=scenes.time(at) or scene.status.bot.started or scene.now,
                rollout=scene.rollout,
                revision=_label(scene, name),
            )


def _recovered(scene: scenes.Scene, said: Said) -> Iterator[feed.Event]:
    """The end of each rollback that was told: the stable is restored, or one was promoted."""
    restored = afterwards.restored_at(scene.abort)
    for name, record in said.items():
        mine = name == key(scene)
        if not name.startswith(PREFIX) or not (scene.promoted or (mine and restored)):
            continue
        for stamp in sorted(_told(record, feed.Kind.ROLLED_BACK)):
            yield feed.Event(
                kind=feed.Kind.RECOVERED,
                id=f"{feed.Kind.RECOVERED}:{stamp}",
                at=restored if mine and restored is not None else scene.now,
                rollout=scene.rollout,
                revision=_label(scene, name),
                stable=scenes.revision(scene) if scene.promoted else scenes.former(scene),
                because=_how(scene, mine=mine),
            )


def _how(scene: scenes.Scene, *, mine: bool) -> str:
    if not scene.promoted:
        return "the stable revision is measured good again"
    return f"v{scenes.revision(scene).number} serves all users" if not mine else "it was promoted"


def _told(record: Mapping[str, Any], kind: feed.Kind) -> set[str]:
    """The stamps of the events of one kind in a record, whoever got them."""
    sign = f":{kind}:"
    return {mark.partition(sign)[2] for mark in record if sign in mark}


def _label(scene: scenes.Scene, name: str) -> facts.RevisionLabel:
    number = name.rpartition(":")[2]
    pod_hash = _hash(name)
    found = scenes.label(scene.of_hash(pod_hash))
    return facts.RevisionLabel(
        number=int(number) if number.isdecimal() else 0,
        hash=pod_hash,
        images=found.images if found is not None else (),
    )


def _hash(name: str) -> str:
    return name.removeprefix(PREFIX).rpartition(":")[0]


def _aborted(scene: scenes.Scene) -> str:
    at = scene.status.aborted_at or scenes.time(scene.abort.get("at"))
    return _stamp(at) if at is not None else ""


def _stamp(at: datetime) -> str:
    return codec_status.stamp(at).replace(":", "").replace("-", "")
