"""What stands in a channel and is of no single card, and what one person reads: answers, Home."""

import dataclasses
from collections.abc import Iterator
from datetime import timedelta

from bot.model import feed, past, policy, records
from bot.model import home as home_model
from bot.model import messages as m
from bot.render import answers, blocks, home, rendering
from bot.render import feed as feed_drawing
from bot.render import past as past_drawing
from tests.gallery.sample import LEE, SAM, Sample, of
from tests.render import examples as ex
from tests.render import test_golden_freezes as freezes
from tests.render import test_golden_trials as trials
from tests.render.test_past import record

N, C = m.News, m.Closing
RESUME = m.Button(
    kind=m.ButtonKind.RESUME, value=dataclasses.replace(ex.VALUE, namespace="", name="f1")
)
NAMES = tuple(f"app-{n}" for n in range(12))
STOPPED = dataclasses.replace(
    freezes.FROZEN,
    stop=True,
    until=None,
    scope="all",
    reason="payments are down, see incident 4711",
    rollouts=NAMES,
    count=31,
    buttons=(RESUME,),
)
FROZEN = dataclasses.replace(freezes.FROZEN, reason="database incident 42")
GLASS = m.GlassFacts(
    rollout=ex.ROLLOUT,
    revision=ex.V42,
    by=SAM,
    reason="payments are down, the fix cannot wait for Monday",
    until=ex.at(12, 45),
    buttons=tuple(map(ex.button, ("agree", "refuse"))),
)


def experiments() -> Iterator[Sample]:
    """One from its first pod to each of its ends."""
    begun = tuple(dataclasses.replace(one, ready=0) for one in trials.RUNNING.sides)
    starting = dict(phase="Pending", sides=begun, rows=(), analyses=2, until=None)
    yield of("experiment-starts", dataclasses.replace(trials.RUNNING, **starting))
    yield of("experiment-runs", trials.RUNNING)
    good = tuple(
        dataclasses.replace(
            row, metric=dataclasses.replace(row.metric, verdict=m.Verdict.SUCCESSFUL)
        )
        for row in trials.RUNNING.rows
        if row.template != "candidate"
    )
    done = dict(phase="Successful", over=True, until=None, rows=good)
    yield of("experiment-done", dataclasses.replace(trials.RUNNING, **done))
    verdicts = (m.Verdict.SUCCESSFUL, m.Verdict.FAILED, m.Verdict.INCONCLUSIVE)
    rows = tuple(
        dataclasses.replace(row, metric=dataclasses.replace(row.metric, verdict=verdict))
        for row, verdict in zip(trials.RUNNING.rows, verdicts, strict=True)
    )
    over = dict(phase="Failed", over=True, because="success-rate of candidate failed", rows=rows)
    yield of("experiment-failed", dataclasses.replace(trials.RUNNING, until=None, **over))


def standing() -> Iterator[Sample]:
    """What stands in a channel and is neither card nor gate."""
    yield of("freeze-begun", FROZEN)
    yield of("freeze-over", dataclasses.replace(FROZEN, over=True, ended_by=SAM))
    yield of("line-stopped", STOPPED)
    yield of("line-moves", dataclasses.replace(STOPPED, over=True, ended_by=SAM, buttons=()))
    yield of("glass-asked", GLASS)
    for agreed, name in ((True, "agreed"), (False, "refused"), (None, "unanswered")):
        second = None if agreed is None else LEE
        over = dict(over=True, agreed=agreed, second=second, at=ex.at(12, 40))
        yield of(f"glass-{name}", dataclasses.replace(GLASS, **over))
    yield from experiments()
    for cause, what in DIGESTS.items():
        found = HELD if cause is m.DigestCause.HELD else (WAITS, BACK, *MOVING)
        yield of(
            f"digest-{cause}",
            m.DigestFacts(cluster="prod-eu", cause=cause, what=what, rows=found),
        )


DIGESTS = {
    m.DigestCause.IMAGE: "registry/shop/checkout:v42",
    m.DigestCause.COMMIT: "3f2a1c",
    m.DigestCause.HELD: "freeze shop/*: database incident 42",
    m.DigestCause.BURST: "",
    m.DigestCause.BUDGET: "",
}
OPEN_URL = "https://x.slack.com/archives/C1/p1"
WAITS = ex.row(
    N.WAITS,
    "checkout",
    42,
    "approval at 50 %",
    since_s=360,
    buttons=(ex.button("open", url=OPEN_URL), ex.button("approve", weight=100)),
)
UNCLEAR = ex.row(
    N.HOLDS,
    "cart",
    17,
    "inconclusive: p95-latency",
    since_s=120,
    buttons=(ex.button("open", url=OPEN_URL),),
)
BACK = ex.row(
    N.ROLLED_BACK,
    "till",
    3,
    "rolled back: success-rate 92.1 %",
    since_s=7_200,
    buttons=tuple(map(ex.button, ("retry", "undo", "why"))),
)
MOVING = tuple(
    ex.row(N.MOVES, name, 9, "25 %, step 3 of 7", next_at=ex.at(12, 9))
    for name in ("search", "recommendation-engine-personalization-api")
)
HELD = tuple(
    ex.row(N.HOLDS, name, 9, "25 %, step 3 of 7: freeze shop/*", since_s=720)
    for name in ("checkout", "search", "till", "recommendation-engine-personalization-api")
)
NOT_RUN = ex.row(
    N.NOT_RUN,
    "ads",
    None,
    "not run: strategy.canary.trafficRouting.apisix is not supported yet",
)
STAGES = (
    m.StageFact(text="10 %", weight=10, canary=1, stable=9, at=ex.at(12, 0)),
    m.StageFact(text="pause 2 min", weight=10, canary=1, stable=9, at=ex.at(12, 2)),
    m.StageFact(text="analysis success-rate", weight=10, canary=1, stable=9, at=ex.at(12, 2)),
    m.StageFact(text="50 %", weight=50, canary=5, stable=5),
    m.StageFact(
        text="100 %",
        weight=100,
        canary=10,
        stable=0,
        at=ex.at(9, 0) + timedelta(days=3),
        held="window business-hours",
    ),
)


