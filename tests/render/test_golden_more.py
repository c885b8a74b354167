"""Evidence on a gate, how it ended, break-glass, the plan, a long catch-up: word for word."""

import dataclasses

import pytest

from bot.model import feed as events
from bot.model import messages as m
from bot.render import feed, gates, rendering
from tests.gallery import answers, cards, sample
from tests.render import examples as ex
from tests.render.limits import problems
from tests.render.reading import lines, read

C = m.Closing


def test_gate_shows_its_whole_evidence():
    message = gates.gate(ex.gate(plan=cards.PLAN, metrics=sample.LINKED, change=cards.CHANGE))
    assert problems(message) == []
    assert lines(message) == [
        "checkout v42 waits for you: 50 % → 100 % · prod-eu",
        "Approve sends all traffic to v42; v41 stays warm for 30 s.",
        "5 → 10 pods (5 more at once) · quota shop: 5 of 8 pods free",
        "so far: 24 min, up to 50 %. success-rate 99.6 % (stable 99.7 %), "
        "p95-latency 212 ms (stable 208 ms), 20 of 20 good",
        "look: success-rate, p95-latency",
        "changed: image checkout:v41 → v42 · env +PAYMENT_RETRIES · "
        "resources.limits.memory 256Mi → 512Mi · args +--retry-on=5xx · "
        '3f2a1c "retry payments" by lee · shipped by dana',
        "may approve: #checkout, not dana · until 18:00, then it goes on waiting",
        "[ Approve ] [ Abort ]",
    ]
    links = f"<{sample.PROMETHEUS.replace('&', '&amp;')}|"
    assert str(message.blocks).count(links) == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (dict(by=ex.DANA, commit="3f2a1c", author="dana"), "3f2a1c by dana"),
        (dict(by=ex.DANA, author="lee"), "by lee · shipped by dana"),
        (dict(by=ex.DANA), "shipped by dana"),
        (dict(commit="3f2a1c", author="lee"), "3f2a1c by lee"),
    ],
)
def test_gate_names_author_and_shipper_once_each(change, said):
    message = gates.gate(ex.gate(change=m.ChangeFact(**change)))
    changed = next(line for line in lines(message) if line.startswith("changed: "))
    assert changed == f"changed: image checkout:v41 → v42 · {said}"


@pytest.mark.parametrize(
    ("closing", "first"),
    [
        (C.APPROVED, "checkout v42: 50 % → 100 %, approved · prod-eu"),
        (C.ABORTED_ELSEWHERE, "checkout v42: 50 % → 100 %, aborted · prod-eu"),
        (C.ROLLED_BACK, "checkout v42: 50 % → 100 %, rolled back · prod-eu"),
        (C.SUPERSEDED, "checkout v42: 50 % → 100 %, over · prod-eu"),
    ],
)
def test_closed_gate_says_in_its_first_line_what_became_of_it(closing, first):
    message = gates.gate(ex.gate(decided=m.GateDecision(closing=closing)))
    assert lines(message)[0] == first


def test_closed_gate_keeps_its_evidence():
    decided = m.GateDecision(closing=C.APPROVED, by=ex.DANA, at=ex.at(12, 40))
    message = gates.gate(
        ex.gate(plan=cards.PLAN, metrics=sample.LINKED, change=cards.CHANGE, decided=decided)
    )
    assert problems(message, may_mention=("<@U0DANA>",)) == []
    assert lines(message) == [
        "checkout v42: 50 % → 100 %, approved · prod-eu",
        "so far: 24 min, up to 50 %. success-rate 99.6 % (stable 99.7 %), "
        "p95-latency 212 ms (stable 208 ms), 20 of 20 good",
        "look: success-rate, p95-latency",
        "changed: image checkout:v41 → v42 · env +PAYMENT_RETRIES · "
        "resources.limits.memory 256Mi → 512Mi · args +--retry-on=5xx · "
        '3f2a1c "retry payments" by lee · shipped by dana',
        "✓ approved by <@U0DANA> 12:40 · v42 goes to 100 %",
    ]


def test_closed_gate_says_that_nothing_was_measured():
    message = gates.gate(ex.gate(measured=False, decided=m.GateDecision(closing=C.OVER)))
    assert "so far: 24 min, up to 50 %. Nothing was measured." in lines(message)


ASKED = [
    "break-glass: carol wants checkout v42 past the policy in prod-eu",
    "payments are down, the fix cannot wait for Monday",
    "A second person must agree until 12:45:00; without, nothing changes",
    "[ Agree ] [ Refuse ]",
]


def test_break_glass_reads_as_written():
    assert lines(rendering.render(answers.GLASS)) == ASKED


