"""A thousand objects that cannot be run, and one that can: it goes as fast as if it were alone."""

import asyncio
import copy
import random

from tests.examples import endings, play
from tests.examples import plane as planes
from tests.examples.test_fuzz import JUNK, LOOSE, Bugs, Steady, places, put

MANY = 1_000
GOOD = "canary-gate.yaml"


def malformed():
    """The same each time: our examples under other names, with a value or two replaced by junk."""
    chance = random.Random(20261123)
    sound = [one for name in endings.EXAMPLES for one in play.load(name) if one["kind"] in LOOSE]
    for number in range(MANY):
        bad = copy.deepcopy(chance.choice(sound))
        bad["metadata"]["name"] = f"bad-{number}"
        spots = list(places(bad))
        for _ in range(2):
            put(bad, chance.choice(spots), copy.deepcopy(chance.choice(JUNK)))
        if number % 10 == 0:
            bad["spec"] = copy.deepcopy(chance.choice(JUNK))
        yield bad


async def story(crowd):
    """What the good rollout needs: passes, and the seconds at which each phase began."""
    plane = planes.Plane(prometheus=Steady())
    found, phases = play.Course(plane=plane, name="shop"), []

    def look():
        if plane.rollout("shop") is not None:
            phase = found.status.get("phase")
            if not phases or phases[-1][0] != phase:
                phases.append((phase, asyncio.get_running_loop().time()))

    plane.cluster.lookers.append(look)
    async with plane.running():
        plane.cluster.apply(crowd)
        plane.cluster.apply(play.load(GOOD))
        await plane.until(lambda: play.settled(found))
        play.ship(plane, "shop", "next")
        await plane.until(lambda: play.waits(found))
        await asyncio.sleep(0.5)
        plane.ask("shop", "promote")
        await plane.until(lambda: found.status["phase"] == "Healthy")
        await asyncio.sleep(0.5)
    own = {
        key: count
        for key, count in plane.passes.items()
        if not key.partition("/")[2].startswith("bad")
    }
    return own, phases, plane


def test_good_rollout_needs_no_more_passes_and_no_longer_among_a_thousand_broken_objects():
    alone, phases, _ = play.run(lambda: story([]))
    with Bugs() as bugs:
        among, times, plane = play.run(lambda: story(malformed()))
    assert bugs.found == []
    assert [phase for phase, _ in phases][-1] == "Healthy"
    assert (among, times) == (alone, phases)
    assert len({key for key in plane.passes if "/bad-" in key}) > MANY / 2, "they were looked at"
