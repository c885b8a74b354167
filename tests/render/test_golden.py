"""The worked messages of spec/messages.md, word for word."""

import dataclasses

import pytest

from bot.model import messages as m
from bot.render import alerts, answers, cards, gates, rendering, threads, trouble
from tests.render import examples as ex
from tests.render.limits import problems
from tests.render.reading import lines, read

N = m.News


def test_card_reads_as_written_when_it_moves():
    message = cards.card(ex.card())
    assert lines(message) == [
        "checkout v42 · 25 % of traffic · step 3 of 7 · prod-eu",
        "10 % ✓ → 2 min ✓ → ▶ 25 % → 5 min → 50 % → approval → 100 %",
        "canary 2 of 2 pods ready · stable v41 8 of 8",
        "success-rate 99.6 % (≥ 99 %), stable 99.7 % · 12 of 20 taken, 0 failed (2 allowed)",
        "p95-latency 212 ms (≤ 500 ms), stable 208 ms · 12 of 20, 0 failed",
        'next: 50 % at 12:09 · shipped by dana 12:01 · checkout@3f2a1c "retry payments"',
        "[ Skip the wait ] [ Abort ] [ Why ]",
    ]
    assert (
        read(message.text)
        == "checkout v42 is at 25 % in prod-eu, step 3 of 7; next 50 % at 12:09."
    )


@pytest.mark.parametrize(
    ("more", "first"),
    [
        (
            dict(news=N.WAITS, weight=50),
            "⏸ checkout v42 · waits for approval at 50 % · prod-eu",
        ),
        (
            dict(news=N.WAITS, weight=50, gate_url="https://x.slack.com/p1"),
            "⏸ checkout v42 · waits for approval at 50 % · prod-eu",
        ),
        (
            dict(news=N.DONE, weight=100, duration_s=14 * 60),
            "✓ checkout v42 · done, 100 % · 14 min · prod-eu",
        ),
        (dict(news=N.ROLLED_BACK), "✗ checkout v42 · rolled back, users on v41 · prod-eu"),
        (
            dict(
                news=N.NOT_READY,
                canary_pods=m.PodsFact(ready=0, wanted=2, trouble="image cannot be pulled"),
            ),
            "checkout v42 · canary not ready: 0 of 2 pods, image cannot be pulled · prod-eu",
        ),
        (
            dict(news=N.NOT_RUN, because="strategy.blueGreen is not supported yet"),
            "! checkout v42 · not run: strategy.blueGreen is not supported yet · prod-eu",
        ),
        (
            dict(news=N.HOLDS, because="p95-latency is inconclusive"),
            "⏸ checkout v42 · holds at 25 %: p95-latency is inconclusive · prod-eu",
        ),
        (
            dict(news=N.ROLLING_BACK),
            "checkout v42 · is being rolled back: 25 % of users still on it · prod-eu",
        ),
        (
            dict(news=N.SUPERSEDED, because="v43 was shipped"),
            "checkout v42 · over: v43 was shipped · prod-eu",
        ),
    ],
    ids=lambda value: value["news"] if isinstance(value, dict) else "",
)
def test_card_begins_with_the_news_in_every_phase(more, first):
    message = cards.card(ex.card(**more))
    assert lines(message)[0] == first
    assert problems(message) == []


@pytest.mark.parametrize("news", [N.DONE, N.ROLLED_BACK, N.SUPERSEDED])
def test_card_keeps_only_why_when_it_is_finished(news):
    assert lines(cards.card(ex.card(news=news)))[-1] == "[ Why ]"


def test_card_says_the_real_share_when_no_router_sets_it():
    share = m.ShareFact(percent=27.27, canary_pods=3, all_pods=11)
    assert "25 % asked, 27.3 % real (3 of 11 pods)" in lines(cards.card(ex.card(share=share)))
    routed = cards.card(ex.card(weight=0, header_route="X-Canary: true"))
    assert "0 % by weight; everyone with X-Canary: true" in lines(routed)


