"""A tiny API server for these tests: list, watch, create, patch, delete over plain HTTP.

Only what the traffic stage asks for; the contract suite of the cluster is elsewhere.
"""

import asyncio
import itertools
import json
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

Object = dict[str, Any]


def merge(into: Object, patch: Object) -> Object:
    out = dict(into)
    for key, value in patch.items():
        if value is None:
            out.pop(key, None)
        elif isinstance(value, dict):
            out[key] = merge(out.get(key) or {}, value)
        else:
            out[key] = value
    return out


class Server:
    """Objects by (collection path, name); every write goes to every watch of its collection."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Object]] = {}
        self.missing: set[str] = set()
        self.writes: list[tuple[str, str, Object]] = []
        self.fail: list[int] = []
        self.token: str | None = None
        self._watches: list[tuple[str, asyncio.Queue[Object]]] = []
        self._events: list[tuple[str, Object]] = []
        self._numbers = itertools.count(1)
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        await self.cut()
        assert self._runner is not None
        await self._runner.cleanup()

    async def cut(self) -> None:
        """End every watch."""
        for _, queue in self._watches:
            queue.put_nowait({})

    def kubeconfig(self, path: Path) -> str:
        document = {
            "current-context": "t",
            "contexts": [{"name": "t", "context": {"cluster": "t", "user": "t"}}],
            "clusters": [{"name": "t", "cluster": {"server": self.url}}],
            "users": [{"name": "t", "user": {"token": self.token} if self.token else {}}],
        }
        path.write_text(yaml.safe_dump(document))
        return str(path)

    def put(self, where: str, obj: Object) -> Object:
        """Create or replace."""
        name = obj["metadata"]["name"]
        kind = "MODIFIED" if name in self.objects.get(where, {}) else "ADDED"
        version = str(next(self._numbers))
        before = self.objects.get(where, {}).get(name)
        uid = before["metadata"]["uid"] if before else f"uid-{version}"
        meta = {"uid": uid, **obj["metadata"], "resourceVersion": version}
        obj = {**obj, "metadata": meta}
        self.objects.setdefault(where, {})[name] = obj
        self._tell(where, kind, obj)
        return obj

    def remove(self, where: str, name: str) -> None:
        obj = self.objects[where].pop(name)
        version = str(next(self._numbers))
        meta = {**obj["metadata"], "resourceVersion": version}
        self._tell(where, "DELETED", {**obj, "metadata": meta})

    def _tell(self, where: str, kind: str, obj: Object) -> None:
        event = {"type": kind, "object": obj}
        self._events.append((where, event))
        for path, queue in self._watches:
            if path == where:
                queue.put_nowait(event)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        where = "/" + request.match_info["path"]
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.json_response({"message": "who?"}, status=401)
        if where in self.missing:
            return web.json_response({"message": "no such kind"}, status=404)
        if request.method == "GET":
            return await self._read(request, where)
        body = json.loads(await request.read() or b"{}")
        self.writes.append((request.method, where, body))
        if self.fail:
            return web.json_response({"message": "fault"}, status=self.fail.pop(0))
        return self._write(request.method, where, body)

    async def _read(self, request: web.Request, where: str) -> web.StreamResponse:
        if "watch" in request.query:
            return await self._watch(request, where)
        items = list(self.objects.get(where, {}).values())
        version = str(next(self._numbers))
        return web.json_response({"items": items, "metadata": {"resourceVersion": version}})

    async def _watch(self, request: web.Request, where: str) -> web.StreamResponse:
        since = int(request.query["resourceVersion"])
        queue: asyncio.Queue[Object] = asyncio.Queue()
        for path, event in self._events:
            if path == where and int(event["object"]["metadata"]["resourceVersion"]) > since:
                queue.put_nowait(event)
        entry = (where, queue)
        self._watches.append(entry)
        answer = web.StreamResponse()
        await answer.prepare(request)
        try:
            while event := await queue.get():
                await answer.write(json.dumps(event).encode() + b"\n")
        except ConnectionError:
            pass
        finally:
            self._watches.remove(entry)
        return answer

    def _write(self, method: str, where: str, body: Object) -> web.Response:
        where, sub = self._split(where)
        collection, _, name = where.rpartition("/")
        found = self.objects.get(collection, {}).get(name)
        if found is None:
            return web.json_response({"message": "not found"}, status=404)
        if method == "DELETE":
            if body.get("preconditions", {}).get("uid") != found["metadata"]["uid"]:
                return web.json_response({"message": "another uid"}, status=409)
            self.remove(collection, name)
        elif sub == "/binding":
            self.put(collection, merge(found, {"spec": {"nodeName": body["target"]["name"]}}))
        else:
            self.put(collection, merge(found, body))
        return web.json_response({})

    def _split(self, where: str) -> tuple[str, str]:
        for sub in ("/status", "/binding"):
            if where.endswith(sub):
                return where.removesuffix(sub), sub
        return where, ""
