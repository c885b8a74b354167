"""The card: the one message of a rollout and revision, edited in place. News first."""

from bot.model import messages
from bot.model.messages import News, StepState
from bot.render import blocks, metrics, switches, words

STEPS_SHOWN = 8  # with more, what is done and what is far away fold
STEPS_AHEAD = 3
FINISHED = (News.DONE, News.ROLLED_BACK, News.SUPERSEDED)
MOVING = (News.MOVES, News.WAITS, News.HOLDS, News.NOT_READY)
SIGNS = {
    News.WAITS: "⏸ ",
    News.HOLDS: "⏸ ",
    News.DONE: "✓ ",
    News.ROLLED_BACK: "✗ ",
    News.INVALID: "! ",
    News.NOT_RUN: "! ",
}


def card(facts: messages.CardFacts) -> messages.Message:
    """The card. A finished one keeps its facts, *Why*, and a fast way back."""
    if facts.first:
        line = blocks.section([first_line(facts)])
        return blocks.message(_text(facts), line, generation=facts.generation)
    parts = [
        *blocks.section([first_line(facts), _because(facts)]),
        *blocks.section([_share(facts), steps_line(facts.steps, here=here(facts))]),
        *blocks.context([_pods(facts)]),
        *blocks.section(_metrics(facts)),
        *blocks.context([_next(facts), _left(facts), *_places(facts), *_notes(facts)]),
        *blocks.actions(_buttons(facts), _stakes(facts)),
    ]
    return blocks.message(_text(facts), parts, generation=facts.generation)


def first_line(facts: messages.CardFacts) -> str:
    """What is true now and for whom: all that a notification shows."""
    who = f"*{words.who(facts.rollout, facts.revision)}*"
    said = [_deployed(facts)] if facts.first else _news(facts)
    news = words.joined([who, *said, words.name(facts.rollout.cluster)])
    mark = "_observing_ · " if facts.observing else ""
    return SIGNS.get(facts.news, "") + mark + news


def _news(facts: messages.CardFacts) -> list[str]:
    said = None if facts.switch is None else switches.news(facts, facts.switch)
    return _of_weights(facts) if said is None else said


def _of_weights(facts: messages.CardFacts) -> list[str]:
    weight, because = words.percent(facts.weight), words.plain(facts.because, 160)
    match facts.news:
        case News.MOVES:
            share = "by weight" if facts.header_route else "of traffic"
            return [f"{weight} {share}", _position(facts)]
        case News.WAITS:
            return [words.link(facts.gate_url, f"waits for approval at {weight}")]
        case News.HOLDS:
            return [f"holds at {weight}" + (f": {because}" if because else "")]
        case News.NOT_READY:
            return [_not_ready(facts)]
        case News.ROLLING_BACK:
            return [f"is being rolled back: {weight} of users still on it"]
        case News.ROLLED_BACK:
            return [f"rolled back, users on {words.revision(facts.stable)}"]
        case News.DONE:
            took = "" if facts.duration_s is None else words.duration(facts.duration_s)
            return [f"done, {weight}", took]
        case News.SUPERSEDED:
            return [f"over: {because or 'another revision was shipped'}"]
        case News.INVALID | News.NOT_RUN:
            return [f"not run: {because or 'its manifest is not valid'}"]


def _deployed(facts: messages.CardFacts) -> str:
    pods = facts.stable_pods
    there = f", {pods.ready} of {words.count(pods.wanted, 'pod', 'pods')} ready" if pods else ""
    return f"first deployment{there}"


def _because(facts: messages.CardFacts) -> str:
    said = (News.HOLDS, News.SUPERSEDED, News.INVALID, News.NOT_RUN)
    return "" if facts.news in said else words.plain(facts.because)


def _position(facts: messages.CardFacts) -> str:
    for index, step in enumerate(facts.steps, start=1):
        if step.state is StepState.CURRENT:
            return f"step {index}{words.KEEP}of{words.KEEP}{len(facts.steps)}"
    return ""


def _not_ready(facts: messages.CardFacts) -> str:
    pods, side = facts.canary_pods, _side(facts)
    if pods is None:
        return f"{side} not ready"
    trouble = f", {words.plain(pods.trouble, 120)}" if pods.trouble else ""
    return f"{side} not ready: {pods.ready} of {pods.wanted} pods{trouble}"


def _side(facts: messages.CardFacts) -> str:
    return "canary" if facts.switch is None else "preview"


def here(facts: messages.CardFacts) -> str:
    """The sign of the step that it stands at, or that it never got past."""
    return "✗" if facts.news in (News.ROLLED_BACK, News.ROLLING_BACK) else "▶"


def steps_line(steps: tuple[messages.StepFact, ...], *, here: str = "▶") -> str:
    """Every step with the present one marked; of many, the done and the far ones fold."""
    done = [step for step in steps if step.state is StepState.DONE]
    now = [step for step in steps if step.state is StepState.CURRENT]
    ahead = [step for step in steps if step.state is StepState.COMING]
    parts = [f"{words.plain(step.text, 40)}{words.KEEP}✓" for step in done]
    hidden = 0
    if len(steps) > STEPS_SHOWN:
        parts = [f"✓ {words.count(len(done), 'step', 'steps')}"] if done else []
        hidden = len(ahead[STEPS_AHEAD:])
        ahead = ahead[:STEPS_AHEAD]
    parts += [f"{here} *{words.plain(step.text, 40)}*" for step in now]
    parts += [words.plain(step.text, 40) for step in ahead]
    return " → ".join(parts) + (f" + {hidden}" if hidden else "")


def _headed(facts: messages.CardFacts) -> str:
    everyone = words.header(facts.header_route)
    return f" by weight and has everyone with {everyone}" if everyone else ""


