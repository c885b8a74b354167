"""What one good release costs its channel, whatever its strategy, its gates and what holds it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.model import policy
from tests.runtime import stage as stages
from tests.runtime import test_switch_back, virtual

MINUTE = timedelta(minutes=1)
WEIGHTS = st.integers(1, 100).map(lambda n: {"setWeight": n})
PAUSES = st.sampled_from(["5s", "1m", "10m"]).map(lambda n: {"pause": {"duration": n}})
GATES = st.just({"pause": {}})
STEPS = st.lists(WEIGHTS | PAUSES | GATES, max_size=6)
CANARIES = st.fixed_dictionaries({"steps": STEPS, "before_full": st.booleans()})
SWITCHES = st.fixed_dictionaries(
    {"autoPromotionEnabled": st.booleans()},
    optional={"autoPromotionSeconds": st.just(30), "scaleDownDelaySeconds": st.just(60)},
)
FROZEN = st.none() | st.tuples(st.integers(0, 20), st.integers(1, 60))
"""From which minute after shipping, and for how many."""


def stage_of(strategy):
    if "steps" not in strategy:
        return test_switch_back.Switching(**strategy)
    full = {"rollout-bot.io/gate-before-full": "true"} if strategy["before_full"] else {}
    return stages.Stage(strategy["steps"], annotations=full)


def frozen(stage, span):
    """The stage under one freeze."""
    start = virtual.now() + span[0] * MINUTE
    freeze = policy.Freeze(
        id="f1", scope=policy.Scope(), reason="incident", by="dana (U0DANA)",
        at=start, until=start + span[1] * MINUTE,
    )  # fmt: skip
    plain = stage.seen
    stage.seen = lambda: replace(plain(), freezes=(freeze,) if virtual.now() >= start else ())


def released(strategy, span):
    """Shipped, waited for, approved at every gate, done; the stage, and how many gates it had."""

    async def story():
        stage = stage_of(strategy)
        stage.settle()
        stage.start()
        if span is not None:
            frozen(stage, span)
        stage.ship("app:v2")
        gates = 0
        for turn in range(160):
            stage.settle(4)
            await asyncio.sleep(60)
            status = stage.settle(2)
            if any(gate(stage)):
                gates += 1
                approve(stage, turn)
            if status.phase == "Healthy" and status.stable_hash == status.current_hash:
                break
        stage.settle()
        await asyncio.sleep(600)
        assert status.phase == "Healthy", (strategy, span, status.message)
        return stage, gates

    return virtual.run(story())


def gate(stage):
    """The buttons of approval that stand in the channel now."""
    for found in stage.chat.messages.values():
        for block in found["message"].blocks:
            for one in block.get("elements", ()):
                if one.get("action_id") in {"rollout:approve", "rollout:switch"}:
                    yield one


def approve(stage, turn):
    intent = {"kind": "promote", "actor": "sam (U0SAM)", "at": virtual.now().isoformat()}
    stage.patch(rolloutBot={"version": 1, "intents": {f"i{turn}": intent}})


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(strategy=CANARIES | SWITCHES, span=FROZEN)
@example(strategy={"steps": [{"setWeight": 50}, {"pause": {}}], "before_full": True}, span=None)
@example(strategy={"steps": [{"pause": {}}], "before_full": False}, span=(0, 30))
@example(strategy={"autoPromotionEnabled": False}, span=(0, 30))
def test_good_release_costs_one_card_and_one_approval_a_gate_whatever_its_strategy(strategy, span):
    """The result is the card's own end, which calls nobody."""
    stage, gates = released(strategy, span)
    tops = [text.replace("\u202f", " ") for text in stage.chat.top()]
    cards = [text for text in tops if "is done" in text]
    asked = [text for text in tops if "approved by" in text]
    assert len(cards) == 1, tops
    assert len(asked) <= gates
    assert len(tops) == 1 + len(asked), tops
