"""The same requests against the local cluster and a real API server; the real one is right."""

import ssl
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from bot.local import cluster

MERGE = "application/merge-patch+json"
JSON = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"


@dataclass(slots=True)
class Server:
    """One API server, and a namespace of our own in it."""

    url: str
    http: aiohttp.ClientSession
    namespace: str

    def path(self, group: str, plural: str, name: str = "", part: str = "") -> str:
        base = "/api/v1" if group == "v1" else f"/apis/{group}"
        tail = "".join(f"/{piece}" for piece in (name, part) if piece)
        return f"{base}/namespaces/{self.namespace}/{plural}{tail}"

    async def call(
        self, method: str, path: str, body: Any = None, *, kind: str = "application/json"
    ) -> tuple[int, dict[str, Any]]:
        headers = {"Content-Type": kind}
        async with self.http.request(
            method, self.url + path, json=body, headers=headers
        ) as answer:
            return answer.status, await answer.json()


@pytest.fixture(params=["local", pytest.param("real", marks=pytest.mark.cluster)])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    name = f"contract-{uuid.uuid4().hex[:8]}"
    local = None
    if request.param == "local":
        local = cluster.LocalCluster()
        await local.start()
        url, token, tls = local.url, "any", None
    else:
        plane = request.getfixturevalue("control_plane")
        url, token = plane.server, plane.token
        tls = ssl.create_default_context()
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    connector = aiohttp.TCPConnector(ssl=tls if tls is not None else True)
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as http:
        made = Server(url=url, http=http, namespace=name)
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        await made.call("POST", "/api/v1/namespaces", space)
        yield made
        await made.call("DELETE", f"/api/v1/namespaces/{name}")
        # Saying goodbye over TLS would outlive the loop of this test.
        await connector.close(abort_ssl=True)
    if local is not None:
        await local.stop()
