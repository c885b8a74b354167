"""A client of the API server for the scenarios: paths of the kinds, calls, watches.

It knows nothing of the controller that is judged.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Self

import aiohttp

from tests.cluster import connection

Object = dict[str, Any]
ARGO = "/apis/argoproj.io/v1alpha1"
ISTIO = "/apis/networking.istio.io/v1alpha3"
KINDS = {
    "Rollout": (ARGO, "rollouts"),
    "AnalysisTemplate": (ARGO, "analysistemplates"),
    "AnalysisRun": (ARGO, "analysisruns"),
    "Experiment": (ARGO, "experiments"),
    "ReplicaSet": ("/apis/apps/v1", "replicasets"),
    "Deployment": ("/apis/apps/v1", "deployments"),
    "Service": ("/api/v1", "services"),
    "Event": ("/api/v1", "events"),
    "Secret": ("/api/v1", "secrets"),
    "Pod": ("/api/v1", "pods"),
    "ConfigMap": ("/api/v1", "configmaps"),
    "Ingress": ("/apis/networking.k8s.io/v1", "ingresses"),
    "VirtualService": (ISTIO, "virtualservices"),
    "DestinationRule": (ISTIO, "destinationrules"),
    "Job": ("/apis/batch/v1", "jobs"),
    "HorizontalPodAutoscaler": ("/apis/autoscaling/v2", "horizontalpodautoscalers"),
}
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"


class Refused(Exception):
    """The API server answered with something else than success."""

    def __init__(self, *, method: str, path: str, status: int, text: str) -> None:
        super().__init__(f"{method} {path}: {status} {text[:400]}")
        self.status = status


class Expired(Exception):
    """A watch has to begin again with a list."""


def path_of(namespace: str, kind: str, name: str = "", *, sub: str = "") -> str:
    prefix, plural = KINDS[kind]
    tail = f"/{name}" if name else ""
    return f"{prefix}/namespaces/{namespace}/{plural}{tail}{sub}"


class Cluster:
    """``async with Cluster(kubeconfig=F)``."""

    def __init__(self, *, kubeconfig: Path) -> None:
        target = connection.load(kubeconfig)
        self._server = target.server
        self._http = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {target.token}", "User-Agent": "conformance"},
            connector=aiohttp.TCPConnector(limit=0, ssl=target.tls),
            read_bufsize=2**22,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content: str = "application/json",
        timeout_s: float = 30,
    ) -> Object:
        """The decoded answer; raises ``Refused``."""
        async with self._http.request(
            method,
            self._server + path,
            data=None if body is None else json.dumps(body),
            headers={"Content-Type": content},
            timeout=aiohttp.ClientTimeout(total=timeout_s),
        ) as answer:
            text = await answer.text()
            if answer.status >= 300:
                raise Refused(method=method, path=path, status=answer.status, text=text)
            return json.loads(text)

    async def merge(self, path: str, body: Object) -> Object:
        return await self.call("PATCH", path, body, content=MERGE)

    async def delete(self, path: str) -> None:
        """What is not there counts as deleted."""
        try:
            await self.call("DELETE", path)
        except Refused as error:
            if error.status != 404:
                raise

    async def exists(self, path: str) -> bool:
        try:
            await self.call("GET", path)
        except Refused as error:
            if error.status == 404:
                return False
            raise
        return True

    async def until_gone(self, path: str, *, timeout_s: float = 60) -> None:
        async with asyncio.timeout(timeout_s):
            while await self.exists(path):
                await asyncio.sleep(0.2)

    async def events(self, path: str, *, version: str) -> AsyncIterator[tuple[str, Object]]:
        """Type and object of each change after ``version``; ends with the connection."""
        query = f"?watch=1&resourceVersion={version}&allowWatchBookmarks=true"
        limit = aiohttp.ClientTimeout(total=None, sock_connect=10)
        async with self._http.get(self._server + path + query, timeout=limit) as answer:
            if answer.status == 410:  # said before the stream began
                raise Expired(await answer.text())
            async for line in answer.content:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise Expired(event["object"].get("message", ""))
                yield event["type"], event["object"]
