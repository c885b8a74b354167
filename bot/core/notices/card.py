"""The card of a revision, and the end of the cards of earlier ones."""

from collections.abc import Iterator

from bot.core import analysis_refs
from bot.core.gates import freezes, unread
from bot.core.notices import eta, header_routes, measured, origin, standing, switching, warm
from bot.core.notices import scene as scenes
from bot.core.notices.notice import Kind, Notice, Said
from bot.model import facts, messages
from bot.model.facts import News

FINISHED = (News.DONE, News.ROLLED_BACK, News.SUPERSEDED)
change = origin.change


def key(scene: scenes.Scene) -> str:
    """A template that comes back under a new number is another card."""
    return f"card:{scene.hash}:{scenes.revision(scene).number}"


def notices(scene: scenes.Scene, said: Said) -> Iterator[Notice]:
    """The present card and the earlier ones that are not closed yet."""
    mine = key(scene)
    news = standing.news(scene)
    known = mine in said
    if scene.hash and news is not News.NOT_RUN and (known or news is not News.INVALID):
        yield Notice(
            key=mine,
            kind=Kind.CARD,
            facts=_first(card(scene)) if first(scene) else card(scene),
            fresh=news is not News.DONE and _recent(scene),
            settled=news is News.DONE and warm.of(scene) is None,
            keep={"n": scenes.revision(scene).number, "news": str(news)},
        )
    for old, record in said.items():
        if old.startswith("card:") and old != mine and not record.get("end"):
            yield Notice(
                key=old,
                kind=Kind.CARD,
                facts=_superseded(scene, old, said),
                fresh=False,
                settled=True,
            )


def first(scene: scenes.Scene) -> bool:
    """A first deployment that goes its way: nothing to watch, to stop or to go back to.

    A lone later revision is none: its forerunners were only cleared away.
    """
    return scene.first and scenes.revision(scene).number == 1


def _first(whole: messages.CardFacts) -> messages.CardFacts:
    """Only what its quiet line says, so that nothing else is a reason for an edit."""
    if whole.news not in (News.MOVES, News.DONE):
        return whole
    pods = whole.stable_pods if whole.news is News.DONE else None
    return messages.CardFacts(
        rollout=whole.rollout,
        news=whole.news,
        revision=whole.revision,
        stable=None,
        weight=whole.weight,
        first=True,
        stable_pods=pods,
    )


def _recent(scene: scenes.Scene) -> bool:
    """An abort that is older than our first sight of it was told by somebody else."""
    return not scene.status.abort or not inherited(scene)


def inherited(scene: scenes.Scene) -> bool:
    """Whether the abort was there before this bot was (a rollout taken over)."""
    at, aborted = scenes.time(scene.abort.get("at")), scene.status.aborted_at
    return at is not None and aborted is not None and (at - aborted).total_seconds() > 60


def card(scene: scenes.Scene) -> messages.CardFacts:
    """All that is true of the present revision."""
    news = standing.news(scene)
    what, at = standing.next_move(scene)
    over = news is News.DONE
    stable = scenes.revision(scene) if over else scenes.former(scene)
    return messages.CardFacts(
        rollout=scene.rollout,
        news=news,
        revision=scenes.revision(scene),
        stable=stable,
        weight=100 if over else scenes.weight(scene),
        share=_share(scene),
        switch=switching.fact(scene),
        header_route=header_routes.text(scene),
        eta=eta.left(scene),
        steps=standing.steps(scene),
        canary_pods=None if over else _canary_pods(scene),
        stable_pods=_stable_pods(scene, over=over),
        metrics=measured.metrics(scene),
        measured=measured.measured(scene) or scene.first or scenes.unmeasured(scene),
        next_what=what,
        next_at=at,
        change=change(scene),
        because=standing.because(scene),
        duration_s=_duration(scene) if over else None,
        buttons=standing.valid(scene),
        warnings=_warnings(scene),
    )


def _warnings(scene: scenes.Scene) -> tuple[str, ...]:
    if scene.spec is None:
        return ()
    remarks = (*scene.spec.warnings, *analysis_refs.remarks(scene.spec, scene.seen))
    return (*_frozen(scene), *remarks)[:4]


def _frozen(scene: scenes.Scene) -> tuple[str, ...]:
    """A freeze that has not held anything of it yet: people plan by it all the same."""
    idle = scene.promoted or scene.status.abort or scene.first
    if idle or scenes.held(scene) is not None:
        return ()
    if scene.sheet is not None and (unknown := unread.of(scene.sheet)) is not None:
        return (unread.words(unknown),)
    where = scene.rollout
    found = freezes.applying(
        scene.seen.freezes, where.namespace, where.name, scene.now, revision=scene.hash
    )
    return tuple(freezes.words(one) for one in found[:1])


def _share(scene: scenes.Scene) -> facts.ShareFact | None:
    """The share by pods, where no router sets it and it is not what was asked."""
    if scene.spec is None or scene.spec.canary.routed or scene.promoted or scene.new is None:
        return None
    if scene.spec.blue_green is not None:
        return None  # the pods of a preview serve no users
    ready = sum(rs.available for rs in scene.seen.replica_sets)
    if not ready:
        return None
    mine = scene.new.available
    return facts.ShareFact(percent=mine * 100 / ready, canary_pods=mine, all_pods=ready)


def _canary_pods(scene: scenes.Scene) -> facts.PodsFact | None:
    idle = scene.new is None or not scene.new.replicas or standing.safe(scene)
    if scene.new is None or (scene.status.abort and idle):
        return None  # what still runs of it serves nobody
    return facts.PodsFact(
        ready=scene.new.ready, wanted=scene.new.replicas, trouble=standing.trouble(scene)
    )


def _stable_pods(scene: scenes.Scene, *, over: bool) -> facts.PodsFact | None:
    stable = scene.new if over else scene.stable
    if stable is None or (not over and stable.hash == scene.hash):
        return None
    return facts.PodsFact(ready=stable.ready, wanted=stable.replicas)


def _duration(scene: scenes.Scene) -> float | None:
    start, end = scene.status.bot.started, standing.condition_time(scene, "Completed")
    if start is None or end is None or end < start.replace(microsecond=0):
        return None
    return max(0.0, (end - start).total_seconds())


def _superseded(scene: scenes.Scene, old: str, said: Said) -> messages.CardFacts:
    """The end of an earlier card, from what its key says and what was told of it."""
    _, _, rest = old.partition(":")
    pod_hash, _, number = rest.rpartition(":")
    found = scenes.label(scene.of_hash(pod_hash))
    label = facts.RevisionLabel(
        number=int(number) if number.isdecimal() else 0,
        hash=pod_hash,
        images=found.images if found is not None else (),
    )
    now = scenes.revision(scene)
    back = scene.promoted and now.number != label.number
    text = f"users stay on v{now.number}" if back else f"v{now.number} was shipped"
    return messages.CardFacts(
        rollout=scene.rollout,
        news=News.SUPERSEDED,
        revision=label,
        stable=scenes.former(scene),
        weight=0,
        because=f"{_came_to(rest, said)}{text}",
    )


def _came_to(revision: str, said: Said) -> str:
    """What its card must go on saying, whatever came after it: its thread knows."""
    thread = said.get(f"thread:{revision}", {})
    if "done" in thread:
        return "it was done; "
    alerts = [record.get("ts") for key, record in said.items() if key.startswith("alert:")]
    return "it was rolled back; " if thread.get("ts") and thread["ts"] in alerts else ""
