"""Plays scenarios against whatever controller watches the cluster, and records what it did."""

import asyncio
import json
import time
from contextlib import AsyncExitStack, asynccontextmanager
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import yaml

from tests.conformance import cluster as clusters
from tests.conformance import objects, snapshot
from tests.conformance.acts import Actor
from tests.conformance.cluster import Cluster, Object
from tests.conformance.scripted import Scripted
from tests.conformance.world import WATCHED, World

HERE = Path(__file__).parent
# Words of a wait that are not facts of the world.
MANNER = {"within", "quiet", "as"}
WITHIN_S, QUIET_S = 60.0, 1.5
# After the last act: events are written a little later than what they tell of.
AFTERWARDS_S = 0.5


def scenarios(file: Path = HERE / "scenarios.yaml") -> list[Object]:
    return yaml.safe_load(file.read_text())["scenarios"]


async def record(
    chosen: list[Object], *, kubeconfig: Path, out: Path, jobs: int
) -> AsyncIterator[Object]:
    """Play all, at most ``jobs`` at once; yield each recording when its file is written."""
    out.mkdir(parents=True, exist_ok=True)
    gate = asyncio.Semaphore(jobs)
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(Cluster(kubeconfig=kubeconfig))
        scripted = Scripted()
        await stack.enter_async_context(scripted.serve())

        async def one(scenario: Object) -> Object:
            async with gate:
                made = await play(scenario, cluster=cluster, scripted=scripted)
            text = json.dumps(made, indent=1, sort_keys=True)
            (out / f"{made['id']}.json").write_text(text + "\n")
            return made

        for done in asyncio.as_completed([one(scenario) for scenario in chosen]):
            yield await done


async def play(scenario: Object, *, cluster: Cluster, scripted: Scripted) -> Object:
    """One scenario in a namespace of its own. It stops at the first act that fails."""
    name = f"conf-{scenario['id']}"
    recording: Object = {
        "id": scenario["id"],
        "about": scenario.get("about", ""),
        "points": [],
    }
    async with namespace(name, cluster=cluster):
        world = World(cluster=cluster, namespace=name)
        scripted.script(name, scenario.get("metrics") or {})
        async with watched(world):
            for item in objects.of_scenario(scenario, namespace=name, port=scripted.port):
                await cluster.call("POST", clusters.path_of(name, item["kind"]), item)
            actor = Actor(cluster=cluster, world=world, scripted=scripted)
            await act_all(scenario["act"], world=world, actor=actor, recording=recording)
            await asyncio.sleep(AFTERWARDS_S)
        recording["path"] = world.clean(world.path)
        recording["events"] = world.clean(world.events)
    return recording


async def act_all(acts: list[Any], *, world: World, actor: Actor, recording: Object) -> None:
    for act in acts:
        verb, argument = next(iter(act.items())) if isinstance(act, dict) else (act, None)
        try:
            if verb in {"wait", "reach"}:
                await arrive(argument, world=world)
            else:
                await actor.do(verb, argument)
        except (TimeoutError, clusters.Refused) as error:
            recording["stopped"] = f"{json.dumps(act)}: {error}"
            recording["points"].append({"stopped": True, "snapshot": snapshot.take(world)})
            return
        if verb == "wait":
            want = facts_of(argument)
            await world.rest(quiet_s=argument.get("quiet", QUIET_S))
            recording["points"].append({"wait": want, "snapshot": snapshot.take(world)})


async def arrive(argument: Object, *, world: World) -> None:
    await world.until(facts_of(argument), timeout_s=argument.get("within", WITHIN_S))


def facts_of(argument: Object) -> Object:
    return {name: value for name, value in argument.items() if name not in MANNER}


@asynccontextmanager
async def namespace(name: str, *, cluster: Cluster) -> AsyncIterator[None]:
    """Fresh at the start; deleted at the end, without waiting for it."""
    path = f"/api/v1/namespaces/{name}"
    await cluster.delete(path)
    await cluster.until_gone(path)
    await cluster.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    try:
        yield
    finally:
        await cluster.delete(path)


@asynccontextmanager
async def watched(world: World) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(world.watch(kind)) for kind in WATCHED]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
