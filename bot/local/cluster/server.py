"""The HTTP face of the local cluster: paths, verbs and answers of the API server."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from bot.local.cluster import (
    controllers,
    evictions,
    faults,
    refusals,
    requests,
    resources,
    selection,
    store,
    tables,
    watches,
)

VERSION = {
    "major": "1",
    "minor": "34",
    "gitVersion": resources.VERSION,
    "platform": "local",
    "goVersion": "none",
}
MOST_BYTES = 3 * 2**20
PAGE = 500
DEFAULT_WATCH_S = 1800.0


class Api:
    """Answers requests from the store."""

    def __init__(
        self, shelves: store.Store, runs: controllers.Controllers, orders: faults.Faults
    ) -> None:
        self.store = shelves
        self.controllers = runs
        self.faults = orders
        self.evictions = evictions.Evictions(shelves, runs.delete_pod)

    def app(self) -> web.Application:
        app = web.Application(client_max_size=MOST_BYTES)
        for path in ("/healthz", "/readyz", "/livez"):
            app.router.add_get(path, self._ok)
        app.router.add_get("/version", self._version)
        app.router.add_get("/api", self._core)
        app.router.add_get("/apis", self._groups)
        app.router.add_post("/_faults", self._order)
        app.router.add_route("*", "/{tail:.*}", self._any)
        return app

    async def _ok(self, _: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def _version(self, _: web.Request) -> web.Response:
        return web.json_response(VERSION)

    async def _core(self, _: web.Request) -> web.Response:
        return web.json_response({"kind": "APIVersions", "versions": ["v1"]})

    async def _groups(self, _: web.Request) -> web.Response:
        found = []
        for group, versions in resources.groups().items():
            if group:
                rows = [{"groupVersion": f"{group}/{v}", "version": v} for v in versions]
                found.append({"name": group, "versions": rows, "preferredVersion": rows[0]})
        return web.json_response({"kind": "APIGroupList", "apiVersion": "v1", "groups": found})

    async def _order(self, request: web.Request) -> web.Response:
        self.faults.order(await request.json())
        return web.json_response({"ok": True})

    async def _any(self, request: web.Request) -> web.StreamResponse:
        try:
            return await self._answer(request)
        except refusals.Refusal as refusal:
            headers = {}
            if refusal.retry_after_s:
                headers["Retry-After"] = str(refusal.retry_after_s)
            return web.json_response(refusal.body, status=refusal.code, headers=headers)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        parts = [part for part in request.path.split("/") if part]
        if request.method == "GET" and (found := requests.discovery(parts)) is not None:
            return web.json_response(found)
        if parts[-1:] == ["selfsubjectaccessreviews"]:
            body = await requests.body_of(request)
            return web.json_response({**body, "status": {"allowed": True}}, status=201)
        if parts[-1:] == ["selfsubjectreviews"]:
            who = {"userInfo": {"username": "local"}}
            return web.json_response({"kind": "SelfSubjectReview", "status": who}, status=201)
        target = requests.target(parts)
        await self.faults.strike(requests.verb(request, target), target.kind.plural)
        handler: Callable[[web.Request, requests.Target], Awaitable[web.StreamResponse]] = {
            "GET": self._read,
            "POST": self._create,
            "PUT": self._update,
            "PATCH": self._update,
            "DELETE": self._delete,
        }.get(request.method, self._read)
        return await handler(request, target)

    # -- reading ---------------------------------------------------------------------------

    async def _read(self, request: web.Request, at: requests.Target) -> web.StreamResponse:
        if at.name and request.query.get("watch") not in {"1", "true"}:
            obj = self.store.get(at.kind, at.namespace, at.name)
            if at.part == "scale":
                return web.json_response(requests.scale(obj))
            if requests.wants_table(request):
                version = obj["metadata"]["resourceVersion"]
                return web.json_response(tables.table(at.kind, [obj], version))
            return web.json_response(requests.whole(at, obj))
        labels = selection.by_labels(request.query.get("labelSelector", ""))
        fields = selection.by_fields(request.query.get("fieldSelector", ""))

        def test(obj: Any) -> bool:
            return labels(obj) and fields(obj)

        if request.query.get("watch") in {"1", "true"}:
            return await self._watch(request, at, test)
        return self._list(request, at, test)

    def _list(
        self, request: web.Request, at: requests.Target, test: selection.Test
    ) -> web.Response:
        found = [obj for obj in self.store.all(at.kind, at.namespace) if test(obj)]
        mark = request.query.get("continue") or "0"
        if not mark.isdecimal():
            raise refusals.bad("invalid continue token")
        start = int(mark)
        limit = int(request.query.get("limit") or 0) or len(found)
        page, rest = found[start : start + limit], len(found) - start - limit
        version = str(self.store.version)
        if requests.wants_table(request):
            return web.json_response(tables.table(at.kind, page, version))
        meta: dict[str, Any] = {"resourceVersion": version}
        if rest > 0:
            meta.update({"continue": str(start + limit), "remainingItemCount": rest})
        return web.json_response(
            {
                "kind": f"{at.kind.kind}List",
                "apiVersion": at.api_version,
                "metadata": meta,
                "items": [requests.whole(at, obj) for obj in page],
            }
        )

    async def _watch(
        self, request: web.Request, at: requests.Target, test: selection.Test
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.enable_chunked_encoding()
        lines = watches.events(
            self.store,
            at.kind,
            namespace=at.namespace,
            test=test,
            version=request.query.get("resourceVersion", ""),
            api_version=at.api_version,
            bookmarks=request.query.get("allowWatchBookmarks") in {"1", "true"},
            timeout_s=float(request.query.get("timeoutSeconds") or DEFAULT_WATCH_S),
        )
        await response.prepare(request)
        try:
            try:
                async for line in lines:
                    await response.write(line)
            except refusals.Refusal as refusal:
                await response.write(watches.line("ERROR", refusal.body))
            await response.write_eof()
        except (ConnectionResetError, asyncio.CancelledError):
            return response  # the watcher has gone
        return response

    # -- writing ---------------------------------------------------------------------------

    async def _create(self, request: web.Request, at: requests.Target) -> web.Response:
        body = await requests.body_of(request)
        if at.part == "binding":
            pod = self.store.get(at.kind, at.namespace, at.name)
            node = (body.get("target") or {}).get("name")
            spec = {**pod["spec"], "nodeName": node}
            self.store.replace(at.kind, pod, {**pod, "spec": spec})
            return web.json_response({"kind": "Status", "status": "Success"}, status=201)
        if at.part == "eviction":
            self.evictions.evict(self.store.get(at.kind, at.namespace, at.name), body)
            return web.json_response({"kind": "Status", "status": "Success"}, status=201)
        namespace = at.namespace or (body.get("metadata") or {}).get("namespace", "")
        if at.kind.namespaced:
            where = resources.BY_PATH["", "v1", "namespaces"]
            self.store.get(where, "", namespace)
        body.update(apiVersion=at.api_version, kind=at.kind.kind)
        if request.query.get("dryRun"):
            return web.json_response(body, status=201)
        made = self.store.create(at.kind, namespace if at.kind.namespaced else "", body)
        return web.json_response(requests.whole(at, made), status=201)

    async def _update(self, request: web.Request, at: requests.Target) -> web.Response:
        if at.part == "status" and not at.kind.status:
            raise refusals.Refusal(
                404, "NotFound", "the server could not find the requested resource"
            )
        old = self.store.get(at.kind, at.namespace, at.name)
        base = requests.scale(old) if at.part == "scale" else requests.whole(at, old)
        wanted = await requests.patched(request, at, base)
        if at.part == "scale":
            replicas = (wanted.get("spec") or {}).get("replicas", 0)
            spec = {**old["spec"], "replicas": replicas}
            saved = self.store.replace(at.kind, old, {**old, "spec": spec})
            return web.json_response(requests.scale(saved))
        wanted["apiVersion"] = old.get("apiVersion", at.api_version)
        if request.query.get("dryRun"):
            return web.json_response(requests.whole(at, wanted))
        saved = self.store.replace(at.kind, old, wanted, part=at.part)
        return web.json_response(requests.whole(at, saved))

    async def _delete(self, request: web.Request, at: requests.Target) -> web.Response:
        options = await requests.body_of(request) if request.can_read_body else {}
        if not at.name:
            test = selection.by_labels(request.query.get("labelSelector", ""))
            for obj in self.store.all(at.kind, at.namespace):
                if test(obj):
                    self._remove(at.kind, obj, options)
            return web.json_response({"kind": "Status", "status": "Success"})
        obj = self.store.get(at.kind, at.namespace, at.name)
        wanted = options.get("preconditions") or {}
        meta = obj["metadata"]
        for word in ("uid", "resourceVersion"):
            if wanted.get(word) not in (None, meta[word]):
                why = f"Precondition failed: {word} in precondition: {wanted[word]}"
                raise refusals.conflict(at.kind.plural, at.kind.group, at.name, why)
        grace = request.query.get("gracePeriodSeconds", options.get("gracePeriodSeconds"))
        self._remove(at.kind, obj, {**options, "gracePeriodSeconds": grace})
        return web.json_response(
            {
                "kind": "Status",
                "apiVersion": "v1",
                "status": "Success",
                "details": {"name": at.name, "kind": at.kind.plural, "uid": meta["uid"]},
            }
        )

    def _remove(
        self, kind: resources.Resource, obj: store.Object, options: dict[str, Any]
    ) -> None:
        if kind == controllers.POD:
            now = str(options.get("gracePeriodSeconds")) == "0"
            self.controllers.delete_pod(obj, at_once=now)
            return
        self.store.remove(kind, obj)
        if kind == controllers.NAMESPACE:
            self.controllers.empty_namespace(obj["metadata"]["name"])
