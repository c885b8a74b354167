"""The stage put together: API server, workspace, traffic, manifests, bot; in this order.

The one place that knows how the parts are made. No stories, no checks.
"""

import asyncio
import contextlib
import dataclasses
import functools
import importlib
import json
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from bot.local import workspace
from bot.local.demo import chat, errors, kube, options, process, scenes

LOCAL = Path(__file__).parents[1]
TRAFFIC = "bot.local.traffic"
LEASES = "argo-rollouts"  # where the bot's lease is, outside a cluster
READY_S = 90.0
GONE_S = 60.0
ISTIO = "/apis/networking.istio.io/v1alpha3"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Everything that runs; ``traffic`` is a ``bot.local.traffic.Traffic``."""

    api: kube.Kube
    kubeconfig: Path
    workspace: workspace.LocalWorkspace
    chat: chat.Chat
    traffic: Any
    bot: process.BotProcess
    objects: list[kube.Object]
    scene: scenes.Scene

    @property
    def rollout(self) -> kube.Object:
        """The Rollout that the story ships, as its manifest has it."""
        return rollout(self.objects, self.scene.name)

    def facts(self) -> dict[str, Any]:
        """The ready file."""
        return {
            "kubeconfig": str(self.kubeconfig),
            "workspace": f"{self.workspace.url}/",
            "control": f"{self.workspace.url}/_control",
            "proxy": self.traffic.proxy_url,
            "prometheus": self.traffic.prometheus_url,
            "bot": {
                "pid": self.bot.pid,
                **{name: f"http://127.0.0.1:{port}" for name, port in self.bot.ports.items()},
            },
        }


def parts_missing(chosen: options.Options) -> list[str]:
    """What this checkout or machine lacks, one sentence each."""
    lacks = []
    for name in ("traffic",) if chosen.kubeconfig else ("cluster", "traffic"):
        if not (LOCAL / name / "__init__.py").exists():
            lacks.append(f"bot.local.{name} is not part of this checkout")
    if not any(scenes.MANIFESTS.glob("*.yaml")):
        lacks.append("the demo's manifests (bot/local/manifests) are not part of this checkout")
    # A first word that is cheap: without a proxy nothing else need be started.
    if not lacks:
        proxy, problems = (importlib.import_module(f"{TRAFFIC}.{n}") for n in ("envoy", "errors"))
        try:
            proxy.program()
        except problems.PartMissing as error:
            lacks.append(str(error))
    return lacks


@contextlib.asynccontextmanager
async def standing(chosen: options.Options) -> AsyncIterator[Stage]:
    """Start everything, yield it, end it in the opposite order."""
    if lacks := parts_missing(chosen):
        raise errors.PartMissingError("; ".join(lacks))
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="demo-")))
        kubeconfig = chosen.kubeconfig or await _local_cluster(stack, folder)
        api = await stack.enter_async_context(kube.Kube(kubeconfig))
        scene = scenes.of(chosen.story)
        objects = [obj for folder in scene.manifests for obj in kube.documents(folder)]
        await install_kinds(api)
        space = workspace.LocalWorkspace(commands=("/rollout",))
        await space.start(port=chosen.port)
        stack.push_async_callback(space.stop)
        people = chat.Chat(space.url)
        await people.open()
        stack.push_async_callback(people.close)
        traffic = await _traffic(
            stack,
            kubeconfig=str(kubeconfig),
            namespace=rollout(objects, scene.name)["metadata"]["namespace"],
            directory=folder / "traffic",
            error_rate=chosen.error_rate,
            app=scene.host,
            rate=scene.rate,
        )
        await make_namespaces(stack, api, objects, keep=chosen.kubeconfig is None)
        bot = process.BotProcess(
            kubeconfig=kubeconfig,
            folder=folder,
            prometheus=traffic.prometheus_url,
            slack={"url": space.api_url, "bot": space.bot_token, "app": space.app_token},
        )
        stack.push_async_callback(bot.stop)
        await bot.start()
        for obj in objects:
            if obj["kind"] != "Namespace":
                await api.apply(obj)
        await _until_healthy(api, objects, bot)
        stage = Stage(
            api=api,
            kubeconfig=kubeconfig,
            workspace=space,
            chat=people,
            traffic=traffic,
            bot=bot,
            objects=objects,
            scene=scene,
        )
        write = functools.partial(_write_facts, stage, chosen.ready_file)
        write()
        bot.keep(restarted=write)
        yield stage


def _write_facts(stage: Stage, path: Path | None) -> None:
    """Whole or not at all: somebody waits for this file."""
    if path is not None:
        part = path.with_name(f"{path.name}.part")
        part.write_text(json.dumps(stage.facts(), indent=1), encoding="utf-8")
        part.replace(path)


async def _local_cluster(stack: contextlib.AsyncExitStack, folder: Path) -> Path:
    module = importlib.import_module("bot.local.cluster")
    cluster = module.LocalCluster()
    await cluster.start(pods="external")
    stack.push_async_callback(cluster.stop)
    path = folder / "kubeconfig"
    cluster.kubeconfig(path)
    return path


async def _traffic(stack: contextlib.AsyncExitStack, **start: Any) -> Any:
    """The data plane of one namespace: pods, proxy, load, metrics."""
    module = importlib.import_module(TRAFFIC)
    problems = importlib.import_module(f"{TRAFFIC}.errors")
    traffic = module.Traffic()
    stack.push_async_callback(traffic.stop)
    try:
        await traffic.start(**start)
    except problems.PartMissing as error:
        raise errors.PartMissingError(str(error)) from None
    except problems.TrafficError as error:
        raise errors.DemoError(str(error)) from None
    return traffic


def behaviors(error_rate: float | None) -> list[str]:
    """The table that says how an image behaves."""
    lines: list[str] = importlib.import_module(f"{TRAFFIC}.behaviors").lines(error_rate=error_rate)
    return lines


def rollout(objects: list[kube.Object], name: str) -> kube.Object:
    """One of the demo's Rollouts by name."""
    found = [o for o in objects if o["kind"] == "Rollout" and o["metadata"]["name"] == name]
    if not found:
        raise errors.PartMissingError(f"the demo's manifests hold no Rollout {name!r}")
    return found[0]


