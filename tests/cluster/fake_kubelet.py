"""Makes the pods of a control plane without nodes live and die, as their specs say.

python -m tests.cluster.fake_kubelet --kubeconfig F [--ready-s 1.0]

A client of the API server like any other: it lists and watches pods, binds them to a made-up
node, reports them Running and Ready after a latency, ends them when they are deleted. What it
reports is decided in ``pods``. It never writes what is already so.
"""

import argparse
import asyncio
import contextlib
import json
import sys
from pathlib import Path
from typing import Any

import aiohttp

from tests.cluster import connection, pods

Object = dict[str, Any]
STRATEGIC = "application/strategic-merge-patch+json"
AGAIN = {429, 500, 503, 504}


class Refused(Exception):
    """A status that trying again does not mend."""

    def __init__(self, *, status: int, text: str) -> None:
        super().__init__(f"{status} {text[:300]}")
        self.status = status


class Kubelet:
    """One node for all pods. ``run`` ends only with its task."""

    def __init__(self, *, http: aiohttp.ClientSession, server: str, ready_s: float) -> None:
        self._http, self._server, self._ready_s = http, server, ready_s
        self._pods: dict[str, Object] = {}
        self._lives: dict[str, asyncio.Task[None]] = {}
        # A second address for one pod would be merged into a list of two and refused.
        self._addresses: dict[str, str] = {}
        self._given = 0

    async def run(self) -> None:
        while True:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                await self._list_and_watch()
            await asyncio.sleep(0.2)

    async def _list_and_watch(self) -> None:
        listed = await self._call("GET", "/api/v1/pods")
        items = {item["metadata"]["uid"]: item for item in listed["items"]}
        for uid in set(self._pods) - set(items):
            self._gone(uid)
        for item in items.values():
            self._seen(item)
        version = listed["metadata"]["resourceVersion"]
        query = f"?watch=1&allowWatchBookmarks=true&resourceVersion={version}"
        async with self._http.get(f"{self._server}/api/v1/pods{query}") as answer:
            async for line in answer.content:
                event = json.loads(line)
                match event["type"]:
                    case "ERROR":
                        return
                    case "DELETED":
                        self._gone(event["object"]["metadata"]["uid"])
                    case "ADDED" | "MODIFIED":
                        self._seen(event["object"])

    def _seen(self, pod: Object) -> None:
        uid = pod["metadata"]["uid"]
        before, self._pods[uid] = self._pods.get(uid), pod
        deleted = "deletionTimestamp" in pod["metadata"]
        if before is None:
            self._start(uid, self._end(pod) if deleted else self._live(pod))
        elif deleted and "deletionTimestamp" not in before["metadata"]:
            self._lives.pop(uid).cancel()
            self._start(uid, self._end(pod))
        elif not deleted and self._lives[uid].done() and self._opened(pod):
            self._start(
                uid, self._report(pod, pods.running(pod, ready=True, address=self._ip(uid)))
            )

    @staticmethod
    def _opened(pod: Object) -> bool:
        """All readiness gates are open and nobody has said yet that the pod is ready."""
        containers = pod.get("status", {}).get("containerStatuses") or [{}]
        all_ready = all(c.get("ready") for c in containers)
        return all_ready and not pods.is_ready(pod) and pods.gates_open(pod)

    def _gone(self, uid: str) -> None:
        self._pods.pop(uid, None)
        self._addresses.pop(uid, None)
        if life := self._lives.pop(uid, None):
            life.cancel()

    def _start(self, uid: str, life: Any) -> None:
        task = asyncio.get_running_loop().create_task(self._lived(uid, life))
        task.add_done_callback(_complain)
        self._lives[uid] = task

    async def _lived(self, uid: str, life: Any) -> None:
        """A gate that was opened while this life told of something else woke nobody."""
        await life
        pod = self._pods.get(uid)
        if pod is not None and "deletionTimestamp" not in pod["metadata"] and self._opened(pod):
            await self._report(pod, pods.running(pod, ready=True, address=self._ip(uid)))

    async def _live(self, pod: Object) -> None:
        uid = pod["metadata"]["uid"]
        if not pod["spec"].get("nodeName"):
            await self._bind(pod)
        address = self._ip(uid)
        if pods.is_image_missing(pod):
            text = "the image does not exist"
            return await self._report(
                pod, pods.waiting(pod, reason="ErrImagePull", message=text, address=address)
            )
        if pods.is_command_broken(pod):
            return await self._report(pod, pods.finished(pod, code=127, address=address))
        if pods.is_ready(pod) or pod.get("status", {}).get("phase") in {"Succeeded", "Failed"}:
            return None
        await asyncio.sleep(pods.start_delay_s(pod))
        await self._report(pod, pods.running(pod, ready=False, address=address))
        return await self._serve_or_finish(uid)

    async def _serve_or_finish(self, uid: str) -> None:
        script = pods.script(self._pods[uid])
        if script is not None:
            await asyncio.sleep(script.seconds)
            pod = self._pods[uid]
            done = pods.finished(pod, code=script.code, address=self._ip(uid))
            return await self._report(pod, done)
        await asyncio.sleep(pods.ready_delay_s(self._pods[uid], latency_s=self._ready_s))
        pod = self._pods[uid]
        return await self._report(pod, pods.running(pod, ready=True, address=self._ip(uid)))

    async def _end(self, pod: Object) -> None:
        await asyncio.sleep(pods.stop_delay_s(pod))
        meta = pod["metadata"]
        with contextlib.suppress(KeyError):
            body = {"gracePeriodSeconds": 0, "preconditions": {"uid": meta["uid"]}}
            await self._unless_gone("DELETE", self._path(pod), body)

    async def _bind(self, pod: Object) -> None:
        target = {"apiVersion": "v1", "kind": "Node", "name": "fake-node"}
        body = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": pod["metadata"]["name"]},
            "target": target,
        }
        await self._unless_gone("POST", self._path(pod) + "/binding", body)

    async def _report(self, pod: Object, status: Object) -> None:
        body = {"metadata": {"uid": pod["metadata"]["uid"]}, "status": status}
        await self._unless_gone("PATCH", self._path(pod) + "/status", body, content=STRATEGIC)

    async def _unless_gone(
        self, method: str, path: str, body: Object, *, content: str = "application/json"
    ) -> None:
        """404: it is gone. 409: it is bound, or another of the same name has taken its place."""
        try:
            await self._call(method, path, body, content=content)
        except Refused as error:
            if error.status not in {404, 409}:
                raise

    async def _call(
        self, method: str, path: str, body: Any = None, *, content: str = "application/json"
    ) -> Object:
        limit = aiohttp.ClientTimeout(total=30)
        for pause_s in (0.1, 0.5, 1.0, 2.0, 5.0, None):
            async with self._http.request(
                method,
                self._server + path,
                data=None if body is None else json.dumps(body),
                headers={"Content-Type": content},
                timeout=limit,
            ) as answer:
                if answer.status < 300:
                    return await answer.json()
                if answer.status not in AGAIN or pause_s is None:
                    raise Refused(status=answer.status, text=await answer.text())
            await asyncio.sleep(pause_s)
        raise AssertionError("the last round returns or raises")

    @staticmethod
    def _path(pod: Object) -> str:
        meta = pod["metadata"]
        return f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"

    def _ip(self, uid: str) -> str:
        if uid not in self._addresses:
            known = self._pods.get(uid, {}).get("status", {}).get("podIP")
            self._given += 1
            n = self._given
            made = f"10.{100 + (n >> 16) % 100}.{(n >> 8) % 256}.{n % 256}"
            self._addresses[uid] = known or made
        return self._addresses[uid]


def _complain(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        print(f"fake kubelet: {error!r}", file=sys.stderr, flush=True)


async def serve(*, kubeconfig: Path, ready_s: float) -> None:
    target = connection.load(kubeconfig)
    connector = aiohttp.TCPConnector(limit=64, ssl=target.tls)
    headers = {"Authorization": f"Bearer {target.token}", "User-Agent": "kubelet-fake"}
    async with aiohttp.ClientSession(
        headers=headers,
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
        read_bufsize=2**22,
    ) as http:
        await Kubelet(http=http, server=target.server, ready_s=ready_s).run()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--ready-s", type=float, default=1.0)
    given = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(kubeconfig=given.kubeconfig, ready_s=given.ready_s))


if __name__ == "__main__":
    main()
