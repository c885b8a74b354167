"""The whole bot through a good and a bad release, killed at each of its calls in turn."""

import asyncio
import re

import pytest

from bot.model import buttons, errors, ports
from tests.runtime import process, virtual

STEPS = [{"setWeight": 20}, {"pause": {"duration": "10s"}}, {"setWeight": 50}]
BACKGROUND = {"templates": [{"templateName": "ok"}], "startingStep": 1}
GATED = {"rollout-bot.io/gate-before-full": "true"}
METRIC = {
    "name": "success-rate",
    "interval": "5s",
    "failureLimit": 1,
    "successCondition": "result[0] >= 0.95",
    "provider": {"prometheus": {"address": "http://prometheus", "query": "ok"}},
}
CHANGES = {"write", "post", "update", "upload"}
NEVER = 10**9


def place():
    made = process.Place({"steps": STEPS, "analysis": BACKGROUND}, annotations=GATED)
    made.template("ok", [METRIC])
    return made


class Killer:
    """Takes the process away once its ``at``-th call was carried out, before it is answered."""

    def __init__(self, made, at):
        self.made, self.at = made, at
        self.hit = asyncio.Event()
        self.kills = 0
        made.trouble.fail = lambda name, number: self._strike(name.split()[0], number, CHANGES)
        made.trouble.after = lambda name, number: self._strike(name, number, set())

    def _strike(self, name, number, spared):
        if name in spared or number < self.at or self.kills:
            return None
        self.kills += 1
        self.made.process.line.alive = False
        self.hit.set()
        return asyncio.CancelledError()

    async def restart(self):
        while True:
            await self.hit.wait()
            self.hit.clear()
            await self.made.process.kill()
            await asyncio.sleep(3)
            self.made.start()


async def person(made):
    """Approves what asks for it, and asks again when the bot was gone."""
    while True:
        await asyncio.sleep(5)
        if made.process is not None:
            # A task of its own: it goes down with the process.
            click = asyncio.create_task(process.approve(made.process))
            await asyncio.wait({click}, timeout=10)


async def story(kill_at=NEVER):
    made = place()
    killer = Killer(made, kill_at)
    about = [asyncio.create_task(killer.restart()), asyncio.create_task(person(made))]
    made.start()
    await asyncio.sleep(20)
    made.ship("two")
    await asyncio.sleep(80)
    good = ending(made)
    made.ship("three")
    await asyncio.sleep(80)
    for task in about:
        task.cancel()
    await made.process.kill()
    return made, killer, (good, ending(made))


def ending(made):
    status = made.status
    return {
        "phase": status.phase,
        "message": status.message,
        "step": status.step_index,
        "weight": made.weight(),
        "stable": made.stable_image(),
        "approved": [one.kind for one in status.bot.handled if one.accepted],
        "runs": len(made.runs()),
    }


def test_whole_bot_approves_once_and_takes_back_what_is_bad():
    made, _, (good, bad) = virtual.run(story())
    assert (good["phase"], good["stable"], good["approved"]) == ("Healthy", "two", ["promote"])
    assert (bad["phase"], bad["stable"], bad["weight"]) == ("Degraded", "two", 0)
    assert "success-rate" in bad["message"]
    assert good["runs"] == 1
    assert bad["runs"] == 2
    assert any("rolled back" in text for text in made.chat.top())


def test_whole_bot_comes_to_the_same_end_when_killed_at_any_call():
    whole, _, wanted = virtual.run(story())
    calls = len(whole.trouble.calls)
    assert calls > 60
    for at in range(1, calls + 1):
        made, killer, got = virtual.run(story(at))
        assert killer.kills == 1, at
        assert got == wanted, at
        repeats = _repeats(made, whole)
        assert repeats <= 0, (at, made.chat.top(), made.chat.lines())


def _repeats(made, whole):
    """Messages beyond those of an undisturbed story; one that is missing is an error.

    Only the card of the first deployment may be missing: a bot that finds a rollout at rest
    that it never spoke of says nothing, or it would greet thousands at its first start.
    """
    told, wanted = (
        [text for text in _timeless(each) if "first deployment" not in text]
        for each in (made, whole)
    )
    assert set(wanted) <= set(told)
    return len(told) - len(wanted)


