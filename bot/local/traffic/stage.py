"""Real traffic on loopback: pods that serve, a proxy that splits, a load, metrics of it all.

Everything here is a client of the Kubernetes API, whichever server that is.
"""

import dataclasses
from pathlib import Path

from bot.local.traffic import api as apis
from bot.local.traffic import embedded, kubeconfig, prometheus, proxy, runner
from bot.local.traffic import load as loads

APP = "checkout"
Metrics = prometheus.Prometheus | embedded.Embedded


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What runs together; made and ended by ``Traffic``."""

    api: apis.Api
    runner: runner.Runner
    proxy: proxy.Proxy
    metrics: Metrics
    load: loads.Load


class Traffic:
    """``await start(...)``, then ``proxy_url``, ``prometheus_url``, ``source`` and ``load``."""

    def __init__(self) -> None:
        self._parts: Parts | None = None
        self._ports: list[int] = []
        self._visitors: list[loads.Load] = []

    @property
    def proxy_url(self) -> str:
        return self._running.proxy.url

    @property
    def prometheus_url(self) -> str:
        return self._running.metrics.url

    @property
    def source(self) -> str:
        """``prometheus`` or ``embedded``: which of the two answers metric queries."""
        return self._running.metrics.source

    @property
    def load(self) -> loads.Load:
        return self._running.load

    @property
    def ready_pods(self) -> int:
        """How many pods of the stage listen now."""
        return len(self._running.runner.ports)

    async def start(
        self,
        *,
        kubeconfig: str,
        namespace: str,
        directory: Path,
        error_rate: float | None = None,
        app: str = APP,
        rate: float | None = loads.RATE,
        ready_s: float = runner.READY_S,
        embedded_only: bool = False,
    ) -> None:
        """``rate`` None starts no load. Raises ``PartMissing`` when there is no Envoy here."""
        api = await apis.Api(target=_target(kubeconfig)).__aenter__()
        pods = runner.Runner(
            api=api,
            namespace=namespace,
            error_rate=error_rate,
            changed=self._changed,
            ready_s=ready_s,
        )
        split = proxy.Proxy(
            api=api, namespace=namespace, app=app, pods=pods, folder=directory / "envoy"
        )
        metrics = _metrics(folder=directory / "prometheus", embedded_only=embedded_only)
        # The URL of the proxy is known only once it runs.
        self._parts = Parts(
            api=api,
            runner=pods,
            proxy=split,
            metrics=metrics,
            load=loads.Load(url="", host=app, rate=rate or loads.RATE),
        )
        try:
            await self._start(rate=rate, app=app)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Everything ends, in the order in which nothing fails loudly; safe to call twice."""
        if self._parts is None:
            return
        parts, self._parts = self._parts, None
        visitors, self._visitors = self._visitors, []
        for part in (*visitors, parts.load, parts.proxy, parts.metrics, parts.runner):
            await part.stop()
        await parts.api.close()

    async def counts(self) -> dict[str, int]:
        """Requests sent to each Service, as the proxy itself counted them."""
        return await self._running.proxy.counts()

    async def visit(self, host: str, *, rate: float = loads.RATE) -> loads.Load:
        """Requests to one more address of the same proxy, until the end of the stage."""
        visitor = loads.Load(url=f"{self.proxy_url}/", host=host, rate=rate)
        self._visitors.append(visitor)
        await visitor.start()
        return visitor

    async def _start(self, *, rate: float | None, app: str) -> None:
        parts = self._running
        await parts.proxy.start()
        await parts.metrics.start()
        await parts.runner.start()
        load = loads.Load(url=f"{parts.proxy.url}/", host=app, rate=rate or loads.RATE)
        self._parts = dataclasses.replace(parts, load=load)
        if rate is not None:
            await load.start()

    @property
    def _running(self) -> Parts:
        if self._parts is None:
            raise RuntimeError("the traffic is not started")
        return self._parts

    def _changed(self) -> None:
        """A pod came, went or got ready."""
        if self._parts is None:
            return
        self._parts.proxy.changed()
        ports = sorted(self._parts.runner.ports.values())
        if ports != self._ports:
            self._ports = ports
            self._parts.metrics.targets(ports)


def _target(path: str) -> kubeconfig.Target:
    return kubeconfig.load(path)


def _metrics(*, folder: Path, embedded_only: bool) -> Metrics:
    if prometheus.program() is None or embedded_only:
        return embedded.Embedded()
    return prometheus.Prometheus(folder=folder)