def test_card_says_that_time_decides_when_nothing_is_measured():
    shown = lines(cards.card(ex.card(metrics=(), measured=False)))
    assert "nothing is measured: time alone decides" in shown


def test_card_folds_steps_when_there_are_more_than_eight():
    many = ex.steps(*[f"{n} %" for n in range(1, 15)], done=5)
    assert read(cards.steps_line(many)) == "✓ 5 steps → ▶ 6 % → 7 % → 8 % → 9 % + 5"


def test_card_counts_failures_against_the_one_that_fails():
    metric = dataclasses.replace(ex.SUCCESS, failed=2, failure_limit=3)
    text = "\n".join(lines(cards.card(ex.card(metrics=(metric,)))))
    assert "12 of 20 taken, failure 2 of 4" in text


def ids(message, *, pressed):
    """Of the blocks with buttons, or of the others."""
    return {b["block_id"] for b in message.blocks if (b["type"] == "actions") is pressed}


def test_card_gets_new_block_ids_when_it_is_rendered_again():
    first, second = (cards.card(ex.card(generation=g)) for g in (1, 2))
    assert ids(first, pressed=False).isdisjoint(ids(second, pressed=False))


def test_gate_keeps_the_id_of_its_buttons_when_only_the_numbers_above_them_change():
    """Somebody who has the question of a button open does not lose the answer to an edit."""
    first, second = (gates.gate(ex.gate(generation=g, so_far_s=60.0 * g)) for g in (1, 2))
    assert ids(first, pressed=True) == ids(second, pressed=True) != set()
    assert ids(first, pressed=False).isdisjoint(ids(second, pressed=False))


def test_gate_gives_its_buttons_another_id_when_they_mean_something_else():
    first, second = gates.gate(ex.gate()), gates.gate(ex.gate(buttons=ex.gate().buttons[:1]))
    assert ids(first, pressed=True).isdisjoint(ids(second, pressed=True))


def test_gate_reads_as_written_when_it_is_open():
    message = gates.gate(ex.gate())
    assert lines(message) == [
        "checkout v42 waits for you: 50 % → 100 % · prod-eu",
        "Approve sends all traffic to v42; v41 stays warm for 30 s.",
        "so far: 24 min, up to 50 %. success-rate 99.6 % (stable 99.7 %), "
        "p95-latency 212 ms (stable 208 ms), 20 of 20 good",
        "changed: image checkout:v41 → v42 · env +PAYMENT_RETRIES · "
        '3f2a1c "retry payments" by dana',
        "may approve: #checkout, not dana · until 18:00, then it goes on waiting",
        "[ Approve ] [ Abort ]",
    ]


def dialogs(message):
    return {
        element["action_id"]: {k: v["text"] for k, v in element["confirm"].items() if k != "style"}
        for block in message.blocks
        if block["type"] == "actions"
        for element in block["elements"]
        if "confirm" in element
    }


def test_gate_asks_once_more_with_the_effect_in_words():
    assert dialogs(gates.gate(ex.gate())) == {
        "rollout:approve": {
            "title": "Send 100 % to v42?",
            "text": "prod-eu, all users of checkout.",
            "confirm": "Send 100 %",
            "deny": "Not now",
        },
        "rollout:abort": {
            "title": "Back to v41?",
            "text": "prod-eu: all traffic of checkout returns to v41 at once.",
            "confirm": "Abort",
            "deny": "Keep v42",
        },
    }


C = m.Closing


@pytest.mark.parametrize(
    ("decided", "last"),
    [
        (
            dict(closing=C.APPROVED, by=ex.SAM, at=ex.at(12, 31)),
            "✓ approved by <@U0SAM> 12:31 · v42 goes to 100 %",
        ),
        (
            dict(closing=C.ABORTED, by=ex.SAM, at=ex.at(12, 31)),
            "✗ aborted by <@U0SAM> 12:31 · asked in the thread for the reason",
        ),
        (
            dict(closing=C.PROMOTED_ELSEWHERE, how="with kubectl", at=ex.at(12, 30)),
            "closed: promoted with kubectl at 12:30 (no name known)",
        ),
        (
            dict(
                closing=C.SUPERSEDED,
                successor=m.RevisionLabel(number=43, hash="h43"),
            ),
            "closed: v43 was shipped",
        ),
    ],
    ids=lambda value: value["closing"] if isinstance(value, dict) else "",
)
def test_gate_says_how_it_ended_and_has_no_buttons_when_decided(decided, last):
    message = gates.gate(ex.gate(decided=m.GateDecision(**decided)))
    assert lines(message)[-1] == last
    assert all(block["type"] != "actions" for block in message.blocks)
    assert "waits" not in message.text


