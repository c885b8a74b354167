"""A small client of the Kubernetes API for the demo: what any kubeconfig names, as dicts.

It knows nothing of the local cluster and decides nothing.
"""

import asyncio
import base64
import contextlib
import json
import ssl
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Self

import aiohttp
import yaml

from bot.local.demo import errors

JSON = "application/json"
MERGE = "application/merge-patch+json"
CALL_S = 30.0
PATHS = {
    "Namespace": ("/api/v1", "namespaces"),
    "Service": ("/api/v1", "services"),
    "ConfigMap": ("/api/v1", "configmaps"),
    "Secret": ("/api/v1", "secrets"),
    "Ingress": ("/apis/networking.k8s.io/v1", "ingresses"),
    "CustomResourceDefinition": (
        "/apis/apiextensions.k8s.io/v1",
        "customresourcedefinitions",
    ),
}
CLUSTERED = frozenset({"Namespace", "CustomResourceDefinition", "ClusterAnalysisTemplate"})
Object = dict[str, Any]


class RefusedError(Exception):
    """The API server answered with an error."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text[:300]}")
        self.status = status


class Kube:
    """``async with Kube(path)``: every call has a deadline, watches end with their caller."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
        context = _named(config["contexts"], config["current-context"])["context"]
        self._cluster = _named(config["clusters"], context["cluster"])["cluster"]
        self._user = _named(config["users"], context["user"]).get("user") or {}
        self._server = str(self._cluster["server"]).rstrip("/")
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        token = self._user.get("token", "")
        self._http = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {token}"} if token else {},
            connector=aiohttp.TCPConnector(ssl=_tls(self._cluster, self._user)),
            read_bufsize=2**22,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._http is not None:
            await self._http.close()

    @property
    def http(self) -> aiohttp.ClientSession:
        if self._http is None:
            raise RuntimeError("used before it was opened")
        return self._http

    async def call(
        self, method: str, path: str, body: Any = None, *, content: str = JSON
    ) -> Object:
        """One request; raises RefusedError for any status of 300 or more."""
        async with self.http.request(
            method,
            self._server + path,
            data=None if body is None else json.dumps(body),
            headers={"Content-Type": content},
            timeout=aiohttp.ClientTimeout(total=CALL_S),
        ) as answer:
            text = await answer.text()
            if answer.status >= 300:
                raise RefusedError(answer.status, text)
            found: Object = json.loads(text)
            return found

    async def get(self, path: str) -> Object | None:
        """None where there is none."""
        try:
            return await self.call("GET", path)
        except RefusedError as refused:
            if refused.status == 404:
                return None
            raise

    async def apply(self, obj: Object) -> None:
        """Create it, or merge it into what is there."""
        path = collection(obj)
        try:
            await self.call("POST", path, obj)
        except RefusedError as refused:
            if refused.status != 409:
                raise
            name = obj["metadata"]["name"]
            await self.call("PATCH", f"{path}/{name}", obj, content=MERGE)

    async def watch(self, path: str, *, fields: str = "") -> AsyncIterator[Object]:
        """Each object of a collection as it is and whenever it changes, until cancelled."""
        query = f"fieldSelector={fields}&" if fields else ""
        while True:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError, RefusedError, ValueError):
                listed = await self.call("GET", f"{path}?{query}limit=500")
                for item in listed.get("items", []):
                    yield item
                version = listed["metadata"]["resourceVersion"]
                limit = aiohttp.ClientTimeout(total=None, sock_read=60, sock_connect=CALL_S)
                address = f"{self._server}{path}?{query}watch=1&resourceVersion={version}"
                async with self.http.get(address, timeout=limit) as answer:
                    async for line in answer.content:
                        event = json.loads(line)
                        if event["type"] == "ERROR":
                            break
                        if event["type"] != "DELETED":
                            yield event["object"]
            await asyncio.sleep(0.2)


def collection(obj: Mapping[str, Any]) -> str:
    """Where objects of this one's kind live."""
    kind, version = obj["kind"], obj["apiVersion"]
    root, plural = PATHS.get(kind, (f"/apis/{version}", f"{kind.lower()}s"))
    if kind in CLUSTERED:
        return f"{root}/{plural}"
    return f"{root}/namespaces/{obj['metadata']['namespace']}/{plural}"


def documents(folder: Path) -> list[Object]:
    """Every object in the YAML files of a folder."""
    found: list[Object] = []
    for file in sorted(folder.glob("*.yaml")):
        parts = yaml.safe_load_all(file.read_text(encoding="utf-8"))
        found += [part for part in parts if part and part["kind"] != "Kustomization"]
    return found


def _named(items: list[Object], name: str) -> Object:
    for item in items:
        if item["name"] == name:
            return item
    raise errors.DemoError(f"the kubeconfig names {name!r} but does not hold it")


def _tls(cluster: Mapping[str, Any], user: Mapping[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if data := cluster.get("certificate-authority-data"):
        context.load_verify_locations(cadata=base64.b64decode(data).decode())
    elif path := cluster.get("certificate-authority"):
        context.load_verify_locations(path)
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if "client-certificate-data" in user:
        with tempfile.TemporaryDirectory() as folder:
            pair = [Path(folder) / "crt", Path(folder) / "key"]
            for file, key in zip(pair, ("certificate", "key"), strict=True):
                file.write_bytes(base64.b64decode(user[f"client-{key}-data"]))
            context.load_cert_chain(pair[0], pair[1])
    elif "client-certificate" in user:
        context.load_cert_chain(user["client-certificate"], user["client-key"])
    return context