def listings() -> Iterator[Sample]:
    waiting = m.WaitingFacts(cluster="prod-eu", waiting=(WAITS, UNCLEAR), moving=MOVING)
    yield of("waiting", waiting)
    yield of("waiting-nothing", m.WaitingFacts(cluster="prod-eu", moving=MOVING[:1]))
    done = ex.row(N.DONE, "basket", 16, "done", since_s=7200)
    rows = (WAITS, UNCLEAR, *MOVING, done, BACK, NOT_RUN)
    yield of("list", m.ListFacts(cluster="prod-eu", namespace="shop", rows=rows))
    yield of("list-of-none", m.ListFacts(cluster="prod-eu", namespace="shop"))
    why = (
        "checkout v42 is at 50 % because step 6 is an approval nobody has given yet (6 min).",
        "It moves on when one of #checkout approves, not dana. "
        "It goes back if success-rate fails 3 times (0 so far).",
    )
    stakes = dict(revision=ex.V42, stable=ex.V41, weight=100)
    buttons = tuple(ex.button(kind, **stakes) for kind in ("approve", "abort"))
    yield of("why", m.SentenceFacts(sentences=why, buttons=buttons))
    plan = dict(rollout=ex.ROLLOUT, stages=STAGES, now=ex.at(12, 0))
    yield of("plan", m.PlanFacts(revision=ex.V42, **plan))
    yield of("plan-of-the-next", m.PlanFacts(revision=None, sides=("preview", "active"), **plan))
    yield of("plan-none", m.PlanFacts(revision=None, **plan, problem="its manifest is not valid"))


def asked() -> Iterator[Sample]:
    """Short answers that one person reads."""
    decided = m.GateDecision(closing=C.APPROVED, by=SAM, at=ex.at(12, 31))
    known = ("list", "get", "why", "promote", "abort", "retry", "undo")
    found = {
        "late": answers.late(
            rendering.render(m.SentenceFacts(sentences=("cart is at 25 %.",))), silent_s=42
        ),
        "denied": answers.denied("Only sre may approve this.", ask=("UALICE0001", "UBOB000001")),
        "recording": answers.recording(m.ButtonKind.APPROVE),
        "stale": answers.stale(rollout=ex.ROLLOUT, revision=ex.V42, weight=100, decided=decided),
        "refused": answers.refused(approvers="#checkout", excluded=ex.DANA, ask=(SAM,)),
        "not_written": answers.not_written(),
        "cluster_away": answers.cluster_away(3),
        "no_such": answers.no_such(wanted="chekout", namespace="shop", near=("checkout",)),
        "unknown_word": answers.unknown_word(known=known, near=("promote",)),
        "usage": answers.usage(
            [
                "/rollout promote [NAME] [--full]   pass the present pause or gate",
                "example: /rollout promote checkout",
            ]
        ),
    }
    for name, message in found.items():
        yield Sample(name=f"answer-{name}", message=message, is_private=True)


def dialogs() -> Iterator[Sample]:
    """What is asked once more before a press that moves traffic."""
    stakes = dict(revision=ex.V42, stable=ex.V41, weight=50)
    for kind in m.ButtonKind:
        button = ex.button(kind, **stakes)
        if blocks.ask(button) is None:
            continue
        message = rendering.render(m.SentenceFacts(sentences=(kind,), buttons=(button,)))
        yield Sample(name=f"dialog-{kind}", message=message, press=m.ACTION_PREFIX + kind)


def troubles() -> Iterator[Sample]:
    channel = dict(channel="#checkout", rollout="checkout")
    yield of("trouble-not-in-channel", m.NotInChannel(**channel, meanwhile="#releases"))
    yield of("trouble-nobody-hears", m.NotInChannel(**channel))
    lines = (
        "checkout went 10 → 50 % and waits for approval",
        "search v9 finished",
        *(f"app-{n} went 10 → 25 %" for n in range(9)),
    )
    span = dict(since=ex.at(12, 1), until=ex.at(12, 40))
    yield of("catch-up", m.SlackWasAway(**span, lines=lines))
    away = m.MetricsAway(server="prometheus:9090", since=ex.at(12, 5), holding=3)
    yield of("metrics-away", away)
    yield of("metrics-again", dataclasses.replace(away, until=ex.at(12, 20)))


