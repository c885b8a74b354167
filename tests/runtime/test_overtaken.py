"""That a revision was done is told also when the next one came first, whatever was killed when."""

import asyncio

import pytest

from tests.runtime import stage as stages
from tests.runtime import test_directs, test_feeding, virtual

QUIET = "11:00-18:00"  # the stage begins at noon, UTC
CALLS = 9
STEPS = [{"setWeight": 50}, {"pause": {"duration": "60s"}}]


class Killed:
    """The process dies in its n-th call to the cluster or the chat, before or after it counts."""

    def __init__(self, stage, moment, *, after):
        self.stage, self.moment, self.after = stage, moment, after
        self.calls, self.dead, self.posted = 0, False, False
        stage.trouble.fail = self.before
        stage.trouble.after = self.behind

    def _due(self):
        return self.dead or self.calls == self.moment

    def before(self, _name, _number):
        self.calls += not self.dead
        if not self.dead and (self.after or not self._due()):
            return None
        self.dead = True
        return asyncio.CancelledError()

    def behind(self, name, _number):
        self.posted |= name == "post" and self.moment > 0
        if self.after and self._due():
            self.dead = True
            return asyncio.CancelledError()
        return None


async def revived(stage, kill, book):
    """Another process in the place of a dead one: nothing but the cluster is left."""
    if kill.dead:
        old, stage.announcer = stage.announcer, None
        if old is not None:
            await old.drain(timeout_s=0)
        kill.dead, kill.moment = False, -1
        test_directs.wired(stage, book)


async def hour(stage, kill, book, *, away=False):
    """Passes for an hour; ``away``: whoever died in it is followed by nobody yet."""
    for _ in range(4):
        if kill.dead and away:
            stage.announcer = None
        else:
            await revived(stage, kill, book)
        stage.settle(passes=2)
        await asyncio.sleep(900)


async def two_releases(stage, book, kill, *, away):
    stage.settle()
    await asyncio.sleep(5)
    for image in ("app:v2", "app:v3"):
        stage.ship(image)
        stage.settle(passes=3)
        await revived(stage, kill, book)
        stage.settle(passes=1)
        await asyncio.sleep(61)
        await hour(stage, kill, book, away=away and image == "app:v2")
    early = list(test_directs.said(stage).get("DU0SAM", []))
    for _ in range(6):
        await asyncio.sleep(3_600)
        await revived(stage, kill, book)
        stage.settle(passes=2)
    await asyncio.sleep(60)
    await revived(stage, kill, book)
    stage.settle(passes=2)
    await asyncio.sleep(60)
    return early


def told(moment, *, after=False, away=False):
    async def story():
        stage = stages.Stage(STEPS)
        _, book = test_directs.shelf()
        await book.add(test_directs.sub(quiet=QUIET))
        test_directs.wired(stage, book)
        kill = Killed(stage, moment, after=after)
        early = await two_releases(stage, book, kill, away=away)
        return early, test_directs.said(stage).get("DU0SAM", []), kill

    return virtual.run(story())


def lines(messages):
    """How often each revision is said to be done."""
    return sum("v2" in text for text in messages), sum("v3" in text for text in messages)


def test_both_are_told_after_the_quiet_hours_in_one_list():
    early, late, kill = told(-1)
    assert early == []
    (text,) = late
    assert text.startswith("2 pieces of news from your quiet hours: ")
    assert kill.calls == CALLS


@pytest.mark.parametrize("away", [False, True], ids=["at once", "when v3 is on its way"])
@pytest.mark.parametrize("after", [False, True], ids=["before it counts", "after"])
@pytest.mark.parametrize("moment", range(1, CALLS + 1))
def test_both_are_told_once_wherever_the_process_was_killed(moment, after, away):
    """A kill between the message and its mark alone may say it once more."""
    early, late, kill = told(moment, after=after, away=away)
    assert early == []
    v2, v3 = lines(late)
    if (moment, after, away) == (1, False, True):
        # Nobody was there from before v2's first word until it was over: it is no news of ours.
        assert (v2, v3) == (0, 1)
    elif kill.posted:
        assert {v2, v3} <= {1, 2}
    else:
        assert (v2, v3) == (1, 1)


def test_revision_that_became_stable_while_nobody_looked_is_told_by_the_next_process():
    async def story():
        stage = stages.Stage(STEPS)
        _, book = test_directs.shelf()
        await book.add(test_directs.sub(quiet=QUIET))
        test_directs.wired(stage, book)
        stage.settle()
        stage.ship("app:v2")
        stage.settle(passes=3)
        await asyncio.sleep(5)
        stage.announcer = None
        await asyncio.sleep(61)
        stage.settle()
        stage.ship("app:v3")
        stage.settle(passes=3)
        test_directs.wired(stage, book)
        stage.settle(passes=2)
        await asyncio.sleep(61)
        stage.settle()
        for _ in range(10):
            await asyncio.sleep(3_600)
            stage.settle(passes=2)
        said = (stage.api.rollout["status"]["rolloutBot"].get("said") or {}).items()
        return test_directs.said(stage)["DU0SAM"], [key for key, one in said if one]

    said, kept = virtual.run(story())
    assert lines(said) == (1, 1)
    assert len([key for key in kept if key.startswith("feed:")]) == 1
