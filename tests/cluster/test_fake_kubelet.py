"""The fake kubelet without a cluster: what is opened while it speaks is not missed."""

import asyncio
from typing import Any

import pytest

from tests.cluster import fake_kubelet, pods

GATE = "example.com/let-in"
Object = dict[str, Any]


class Spoken(fake_kubelet.Kubelet):
    """Its API server is one pod in memory, and each write comes back as a change at once."""

    def __init__(self, *, opens: str) -> None:
        super().__init__(http=None, server="", ready_s=0.0)  # type: ignore[arg-type]
        self.opens = opens
        self.pod: Object = {
            "metadata": {"namespace": "shop", "name": "app-1", "uid": "u-1"},
            "spec": {
                "nodeName": "fake-node",
                "containers": [{"name": "app", "image": "img:1"}],
                "readinessGates": [{"conditionType": GATE}],
            },
        }

    def changed(self, status: Object) -> None:
        """A strategic merge: conditions by their type, lists of containers as a whole."""
        known = self.pod.get("status", {})
        conditions = {c["type"]: c for c in known.get("conditions", [])}
        conditions |= {c["type"]: c for c in status.get("conditions", [])}
        merged = {**known, **status, "conditions": list(conditions.values())}
        self.pod = {**self.pod, "status": merged}
        self._seen(self.pod)

    def open(self) -> None:
        self.changed({"conditions": [{"type": GATE, "status": "True"}]})

    async def _call(self, method: str, path: str, body: Any = None, **_: Any) -> Object:
        self.changed(body["status"])
        ready = all(one["ready"] for one in self.pod["status"]["containerStatuses"])
        if ready and self.opens == "while it speaks" and not pods.gates_open(self.pod):
            self.open()
        await asyncio.sleep(0)
        return self.pod

    async def rest(self) -> None:
        async with asyncio.timeout(60):
            while not all(life.done() for life in self._lives.values()):
                await asyncio.sleep(0)


@pytest.mark.parametrize("opens", ["while it speaks", "later"])
async def test_pod_gets_ready_whenever_its_gate_is_opened(opens: str) -> None:
    kubelet = Spoken(opens=opens)
    kubelet._seen(kubelet.pod)
    await kubelet.rest()
    assert pods.is_ready(kubelet.pod) is (opens == "while it speaks")
    if opens == "later":
        kubelet.open()
        await kubelet.rest()
    assert pods.is_ready(kubelet.pod)