def test_alert_reads_as_written_when_users_are_safe():
    message = alerts.alert(ex.alert())
    assert lines(message) == [
        "checkout v42 rolled back: users are on v41 · prod-eu",
        "by itself: success-rate 92.1 %, must be ≥ 99 %; stable v41 had 99.7 %",
        "3 of 9 measurements failed (2 allowed)",
        "25 % → 0 % in 0.4 s after the verdict at 12:14:05 · bad since 12:12:10".replace(
            "0 % in", "0 in"
        ),
        "v42 served 1,240 requests, 98 failed",
        "[ Retry ] [ Undo ] [ Why ]",
        "chart follows in the thread",
    ]
    assert read(message.text) == (
        "checkout v42 was rolled back in prod-eu, users are on v41: "
        "success-rate 92.1 %, must be at least 99 %."
    )


def test_alert_says_not_yet_and_why_when_the_route_refuses():
    trouble_text = "the VirtualService refuses the write: denied; trying again"
    message = alerts.alert(ex.alert(safe=False, weight_left=25, trouble=trouble_text))
    assert lines(message)[:2] == [
        "checkout v42 is being rolled back: 25 % of users still on it · prod-eu",
        trouble_text,
    ]
    assert "→ 0" not in "".join(lines(message))


@pytest.mark.parametrize(
    ("more", "line"),
    [
        (
            dict(by=ex.SAM, because="payments page blank", metric=None),
            'by sam: "payments page blank"',
        ),
        (
            dict(
                metric=None,
                because="canary not ready after 10 min (0 of 2 pods: image cannot be pulled)",
            ),
            "by itself: canary not ready after 10 min (0 of 2 pods: image cannot be pulled)",
        ),
        (
            dict(git="apps/checkout@3f2a1c"),
            "Git still wants v42 (apps/checkout@3f2a1c): revert it there, or it comes back.",
        ),
    ],
)
def test_alert_names_its_cause_whatever_it_was(more, line):
    assert line in lines(alerts.alert(ex.alert(**more)))


T = m.ThreadKind


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        (
            dict(kind=T.SHIPPED, by=ex.DANA, revision=ex.V42, steps=7, at=ex.at(12, 1)),
            "12:01 dana shipped v42 (checkout:v42), 7 steps",
        ),
        (dict(kind=T.WEIGHT, weight=10, at=ex.at(12, 1)), "12:01 10 %"),
        (
            dict(kind=T.APPROVED, by=ex.SAM, weight=100, at=ex.at(12, 31)),
            "12:31 approved by sam: 100 %",
        ),
        (dict(kind=T.DONE, took_s=32 * 60, at=ex.at(12, 33)), "12:33 done in 32 min"),
        (
            dict(kind=T.METRIC_FAILED, metric=ex.FAILED, at=ex.at(12, 14)),
            "12:14 success-rate failed (92.1 %, 3rd of 3)",
        ),
        (
            dict(kind=T.RESTORED, stable=ex.V41, metric=ex.FAILED, at=ex.at(12, 14, 36)),
            "service restored 12:14:36: v41 success-rate 99.7 %",
        ),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
def test_thread_says_one_line_a_fact(fact, said):
    message = threads.line(m.ThreadFact(**fact))
    assert read(message.text) == said
    assert not message.broadcast and message.blocks == ()