def _share(facts: messages.CardFacts) -> str:
    if facts.news not in MOVING:
        return ""
    if facts.header_route:
        weight = words.percent(facts.weight)
        return f"{weight} by weight; everyone with {words.header(facts.header_route)}"
    if facts.share is None:
        return ""
    share = facts.share
    return (
        f"{words.percent(facts.weight)} asked, {words.percent(share.percent)} real "
        f"({share.canary_pods} of {words.count(share.all_pods, 'pod', 'pods')})"
    )


def _pods(facts: messages.CardFacts) -> str:
    parts = []
    if facts.canary_pods is not None and facts.news is not News.NOT_READY:
        pods = facts.canary_pods
        trouble = f": {words.plain(pods.trouble, 120)}" if pods.trouble else ""
        parts.append(f"{_new(facts)} {pods.ready} of {pods.wanted} pods ready{trouble}")
    if facts.stable_pods is not None:
        pods = facts.stable_pods
        parts.append(f"stable {words.revision(facts.stable, '')} {pods.ready} of {pods.wanted}")
    return words.joined(parts)


def _new(facts: messages.CardFacts) -> str:
    """The new pods by their role: a preview is one no more once users are on it."""
    switched = facts.switch is not None and facts.switch.switched
    return words.revision(facts.revision) if switched else _side(facts)


def _metrics(facts: messages.CardFacts) -> list[str]:
    if facts.metrics:
        return metrics.lines(facts.metrics)
    silent = facts.measured or facts.news not in MOVING
    return [] if silent else ["nothing is measured: time alone decides"]


def _next(facts: messages.CardFacts) -> str:
    return words.joined([_move(facts, "next: "), *_origin(facts.change)])


def _move(facts: messages.CardFacts, prefix: str) -> str:
    if not facts.next_what or facts.news not in MOVING:
        return ""
    if facts.switch is not None:
        return f"{prefix}{switches.move(facts)}"
    when = f" at {words.at(facts.next_at)}" if facts.next_at else ""
    return f"{prefix}{words.plain(facts.next_what, 300)}{when}"


def _left(facts: messages.CardFacts) -> str:
    """What is left after the present step, where the way is longer than the next move."""
    eta = facts.eta
    if eta is None or facts.news not in (News.MOVES, News.WAITS, News.HOLDS):
        return ""
    if eta.done_at is not None:
        return (
            f"left: {words.count(eta.steps, 'step', 'steps')}, done about {words.at(eta.done_at)}"
        )
    time = f"about {words.duration(eta.machine_s)}" if eta.machine_s else ""
    parts = [words.count(eta.steps, "step", "steps") if eta.steps else "", time]
    if eta.people:
        parts.append(f"{words.count(eta.people, 'approval', 'approvals')} of unknown length")
    if eta.more:
        parts.append("and what nobody can tell")
    if eta.misses:
        parts.append(f"not all in its window: {words.plain(eta.misses, 160)}")
    said = words.joined(parts, ", ")
    return f"left: {said}" if said else ""


def _places(facts: messages.CardFacts) -> list[str]:
    moving = facts.news in MOVING
    return [switches.preview(facts.switch) if moving else "", switches.warm(facts.switch)]


def _origin(change: messages.ChangeFact) -> list[str]:
    shipped = ""
    if change.by is not None or change.at is not None:
        by = f" by {words.person(change.by)}" if change.by is not None else ""
        when = f" {words.at(change.at)}" if change.at is not None else ""
        shipped = f"shipped{by}{when}"
    return [shipped, words.source(change)]


def _notes(facts: messages.CardFacts) -> list[str]:
    notes = [f"note: {words.plain(item, 200)}" for item in facts.warnings[:4]]
    return [*notes, words.plain(facts.closing)]


def _buttons(facts: messages.CardFacts) -> list[messages.Button]:
    if facts.news not in FINISHED:
        return list(facts.buttons)
    kinds = (messages.ButtonKind.WHY, messages.ButtonKind.SWITCH_BACK)
    return [item for item in facts.buttons if item.kind in kinds]


def _stakes(facts: messages.CardFacts) -> blocks.Stakes:
    return blocks.Stakes(revision=facts.revision, stable=facts.stable)


def _text(facts: messages.CardFacts) -> str:
    """The sentence for notifications and screen readers."""
    return ("Observing: " if facts.observing else "") + _sentence(facts)


def _sentence(facts: messages.CardFacts) -> str:
    who = words.who(facts.rollout, facts.revision)
    where = f"in {words.name(facts.rollout.cluster)}"
    weight, because = words.percent(facts.weight), words.plain(facts.because, 160)
    if facts.first:
        return f"{who} {where}: {_deployed(facts)}."
    if facts.switch is not None and (said_of := switches.sentence(facts, facts.switch, where)):
        return said_of
    match facts.news:
        case News.MOVES:
            said = [f"{who} is at {weight}{_headed(facts)} {where}", _position(facts)]
            return words.joined([words.joined(said, ", "), _move(facts, "next ")], "; ") + "."
        case News.WAITS:
            return f"{who} waits for approval at {weight} {where}."
        case News.HOLDS:
            return f"{who} holds at {weight} {where}" + (f": {because}." if because else ".")
        case News.NOT_READY:
            return f"{who} {where}: {_not_ready(facts)}."
        case News.ROLLING_BACK:
            return f"{who} is being rolled back {where}: {weight} of users are still on it."
        case News.ROLLED_BACK:
            stable = words.revision(facts.stable)
            return f"{who} was rolled back {where}, users are on {stable}."
        case News.DONE:
            return f"{who} is done {where}: it serves {weight} of traffic."
        case News.SUPERSEDED | News.INVALID | News.NOT_RUN:
            return f"{who} {where}: {_news(facts)[0]}."
