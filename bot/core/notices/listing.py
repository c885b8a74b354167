"""Rows and sentences for who asks: list, what waits, get, why."""

from collections.abc import Iterable
from datetime import datetime

from bot.core import approvers_left, inconclusive, moments
from bot.core.gates import freeze_codec, freezes
from bot.core.notices import header_routes, standing
from bot.core.notices import scene as scenes
from bot.model import buttons, facts, messages, world
from bot.model.facts import News


def row(scene: scenes.Scene) -> messages.RowFact:
    """One rollout in a line."""
    news = standing.news(scene)
    known = scene.new is not None
    _, at = standing.next_move(scene)
    return messages.RowFact(
        rollout=scene.rollout,
        news=news,
        revision=scenes.revision(scene) if known else None,
        what=_what(scene, news),
        since_s=_since(scene, news),
        next_at=at if news is News.MOVES else None,
        buttons=_buttons(scene, news),
    )


def _what(scene: scenes.Scene, news: News) -> str:
    weight = scenes.weight(scene)
    match news:
        case News.WAITS:
            return f"approval at {_share(scene)}"
        case News.HOLDS:
            return f"holds at {_share(scene)}: {standing.because(scene)}"
        case News.NOT_RUN:
            return f"not run: {scene.problem}"
        case News.INVALID:
            return f"not valid: {scene.problem}"
        case News.ROLLED_BACK:
            return _back("rolled back", scene)
        case News.ROLLING_BACK:
            return _back(f"being rolled back, {weight} % of users still on it", scene)
        case News.DONE:
            return "done"
        case News.NOT_READY:
            return f"canary not ready: {standing.trouble(scene) or 'pods are missing'}"
        case _:
            return _moves(scene)


def _share(scene: scenes.Scene) -> str:
    """The weight; that it is not all where a header brings people whatever it is."""
    by_weight = " by weight" if header_routes.text(scene) else ""
    return f"{scenes.weight(scene)} %{by_weight}"


def _back(text: str, scene: scenes.Scene) -> str:
    return _with(text, standing.because(scene))


def _with(text: str, because: str) -> str:
    """The cause after what it caused; what happened by itself is one phrase with it."""
    if not because:
        return text
    return f"{text} {because}" if because.startswith("by itself") else f"{text}: {because}"


def _moves(scene: scenes.Scene) -> str:
    steps = standing.steps(scene)
    for number, step in enumerate(steps, start=1):
        if step.state is facts.StepState.CURRENT:
            return f"{_share(scene)}, step {number} of {len(steps)}"
    return "first pods are coming up" if scene.promoted else _share(scene)


def _since(scene: scenes.Scene, news: News) -> float | None:
    start = _start(scene, news)
    return None if start is None else float(max(0, round((scene.now - start).total_seconds())))


def _start(scene: scenes.Scene, news: News) -> datetime | None:
    held = scenes.pause(scene)
    if news in {News.WAITS, News.HOLDS} and held is not None:
        return held.start
    if news is News.ROLLED_BACK:
        return scenes.time(scene.abort.get("safeAt"))
    if news is News.DONE:
        return standing.condition_time(scene, "Completed")
    return None


def _buttons(scene: scenes.Scene, news: News) -> tuple[buttons.Button, ...]:
    if news is News.WAITS or (news is News.HOLDS and scenes.gate(scene)):
        return standing.made(scene, *standing.at_gate(scene))
    return ()


WAITING = (News.WAITS, News.HOLDS)
MOVING = (News.MOVES, News.NOT_READY, News.ROLLING_BACK)


def rows(found: Iterable[scenes.Scene]) -> tuple[messages.RowFact, ...]:
    """All of them: what waits first, then what moves, then the rest, each by name."""
    made = [row(scene) for scene in found]
    return tuple(sorted(made, key=_order))


def _order(one: messages.RowFact) -> tuple[int, str, str]:
    rank = 0 if one.news in WAITING else 1 if one.news in MOVING else 2
    return rank, one.rollout.namespace, one.rollout.name