def test_thread_is_loud_when_the_service_is_not_restored():
    metric = dataclasses.replace(ex.FAILED, stable_text="93.0 %")
    message = threads.line(
        m.ThreadFact(
            kind=T.NOT_RESTORED, at=ex.at(12, 20), metric=metric, stable=ex.V41, revision=ex.V42
        )
    )
    assert message.broadcast
    assert read(message.text) == (
        "not restored: v41 success-rate 93.0 % since the rollback; the cause is not (only) v42"
    )


def test_bare_command_shows_first_what_waits():
    url = "https://x.slack.com/archives/C1/p1"
    facts = m.WaitingFacts(
        cluster="prod-eu",
        waiting=(
            ex.row(
                N.WAITS,
                "checkout",
                42,
                "approval at 50 %",
                since_s=360,
                buttons=(ex.button("open", url=url), ex.button("approve", weight=100)),
            ),
            ex.row(
                N.HOLDS,
                "cart",
                17,
                "inconclusive: p95-latency",
                since_s=120,
                buttons=(ex.button("open", url=url),),
            ),
        ),
        moving=(ex.row(N.MOVES, "search", 9, "25 %", next_at=ex.at(12, 9)),),
    )
    message = answers.waiting(facts)
    assert lines(message) == [
        "2 wait for you in prod-eu",
        "checkout v42 · approval at 50 % · 6 min",
        "[ Open ] [ Approve ]",
        "cart v17 · inconclusive: p95-latency · 2 min",
        "[ Open ]",
        "1 moves: search v9 · 25 %, next at 12:09",
    ]
    assert dialogs(message)["rollout:approve"]["title"] == "Send 100 % to v42?"


def test_alert_claims_no_time_where_users_were_safe_in_one_pass():
    said = "\n".join(lines(alerts.alert(ex.alert(took_s=0.0))))
    assert "25 % → 0 at once after the verdict at 12:14:05" in said


def test_bound_is_never_torn_from_its_sign():
    section = cards.card(ex.card()).blocks[3]["text"]["text"]
    assert "≥\u202f99\u202f%" in section
    assert "≤\u202f500\u202fms" in section


def test_first_deployment_is_one_line():
    facts = ex.card(news=N.DONE, first=True, stable_pods=m.PodsFact(ready=2, wanted=2))
    assert lines(cards.card(facts)) == [
        "✓ checkout v42 · first deployment, 2 of 2 pods ready · prod-eu"
    ]


def test_help_sets_what_is_typed_apart_from_what_it_does():
    message = answers.usage(["/rollout get [NAME]   the present state", "example: /rollout get"])
    assert message.blocks[0]["text"]["text"].split("\n") == [
        "*/rollout get [NAME]*: the present state",
        "example: /rollout get",
    ]


def test_list_gives_every_rollout_a_sign_and_a_word():
    facts = m.ListFacts(
        cluster="prod-eu",
        namespace="shop",
        rows=(
            ex.row(N.WAITS, "checkout", 42, "approval at 50 %"),
            ex.row(N.MOVES, "search", 9, "25 %, step 3 of 7"),
            ex.row(N.DONE, "cart", 16, "done", since_s=7200),
            ex.row(N.ROLLED_BACK, "till", 3, "rolled back: aborted by sam", since_s=300),
            ex.row(
                N.NOT_RUN,
                "ads",
                None,
                "not run: strategy.canary.trafficRouting.apisix is not supported yet",
            ),
        ),
    )
    assert lines(answers.listing(facts)) == [
        "⏸ checkout v42 · approval at 50 %",
        "▶ search v9 · 25 %, step 3 of 7",
        "✓ cart v16 · done 2 h ago",
        "✗ till v3 · rolled back: aborted by sam · 5 min ago",
        "! ads · not run: strategy.canary.trafficRouting.apisix is not supported yet",
        "shop · prod-eu",
    ]


