"""The gate: a loud request for approval, and what became of it."""

from bot.model import messages
from bot.model.messages import Closing
from bot.render import blocks, metrics, switches, words

SHOWN = 6
ENDED = {
    Closing.APPROVED: "approved",
    Closing.ABORTED: "aborted",
    Closing.PROMOTED_ELSEWHERE: "promoted",
    Closing.ABORTED_ELSEWHERE: "aborted",
    Closing.ROLLED_BACK: "rolled back",
    Closing.MEASURED_AGAIN: "measured again",
    Closing.GLASS: "passed by break-glass",
    Closing.CONTINUED: "goes on",
    Closing.SUPERSEDED: "over",
    Closing.OVER: "over",
}
NAMELESS = (
    "nobody knows who shipped it, and they may not: "
    "it stays shut until the annotation rollout-bot.io/shipped-by names them"
)


def gate(facts: messages.GateFacts) -> messages.Message:
    """The request; once decided its buttons are gone and the last line says by whom."""
    stakes = blocks.Stakes(
        revision=facts.revision,
        stable=facts.stable,
        weight=facts.weight_to,
    )
    is_open = facts.decided is None
    parts = [
        *blocks.section([first_line(facts), *(_effects(facts) if is_open else ())]),
        *blocks.section([_so_far(facts), _because(facts) if is_open else ""]),
        *blocks.context([metrics.look(facts.metrics)]),
        *blocks.context([_changed(facts), *_open(facts)] if is_open else [_changed(facts)]),
        *blocks.section([] if facts.decided is None else [decision(facts, facts.decided)]),
        *blocks.actions(facts.buttons if is_open else (), stakes),
    ]
    return blocks.message(_text(facts), parts, generation=facts.generation)


def _move(facts: messages.GateFacts) -> str:
    if facts.inconclusive:
        return f"inconclusive at {words.percent(facts.weight_from)}"
    if facts.switch is not None:
        return "the switch of all users"
    return f"{words.percent(facts.weight_from)} → {words.percent(facts.weight_to)}"


def first_line(facts: messages.GateFacts) -> str:
    who, place = words.who(facts.rollout, facts.revision), words.name(facts.rollout.cluster)
    if facts.decided is None:
        return f"*{who} waits for you: {_move(facts)}* · {place}"
    return f"*{who}*: {_move(facts)}, {ENDED[facts.decided.closing]} · {place}"


def _effect(facts: messages.GateFacts) -> str:
    new = words.revision(facts.revision)
    if facts.inconclusive:
        return "Its analysis came to no verdict. Measure again, go on without one, or abort."
    if facts.weight_to < 100:
        return f"Approve sends {words.percent(facts.weight_to)} of traffic to {new}."
    warm = ""
    if facts.stable is not None and facts.stable_warm_s:
        time = words.duration(facts.stable_warm_s)
        warm = f"; {words.revision(facts.stable)} stays warm for {time}"
    if facts.switch is not None:
        return f"Switch traffic sends all users to {new}{warm}."
    return f"Approve sends all traffic to {new}{warm}."


def _effects(facts: messages.GateFacts) -> list[str]:
    return [_effect(facts), _plan(facts.plan)]


def _plan(plan: messages.PodsPlanFact | None) -> str:
    """The pods that it takes, and whether there is room for them."""
    if plan is None or (plan.pods_now == plan.pods_then and not plan.more):
        return ""
    then = words.count(plan.pods_then, "pod", "pods")
    more = f" ({plan.more} more at once)" if plan.more else ""
    room = words.plain(plan.room, 200) if plan.more else ""
    return words.joined([f"{plan.pods_now} → {then}{more}", room])


def _so_far(facts: messages.GateFacts) -> str:
    took = "" if facts.so_far_s is None else f"{words.duration(facts.so_far_s)}, "
    reached = f"up to {words.percent(facts.weight_from)}"
    if facts.switch is not None and not facts.switch.switched:
        reached = "nobody is on it"
    if facts.header_route:
        share = words.percent(facts.weight_from)
        reached = f"{share} by weight; everyone with {words.header(facts.header_route)}"
    start = f"so far: {took}{reached}."
    if not facts.measured and facts.decided is not None:
        return f"{start} Nothing was measured."
    if not facts.measured:
        return f"{start} Nothing is measured: your look alone decides."
    return words.joined([start, metrics.so_far(facts.metrics)], " ")


def _because(facts: messages.GateFacts) -> str:
    return words.plain(facts.because, 300) if facts.inconclusive else ""