def waiting(cluster: str, found: Iterable[scenes.Scene]) -> messages.WaitingFacts:
    """What waits for a person, and what moves by itself."""
    made = rows(found)
    return messages.WaitingFacts(
        cluster=cluster,
        waiting=tuple(r for r in made if r.news in WAITING),
        moving=tuple(r for r in made if r.news in MOVING),
    )


def why(
    scene: scenes.Scene, *, approvers: str = "", rolls: approvers_left.Rolls | None = None
) -> messages.SentenceFacts:
    """What is and since when, then what would change it: from the reasons of the decision.

    ``rolls`` are the members of groups of Slack, as far as they are known.
    """
    who = f"{scene.rollout.name} v{scenes.revision(scene).number}"
    now = approvers_left.told(_now(scene), scene.sheet, rolls)
    if now is None or standing.news(scene) in _OVER:
        said = (_is(scene, who), _changes(scene, approvers))
        return messages.SentenceFacts(
            sentences=tuple(filter(None, said)), buttons=_why_buttons(scene)
        )
    frees = now.frees if not approvers else now.frees.replace("when somebody", _one_of(approvers))
    return messages.SentenceFacts(
        sentences=(_stands(scene, who, now), frees),
        buttons=_freeing(scene, now),
    )


_OVER = (News.DONE, News.ROLLED_BACK, News.ROLLING_BACK, News.INVALID, News.NOT_RUN)


def _one_of(approvers: str) -> str:
    return f"when one of {approvers}"


def _now(scene: scenes.Scene) -> world.Reason | None:
    """The reason that says why it stands where it stands, if the decision has one."""
    return next((one for one in reversed(scene.reasons) if one.frees), None)


def _stands(scene: scenes.Scene, who: str, now: world.Reason) -> str:
    said, share = now.sentence, _share(scene)
    if trouble := standing.trouble(scene):
        said = f"{said}: {trouble}"
    since = "" if now.since is None else f" It has been so {_since_text(now.since, scene.now)}."
    if now.rule.endswith(":gate"):
        place = enumerate(standing.steps(scene), 1)
        number = next((n for n, s in place if s.state is facts.StepState.CURRENT), 0)
        step = f"step {number} is " if number else "it waits for "
        return f"{who} is at {share} because {step}{said}.{since}"
    if standing.news(scene) is News.HOLDS:
        return f"{who} holds at {share}: {said}.{since}"
    return f"{who} is at {share}: {said}.{since}"


def _since_text(since: datetime, now: datetime) -> str:
    minutes = int((now - since).total_seconds()) // 60
    if minutes >= 120:
        length = f"{minutes // 60} h"
    else:
        length = f"{minutes} min" if minutes else "less than a minute"
    return f"since {moments.utc(since)} ({length})"


def _freeing(scene: scenes.Scene, now: world.Reason) -> tuple[buttons.Button, ...]:
    """The buttons that would free it, of those that are known here."""
    known = {kind.value for kind in buttons.ButtonKind}
    kinds = [buttons.ButtonKind(act) for act in now.acts if act in known]
    return (*_resuming(scene), *standing.made(scene, *kinds))


def _resuming(scene: scenes.Scene) -> tuple[buttons.Button, ...]:
    """Ends the freeze that holds it; of several none, since none of them alone would free it."""
    held = scenes.held(scene)
    if scene.sheet is None or held is None or not held.rule.startswith(freezes.RULE):
        return ()
    found = freezes.holding(scene.sheet)
    if len(found) != 1:
        return ()
    scope = freeze_codec.shown(found[0].scope)
    return (buttons.resume(cluster=scene.rollout.cluster, freeze=found[0].id, scope=scope),)


