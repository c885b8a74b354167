"""Break-glass: two persons and a reason pass what the policy holds, and nothing less does."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core import codec_block, glass
from bot.runtime import signing
from tests.core.engine.guarded import KEY, TWO
from tests.core.engine.planted import Bug, planted
from tests.core.engine.test_guarded import LEE, SAM, at_gate

DANA = "dana (U0DANA)"


def asked(sim=None, actor=LEE, **more):
    sim = sim or at_gate()
    gate = sim.intent().gate
    sim.put(sim.intent(actor, kind=glass.ASK, gate=gate, reason="orders fail", **more)).settle()
    return sim


def answer(sim, actor=SAM, kind=glass.AGREE, of=None, **more):
    one = of or sim.status.bot.glasses[-1]
    return sim.put(sim.intent(actor, kind=kind, gate=one.id, **more)).settle()


def later(sim, **span):
    sim.now += timedelta(**span)
    return sim


def shut(sim):
    return (sim.weight(), sim.status.step_index) == (20, 1)


def test_gate_opens_when_a_second_person_agrees():
    sim = asked()
    assert shut(sim)
    answer(sim)
    assert (sim.weight(), sim.status.step_index) == (60, 3)
    (one,) = sim.status.bot.passes
    assert (one.by, one.how) == ((LEE, SAM), "break-glass")
    done = sim.status.bot.glasses[-1]
    assert (done.actor, done.second, done.answer) == (LEE, SAM, "agreed")
    assert sim.answers()[-1] == (
        True,
        "The glass is broken by lee and sam: it goes on in spite of the policy.",
    )


@pytest.mark.parametrize("again", [LEE, "lee the second (U0LEE)", "lee", "lee (terminal)"])
def test_asker_may_not_agree(again):
    assert shut(answer(asked(), again))


def test_gate_stays_shut_when_the_request_has_expired():
    sim = later(asked(), minutes=15)
    answer(sim)
    assert shut(sim)
    assert sim.answers()[-1] == (False, glass.OVER)


def test_gate_stays_shut_when_somebody_refused_before():
    sim = asked()
    one = sim.status.bot.glasses[-1]
    answer(sim, kind=glass.REFUSE)
    answer(sim, DANA, of=one)
    assert shut(sim)
    assert sim.answers()[-1] == (False, glass.OVER)


@pytest.mark.parametrize(
    "forge",
    [
        lambda one: replace(one, seal="", signed=False),
        lambda one: replace(one, seal="0" * 64),
        lambda one: replace(one, actor=DANA),
        lambda one: replace(one, until=one.until + timedelta(days=1)),
        lambda one: replace(one, id="another"),
        lambda one: replace(one, answer="agreed", second=SAM, answered=one.at),
    ],
)
def test_request_that_was_forged_counts_for_nothing(forge):
    sim = asked()
    (one,) = sim.status.bot.glasses
    block = codec_block.encode(replace(sim.status.bot, glasses=(forge(one),)))
    sim.replace_block(block).settle()
    answer(sim, of=forge(one))
    assert shut(sim)
    assert sim.status.bot.glasses == ()


def test_agreement_that_is_not_sealed_counts_for_nothing():
    sim = asked()
    mine, sim.signer = sim.signer, signing.Signer(cluster="other", key=lambda: KEY)
    one = sim.status.bot.glasses[-1]
    forged = sim.intent(SAM, kind=glass.AGREE, gate=one.id)
    sim.signer = mine
    assert shut(sim.put(forged).settle())


def test_request_is_over_when_another_gate_has_come():
    sim = asked()
    one = sim.status.bot.glasses[-1]
    sim.approve(SAM).approve(LEE)
    assert sim.status.step_index == 3
    answer(sim, DANA, of=one)
    assert (sim.weight(), sim.status.step_index) == (60, 3)


def test_broken_glass_opens_one_gate_and_not_the_next():
    sim = answer(asked())
    later(sim, minutes=1).settle()
    assert sim.status.step_index == 3
    assert sim.status.pause_conditions


def test_second_request_is_refused_while_one_waits():
    sim = asked(asked(), DANA)
    assert len(sim.status.bot.glasses) == 1
    assert "lee has asked already" in sim.answers()[-1][1]


def test_nothing_is_asked_without_a_reason():
    sim = at_gate()
    sim.put(sim.intent(LEE, kind=glass.ASK, gate=sim.intent().gate, reason=" ")).settle()
    assert sim.status.bot.glasses == ()


def test_abort_forgets_what_was_asked():
    sim = asked()
    sim.put(sim.intent(SAM, kind="abort")).settle()
    assert (sim.status.abort, sim.status.bot.glasses) == (True, ())


def test_another_revision_is_not_let_through():
    sim = answer(asked())
    sim.ship("three").settle()
    assert sim.status.bot.glasses == ()


FREE = {"rules": [{"approval": {"quorum": 2}}]}


def test_freeze_that_had_begun_does_not_hold_any_more_and_a_later_one_does():
    sim = at_gate(FREE)
    sim.freeze("f1")
    answer(asked(sim))
    assert sim.status.step_index == 3
    later(sim, minutes=1)
    sim.freeze("f2")
    sim.approve(SAM).approve(LEE)
    assert sim.status.bot.held.rule == "freeze:f2"


BUGS = {
    "asker-agrees": Bug("bot.core.glass:_agree", "_same(one.actor, intent.actor, d.seen.policy.people)", "False",
                        "test_asker_may_not_agree"),
    "expired-counts": Bug("bot.core.glass:waits", "now < one.until", "True",
                          "test_gate_stays_shut_when_the_request_has_expired"),
    "forged-counts": Bug("bot.core.glass:mine", "one.signed and", "True and",
                         "test_request_that_was_forged_counts_for_nothing"),
    "unsigned-answer-counts": Bug("bot.core.glass:take", "not intent.signed", "False",
                                  "test_agreement_that_is_not_sealed_counts_for_nothing"),
    "any-gate": Bug("bot.core.glass:_agree", "one.gate != here", "False",
                    "test_request_is_over_when_another_gate_has_come"),
}  # fmt: skip


@pytest.mark.parametrize("bug", BUGS.values(), ids=list(BUGS))
def test_planted_bug_is_noticed(bug):
    test = globals()[bug.caught_by]
    marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
    values = [(value,) for value in marks[0].args[1]] if marks else [()]
    with planted(bug), pytest.raises(BaseException):  # noqa: B017, PT011 - whichever it is
        for value in values:
            test(*value)