async def install_kinds(api: kube.Kube) -> None:
    """Our kinds, where the server does not serve them; Istio's must be there already."""
    for crd in kube.documents(_crds()):
        spec = crd["spec"]
        root = f"/apis/{spec['group']}/{spec['versions'][0]['name']}"
        if not await _is_served(api, root, spec["names"]["plural"]):
            await api.apply(crd)
            await _until_served(api, root, spec["names"]["plural"])
    if not await _is_served(api, ISTIO, "virtualservices"):
        raise errors.PartMissingError(
            "this API server has no VirtualServices: install Istio's CRDs"
        )


async def _is_served(api: kube.Kube, root: str, plural: str) -> bool:
    found = await api.get(root) or {}
    return any(kind["name"] == plural for kind in found.get("resources") or [])


async def make_namespaces(
    stack: contextlib.AsyncExitStack, api: kube.Kube, objects: list[kube.Object], *, keep: bool
) -> None:
    """The absent ones; unless kept they go at the end, while traffic still ends pods."""
    wanted = {obj["metadata"]["namespace"] for obj in objects if "namespace" in obj["metadata"]}
    for name in sorted(wanted | {LEASES}):
        path = f"/api/v1/namespaces/{name}"
        found = await api.get(path)
        if found and "deletionTimestamp" in found["metadata"]:
            await _until_gone(api, path)
            found = None
        if found is None:
            space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            await api.apply(space)
            if not keep:
                stack.push_async_callback(_remove, api, path)


async def _remove(api: kube.Kube, path: str) -> None:
    with contextlib.suppress(kube.RefusedError, errors.DemoError, OSError):
        await api.call("DELETE", path)
        await _until_gone(api, path)


async def _until_gone(api: kube.Kube, path: str) -> None:
    try:
        async with asyncio.timeout(GONE_S):
            while True:
                if await api.get(path) is None:
                    return
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise errors.TookTooLongError(f"{path} is still being deleted") from None


def _crds() -> Path:
    """In a wheel beside us, in a checkout where they are written."""
    packaged = LOCAL / "crds"
    return packaged if packaged.is_dir() else LOCAL.parents[1] / "manifests" / "crds"


async def _until_served(api: kube.Kube, root: str, plural: str) -> None:
    try:
        async with asyncio.timeout(READY_S):
            while True:
                if await _is_served(api, root, plural):
                    return
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise errors.TookTooLongError(f"{root} does not serve {plural}") from None


async def _until_healthy(
    api: kube.Kube, objects: list[kube.Object], bot: process.BotProcess
) -> None:
    waiting = {
        f"{kube.collection(obj)}/{obj['metadata']['name']}": ""
        for obj in objects
        if obj["kind"] == "Rollout"
    }
    try:
        async with asyncio.timeout(READY_S):
            while waiting:
                bot.check()
                for path in list(waiting):
                    status = ((await api.get(path)) or {}).get("status") or {}
                    waiting[path] = f"{status.get('phase')}: {status.get('message', '')}"
                    if status.get("phase") == "Healthy":
                        del waiting[path]
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise errors.TookTooLongError(f"not healthy after {READY_S:.0f} s: {waiting}") from None
