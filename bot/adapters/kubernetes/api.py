"""Calls to the API server: get, list, write, watch, discovery. Implements ``ports.Api``.

Belongs here: one method a call, its timeout, its limits. Does not belong here: retries (the
caller knows what is worth one) and caches (``informer``).
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from bot.adapters.kubernetes import answers, limits, watching
from bot.adapters.kubernetes import session as sessions
from bot.model import errors, ports

WRITE_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 15.0
WATCH_OPEN_TIMEOUT_S = 30.0
WATCH_GRACE_S = 15.0
PAGE_SIZE = 500
CALLS_AT_ONCE = 32

_METHODS = {
    ports.Verb.CREATE: "POST",
    ports.Verb.PATCH: "PATCH",
    ports.Verb.DELETE: "DELETE",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Every object of a kind at one version of the store."""

    items: list[ports.Object]
    version: str


class KubernetesApi:
    """``ports.Api`` over one open ``Session``; without ``qps`` no limit but on concurrency."""

    def __init__(
        self,
        *,
        session: sessions.Session,
        qps: float | None = None,
        burst: int = 80,
        read_only: bool = False,
        give_way: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._session = session
        self._read_only = read_only
        bucket = None if qps is None else limits.TokenBucket(rate=qps, burst=burst)
        self._admission = limits.Admission(at_once=CALLS_AT_ONCE, bucket=bucket, give_way=give_way)

    async def get(self, ref: ports.Ref, *, urgent: bool = False) -> ports.Object:
        path = answers.path_of(ref.kind, namespace=ref.namespace, name=ref.name)
        what = answers.described("get", ref.kind, namespace=ref.namespace, name=ref.name)
        return answers.completed(await self._read(path, what=what, urgent=urgent), ref.kind)

    async def list(
        self, kind: ports.Kind, *, namespace: str = "", selector: str = ""
    ) -> list[ports.Object]:
        return (await self.listing(kind, namespace=namespace, selector=selector)).items

    async def listing(
        self, kind: ports.Kind, *, namespace: str = "", selector: str = "", fields: str = ""
    ) -> Listing:
        """List in pages; where a page expires half-way, list again in one piece."""
        chosen = _chosen(selector, fields)
        try:
            return await self._pages(kind, namespace=namespace, chosen=chosen, size=PAGE_SIZE)
        except errors.Gone:
            return await self._pages(kind, namespace=namespace, chosen=chosen, size=0)

    async def _pages(
        self, kind: ports.Kind, *, namespace: str, chosen: Mapping[str, str], size: int
    ) -> Listing:
        path = answers.path_of(kind, namespace=namespace)
        what = answers.described("list", kind, namespace=namespace)
        query = {**chosen, "limit": str(size)} if size else dict(chosen)
        items: list[ports.Object] = []
        while True:
            page = await self._read(path, what=what, query=query)
            items += (answers.completed(item, kind) for item in page.get("items") or ())
            metadata = page.get("metadata") or {}
            if not (token := metadata.get("continue")):
                return Listing(items=items, version=str(metadata.get("resourceVersion") or ""))
            query = {**query, "continue": token}

    async def write(self, write: ports.Write, *, dry_run: bool = False) -> ports.Object:
        """Do one write and return the object as the server has it now.

        A delete returns what the server says: the dying object or a ``Status``.
        """
        if self._read_only:
            raise errors.Forbidden(f"{write.verb} {write.ref.name}: nothing is written here")
        ref = write.ref
        named = write.verb is not ports.Verb.CREATE or write.subresource
        content = str(write.patch) if write.verb is ports.Verb.PATCH else "application/json"
        request = sessions.Request(
            method=_METHODS[write.verb],
            path=answers.path_of(
                ref.kind,
                namespace=ref.namespace,
                name=ref.name if named else "",
                subresource=write.subresource,
            ),
            query={"dryRun": "All"} if dry_run else {},
            body=None if write.body is None else msgspec.json.encode(write.body),
            content_type="" if write.body is None else content,
            timeout_s=WRITE_TIMEOUT_S,
            urgent=write.urgent,
        )
        what = answers.described(str(write.verb), ref.kind, namespace=ref.namespace, name=ref.name)
        return answers.completed(await self._call(request, what=what), ref.kind)

    async def server_version(self) -> ports.Object:
        """Return what ``/version`` says: ``gitVersion`` and others."""
        return await self._read("/version", what="get the server's version")

    async def resource_exists(self, kind: ports.Kind) -> bool:
        """Ask whether the server serves the kind at this version."""
        path = answers.path_of(kind).rpartition("/")[0]
        try:
            served = await self._read(path, what=f"discover {answers.api_version(kind)}")
        except errors.NotFound:
            return False
        return any(item.get("name") == kind.plural for item in served.get("resources") or ())

    async def _read(
        self, path: str, *, what: str, query: dict[str, str] | None = None, urgent: bool = False
    ) -> ports.Object:
        request = sessions.Request(
            method="GET", path=path, query=query or {}, timeout_s=READ_TIMEOUT_S, urgent=urgent
        )
        return await self._call(request, what=what)

    async def _call(self, request: sessions.Request, *, what: str) -> ports.Object:
        async with self._admission.turn(urgent=request.urgent):
            answer = await self._session.send(request)
        return answers.accept(
            code=answer.status, headers=answer.headers, body=answer.body, what=what
        )

    @contextlib.asynccontextmanager
    async def watch(
        self,
        kind: ports.Kind,
        *,
        version: str,
        timeout_s: int,
        namespace: str = "",
        selector: str = "",
        fields: str = "",
    ) -> AsyncIterator[AsyncIterator[watching.Batch]]:
        """Open a watch from ``version``; yields the changes in batches until the server ends it.

        Raises:
            Gone: the version is too old, at the beginning or in the middle.
            Unavailable: the stream broke or stayed silent beyond ``timeout_s``.

        """
        query: dict[str, Any] = {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(timeout_s),
            **_chosen(selector, fields),
        }
        what = answers.described("watch", kind, namespace=namespace)
        request = sessions.Request(
            method="GET",
            path=answers.path_of(kind, namespace=namespace),
            query=query,
            timeout_s=WATCH_OPEN_TIMEOUT_S,
        )
        async with self._session.stream(request, silence_s=timeout_s + WATCH_GRACE_S) as response:
            if response.status != 200:
                answers.accept(
                    code=response.status,
                    headers=response.headers,
                    body=await response.read(),
                    what=what,
                )
            chunks = response.content.iter_any()
            async with contextlib.aclosing(
                watching.changes(chunks, kind=kind, what=what)
            ) as batches:
                yield batches


def _chosen(selector: str, fields: str) -> dict[str, str]:
    """The part of a query that says which objects of a kind are meant."""
    wanted = {"labelSelector": selector, "fieldSelector": fields}
    return {key: value for key, value in wanted.items() if value}
