"""What stands with a rollout: its card, gates, alerts and the lines of its thread."""

import dataclasses
from collections.abc import Iterator

from bot.model import messages as m
from bot.render import threads
from tests.gallery.sample import LINKED, LONG, SAM, Sample, of
from tests.render import examples as ex
from tests.render import test_golden_switch as switching

N, C, T = m.News, m.Closing, m.ThreadKind
WARM = switching.WARM
ONLY_WHY = (ex.button("why"),)
NOBODY = dict(
    steps=(), canary_pods=None, metrics=(), measured=True, next_what="", buttons=ONLY_WHY
)
ALL_DONE = tuple(dataclasses.replace(one, state=m.StepState.DONE) for one in ex.STEPS)
MEASURED = (dataclasses.replace(ex.SUCCESS, taken=20, verdict=m.Verdict.SUCCESSFUL),)
CARDS = {
    "moves": {},
    "waits": dict(
        news=N.WAITS,
        weight=50,
        next_what="100 %",
        next_at=None,
        gate_url="https://x.slack.com/archives/C1/p1",
        eta=m.EtaFact(steps=2, machine_s=420, people=1),
        buttons=tuple(map(ex.button, ("approve", "abort", "why"))),
    ),
    "holds": dict(news=N.HOLDS, because="p95-latency is inconclusive", next_at=None),
    "holds-in-a-freeze": dict(
        news=N.HOLDS, because="freeze shop/*: db incident (dana)", next_at=None
    ),
    "not-ready": dict(
        news=N.NOT_READY,
        canary_pods=m.PodsFact(ready=0, wanted=2, trouble="image cannot be pulled"),
    ),
    "rolling-back": dict(news=N.ROLLING_BACK, metrics=(ex.FAILED,), buttons=ONLY_WHY),
    "rolled-back": dict(
        news=N.ROLLED_BACK, because="success-rate 92.1 %, must be ≥ 99 %", metrics=(ex.FAILED,)
    ),
    "done": dict(
        news=N.DONE,
        weight=100,
        duration_s=14 * 60,
        steps=ALL_DONE,
        canary_pods=None,
        stable=ex.V42,
        metrics=MEASURED,
    ),
    "superseded": dict(news=N.SUPERSEDED, because="v43 was shipped", **NOBODY),
    "invalid": dict(
        news=N.INVALID,
        because="spec.strategy.canary.steps[2].setWeight: 120 is not between 0 and 100",
        **NOBODY,
    ),
    "not-run": dict(
        news=N.NOT_RUN,
        because="strategy.canary.trafficRouting.apisix is not supported yet",
        **NOBODY,
    ),
    "first": dict(news=N.DONE, first=True),
    "observing": dict(observing=True, buttons=ONLY_WHY),
    "no-router": dict(share=m.ShareFact(percent=27.27, canary_pods=3, all_pods=11)),
    "time-only": dict(metrics=(), measured=False),
    "many-steps": dict(
        steps=ex.steps(*[f"{n} %" for n in range(1, 15)], done=5),
        eta=m.EtaFact(steps=9, machine_s=900, done_at=ex.at(12, 40)),
    ),
    "misses-its-window": dict(
        eta=m.EtaFact(
            steps=4,
            machine_s=7_200,
            misses="outside business hours, until Mon 2026-11-30 09:00 +01:00 (Europe/Berlin)",
        )
    ),
    "many-buttons": dict(
        buttons=tuple(map(ex.button, ("promote", "promote_full", "skip_wait", "abort", "why")))
    ),
    "warned": dict(
        warnings=("step metric success-rate has an interval and no count: count 5 is taken",)
    ),
    "long-names": dict(rollout=LONG),
}
HEADER = "X-Canary: true"
HEADER_STEPS = ("X-Canary: true", "10 min", "10 %", "approval", "100 %")
HEADER_ROUTES = {
    "starts": dict(
        weight=0,
        steps=ex.steps(*HEADER_STEPS, done=0),
        metrics=(),
        canary_pods=m.PodsFact(ready=0, wanted=1),
        next_what=f"everyone with {HEADER}",
        next_at=None,
    ),
    "moves": dict(
        weight=0,
        header_route=HEADER,
        steps=ex.steps(*HEADER_STEPS, done=1),
        next_what="10 %",
    ),
    "waits": dict(
        news=N.WAITS,
        weight=10,
        header_route=HEADER,
        steps=ex.steps(*HEADER_STEPS, done=3),
        next_what="100 %",
        next_at=None,
        gate_url="https://x.slack.com/archives/C1/p1",
    ),
    "done": dict(
        news=N.DONE,
        weight=100,
        duration_s=26 * 60,
        steps=tuple(m.StepFact(text=one, state=m.StepState.DONE) for one in HEADER_STEPS),
        canary_pods=None,
        stable=ex.V42,
        metrics=MEASURED,
    ),
    "failed": dict(
        news=N.ROLLED_BACK,
        weight=0,
        because="success-rate 92.1 %, must be ≥ 99 %",
        steps=ex.steps(*HEADER_STEPS, done=1),
        metrics=(ex.FAILED,),
        canary_pods=None,
    ),
}
BACK = tuple(map(ex.button, ("switch_back", "why")))
WAY = ("preview", "analysis", "30 s", "switch")
SWITCHES = {
    "preview": (switching.PREVIEW, {}),
    "waits-for-the-switch": (
        switching.PREVIEW,
        dict(news=N.WAITS, next_at=None, steps=ex.steps("preview", "switch", done=1)),
    ),
    "counts-down": (
        switching.PREVIEW,
        dict(
            next_what="100 %",
            next_at=ex.at(12, 9, 30),
            metrics=LINKED,
            steps=ex.steps(*WAY, done=2),
        ),
    ),
    "switched": (
        WARM,
        dict(
            weight=100,
            steps=ex.steps(*WAY, "analysis", done=4),
            next_what="",
            next_at=None,
            buttons=BACK,
        ),
    ),
    "done-and-warm": (
        WARM,
        dict(
            news=N.DONE,
            weight=100,
            duration_s=840,
            steps=tuple(m.StepFact(text=one, state=m.StepState.DONE) for one in WAY),
            buttons=BACK,
        ),
    ),
    "rolled-back": (
        switching.PREVIEW,
        dict(
            news=N.ROLLED_BACK,
            because="success-rate 92.1 %, must be ≥ 99 %",
            metrics=(ex.FAILED,),
            canary_pods=None,
        ),
    ),
}