def _is(scene: scenes.Scene, who: str) -> str:
    share, news = _share(scene), standing.news(scene)
    because = standing.because(scene)
    match news:
        case News.WAITS:
            place = standing.steps(scene)
            number = next(
                (n for n, s in enumerate(place, 1) if s.state is facts.StepState.CURRENT), 0
            )
            return (
                f"{who} is at {share} because step {number} is an approval "
                "that nobody has given yet."
            )
        case News.HOLDS:
            return f"{who} holds at {share}: {because}."
        case News.DONE:
            return f"{who} is done: it serves all traffic."
        case News.NOT_READY if standing.trouble(scene):
            return f"{who} is at {share}: its pods do not get ready: {standing.trouble(scene)}."
        case News.ROLLED_BACK:
            return f"{_with(f'{who} was rolled back', because)}."
        case News.ROLLING_BACK:
            trouble = str(scene.abort.get("trouble", ""))
            late = f" Not yet safe: {trouble}" if trouble else ""
            return f"{_with(f'{who} is being rolled back', because)}.{late}"
        case News.INVALID:
            return f"{scene.rollout.name} is not run: its manifest is not valid: {because}"
        case News.NOT_RUN:
            return f"{scene.rollout.name} is left exactly as it is: {because}."
        case _:
            return f"{who} is at {share}: {_reason(scene)}."


def _reason(scene: scenes.Scene) -> str:
    """The last rule that spoke of the present step."""
    for reason in reversed(scene.reasons):
        if reason.rule.startswith("step-"):
            return reason.sentence
    return scene.reasons[-1].sentence if scene.reasons else "it moves by itself"


def _changes(scene: scenes.Scene, approvers: str) -> str:
    what, at = standing.next_move(scene)
    match standing.news(scene):
        case News.WAITS:
            who = f"one of {approvers}" if approvers else "somebody"
            return f"It moves on to {scenes.coming(scene)} % when {who} approves."
        case News.HOLDS if scene.spec is not None and scene.spec.paused:
            return "It moves on when spec.paused is taken away."
        case News.HOLDS:
            return "It moves on when somebody promotes it; abort takes it back."
        case News.MOVES | News.NOT_READY if what:
            when = f" at {moments.exactly(at)}" if at is not None else ""
            return f"Next: {what}{when}."
        case News.ROLLED_BACK:
            return (
                "Retry starts it again from the first step; "
                "undo sets the manifest back to the stable revision."
            )
        case News.DONE:
            return "Ship a new version to start the next update."
        case News.INVALID | News.NOT_RUN:
            return "Change the manifest to go on."
        case _:
            return ""


def _why_buttons(scene: scenes.Scene) -> tuple[buttons.Button, ...]:
    if found := _buttons(scene, standing.news(scene)):
        return found
    if scene.status.abort:
        return standing.made(scene, buttons.ButtonKind.RETRY, buttons.ButtonKind.UNDO)
    kinds = standing.valid(scene)
    return tuple(b for b in kinds if b.kind is not buttons.ButtonKind.WHY)


_VERBS = {"promote-full": "promote", "measure-again": "measure again"}


def useless(scene: scenes.Scene, kind: str) -> str:
    """Why ``kind`` can do nothing now and what would help; empty where it can do something."""
    who = f"{scene.rollout.name} v{scenes.revision(scene).number}"
    if scene.problem:
        return f"{scene.rollout.name} is not run: {scene.problem}. Change the manifest first."
    if scene.promoted:
        return f"{who} is done: nothing to {_VERBS.get(kind, kind)}. Ship a new version first."
    if kind == "retry" and not scene.status.abort:
        return f"{who} was not aborted: nothing to retry."
    if kind == "abort" and scene.status.abort:
        return f"{who} is aborted already: users are going back to the stable revision."
    if kind not in {"retry", "abort"} and scene.status.abort:
        return f"{who} was aborted: nothing to {_VERBS.get(kind, kind)}. Retry starts it again."
    if kind in inconclusive.KINDS and not scenes.inconclusive(scene):
        return f"{who} has no analysis without a verdict: nothing to {_VERBS.get(kind, kind)}."
    if kind == "promote-full" and scene.status.promote_full and not scenes.gate(scene):
        return f"{who} goes to 100 % already: all its steps are skipped."
    return ""
