"""Blue-green, header routes, analyses without a verdict, and what is left: word for word."""

import dataclasses

import pytest

from bot.model import messages as m
from bot.render import cards, gates, rendering
from tests.render import examples as ex
from tests.render.limits import problems
from tests.render.reading import lines, read

N = m.News
STEPS = ex.steps("preview", "analysis", "30 s", "switch", done=1)
PREVIEW = m.SwitchFact(
    switched=False, preview="checkout-preview", preview_url="https://preview.shop.example/?v=42"
)
SWITCHED = m.SwitchFact(switched=True, preview="checkout-preview")
WARM = dataclasses.replace(SWITCHED, warm=ex.V41, warm_until=ex.at(12, 31, 5))


def card(switch=PREVIEW, **more):
    buttons = tuple(map(ex.button, ("switch", "abort", "why")))
    base = dict(weight=0, steps=STEPS, metrics=(), next_what="100 %", next_at=ex.at(12, 9, 30))
    return ex.card(**{**base, "buttons": buttons, "switch": switch, **more})


def test_card_of_a_preview_reads_as_written():
    message = cards.card(card())
    assert lines(message) == [
        "checkout v42 · preview, users on v41 · prod-eu",
        "preview ✓ → ▶ analysis → 30 s → switch",
        "preview 2 of 2 pods ready · stable v41 8 of 8",
        "next: switch of all users by itself at 12:09:30 · shipped by dana 12:01 · "
        'checkout@3f2a1c "retry payments"',
        "preview: preview.shop.example",
        "[ Switch traffic ] [ Abort ] [ Why ]",
    ]
    assert read(message.text) == "checkout v42 is a preview in prod-eu, users are on v41."
    assert problems(message) == []


@pytest.mark.parametrize(
    ("switch", "more", "first", "text"),
    [
        (
            SWITCHED,
            {},
            "checkout v42 · all users, not confirmed yet · prod-eu",
            "checkout v42 serves all users in prod-eu and is not confirmed yet.",
        ),
        (
            PREVIEW,
            dict(news=N.WAITS),
            "⏸ checkout v42 · waits for the switch · users on v41 · prod-eu",
            "checkout v42 waits for the switch in prod-eu, users are on v41.",
        ),
        (
            PREVIEW,
            dict(news=N.HOLDS, because="p95-latency is inconclusive"),
            "⏸ checkout v42 · holds, users on v41: p95-latency is inconclusive · prod-eu",
            "checkout v42 holds in prod-eu, users are on v41: p95-latency is inconclusive.",
        ),
        (
            PREVIEW,
            dict(news=N.NOT_READY, canary_pods=m.PodsFact(ready=0, wanted=2)),
            "checkout v42 · preview not ready: 0 of 2 pods · prod-eu",
            "checkout v42 in prod-eu: preview not ready: 0 of 2 pods.",
        ),
        (
            WARM,
            dict(news=N.DONE, weight=100, duration_s=840),
            "✓ checkout v42 · done, all users · 14 min · prod-eu",
            "checkout v42 is done in prod-eu: it serves all users.",
        ),
        (
            PREVIEW,
            dict(news=N.ROLLED_BACK),
            "✗ checkout v42 · rolled back, users on v41 · prod-eu",
            "checkout v42 was rolled back in prod-eu, users are on v41.",
        ),
    ],
    ids=["switched", "waits", "holds", "not-ready", "done", "back"],
)
def test_card_of_a_switch_begins_with_where_users_are(switch, more, first, text):
    message = cards.card(card(switch, **more))
    assert lines(message)[0] == first
    assert read(message.text) == text


def test_card_offers_the_fast_way_back_while_the_earlier_version_is_warm():
    buttons = (ex.button("switch_back", stable=ex.V41), ex.button("why"))
    message = cards.card(card(WARM, news=N.DONE, buttons=buttons))
    assert lines(message)[-2:] == ["v41 stays warm until 12:31:05", "[ Switch back ] [ Why ]"]
    confirm = message.blocks[-1]["elements"][0]["confirm"]
    assert [confirm[part]["text"] for part in ("title", "text", "confirm", "deny")] == [
        "Switch back to v41?",
        "prod-eu: all users of checkout return to v41 at once.",
        "Switch back",
        "Keep v42",
    ]