def cards() -> Iterator[Sample]:
    for name, more in CARDS.items():
        yield of(f"card-{name}", ex.card(**more))
    for name, more in HEADER_ROUTES.items():
        yield of(f"card-header-route-{name}", ex.card(**more))
    for name, (switch, more) in SWITCHES.items():
        yield of(f"card-blue-green-{name}", switching.card(switch, **more))


PLAN = m.PodsPlanFact(pods_now=5, pods_then=10, more=5, room="quota shop: 5 of 8 pods free")
CHANGE = m.ChangeFact(
    by=ex.DANA,
    commit="3f2a1c",
    commit_url="https://git.example/checkout/commit/3f2a1c",
    subject="retry payments",
    author="lee",
    changes=(
        "env +PAYMENT_RETRIES",
        "resources.limits.memory 256Mi → 512Mi",
        "args +--retry-on=5xx",
    ),
)
GATES = {
    "approval": dict(plan=PLAN, metrics=LINKED, change=CHANGE),
    "quorum": dict(approvers="sre", quorum="2 must approve"),
    "quorum-half": dict(approvers="sre", quorum="1 of 2 approved: alice"),
    "to-a-share": dict(weight_from=10, weight_to=25, then="it is aborted"),
    "time-only": dict(metrics=(), measured=False),
    "inconclusive": dict(
        inconclusive=True,
        weight_from=25,
        because="p95-latency: 3 of 5 measurements inconclusive",
        buttons=tuple(map(ex.button, ("measure_again", "continue", "abort"))),
    ),
    "switch": dict(
        switch=switching.PREVIEW,
        weight_from=0,
        buttons=tuple(map(ex.button, ("switch", "abort"))),
    ),
    "header-route": dict(weight_from=0, weight_to=25, header_route="X-Canary: true"),
    "long-names": dict(rollout=LONG, plan=PLAN),
}
ENDINGS = {
    C.APPROVED: dict(by=SAM),
    C.ABORTED: dict(by=SAM),
    C.PROMOTED_ELSEWHERE: dict(how="with kubectl"),
    C.ABORTED_ELSEWHERE: dict(how="with kubectl"),
    C.ROLLED_BACK: dict(because="success-rate 92.1 %, must be ≥ 99 %"),
    C.MEASURED_AGAIN: dict(by=SAM),
    C.GLASS: dict(because="asked by sam, agreed by lee: payments down"),
    C.CONTINUED: dict(by=SAM),
    C.SUPERSEDED: dict(successor=m.RevisionLabel(number=43, hash="h43")),
    C.OVER: dict(because="nobody answered in time: it went on waiting"),
}


