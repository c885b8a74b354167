"""The rollout of spec/messages.md, as facts."""

from datetime import UTC, datetime

from bot.model import messages as m

ROLLOUT = m.RolloutId(cluster="prod-eu", namespace="shop", name="checkout", uid="u-1")
V42 = m.RevisionLabel(number=42, hash="h42", images=("registry/shop/checkout:v42",))
V41 = m.RevisionLabel(number=41, hash="h41", images=("registry/shop/checkout:v41",))
DANA = m.Person(name="dana", slack_id="U0DANA")
SAM = m.Person(name="sam", slack_id="U0SAM")
LEE = m.Person(name="lee", slack_id="U0LEE")
VALUE = m.ButtonValue(
    cluster="prod-eu", namespace="shop", name="checkout", uid="u-1", revision="h42", step=2
)
SUCCESS = m.MetricFact(
    name="success-rate",
    value_text="99.6 %",
    bound_text="≥ 99 %",
    stable_text="99.7 %",
    taken=12,
    wanted=20,
    failure_limit=2,
)
LATENCY = m.MetricFact(
    name="p95-latency",
    value_text="212 ms",
    bound_text="≤ 500 ms",
    stable_text="208 ms",
    taken=12,
    wanted=20,
    failure_limit=2,
)
FAILED = m.MetricFact(
    name="success-rate",
    value_text="92.1 %",
    bound_text="≥ 99 %",
    stable_text="99.7 %",
    verdict=m.Verdict.FAILED,
    taken=9,
    failed=3,
    failure_limit=2,
)


def at(hour, minute, second=0):
    return datetime(2026, 11, 23, hour, minute, second, tzinfo=UTC)


def button(kind, **more):
    return m.Button(kind=m.ButtonKind(kind), value=VALUE, **more)


def steps(*texts, done):
    states = [m.StepState.DONE] * done + [m.StepState.CURRENT]
    states += [m.StepState.COMING] * len(texts)
    return tuple(m.StepFact(text=t, state=s) for t, s in zip(texts, states))


STEPS = steps("10 %", "2 min", "25 %", "5 min", "50 %", "approval", "100 %", done=2)


def card(**more):
    base = dict(
        rollout=ROLLOUT,
        news=m.News.MOVES,
        revision=V42,
        stable=V41,
        weight=25,
        steps=STEPS,
        canary_pods=m.PodsFact(ready=2, wanted=2),
        stable_pods=m.PodsFact(ready=8, wanted=8),
        metrics=(SUCCESS, LATENCY),
        next_what="50 %",
        next_at=at(12, 9),
        change=m.ChangeFact(
            by=DANA, at=at(12, 1), commit="checkout@3f2a1c", subject="retry payments"
        ),
        buttons=tuple(map(button, ("skip_wait", "abort", "why"))),
    )
    return m.CardFacts(**{**base, **more})


def gate(**more):
    base = dict(
        gate_id="g1",
        rollout=ROLLOUT,
        revision=V42,
        stable=V41,
        weight_from=50,
        weight_to=100,
        stable_warm_s=30,
        so_far_s=24 * 60,
        metrics=tuple(
            m.MetricFact(
                name=x.name,
                value_text=x.value_text,
                bound_text=x.bound_text,
                stable_text=x.stable_text,
                taken=20,
            )
            for x in (SUCCESS, LATENCY)
        ),
        change=m.ChangeFact(
            by=DANA, commit="3f2a1c", subject="retry payments", changes=("env +PAYMENT_RETRIES",)
        ),
        approvers="#checkout",
        excluded=(DANA,),
        until=at(18, 0),
        then="it goes on waiting",
        buttons=tuple(map(button, ("approve", "abort"))),
    )
    return m.GateFacts(**{**base, **more})


def alert(**more):
    base = dict(
        rollout=ROLLOUT,
        revision=V42,
        stable=V41,
        safe=True,
        weight_from=25,
        metric=FAILED,
        decided_at=at(12, 14, 5),
        took_s=0.4,
        bad_since=at(12, 12, 10),
        requests=1240,
        requests_failed=98,
        chart_expected=True,
        buttons=tuple(map(button, ("retry", "undo", "why"))),
    )
    return m.AlertFacts(**{**base, **more})


def row(news, name, number, what, **more):
    rollout = m.RolloutId(cluster="prod-eu", namespace="shop", name=name, uid=name)
    label = None if number is None else m.RevisionLabel(number=number, hash="h")
    return m.RowFact(rollout=rollout, news=news, revision=label, what=what, **more)
