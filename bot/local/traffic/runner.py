"""The pod runner, a kubelet of a kind: every pod of one namespace becomes a real HTTP server.

Belongs here: bind, start, report, end. How an image behaves is in ``behaviors``, what is reported
in ``pods``. Requests are not routed here.
"""

import asyncio
import datetime as dt
import itertools
import logging
from collections.abc import Awaitable, Callable

from bot.local.traffic import api as apis
from bot.local.traffic import app, behaviors, errors, jobs, mirror, pods

log = logging.getLogger(__name__)
READY_S = 0.5
DRAIN_S = 0.5
_RETRY_S = 0.5
_TRIES = 20
_GONE = frozenset({404})
_DONE = frozenset({404, 405, 409})
"""Bound by a scheduler, deleted by another, or a server that needs no binding."""


class Runner:
    """``ports`` by pod uid: what listens now. ``changed`` is called when that changes."""

    def __init__(
        self,
        *,
        api: apis.Api,
        namespace: str,
        error_rate: float | None,
        changed: Callable[[], None],
        ready_s: float = READY_S,
    ) -> None:
        self.ports: dict[str, int] = {}
        self._api, self._namespace, self._changed = api, namespace, changed
        self._error_rate, self._ready_s = error_rate, ready_s
        self._dirty = asyncio.Event()
        self._mirror = mirror.Mirror(
            api=api, path=f"/api/v1/namespaces/{namespace}/pods", changed=self._woken
        )
        self._apps: dict[str, app.App] = {}
        self._started: set[str] = set()
        self._ending: set[str] = set()
        self._numbers = itertools.count()
        self._jobs = jobs.Jobs()

    @property
    def pods(self) -> dict[str, apis.Object]:
        """The pods as the API server last told, by uid."""
        return self._mirror.objects

    async def start(self) -> None:
        self._jobs.start(self._mirror.run(), name="watch pods")
        self._jobs.start(self._loop(), name="run pods")

    async def stop(self) -> None:
        await self._jobs.stop()
        for uid in list(self._apps):
            await self._close(uid)

    def _woken(self) -> None:
        self._dirty.set()
        self._changed()

    async def _loop(self) -> None:
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            for uid, pod in list(self.pods.items()):
                self._look(uid=uid, pod=pod)
            for uid in [uid for uid in self._started if uid not in self.pods]:
                self._started.discard(uid)
                self._ending.discard(uid)
                await self._close(uid)

    def _look(self, *, uid: str, pod: apis.Object) -> None:
        name = pod["metadata"]["name"]
        if pods.is_ending(pod):
            self._started.add(uid)
            if uid not in self._ending:
                self._ending.add(uid)
                self._jobs.start(self._end(uid=uid, pod=pod), name=f"end {name}")
        elif uid not in self._started:
            self._started.add(uid)
            self._jobs.start(self._run(uid=uid, pod=pod), name=f"run {name}")

    async def _run(self, *, uid: str, pod: apis.Object) -> None:
        ip = (pod.get("status") or {}).get("podIP") or pods.address(next(self._numbers))
        if not pod["spec"].get("nodeName"):
            await self._write(lambda: self._bind(pod), done=_DONE)
        behavior = behaviors.of(pods.image(pod), error_rate=self._error_rate)
        if behavior.waiting:
            body = pods.waiting(pod, reason=behavior.waiting, ip=ip, at=_now())
            await self._write(lambda: self._report(pod, body))
            return
        await self._serve(uid=uid, pod=pod, behavior=behavior)
        if not pods.is_ready(pod):
            await asyncio.sleep(self._ready_s)
            ready = pods.running(pod, ip=ip, at=_now())
            await self._write(lambda: self._report(pod, ready))

    async def _serve(self, *, uid: str, pod: apis.Object, behavior: behaviors.Behavior) -> None:
        labels = pods.labels(pod)
        identity = app.Identity(
            pod=pod["metadata"]["name"],
            service=labels.get("app", self._namespace),
            revision=labels.get(pods.HASH, ""),
            version=behaviors.tag(pods.image(pod)),
        )
        self._apps[uid] = one = app.App(identity=identity, behavior=behavior)
        self.ports[uid] = await one.start()
        self._changed()
        if uid not in self.pods:  # it went while it started
            await self._close(uid)

    async def _end(self, *, uid: str, pod: apis.Object) -> None:
        # The proxy leaves an ending pod out at once; what is under way may finish.
        if uid in self._apps:
            await asyncio.sleep(DRAIN_S)
            await self._close(uid)
        await self._write(lambda: self._api.delete(self._path(pod), uid=uid), done=_DONE)

    async def _close(self, uid: str) -> None:
        if self.ports.pop(uid, None) is not None:
            self._changed()
        if one := self._apps.pop(uid, None):
            await one.stop()

    def _path(self, pod: apis.Object) -> str:
        return f"/api/v1/namespaces/{self._namespace}/pods/{pod['metadata']['name']}"

    async def _bind(self, pod: apis.Object) -> apis.Object:
        return await self._api.create(f"{self._path(pod)}/binding", pods.binding(pod))

    async def _report(self, pod: apis.Object, body: apis.Object) -> apis.Object:
        return await self._api.patch(f"{self._path(pod)}/status", body, content=apis.STRATEGIC)

    async def _write(
        self, call: Callable[[], Awaitable[apis.Object]], *, done: frozenset[int] = _GONE
    ) -> None:
        """Until it is done or there is nothing to do it to; says what it could not do."""
        for _ in range(_TRIES):
            try:
                await call()
                return
            except errors.Refused as error:
                if error.status in done:
                    return
                last: Exception = error
            except mirror.FAULTS as error:
                last = error
            await asyncio.sleep(_RETRY_S)
        log.error("gave up: %s", last)


def _now() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