def test_answers_read_as_written():
    decided = m.GateDecision(closing=C.APPROVED, by=ex.SAM, at=ex.at(12, 31))
    said = {
        "stale": answers.stale(rollout=ex.ROLLOUT, revision=ex.V42, weight=100, decided=decided),
        "refused": answers.refused(approvers="#checkout", excluded=ex.DANA, ask=(ex.SAM, ex.LEE)),
        "failed": answers.not_written(),
        "away": answers.cluster_away(3),
        "recording": answers.recording(m.ButtonKind.APPROVE),
        "near": answers.no_such(
            wanted="chekout", namespace="shop", near=("checkout", "checkout-worker")
        ),
        "word": answers.unknown_word(known=("list", "get"), near=("promote",)),
    }
    assert {key: read(message.text) for key, message in said.items()} == {
        "stale": "This step is over: sam approved it at 12:31. checkout v42 is at 100 %.",
        "refused": "Only #checkout may approve this, and not dana, who shipped it. "
        "Ask <@U0SAM> or <@U0LEE>.",
        "failed": "Nothing was done: the cluster did not answer. The buttons still work.",
        "away": "The cluster did not answer within 3 s; nothing was done.",
        "recording": "recording your approval …",
        "near": 'No rollout "chekout" in shop. Did you mean checkout, checkout-worker?',
        "word": "I know list, get. Did you mean promote?",
    }


def test_why_is_sentences_and_its_buttons_ask_once_more():
    message = answers.sentences(
        m.SentenceFacts(
            sentences=("checkout v42 is at 50 % because step 6 is an approval.", "It moves on."),
            buttons=(ex.button("approve"), ex.button("abort", revision=ex.V42, stable=ex.V41)),
        )
    )
    assert lines(message)[-1] == "[ Approve ] [ Abort ]"
    assert dialogs(message)["rollout:abort"]["title"] == "Back to v41?"
    assert dialogs(message)["rollout:approve"]["title"] == "Let the new one go on?"


def test_trouble_reads_as_written():
    said = [
        m.NotInChannel(channel="#checkout", rollout="checkout", meanwhile="#releases"),
        m.SlackWasAway(
            since=ex.at(12, 1),
            until=ex.at(12, 40),
            lines=("checkout went 10 → 50 % and waits for approval", "search v9 finished"),
        ),
        m.MetricsAway(server="prometheus:9090", since=ex.at(12, 5), holding=3),
    ]
    assert [read(rendering.render(facts).text) for facts in said] == [
        "I am not in #checkout: invite me with /invite @rollout. "
        "checkout's messages go to #releases until then.",
        "Slack was unreachable 12:01–12:40. checkout went 10 → 50 % and waits for approval; "
        "search v9 finished.",
        "The metrics server prometheus:9090 has not answered since 12:05: "
        "3 rollouts hold, none is rolled back for it.",
    ]
    assert trouble.metrics_away(said[2]) == rendering.render(said[2])


def test_gate_offers_to_measure_again_when_its_analysis_was_inconclusive():
    message = gates.gate(ex.gate(inconclusive=True, weight_from=25, measured=False))
    assert lines(message)[:2] == [
        "checkout v42 waits for you: inconclusive at 25 % · prod-eu",
        "Its analysis came to no verdict. Measure again, go on without one, or abort.",
    ]
    assert read(message.text) == (
        "checkout v42 waits for you in prod-eu: its analysis was inconclusive at 25 %."
    )
    decided = m.GateDecision(closing=m.Closing.APPROVED, by=ex.DANA, at=ex.at(12, 14))
    said = read(gates.gate(ex.gate(inconclusive=True, decided=decided)).text)
    assert "v42 is measured again" in said
    assert "goes to" not in said


def test_alert_says_that_nobody_met_it_when_it_had_no_traffic():
    message = alerts.alert(ex.alert(weight_from=0))
    assert lines(message)[0] == (
        "checkout v42 stopped before it got traffic: users are on v41 · prod-eu"
    )
    assert "rolled back" not in read(message.text)
    assert not any("0 % → 0" in line for line in lines(message))


def test_card_of_a_rollback_marks_the_step_that_it_never_got_past():
    found = lines(cards.card(ex.card(news=m.News.ROLLED_BACK)))
    assert "10 % ✓ → 2 min ✓ → ✗ 25 % → 5 min → 50 % → approval → 100 %" in found
