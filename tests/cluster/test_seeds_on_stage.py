"""The manifests of the teaching material on the real control plane, each to its end, all at once.

The bot measures over HTTP what the pods of the material would count.
"""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from aiohttp import web

from bot import settings
from bot.model import ports
from bot.runtime import tasks
from bot.wiring import controller, serving
from tests.cluster.control_plane import ControlPlane
from tests.cluster.seed_stage import KEY, LOOK_S, Mirror, Stage, pointed, shortened
from tests.examples import endings, play

pytestmark = [pytest.mark.cluster, pytest.mark.patient, pytest.mark.timeout(600)]
AT_MOST_S = 400.0
LABEL = "argo-rollouts.argoproj.io/controller-instance-id"
MARKED = {"Rollout", "Experiment", "AnalysisRun"}
Object = dict[str, Any]


class Seed:
    """One file of the material in a namespace of its own, from its first pods to its end."""

    def __init__(self, stage: Stage, name: str) -> None:
        self.stage, self.ending = stage, endings.SEEDS[name]
        self.namespace = f"seed-{uuid.uuid4().hex[:8]}"
        self.mirror = stage.mirrors[self.namespace] = Mirror()
        url = f"{stage.url}/{self.namespace}"
        self.documents = [
            pointed(shortened(document), url) for document in play.load(name, *self.ending.also)
        ]
        self.gates = 0

    async def make(self, kinds: set[str] | None = None) -> None:
        for body in self.documents:
            if kinds is not None and (body["kind"] in {"Experiment"}) != ("Experiment" in kinds):
                continue
            if body["kind"] in MARKED:
                labels = body["metadata"].setdefault("labels", {})
                labels[LABEL] = self.stage.mark
            await self.stage.call("POST", self.path(body), body)

    def path(self, body: Object, name: str = "") -> str:
        group, _, version = body["apiVersion"].rpartition("/")
        root = f"/apis/{group}/{version}" if group else f"/api/{version}"
        plural = {"Ingress": "ingresses"}.get(body["kind"], f"{body['kind'].lower()}s")
        return f"{root}/namespaces/{self.namespace}/{plural}{name and f'/{name}'}"

    def rollout(self) -> Object:
        found = self.mirror.all(ports.ROLLOUT)
        return found[0] if found else {}

    def status(self) -> Object:
        found: Object = self.rollout().get("status") or {}
        return found

    async def until(self, holds: Any) -> None:
        try:
            async with asyncio.timeout(AT_MOST_S):
                while not holds():
                    await asyncio.sleep(0.2)
        except TimeoutError:
            raise AssertionError(f"it does not come there: {self.status()}") from None

    async def ship(self) -> None:
        rollout = self.rollout()
        (first, *more) = rollout["spec"]["template"]["spec"]["containers"]
        image = f"{first['image'].rpartition(':')[0]}:{self.ending.tag}"
        patch = {"template": {"spec": {"containers": [{**first, "image": image}, *more]}}}
        await self._patch({"spec": patch})

    async def _patch(self, body: Object, sub: str = "") -> None:
        path = self.path(self.rollout_head(), self.rollout()["metadata"]["name"])
        await asyncio.to_thread(self.stage.plane.client.merge, f"{path}{sub}", body)

    @staticmethod
    def rollout_head() -> Object:
        return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout"}

    def settled(self) -> bool:
        status, meta = self.status(), self.rollout().get("metadata") or {}
        fresh = status.get("observedGeneration") == str(meta.get("generation"))
        return fresh and status.get("phase") in play.DONE

    def waits(self) -> bool:
        """A person has to open what no timer ends."""
        status, strategy = self.status(), self.rollout()["spec"]["strategy"]
        reasons = {one["reason"] for one in status.get("pauseConditions") or ()}
        if "CanaryPauseStep" in reasons:
            step = strategy["canary"]["steps"][status["currentStepIndex"]]
            return not (step.get("pause") or {}).get("duration")
        return bool(reasons)

    async def play(self) -> Object:
        """What has become of it, in the words of its ending."""
        await self.stage.call("POST", "/api/v1/namespaces", {"metadata": {"name": self.namespace}})
        await self.make({"all but"})
        # A Rollout that is read before its Service is made is Degraded first. And nobody ships
        # before there is anything to compare with: two scrapes make a rate.
        await self.until(lambda: self.settled() and self.status()["phase"] == "Healthy")
        await self.until(lambda: self.mirror.scrapes > 1)
        before = self.status()["currentPodHash"]
        await self.ship()
        await self.until(lambda: self.status().get("currentPodHash") != before)
        if self.ending.alone is not None:
            await self.until(self.waits)
            return await self._alone()
        while True:
            await self.until(lambda: self.settled() or self.waits())
            if self.settled():
                break
            self.gates += 1
            index = self.status().get("currentStepIndex")
            await self._patch({"status": {"pauseConditions": None}}, "/status")
            await self.until(
                lambda index=index: (
                    self.status().get("currentStepIndex") != index or not self.waits()
                )
            )
        await asyncio.sleep(3 * LOOK_S)
        return self._ended()

    def _ended(self) -> Object:
        status = self.status()
        seen = self.mirror.seen.get(status["currentPodHash"], [])
        wanted = iter(seen)
        runs = sorted(self.mirror.all(ports.RUN), key=lambda run: run["metadata"]["name"])
        return {
            "phase": status["phase"],
            "gates": self.gates,
            "runs": tuple((run.get("status") or {}).get("phase", "") for run in runs),
            "shares": all(share in wanted for share in self.ending.shares) or seen,
            "promoted": status["stableRS"] == status["currentPodHash"],
        }

    async def _alone(self) -> Object:
        await self.make({"Experiment"})

        def done() -> bool:
            (found, *_) = [*self.mirror.all(ports.EXPERIMENT), {}]
            return (found.get("status") or {}).get("phase") == "Successful"

        await self.until(done)
        return {"experiment": "Successful"}

    def wanted(self) -> Object:
        if self.ending.alone is not None:
            return {"experiment": "Successful"}
        return {
            "phase": self.ending.phase,
            "gates": self.ending.gates,
            "runs": self.ending.runs,
            "shares": True,
            "promoted": self.ending.phase == "Healthy",
        }


