"""Policy, freezes and break-glass on a real API server: the whole bot, with the rights of manifests/.

Stock tools write as they do; who wrote and who shipped is what the API server says of it.
"""

import asyncio
import json
import subprocess
import uuid

import pytest

from bot.local.demo import kube
from tests.cluster import binaries, peer
from tests.e2e import shop as shops
from tests.e2e.shop import AGREE, ended, phase

pytestmark = [pytest.mark.cluster, pytest.mark.e2e, pytest.mark.timeout(600)]
STEPS = [{"setWeight": 50}, {"pause": {}}, {"setWeight": 75}, {"pause": {}}]
POLICY = """
groups:
  sre: {{members: [UALICE0001, UBOB000001, UCAROL0001]}}
rules:
  - match: {{namespaces: [{space}]}}
    approval: {{approvers: ["group:sre"], fourEyes: true}}
    breakGlass: {{who: ["group:sre"], second: ["group:sre"]}}
"""
NOBODY = "somebody (no name known)"
PLUGIN = "the Argo Rollouts plugin"


@pytest.fixture
async def shop(control_plane, tmp_path):
    """The bot leads as the user that has the shipped roles and nothing else."""
    if reason := peer.missing(peer.PLUGIN):
        pytest.skip(reason)
    space = f"policy-{uuid.uuid4().hex[:6]}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}}
    async with kube.Kube(control_plane.kubeconfig) as api:
        await api.apply(body)
        opened = shops.opened(
            kubeconfig=control_plane.bot_kubeconfig,
            folder=tmp_path,
            policy=POLICY.format(space=space),
            api=api,
            namespace=space,
            # What other tests left behind would fill the channel, and fold this one's card.
            arguments=("--namespaced", "true", "--namespace", space),
        )
        try:
            async with opened as found:
                yield found
        finally:
            await api.call("DELETE", f"/api/v1/namespaces/{space}")
            await unfrozen(api, space)


async def unfrozen(api, space):
    """What a test that failed left frozen is in the way of nobody."""
    path = "/api/v1/namespaces/argo-rollouts/configmaps/rollout-bot-freezes"
    known = (await api.get(path) or {}).get("data") or {}
    mine = {key: None for key, text in known.items() if json.loads(text).get("namespace") == space}
    await api.call("PATCH", path, {"data": mine}, content=kube.MERGE)


