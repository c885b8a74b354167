"""How soon a client that polls sees what became of its own write, alone and in a crowd."""

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable
from typing import Any

from tests.benchmarks import measures
from tests.benchmarks.world import World
from tests.conformance import cluster

POLL_S = 0.01
SHOWN_S = 30.0
GATES = [{"setCanaryScale": {"replicas": 1}}, {"setWeight": 10}, {"pause": {}}]
PACE_S = 30
BUSY: list[dict[str, Any]] = [{"setCanaryScale": {"replicas": 1}}]
for _weight in range(1, 90):
    BUSY += [{"setWeight": _weight}, {"pause": {"duration": f"{PACE_S}s"}}]


async def fresh(
    world: World, size: measures.Size, _: measures.Meter, *, crowd: int
) -> list[measures.Row]:
    """One rollout at a gate, asked again and again; ``crowd`` others step every 30 s."""
    name = f"fresh{crowd}"
    steps = [*GATES]
    for weight in range(11, 11 + size.few):
        steps += [{"setWeight": weight}, {"pause": {}}]
    await world.make(name, steps)
    await world.healthy([name])
    await world.ship(name)
    await world.until(lambda: world.paused(name))
    await crowd(world, crowd)
    seen = [await _observed(world, name, turn) for turn in range(size.few)]
    gone = [await _promoted(world, name) for _ in range(size.few)]
    tag = f"-{crowd}" if crowd else ""
    return [
        measures.Row(name=f"observed{tag}", seconds=seen, notes="a spec write → its generation"),
        measures.Row(name=f"unpaused{tag}", seconds=gone, notes="a promote → no pause"),
    ]


async def crowd(world: World, count: int) -> None:
    names = [f"c{at}" for at in range(count)]
    await asyncio.gather(*(world.make(name, BUSY) for name in names))
    await world.healthy(names)
    for name in names:
        await world.ship(name)
        await asyncio.sleep(PACE_S / count)  # real teams do not ship in the same instant


async def _observed(world: World, name: str, turn: int) -> float:
    """A write of the spec that starts no revision."""
    began = time.perf_counter()
    path = world.path(name)
    limit = {"spec": {"revisionHistoryLimit": 3 + turn % 2}}
    written = await world.api.merge(path, limit)
    generation = str(written["metadata"]["generation"])
    await _until(
        lambda: world.api.call("GET", path),
        lambda obj: str((obj.get("status") or {}).get("observedGeneration")) == generation,
    )
    return time.perf_counter() - began


async def _promoted(world: World, name: str) -> float:
    path = world.path(name)
    index = (await world.api.call("GET", path))["status"]["currentStepIndex"]
    began = await world.say(name, {"pauseConditions": None})
    await _until(
        lambda: world.api.call("GET", path), lambda obj: obj["status"]["currentStepIndex"] > index
    )
    ended = time.perf_counter()
    await world.until(lambda: world.paused(name))
    return ended - began


async def _until(
    ask: Callable[[], Awaitable[cluster.Object]], holds: Callable[[cluster.Object], bool]
) -> None:
    async with asyncio.timeout(SHOWN_S):
        while not holds(await ask()):
            await asyncio.sleep(POLL_S)


ALL = {
    "fresh": functools.partial(fresh, crowd=0),
    "fresh-100": functools.partial(fresh, crowd=100),
    "fresh-500": functools.partial(fresh, crowd=500),
}