@contextlib.asynccontextmanager
async def bot(plane: ControlPlane, mark: str) -> AsyncIterator[None]:
    """The whole controller with the rights of the manifests; only what is marked is its own."""
    chosen = settings.Settings(kubeconfig=str(plane.bot_kubeconfig), instance_id=mark)
    async with serving.connected(chosen) as client:
        made = controller.Controller(chosen, client)
        made.timers.start()
        watches = (*made.informers(), made.frozen)
        running = [tasks.spawn(cache.run(), name="watch") for cache in watches]
        try:
            await made.sync()
            running.append(tasks.spawn(made.lead(), name="lead"))
            yield
        finally:
            await tasks.cancel(*reversed(running))
            made.timers.stop()
            await made.chat.close()
            for provider in made.providers.values():
                await provider.close()


@contextlib.asynccontextmanager
async def served(stage: Stage) -> AsyncIterator[None]:
    app = web.Application()
    app.router.add_route("*", "/{namespace}/{tail:.*}", stage.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    stage.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield
    finally:
        await runner.cleanup()


def differing(seeds: dict[str, Seed], found: list[Any]) -> Iterator[str]:
    for (name, seed), outcome in zip(seeds.items(), found, strict=True):
        if outcome != seed.wanted():
            yield f"{name}: {outcome!r} instead of {seed.wanted()}"


@contextlib.asynccontextmanager
async def keys(stage: Stage, seeds: dict[str, Seed]) -> AsyncIterator[None]:
    """The Secrets beside the bot that say where the vendors are, and the keys for them."""
    dog, relic = (
        f"{stage.url}/{seeds[f'seeds/module-part-5-{name}.yaml'].namespace}"
        for name in ("datadog", "new-relic")
    )
    wanted = {
        "datadog": {"address": dog, "api-key": KEY, "app-key": KEY},
        "my-newrelic-account": {
            "personal-api-key": KEY,
            "account-id": "7",
            "base-url-nerdgraph": f"{relic}/graphql",
        },
    }
    path = f"/api/v1/namespaces/{settings.LEASE_NAMESPACE}/secrets"
    for name, values in wanted.items():
        await stage.call("POST", path, {"metadata": {"name": name}, "stringData": values})
    try:
        yield
    finally:
        for name in wanted:
            await stage.call("DELETE", f"{path}/{name}")


@pytest.mark.row(96, 97)
async def test_every_seed_runs_to_its_end_on_the_real_control_plane(
    control_plane: ControlPlane,
) -> None:
    stage = Stage(plane=control_plane, mark=f"seeds-{uuid.uuid4().hex[:6]}")
    async with served(stage), stage.looked_at(), bot(control_plane, stage.mark):
        seeds = {name: Seed(stage, name) for name in endings.SEEDS}
        scraping = tasks.spawn(stage.scrape(), name="scrape")
        try:
            async with keys(stage, seeds):
                plays = (seed.play() for seed in seeds.values())
                found = await asyncio.gather(*plays, return_exceptions=True)
            assert not scraping.done(), "nobody counted to the end"
        finally:
            await tasks.cancel(scraping)
    for seed in seeds.values():
        await stage.call("DELETE", f"/api/v1/namespaces/{seed.namespace}")
    assert list(differing(seeds, found)) == []
