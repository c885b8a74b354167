"""A stand-in for a cluster: the part of the API server that the bot and kubectl need.

It is right where it answers as a real API server does; one suite of tests holds it to that.
"""

from pathlib import Path

import yaml
from aiohttp import web

from bot.local.cluster import controllers, faults, resources, server, store

NAMESPACES = ("default", "kube-system")


class LocalCluster:
    """Serves on loopback. ``pods``: "builtin" makes them ready, "external" leaves them alone."""

    def __init__(self) -> None:
        self.store = store.Store()
        self.faults = faults.Faults()
        self.url = ""
        self._runner: web.AppRunner | None = None
        self._controllers: controllers.Controllers | None = None

    async def start(
        self, *, port: int = 0, pods: str = "builtin", ready_delay_s: float = 0.3
    ) -> None:
        self._controllers = controllers.Controllers(
            self.store, builtin_pods=pods == "builtin", ready_delay_s=ready_delay_s
        )
        where = resources.BY_PATH["", "v1", "namespaces"]
        for name in NAMESPACES:
            self.store.create(where, "", {"metadata": {"name": name}, "spec": {}})
        api = server.Api(self.store, self._controllers, self.faults)
        self._runner = web.AppRunner(
            api.app(), access_log=None, handle_signals=False, shutdown_timeout=0.2
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    def kubeconfig(self, path: str | Path) -> str:
        """Write a kubeconfig for this cluster; its path."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "local", "cluster": {"server": self.url}}],
            "users": [{"name": "local", "user": {"token": "local"}}],
            "contexts": [{"name": "local", "context": {"cluster": "local", "user": "local"}}],
            "current-context": "local",
        }
        Path(path).write_text(yaml.safe_dump(config), encoding="utf-8")
        return str(path)

    async def stop(self) -> None:
        for kind in resources.ALL:
            for queue in list(self.store.shelf(kind).watchers):
                queue.put_nowait(None)
        if self._controllers is not None:
            self._controllers.stop()
        if self._runner is not None:
            await self._runner.cleanup()
