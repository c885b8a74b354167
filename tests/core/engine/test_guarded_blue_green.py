"""The gate of a blue-green under a policy: who opens it, what holds it, what passes it."""

import copy
from datetime import UTC, datetime, timedelta

import pytest

from bot.core import glass
from bot.model import ports
from tests.core.engine.guarded import Guarded
from tests.core.engine.test_blue_green import BlueGreen, served

SAM, LEE = "sam (U0SAM)", "lee (U0LEE)"
TWO = {"approvers": ["@sam", "@lee"], "quorum": 2}
PREVIEW = {"rules": [{"steps": [{"gate": "preview", **TWO}]}]}
NAMED = {"rules": [{"approval": TWO}]}
GLASS = {"who": ["@lee"], "second": ["@sam"]}
SATURDAY = datetime(2026, 11, 28, 10, 0, tzinfo=UTC)
MONDAY = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
HOURS = {"name": "hours", "zone": "UTC", "days": ["mon-fri"], "from": "09:00", "to": "17:00"}


class Ruled(Guarded, BlueGreen):
    """Both: a blue-green, and a cluster with a policy and a key."""


@pytest.fixture
def play():
    made = []

    def start(policy=NAMED, *, at=None, manual=True, **chosen):
        more = {"autoPromotionEnabled": False} if manual else {}
        sim = Ruled(policy=policy, **more, **chosen)
        made.append(sim)
        sim.settle(check=lambda: served(sim))
        if at is not None:
            sim.now = at
        sim.ship("two").settle(check=lambda: served(sim))
        return sim

    yield start
    for sim in made:
        sim.close()


def shut(sim):
    return (sim.selects("active"), sim.selects("preview")) == ("one", "two")


def opened(sim):
    return sim.selects("active") == "two"


def break_glass(sim):
    gate = sim.intent().gate
    sim.put(sim.intent(LEE, kind=glass.ASK, gate=gate, reason="orders fail")).settle()
    (one,) = sim.status.bot.glasses
    return sim.put(sim.intent(SAM, kind=glass.AGREE, gate=one.id)).settle()


@pytest.mark.parametrize("policy", [NAMED, PREVIEW], ids=["every gate", "the preview's"])
def test_switch_is_made_with_the_last_approval_that_is_needed(play, policy):
    sim = play(policy)
    assert shut(sim) and sim.status.pause_conditions
    sim.approve(SAM)
    assert shut(sim)
    assert sim.answers()[-1] == (True, "Recorded: 1 of 2 approved: sam.")
    sim.approve(LEE)
    assert opened(sim)
    assert [one.by for one in sim.status.bot.passes] == [(SAM, LEE)]


@pytest.mark.parametrize(
    "write",
    [
        {"pauseConditions": None},
        {"pauseConditions": None, "controllerPause": False},
        {"promoteFull": True},
        {"promoteFull": True, "pauseConditions": None},
        {"blueGreen": {"scaleUpPreviewCheckPoint": True}, "pauseConditions": None},
    ],
    ids=["promote", "no controller pause", "full", "everything", "checkpoint"],
)
def test_write_of_a_stock_tool_switches_nothing_and_the_pause_keeps_its_start(play, write):
    sim = play()
    since = sim.status.pause_conditions[0].start
    sim.now += timedelta(minutes=5)
    sim.write_status(**write).settle(check=lambda: _never(sim))
    assert sim.status.pause_conditions[0].start == since
    assert not sim.status.promote_full
    assert "GateKept" in sim.reasons()
    sim.approve(SAM).approve(LEE)
    assert opened(sim)


def _never(sim):
    assert shut(sim), sim.selects("active")


def test_stable_that_somebody_wrote_switches_nothing(play):
    sim = play()
    sim.write_status(stableRS=sim.status.current_hash).settle(check=lambda: _never(sim))
    sim.write_status(abort=True).settle()
    assert (sim.selects("active"), sim.status.phase) == ("one", "Degraded")


