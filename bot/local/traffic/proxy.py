"""Keeps Envoy's routes at what the cluster's Services, routers and ready pods say.

A client of the Kubernetes API like any other: it never asks who wrote a weight.
"""

import asyncio
import logging
from pathlib import Path

from bot.local.traffic import api as apis
from bot.local.traffic import envoy, jobs, mirror, routes, runner

log = logging.getLogger(__name__)
SYNC_S = 15.0


class Proxy:
    """``url`` after ``start``; a change is written as soon as its event is here."""

    def __init__(
        self, *, api: apis.Api, namespace: str, app: str, pods: runner.Runner, folder: Path
    ) -> None:
        self._app, self._pods = app, pods
        self._envoy = envoy.Envoy(folder=folder)
        self._dirty = asyncio.Event()
        self._services, self._ingresses, self._virtual = (
            mirror.Mirror(api=api, path=path, changed=self.changed)
            for path in (
                f"/api/v1/namespaces/{namespace}/services",
                f"/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses",
                f"/apis/networking.istio.io/v1beta1/namespaces/{namespace}/virtualservices",
            )
        )
        self._jobs = jobs.Jobs()

    @property
    def url(self) -> str:
        return self._envoy.url

    @property
    def pid(self) -> int | None:
        return self._envoy.pid

    def changed(self) -> None:
        """Something that routes depend on is new."""
        self._dirty.set()

    def table(self) -> routes.Table:
        """The routes as the cluster says now."""
        return routes.table(
            app=self._app,
            services=self._services.objects.values(),
            ingresses=self._ingresses.objects.values(),
            virtual_services=self._virtual.objects.values(),
            running=self._pods.pods.values(),
            ports=self._pods.ports,
        )

    async def counts(self) -> dict[str, int]:
        """Requests sent to each Service, as Envoy counted them."""
        return await self._envoy.counts()

    async def start(self) -> None:
        await self._envoy.start()
        mirrors = (self._services, self._ingresses, self._virtual)
        for one in mirrors:
            self._jobs.start(one.run(), name="watch routers")
        self._jobs.start(self._loop(), name="write routes")
        async with asyncio.timeout(SYNC_S):
            for one in mirrors:
                await one.synced.wait()

    async def stop(self) -> None:
        await self._jobs.stop()
        await self._envoy.stop()

    async def _loop(self) -> None:
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            try:
                self._envoy.apply(self.table())
            except (LookupError, TypeError, ValueError, AttributeError):
                # An object that is not what it should be must not end the stage.
                log.exception("the routers cannot be read; the routes stay as they are")