def gates() -> Iterator[Sample]:
    for name, more in GATES.items():
        yield of(f"gate-{name}", ex.gate(**more))
    for closing, more in ENDINGS.items():
        decided = m.GateDecision(closing=closing, at=ex.at(12, 31), **more)
        unclear = closing in (C.MEASURED_AGAIN, C.CONTINUED)
        yield of(f"gate-closed-{closing}", ex.gate(decided=decided, inconclusive=unclear))


NOT_SERVED = dict(requests=None, requests_failed=None, bad_since=None)
ALERTS = {
    "safe": {},
    "not-yet-safe": dict(
        safe=False,
        weight_left=25,
        trouble="the VirtualService refuses the write: denied by webhook; trying again",
    ),
    "by-a-person": dict(by=SAM, because="payments page blank", metric=None),
    "deadline": dict(
        metric=None,
        because="canary not ready after 10 min (0 of 2 pods: image cannot be pulled)",
        **NOT_SERVED,
    ),
    "git": dict(git="Argo CD checkout at 3f2a1c", git_url="https://argocd.example/checkout"),
    "no-traffic": dict(weight_from=0, **NOT_SERVED),
    "long-names": dict(rollout=LONG),
}


def alerts() -> Iterator[Sample]:
    for name, more in ALERTS.items():
        yield of(f"alert-{name}", ex.alert(**more))


RESTORED = m.MetricFact(name="success-rate", value_text="99.7 %", bound_text="≥ 99 %")
LINES = {
    T.SHIPPED: dict(by=ex.DANA, steps=7),
    T.WEIGHT: dict(weight=25),
    T.APPROVED: dict(by=SAM, weight=100),
    T.PROMOTED: dict(by=SAM, weight=50),
    T.ABORTED: dict(by=SAM, text="payments page blank"),
    T.RETRIED: dict(by=SAM),
    T.MEASURED_AGAIN: dict(by=SAM),
    T.CONTINUED: dict(by=SAM),
    T.UNDONE: dict(by=SAM),
    T.METRIC_FAILED: dict(metric=ex.FAILED),
    T.RESTORED: dict(metric=RESTORED, took_s=31.0),
    T.NOT_RESTORED: dict(metric=dataclasses.replace(RESTORED, value_text="93 %")),
    T.REAPPLIED: dict(text="applied by Argo CD (checkout)"),
    T.DONE: dict(took_s=32 * 60),
    T.OTHER: dict(text="approval refused: dana shipped it"),
}


def lines() -> Iterator[Sample]:
    for kind, more in LINES.items():
        fact = m.ThreadFact(
            kind=kind, at=ex.at(12, 14, 36), revision=ex.V42, stable=ex.V41, **more
        )
        yield of(f"thread-{kind}", fact)
    named = threads.named(
        threads.line(m.ThreadFact(kind=T.WEIGHT, at=ex.at(12, 3), weight=25)), "x"
    )
    yield Sample(name="thread-of-several", message=named)