@pytest.mark.parametrize("block", [True, False], ids=["block left", "block gone"])
@pytest.mark.parametrize("stable", ["", "nobody", "two"])
def test_no_other_stable_is_believed_at_the_gate_of_the_preview(play, stable, block):
    sim = play()
    named = sim.status.current_hash if stable == "two" else stable
    if not block:
        sim.replace_block({})
    chosen = {"activeSelector": named}
    sim.write_status(stableRS=named, blueGreen=chosen, pauseConditions=None)
    sim.settle(check=lambda: _never(sim))
    sim.wait(seconds=3600, check=lambda: _never(sim))
    assert sim.stable_image() == "one"


def test_status_of_the_try_before_an_abort_switches_nothing_when_it_is_put_back(play):
    sim = play().approve(SAM)
    half = copy.deepcopy(sim.raw["status"])
    sim.now += timedelta(minutes=1)
    sim.put(sim.intent(SAM, kind="abort")).settle()
    sim.now += timedelta(minutes=1)
    sim.cluster.put(ports.ROLLOUT, {**sim.raw, "status": half})
    sim.settle(check=lambda: _never(sim))
    sim.approve(LEE)
    assert shut(sim)
    sim.approve(SAM)
    assert opened(sim)


def test_retry_makes_another_gate_that_former_approvals_do_not_open(play):
    sim = play().approve(SAM)
    sim.put(sim.intent(SAM, kind="abort")).settle()
    sim.now += timedelta(minutes=1)
    sim.put(sim.intent(SAM, kind="retry")).settle()
    sim.approve(LEE)
    assert shut(sim)
    sim.approve(SAM)
    assert opened(sim)


@pytest.mark.parametrize(
    ("on_timeout", "active", "phase"),
    [("hold", "one", "Paused"), ("abort", "one", "Degraded"), ("promote", "two", "Healthy")],
)
def test_gate_that_nobody_answers_ends_as_the_policy_says(play, on_timeout, active, phase):
    sim = play({"rules": [{"approval": {**TWO, "expires": "1h", "onTimeout": on_timeout}}]})
    sim.wait(seconds=3_590)
    assert shut(sim)
    sim.wait(seconds=20).settle()
    assert (sim.selects("active"), sim.status.phase) == (active, phase)


def test_approvals_under_a_freeze_count_at_its_end(play):
    sim = play()
    sim.freeze("f1")
    sim.approve(SAM).approve(LEE)
    assert shut(sim)
    sim.now += timedelta(minutes=5)
    sim.settle(check=lambda: _never(sim))
    sim.unfreeze("f1")
    sim.settle()
    sim.wait(seconds=20).settle()
    assert opened(sim)


def test_freeze_holds_an_automatic_switch_and_an_abort_passes(play):
    sim = play({"rules": []}, manual=False, autoPromotionSeconds=60)
    sim.freeze("f1")
    sim.wait(seconds=90).settle(check=lambda: _never(sim))
    assert sim.status.bot.held.rule == "freeze:f1"
    sim.write_status(abort=True).settle()
    assert sim.status.phase == "Degraded"


def test_switch_waits_for_the_window_with_an_approval_that_was_given_before(play):
    sim = play({"rules": [{"approval": TWO, "windows": [HOURS]}]}, at=SATURDAY)
    assert shut(sim)
    sim.approve(SAM).approve(LEE)
    assert shut(sim)
    sim.now = MONDAY - timedelta(seconds=1)
    sim.settle(check=lambda: _never(sim))
    sim.now = MONDAY
    sim.settle()
    assert opened(sim)


def test_broken_glass_switches_past_gate_window_and_freeze(play):
    rule = {"approval": TWO, "windows": [HOURS], "breakGlass": GLASS}
    sim = play({"rules": [rule]}, at=SATURDAY)
    sim.freeze("f1")
    sim.settle()
    assert shut(sim)
    sim.now += timedelta(seconds=1)
    break_glass(sim)
    assert opened(sim)
    assert [(one.by, one.how) for one in sim.status.bot.passes] == [((LEE, SAM), "break-glass")]


def test_broken_glass_lets_an_automatic_switch_pass_a_window(play):
    rule = {"windows": [HOURS], "breakGlass": GLASS}
    sim = play({"rules": [rule]}, at=SATURDAY, manual=False)
    assert shut(sim)
    break_glass(sim)
    assert opened(sim)