@pytest.fixture
def stock(control_plane, shop):
    """A stock tool as somebody types it in this namespace: kubectl, or Argo's plugin."""

    async def run(program, *words):
        where = ["--kubeconfig", str(control_plane.kubeconfig), "--namespace", shop.namespace]
        done = await asyncio.to_thread(
            subprocess.run, [program, *where, *words], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr

    return run


async def kubectl(stock, patch, *words):
    patching = ("patch", "rollout", "checkout", "--type=merge", "-p", json.dumps(patch))
    await stock(binaries.path("kubectl"), *patching, *words)


async def plugin(stock, *words):
    await stock(str(peer.path(peer.PLUGIN)), *words)


def shipped(tag):
    containers = [{"name": "app", "image": f"checkout:{tag}"}]
    return {"spec": {"template": {"spec": {"containers": containers}}}}


async def kept(shop, by, what, since):
    """The write was taken back: the gate holds since it did, and the thread says who wrote."""

    async def back():
        status = await shop.status("checkout")
        record = status["rolloutBot"].get("kept") or {}
        return (record.get("by"), record.get("what")) == (by, what) and status

    status = await shop.until(back, f"{by} is told to have written {what}")
    assert status["currentStepIndex"] == 1
    assert [one["startTime"] for one in status["pauseConditions"]] == [since]
    assert not status.get("promoteFull")
    line = f"{by} wrote {what}: taken back, only its approvers open this gate"
    await shop.until(lambda: shop.read(line), f"the thread says: {line}")


async def test_gate_holds_against_stock_tools_and_opens_to_whom_the_policy_names(shop, stock):
    await shop.make("checkout", STEPS)
    await kubectl(stock, shipped("v2"), "--field-manager=bob")
    gate = await shop.gate("checkout")
    (pause,) = (await shop.status("checkout"))["pauseConditions"]
    since = pause["startTime"]

    for user in ("alice", "bob"):
        refused = await shop.press(user, gate)
        assert "Nobody knows who shipped this revision (bob wrote it)" in refused, refused
    named = {"metadata": {"annotations": {"rollout-bot.io/shipped-by": "robert"}}}
    await kubectl(stock, named)
    refused = await shop.until(lambda: shop.refused("bob", gate), "somebody is named now")
    assert "Only sre may approve this, and not bob, who shipped it" in refused, refused

    await plugin(stock, "promote", "checkout")
    await kept(shop, NOBODY, "pauseConditions", since)
    await plugin(stock, "promote", "checkout", "--full")
    await kept(shop, PLUGIN, "promoteFull", since)
    skip = {"status": {"currentStepIndex": 4, "pauseConditions": None}}
    await kubectl(stock, skip, "--subresource=status", "--field-manager=argocd-server")
    await kept(shop, "Argo CD", "currentStepIndex, pauseConditions", since)

    assert "Approved" in await shop.press("alice", gate)
    await shop.until(lambda: at_step(shop, 3), "the second gate")
    second = await shop.gate("checkout")
    assert second["ts"] != gate["ts"]

    frozen = await shop.type("alice", f"freeze {shop.namespace} 1h database incident")
    assert frozen[-1].startswith(f"Frozen: {shop.namespace}"), frozen
    held = await shop.press("carol", second)
    assert held.startswith("Approved, and held: freeze"), held
    asked = await shop.type("alice", "break-glass checkout orders are lost")
    assert asked[-1].startswith("Asked: a second person must agree"), asked
    request = await shop.until(lambda: shop.having(AGREE), "the request stands in the channel")
    own = await shop.press("alice", request, AGREE)
    assert "a second person must agree" in own, own
    assert await phase(shop, "checkout", "Paused")
    broken = await shop.press("carol", request, AGREE)
    assert broken.startswith("The glass is broken by alice and carol"), broken
    await shop.until(lambda: ended(shop, "checkout", "v2"), "it passes the freeze")

    await shop.type("alice", f"unfreeze {shop.namespace}")
    await kubectl(stock, shipped("v3"), "--field-manager=carol")
    await shop.until(lambda: at_step(shop, 1), "the first gate of v3")
    await shop.type("alice", f"stop-the-line {shop.namespace}/* orders are lost")
    await plugin(stock, "abort", "checkout")
    await shop.until(lambda: phase(shop, "checkout", "Degraded"), "the abort passes all of it")
    await shop.until(lambda: pods_of(shop, "v3", 0), "users are back")
    await shop.until(lambda: shop.read(f"aborted with {PLUGIN}"), "it is told with what")
    await shop.type("alice", f"unfreeze {shop.namespace}")
    await put_back(shop, stock)


async def put_back(shop, stock):
    """The whole status of the try before its abort, with good seals, by somebody who may."""
    await shop.type("alice", "retry checkout")
    await shop.until(lambda: at_step(shop, 1), "the first gate of v3 again")
    assert "Approved" in await shop.press("alice", await shop.gate("checkout"))
    await shop.until(lambda: at_step(shop, 3), "the second gate of v3")
    earlier = await shop.status("checkout")
    assert earlier["rolloutBot"]["passes"]
    await plugin(stock, "abort", "checkout")
    await shop.until(lambda: phase(shop, "checkout", "Degraded"), "aborted again")
    now = await shop.status("checkout")
    gone = {key: None for key in now if key not in earlier}
    block = {key: None for key in now["rolloutBot"] if key not in earlier["rolloutBot"]}
    old = {**gone, **earlier, "rolloutBot": {**block, **earlier["rolloutBot"]}}
    await kubectl(stock, {"status": old}, "--subresource=status")
    await shop.until(lambda: at_step(shop, 1), "it is back at its first gate")
    status = await shop.status("checkout")
    assert status["rolloutBot"]["kept"]["what"].startswith("currentStepIndex")
    assert "abort" not in status, "nobody takes the abort's record for the present one"


async def at_step(shop, index):
    status = await shop.status("checkout")
    return status.get("currentStepIndex") == index and status.get("pauseConditions")


async def pods_of(shop, tag, count):
    path = f"/apis/apps/v1/namespaces/{shop.namespace}/replicasets"
    found = [
        one["spec"]["replicas"]
        for one in (await shop.api.get(path))["items"]
        if one["spec"]["template"]["spec"]["containers"][0]["image"].endswith(tag)
    ]
    return found == [count]
