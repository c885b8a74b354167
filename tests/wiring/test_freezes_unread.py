"""The freezes at the start of a bot: an API that answers late, badly, or not at all."""

import asyncio
import logging
from types import SimpleNamespace

import pytest

from bot.adapters.kubernetes import informer
from bot.model import policy, ports
from bot.core.gates import freeze_codec
from bot.runtime import first_reading, freezes
from bot.wiring import freezing
from tests.adapters.kubernetes import scripted
from tests.adapters.kubernetes.conftest import api, config_file, server  # noqa: F401 - fixtures
from tests.runtime import virtual
from tests.wiring import objects

NS = "argo-rollouts"
FREEZE = policy.Freeze(
    id="f1",
    scope=policy.Scope(namespace="default"),
    reason="db",
    by="dana (U0DANA)",
    at=virtual.START,
)


class Late:
    """A list that the server has not answered yet."""

    def __init__(self, *items):
        self.asked, self.answers = asyncio.Event(), asyncio.Event()
        self.page = scripted.page(*items, version=7)

    async def __call__(self, request):
        self.asked.set()
        await self.answers.wait()
        return await self.page(request)


def stored(*found):
    data = {one.id: freeze_codec.encode(one) for one in found}
    return {
        "metadata": {"namespace": NS, "name": freezes.NAME, "resourceVersion": "7"},
        "data": data,
    }


class Bot:
    """What of a controller has to do with freezes, with the real cache of them."""

    def __init__(self, client):
        self.chosen = SimpleNamespace(lease_namespace=NS, cluster="prod")
        self.api, self.caches, self.leading = client, objects.caches(), True
        self.queue = SimpleNamespace(add=self._woken)
        self.recording = SimpleNamespace(note=lambda record: None)
        self.clock = lambda: virtual.START
        self.woken = []
        self.frozen = freezing.watch(self)
        self.reading = freezing.reading(self, self.frozen)
        self.freezes = freezing.build(self, self.frozen, self.reading)

    def _woken(self, key):
        """As a pass would look at it then."""
        held = self.freezes.unread() is not None
        self.woken.append((key, held, [one.id for one in self.freezes.of("default", "myapp")]))

    async def __aenter__(self):
        work = self.frozen.run(), self.reading.run()
        self.tasks = [asyncio.get_running_loop().create_task(one) for one in work]
        return self

    async def __aexit__(self, *_):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


@pytest.mark.parametrize("found", [[], [FREEZE]], ids=["nothing is frozen", "a freeze"])
async def test_what_was_held_is_woken_when_a_slow_answer_comes(server, api, found):  # noqa: F811
    late = Late(*([stored(*found)] if found else []))
    server.lists.append(late)
    async with Bot(api) as bot:
        await late.asked.wait()
        assert bot.freezes.unread().problem == ""
        assert bot.woken == []
        late.answers.set()
        await scripted.until(lambda: bot.tasks[1].done())
        assert bot.freezes.unread() is None
    assert bot.woken[-1] == ("default/myapp", False, [one.id for one in found])


async def test_empty_list_wakes_nobody_where_another_replica_leads(server, api):  # noqa: F811
    server.lists.append(scripted.page(version=7))
    bot = Bot(api)
    bot.leading = False
    async with bot:
        await scripted.until(lambda: bot.tasks[1].done())
    assert bot.woken == []


async def test_refusals_in_a_row_free_what_was_held_and_are_said_loudly(server, api, caplog):  # noqa: F811
    server.lists.extend(
        (scripted.refusal(403, "Forbidden", "configmaps is forbidden"),) * 3
        + (scripted.refusal(503),)  # a row begins anew
        + (scripted.refusal(403, "Forbidden", "configmaps is forbidden"),) * 5
    )
    bot, refusals = Bot(api), []

    async def sleep(_):
        refusals.append((bot.frozen.refusals, bot.freezes.unread() is None))
        await asyncio.sleep(0)

    bot.frozen = bot.reading.source = informer.Informer(
        source=api, kind=ports.CONFIG_MAP, namespace=NS, sleep=sleep
    )
    async with bot:
        await scripted.until(lambda: bot.tasks[1].done())
        sentence = bot.reading.sentence()
    held = [(1, False), (2, False), (3, False), (0, False), *((n, False) for n in range(1, 5))]
    assert refusals[:9] == [*held, (5, True)]
    assert bot.woken == [("default/myapp", False, [])]
    (line,) = [one for one in caplog.records if one.name == first_reading.__name__]
    assert line.levelno == logging.ERROR
    assert "cannot be read, so none counts: may not list configmaps" in line.message
    assert sentence.startswith("The freezes cannot be read, so none counts: may not list")


class Silent:
    """A cache that nothing comes into."""

    def __init__(self):
        self.synced, self.problem, self.refusals = asyncio.Event(), "", 0


def test_silence_is_said_now_and_then_and_ends_nothing(caplog):
    async def story():
        source, known = Silent(), []
        reading = first_reading.FirstReading(
            source=source, what="argo-rollouts/rollout-bot-freezes", since=virtual.now(),
            known=lambda: known.append(virtual.now()),
        )  # fmt: skip
        task = asyncio.get_running_loop().create_task(reading.run())
        await reading.soon()
        begun = virtual.now()
        await asyncio.sleep(24 * 3600)
        assert (reading.unread(), known) != (None, [])
        source.synced.set()
        await task
        return begun, known

    with caplog.at_level(logging.ERROR):
        begun, known = virtual.run(story())
    assert (begun - virtual.START).total_seconds() == first_reading.GRACE_S
    assert len(known) == 1
    lines = [one.message for one in caplog.records]
    assert 140 < len(lines) < 155  # 10, 20, 40 … s, then every 10 min
    assert lines[0] == (
        "the freezes (ConfigMap argo-rollouts/rollout-bot-freezes) cannot be read yet, so no rollout "
        "moves forward; aborts do: no answer"
    )