def _timeless(made):
    """What was said, without the times, which a kill puts off."""
    times = re.compile(r"<!date[^>]*>|in [0-9ms ]+ s\b")
    return [times.sub("…", text) for text in made.chat.top() + made.chat.lines()]


def hold(made, names):
    """From now on calls of these names hang for ever."""
    made.trouble.fail = lambda name, number: (
        process.hanging() if name.split()[0] in names else None
    )


@pytest.mark.parametrize("by", ["kubectl", "slack", "verdict"])
@pytest.mark.parametrize(
    "hung", [("post", "update", "upload"), ("sample",), ("post", "update", "sample")]
)
def test_abort_takes_the_traffic_away_at_once_when_others_hang(by, hung):
    async def main():
        made = place()
        made.start()
        await asyncio.sleep(20)
        made.ship("three" if by == "verdict" else "two")
        await asyncio.sleep(4)
        assert made.weight() == 20
        if by == "verdict":
            # The backend answers until the verdict; what hangs is the chat.
            hold(made, set(hung) - {"sample"})
            await asyncio.sleep(20)
        else:
            hold(made, set(hung))
            await asyncio.sleep(8)
            await _abort(made, by)
        weight = made.weight()
        await made.process.kill()
        return made, weight

    made, weight = virtual.run(main())
    assert made.status.abort
    assert weight == 0


async def _abort(made, by):
    if by == "kubectl":
        made.patch(status={"abort": True})
        await asyncio.sleep(0.1)
        return
    asked = made.process.desk.submit("abort", process.KEY, process.SAM)
    async with asyncio.timeout(1):
        assert (await asked).accepted
    await asyncio.sleep(0.1)


def test_abort_waits_for_nobody_when_the_router_refuses_and_goes_on_trying():
    async def main():
        made = place()
        made.start()
        await asyncio.sleep(20)
        made.ship("two")
        await asyncio.sleep(4)
        made.cluster.before = lambda number, write: (
            errors.Refused("the webhook says no") if write.ref.kind.plural == "ingresses" else None
        )
        await _abort(made, "slack")
        refused = made.weight(), made.status.abort, made.status.bot.abort["trouble"]
        await asyncio.sleep(5)
        told = [
            ts
            for (_, ts), each in made.chat.messages.items()
            if "webhook says no" in str(each["message"].blocks)
        ]
        made.cluster.before = lambda number, write: None
        await asyncio.sleep(5)
        await made.process.kill()
        return made, refused, told

    made, refused, told = virtual.run(main())
    assert refused == (20, True, "the webhook says no")
    assert told
    assert made.weight() == 0
    assert "trouble" not in made.status.bot.abort


def test_nothing_goes_on_and_people_are_told_when_the_rollout_is_deleted_midway():
    async def main():
        made = place()
        made.start()
        await asyncio.sleep(20)
        made.ship("two")
        await asyncio.sleep(30)
        assert (made.status.phase, made.weight()) == ("Paused", 50)
        (waits,) = made.process.desk.waiting().waiting
        approve = next(b for b in waits.buttons if b.kind == buttons.ButtonKind.APPROVE)
        gone = made.raw
        # What the garbage collection takes with it.
        for kind, name in list(made.cluster.objects):
            if kind in {"rollouts", "replicasets", "analysisruns"}:
                del made.cluster.objects[kind, name]
        made.process.changed(ports.ROLLOUT, gone, None)
        written, said = len(made.cluster.writes), len(made.chat.messages)
        answers = [
            await made.process.desk.press(approve.value, approve.kind, process.SAM),
            await made.process.desk.submit("abort", process.KEY, process.SAM),
        ]
        await asyncio.sleep(600)
        assert len(made.cluster.writes) == written
        assert len(made.chat.messages) == said
        assert made.process.timers.handles == {}
        assert made.process.desk.waiting().waiting == ()
        await made.process.kill()
        return answers

    for reply in virtual.run(main()):
        assert not reply.accepted
        assert reply.sentence == "This rollout is not there any more; nothing was done."