def _changed(facts: messages.GateFacts) -> str:
    changes = words.image_changes(facts.stable, facts.revision)[:3]
    changes += [words.plain(item, 120) for item in facts.change.changes[:SHOWN]]
    if len(facts.change.changes) > SHOWN:
        changes.append(f"{len(facts.change.changes) - SHOWN} more changes")
    said = words.joined([*changes, _source(facts.change)])
    return f"changed: {said}" if said else ""


def _source(change: messages.ChangeFact) -> str:
    """The commit and whose it is; who shipped it is named apart where that is somebody else."""
    source = words.source(change)
    if change.by is None:
        return source
    shipped = f"by {words.person(change.by)}"
    if change.author not in ("", change.by.name):
        return words.joined([source, f"shipped {shipped}"])
    return f"{source or 'shipped'} {shipped}"


def _open(facts: messages.GateFacts) -> list[str]:
    return [switches.preview(facts.switch), _approvers(facts)]


def _approvers(facts: messages.GateFacts) -> str:
    asked = [words.mention(someone) for someone in facts.asked[:10]]
    may = words.joined([words.plain(facts.approvers, 400), *asked], ", ")
    if may and facts.excluded and not facts.nameless:
        may += f", not {' or '.join(words.person(one) for one in facts.excluded[:4])}"
    may = words.joined([may, words.plain(facts.quorum, 400)], "; ")
    until = words.plain(facts.then, 60)
    if facts.until is not None:
        until = f"until {words.by_day(facts.until)}, then {until}"
    unknown = NAMELESS if facts.nameless else ""
    return words.joined([f"may approve: {may}" if may else "", unknown, until])


def decision(facts: messages.GateFacts, decided: messages.GateDecision) -> str:
    """How the wait ended. An edit calls nobody, so the person may be a mention here."""
    at = "" if decided.at is None else f" {words.at(decided.at)}"
    by = words.mention(decided.by) if decided.by is not None else "somebody"
    if decided.others:
        by = f"{words.joined([words.mention(one) for one in decided.others[:9]], ', ')} and {by}"
    how = words.plain(decided.how, 80) or "elsewhere"
    new = words.revision(facts.revision)
    nameless = "" if decided.by is not None else " (no name known)"
    named = f" by {by}" if decided.by is not None else ""
    match decided.closing:
        case Closing.APPROVED:
            if facts.inconclusive and decided.to is None:
                return f"✓ approved by {by}{at} · {new} is measured again"
            to = facts.weight_to if decided.to is None else decided.to
            return f"✓ approved by {by}{at} · {new} goes to {words.percent(to)}"
        case Closing.ABORTED:
            asked = decided.by is not None and bool(decided.by.slack_id)
            none = "asked in the thread for the reason" if asked else "no reason given"
            reason = words.quoted(decided.because) or none
            return f"✗ aborted by {by}{at} · {reason}"
        case Closing.PROMOTED_ELSEWHERE:
            return f"closed: promoted{named} {how} at{at or ' some time'}{nameless}"
        case Closing.ABORTED_ELSEWHERE:
            return f"closed: aborted{named} {how} at{at or ' some time'}{nameless}"
        case Closing.ROLLED_BACK:
            because = words.plain(decided.because) or "its analysis failed"
            return f"closed: rolled back by itself{at}: {because}"
        case Closing.MEASURED_AGAIN:
            return f"✓ {new} is measured again, by {by}{at}"
        case Closing.CONTINUED:
            return f"✓ {new} goes on without a verdict, by {by}{at}"
        case Closing.GLASS:
            return f"✓ break-glass{at}: {words.plain(decided.because)}"
        case Closing.SUPERSEDED:
            return f"closed: {words.revision(decided.successor, 'another revision')} was shipped"
        case Closing.OVER:
            return f"closed: {words.plain(decided.because) or 'the step is over'}"


def _text(facts: messages.GateFacts) -> str:
    who = words.who(facts.rollout, facts.revision)
    where = f"in {words.name(facts.rollout.cluster)}"
    if facts.decided is None and facts.inconclusive:
        held = words.percent(facts.weight_from)
        return f"{who} waits for you {where}: its analysis was inconclusive at {held}."
    if facts.decided is None:
        if facts.switch is not None:
            return f"{who} waits for you {where} to switch all users to it."
        start, to = words.percent(facts.weight_from), words.percent(facts.weight_to)
        return f"{who} waits for approval {where} to go from {start} to {to}."
    return f"{who} {where}, {_move(facts)}: {decision(facts, facts.decided)}."