def private() -> Iterator[Sample]:
    """What subscribers read in private: one piece of news, and what their night held back."""
    news = tuple(
        feed.Event(
            kind=kind,
            id=f"e{n}",
            at=ex.at(2, n),
            rollout=ex.ROLLOUT,
            revision=ex.V42,
            stable=ex.V41,
            weight=50,
            weight_to=100,
            metric=ex.FAILED if kind is feed.Kind.ROLLED_BACK else None,
        )
        for n, kind in enumerate(feed.Kind)
    )
    for one in news:
        yield Sample(name=f"private-{one.kind}", message=feed_drawing.message([one], buttons=True))
    yield from escalations(next(one for one in news if one.kind is feed.Kind.STILL_WAITS))
    held = feed_drawing.message(news, since=feed_drawing.QUIET)
    yield Sample(name="private-after-the-night", message=held)


def escalations(waits: feed.Event) -> Iterator[Sample]:
    """A gate that nobody answers: to a person or a channel, to a group, and once it is over."""
    late = dataclasses.replace(waits, because="30 min by now")
    asked = tuple(ex.button(kind, weight=100) for kind in ("approve", "abort"))
    message = feed_drawing.message([late], buttons=True, answers=asked)
    yield Sample(name="escalation-to-a-person", message=message)
    called = feed_drawing.message([late], buttons=True, group="SSRE000001")
    yield Sample(name="escalation-to-a-group", message=called)
    elsewhere = feed_drawing.message([late], buttons=True, answers=asked, absent="#incidents")
    yield Sample(name="escalation-to-a-channel-without-the-bot", message=elsewhere)
    because = "nobody answered in time, and the policy takes it back"
    for name, decided in (
        ("approved", m.GateDecision(closing=C.APPROVED, by=SAM, others=(LEE,), at=ex.at(12, 31))),
        ("unanswered", m.GateDecision(closing=C.ROLLED_BACK, at=ex.at(16, 0), because=because)),
    ):
        message = feed_drawing.over(ex.gate(decided=decided))
        yield Sample(name=f"escalation-over-{name}", message=message)


def the_past() -> Iterator[Sample]:
    kinds, at = records.Kind, record().at
    entries = (
        record(),
        record(kind=kinds.SHIPPED, actor="dana", way=records.Way.MANIFEST, reason="checkout:v42"),
        record(kind=kinds.WEIGHT, actor="", way=records.Way.ITSELF, reason="25 %"),
        record(
            kind=kinds.ROLLED_BACK, actor="", way=records.Way.ITSELF, reason="success-rate 92.1 %"
        ),
        record(kind=kinds.ABORTED, actor="", actor_id="", way=records.Way.STOCK, reason=""),
        record(
            kind=kinds.DONE,
            actor="",
            way=records.Way.ITSELF,
            reason="",
            at=at + timedelta(minutes=14),
            update=records.Update(shipped_at=at),
        ),
        record(
            kind=kinds.GAP, rollout="", actor="", reason="12:00 to 12:40: database unreachable"
        ),
    )
    for audit in (True, False):
        facts = past.PastFacts(
            cluster="prod-eu", name="checkout", age="30d", entries=entries, audit=audit, more=True
        )
        name = "audit" if audit else "history"
        message = past_drawing.listing(facts)
        yield Sample(name=name, message=message, facts=facts, is_private=True)


FREEZE = policy.Freeze(
    id="f1",
    scope=policy.Scope(namespace="shop"),
    reason="incident 42",
    by="sam",
    at=ex.at(12, 0),
    until=ex.at(14, 0),
)


def homes() -> Iterator[Sample]:
    gate = tuple(map(ex.button, ("approve", "abort")))
    rows = dict(waiting=(dataclasses.replace(WAITS, buttons=gate),), moving=MOVING, failed=(BACK,))
    full = home_model.HomeFacts(
        cluster="prod-eu",
        at=ex.at(12, 5),
        freezes=(FREEZE,),
        subscriptions=("shop/checkout", "cart"),
        **rows,
    )
    note = m.Message(text="Approved: v2 goes on.")
    none = home_model.HomeFacts(cluster="prod-eu", at=ex.at(12, 5))
    many = dataclasses.replace(full, waiting=rows["waiting"] * 25, page=1)
    answered = dataclasses.replace(full, note=note)
    unread = dataclasses.replace(
        full,
        waiting=(),
        freezes=(),
        freezes_unknown="The freezes cannot be read yet, so nothing moves forward: the cluster did "
        "not answer within 5 s",
    )
    for name, facts in (
        ("full", full),
        ("freezes-unread", unread),
        ("answered", answered),
        ("nothing", none),
        ("many", many),
    ):
        yield Sample(name=f"home-{name}", message=home.home(facts), facts=facts, is_home=True)