def test_card_names_the_service_of_a_preview_without_an_address():
    for url in ("", "javascript:alert(1)", "https://x|<!channel>"):
        shown = lines(cards.card(card(dataclasses.replace(PREVIEW, preview_url=url))))
        assert "preview: Service checkout-preview" in shown


@pytest.mark.parametrize(
    ("eta", "said"),
    [
        (dict(steps=4, machine_s=420, done_at=ex.at(12, 16)), "left: 4 steps, done about 12:16"),
        (
            dict(steps=4, machine_s=420, people=1),
            "left: 4 steps, about 7 min, 1 approval of unknown length",
        ),
        (dict(steps=1, more=True), "left: 1 step, and what nobody can tell"),
        (
            dict(steps=4, machine_s=420, misses="outside business hours, until Mon 09:00"),
            "left: 4 steps, about 7 min, not all in its window: outside business hours, until "
            "Mon 09:00",
        ),
    ],
)
def test_card_says_what_is_left(eta, said):
    assert said in lines(cards.card(ex.card(eta=m.EtaFact(**eta))))


def test_gate_of_a_switch_reads_as_written():
    kinds = tuple(map(ex.button, ("switch", "abort")))
    message = gates.gate(ex.gate(switch=PREVIEW, weight_from=0, buttons=kinds, metrics=()))
    shown = lines(message)
    assert shown[:2] == [
        "checkout v42 waits for you: the switch of all users · prod-eu",
        "Switch traffic sends all users to v42; v41 stays warm for 30 s.",
    ]
    assert "so far: 24 min, nobody is on it." in shown
    assert "preview: preview.shop.example" in shown
    assert shown[-1] == "[ Switch traffic ] [ Abort ]"
    assert read(message.text) == "checkout v42 waits for you in prod-eu to switch all users to it."


@pytest.mark.parametrize(
    ("closing", "said"),
    [
        (m.Closing.MEASURED_AGAIN, "✓ v42 is measured again, by @sam 12:31"),
        (m.Closing.CONTINUED, "✓ v42 goes on without a verdict, by @sam 12:31"),
    ],
)
def test_gate_says_what_was_decided_about_an_analysis_without_a_verdict(closing, said):
    decided = m.GateDecision(closing=closing, by=ex.SAM, at=ex.at(12, 31))
    message = gates.gate(ex.gate(inconclusive=True, because="p95: too few", decided=decided))
    assert lines(message)[-1] == said.replace("@sam", "<@U0SAM>")
    assert "[" not in lines(message)[-1]


def test_gate_shows_the_evidence_and_three_answers_when_there_is_no_verdict():
    kinds = tuple(map(ex.button, ("measure_again", "continue", "abort")))
    message = gates.gate(
        ex.gate(inconclusive=True, because="success-rate was inconclusive", buttons=kinds)
    )
    shown = lines(message)
    assert "success-rate was inconclusive" in shown
    assert shown[-1] == "[ Measure again ] [ Continue ] [ Abort ]"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (m.ThreadKind.MEASURED_AGAIN, "12:31 measured again, by sam"),
        (m.ThreadKind.CONTINUED, "12:31 goes on without a verdict, by sam"),
    ],
)
def test_thread_says_who_decided_about_an_analysis_without_a_verdict(kind, said):
    fact = m.ThreadFact(kind=kind, at=ex.at(12, 31), by=ex.SAM)
    assert read(rendering.render(fact).text) == said


def test_card_of_a_header_route_claims_no_share_of_all_traffic():
    message = cards.card(ex.card(weight=0, header_route="X-Canary: true"))
    assert lines(message)[:2] == [
        "checkout v42 · 0 % by weight · step 3 of 7 · prod-eu",
        "0 % by weight; everyone with X-Canary: true",
    ]
    assert read(message.text) == (
        "checkout v42 is at 0 % by weight and has everyone with X-Canary: true in prod-eu, "
        "step 3 of 7; next 50 % at 12:09."
    )


def test_gate_of_a_header_route_says_who_has_met_it():
    message = gates.gate(ex.gate(weight_from=0, header_route="X-Canary: true", metrics=()))
    assert "so far: 24 min, 0 % by weight; everyone with X-Canary: true." in lines(message)