@pytest.mark.parametrize(
    ("agreed", "head", "tail"),
    [
        (True, "checkout v42 goes past the policy", "✓ agreed by bob 12:40, it goes on"),
        (
            False,
            "checkout v42 stays under the policy",
            "✗ refused by bob 12:40, nothing was changed",
        ),
        (
            None,
            "checkout v42 stays under the policy",
            "Closed: nobody agreed in time, nothing was changed",
        ),
    ],
)
def test_answered_break_glass_begins_with_what_came_of_it(agreed, head, tail):
    second = None if agreed is None else sample.LEE
    over = dataclasses.replace(
        answers.GLASS, over=True, agreed=agreed, second=second, at=ex.at(12, 40)
    )
    said = lines(rendering.render(over))
    assert said == [f"break-glass: {head} in prod-eu, asked by carol", ASKED[1], tail]


def test_plan_says_of_what_comes_within_a_minute_in_how_many_seconds():
    stage = m.StageFact(text="50 %", weight=50, canary=5, stable=5, at=ex.at(12, 0, 15))
    plan = m.PlanFacts(
        rollout=ex.ROLLOUT, revision=ex.V42, stages=(stage,), now=ex.at(12, 0)
    )
    assert lines(rendering.render(plan))[1] == "1. 50 % · canary 5, stable 5 · in 15 s"


def test_alert_does_not_say_that_it_came_by_itself_where_a_stock_tool_ordered_it():
    because = "aborted with kubectl (no name known)"
    message = rendering.render(ex.alert(metric=None, by=None, ordered=True, because=because))
    assert lines(message)[1] == because
    assert "after the order at" in " ".join(lines(message))
    assert "by itself" not in read(message.text) + " ".join(lines(message))


def test_bare_command_tells_what_waits_for_others_apart_from_what_moves():
    row = m.RowFact(rollout=ex.ROLLOUT, news=m.News.WAITS, revision=ex.V42, what="approval at 50 %")
    facts = m.WaitingFacts(cluster="prod-eu", others=(row,), moving=(row,))
    message = rendering.render(facts)
    assert lines(message) == [
        "Nothing waits for you in prod-eu.",
        "1 waits for others: checkout v42 · approval at 50 %",
        "1 moves: checkout v42 · approval at 50 %",
    ]
    assert "for others: checkout v42 · approval at 50 %. 1 moves" in read(message.text)


def test_plan_says_the_weight_once():
    plan = m.PlanFacts(
        rollout=ex.ROLLOUT, revision=ex.V42, stages=answers.STAGES, now=ex.at(12, 0)
    )
    assert lines(rendering.render(plan)) == [
        "checkout v42 goes through 5 steps in prod-eu",
        "1. 10 % · canary 1, stable 9 · at once",
        "2. pause 2 min · at 10 % · canary 1, stable 9 · at 12:02",
        "3. analysis success-rate · at 10 % · canary 1, stable 9 · at 12:02",
        "4. 50 % · canary 5, stable 5",
        "5. 100 % · canary 10, stable 0 · 09:00 (window business-hours)",
        "Times are the earliest; pods that come up and analyses take their own.",
    ]


def test_catch_up_gives_each_of_many_rollouts_a_line():
    away = m.SlackWasAway(
        since=ex.at(12, 1),
        until=ex.at(12, 40),
        lines=tuple(f"app-{n} finished" for n in range(10)),
    )
    message = rendering.render(away)
    assert lines(message) == [
        "Slack was unreachable 12:01–12:40.",
        *(f"app-{n} finished" for n in range(8)),
        "and 2 more",
    ]
    assert read(message.text).startswith("Slack was unreachable 12:01–12:40. app-0 finished; ")


def test_number_and_its_unit_stay_together_on_a_narrow_screen():
    said = rendering.render(m.SentenceFacts(sentences=("5 of 8 after 2 min (2 allowed)",)))
    shown = said.blocks[0]["text"]["text"]
    assert "2\u202fmin (2\u202fallowed)" in shown
    assert "2 min" in said.text


@pytest.mark.parametrize(
    ("kind", "sign"),
    [
        (events.Kind.ANALYSIS_FAILED, "✗"),
        (events.Kind.ANALYSIS_ERROR, "!"),
        (events.Kind.PAUSED, "⏸"),
        (events.Kind.SHIPPED, "▶"),
    ],
)
def test_private_news_bears_the_sign_of_what_it_says(kind, sign):
    one = events.Event(
        id="e1", kind=kind, rollout=ex.ROLLOUT, revision=ex.V42, stable=None, at=ex.at(12, 0)
    )
    assert lines(feed.message([one]))[0].startswith(f"{sign} checkout v42 ")
