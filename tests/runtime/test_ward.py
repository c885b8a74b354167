"""Pods are looked at only where they stay away, and what was seen is told."""

import asyncio

import pytest

from bot.model import errors, ports
from tests.core.notices import test_ailing as ills
from tests.runtime import stage as stages
from tests.runtime import virtual


class Pods(stages.Api):
    """Also lists pods, as the test has them."""

    def __init__(self, rollout, trouble):
        super().__init__(rollout, trouble)
        self.pods = []
        self.lists = []

    async def list(self, kind, *, namespace="", selector=""):
        self.lists.append((kind, namespace, selector))
        await self.trouble.gate("list")
        return self.pods


async def shipped(*, fail=None):
    stage = stages.Stage(stages.STEPS)
    stage.api = Pods(stage.api.rollout, stage.trouble)
    stage.api.pods = [ills.NO_IMAGE]
    stage.start()
    stage.settle()
    await asyncio.sleep(60)
    assert stage.api.lists == []
    stage.ready = False
    if fail is not None:
        stage.trouble.fail = lambda name, n: fail() if name == "list" else None
    stage.ship("app:v2")
    stage.settle()
    return stage


def make_ready(stage):
    stage.ready = True
    stage.sets = {name: stage._sized(rs, rs.replicas) for name, rs in stage.sets.items()}


def card(stage):
    return stage.chat.top()[1]


def test_ward_looks_at_pods_that_stay_away_and_the_card_says_why():
    async def story():
        stage = await shipped()
        await asyncio.sleep(5)
        assert stage.api.lists == []
        await asyncio.sleep(10)
        ((kind, namespace, selector),) = stage.api.lists
        assert (kind, namespace) == (ports.POD, "shop")
        assert selector.startswith("rollouts-pod-template-hash=")
        ill = card(stage)
        make_ready(stage)
        stage.settle()
        await asyncio.sleep(200)
        assert len(stage.api.lists) == 1
        return ill, card(stage)

    ill, well = virtual.run(story())
    assert "canary not ready: 0 of 1 pods, image cannot be pulled: checkout:v42" in ill
    assert "not ready" not in well


def test_ward_never_looks_at_pods_that_come_soon():
    async def story():
        stage = await shipped()
        await asyncio.sleep(5)
        make_ready(stage)
        stage.settle()
        await asyncio.sleep(60)
        return stage.api.lists

    assert virtual.run(story()) == []


@pytest.mark.parametrize(
    "problem",
    [
        lambda: errors.Forbidden("no"),
        lambda: errors.Unavailable("no"),
        lambda: asyncio.Event().wait(),
    ],
    ids=["forbidden", "away", "hangs"],
)
def test_ward_leaves_everything_as_it_is_when_pods_cannot_be_listed(problem):
    async def story(fail):
        stage = await shipped(fail=fail)
        await asyncio.sleep(100)
        assert len(stage.api.lists) >= 3
        await stage.announcer.drain(timeout_s=1)
        return card(stage)

    assert "not ready" not in virtual.run(story(problem))
