"""Spec §7.10: a Service that no rollout names gets its own selector back, and no other does."""

import pytest

from bot.model import errors, ports
from bot.runtime import orphans
from tests.core.engine.simulation import Cache, Cluster

HASH = "rollouts-pod-template-hash"


def rollout(name="app", **services):
    canary = {"canaryService": services.get("canary"), "stableService": services.get("stable")}
    return {
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"strategy": {"canary": canary}},
    }


def service(name="web", managed_by="app", pod_hash="abc"):
    notes = {orphans.MANAGED: managed_by} if managed_by else {}
    selector = {"app": "a", **({HASH: pod_hash} if pod_hash else {})}
    return {
        "metadata": {"name": name, "namespace": "shop", "annotations": notes},
        "spec": {"selector": selector},
    }


@pytest.fixture
def town():
    cluster = Cluster()
    added = []
    keeper = orphans.Orphans(
        api=cluster,
        rollouts=Cache(cluster, ports.ROLLOUT),
        services=Cache(cluster, ports.SERVICE),
        add=added.append,
    )
    return cluster, keeper, added


async def released(town, rollouts, found):
    cluster, keeper, _ = town
    for obj in rollouts:
        cluster.put(ports.ROLLOUT, obj)
    cluster.put(ports.SERVICE, found)
    await keeper.release(f"shop/{found['metadata']['name']}")
    return cluster.objects["services", found["metadata"]["name"]]


@pytest.mark.row(61)
@pytest.mark.parametrize("managed_by", ["app", "deleted", ""])
async def test_service_loses_hash_and_mark_when_no_rollout_names_it(town, managed_by):
    after = await released(town, [rollout(stable="other")], service(managed_by=managed_by))
    assert after["spec"]["selector"] == {"app": "a"}
    assert orphans.MANAGED not in after["metadata"].get("annotations", {})


@pytest.mark.row(61)
@pytest.mark.parametrize("managed_by", ["app", "someone", ""])
async def test_service_stays_when_a_rollout_names_it(town, managed_by):
    after = await released(town, [rollout(stable="web")], service(managed_by=managed_by))
    assert after["spec"]["selector"][HASH] == "abc"


async def test_service_without_a_hash_is_nobodys_business(town):
    cluster, _, _ = town
    await released(town, [], service(pod_hash=""))
    assert cluster.writes == []


def test_services_of_a_rollout_are_looked_at_when_it_names_others_or_is_gone(town):
    _, keeper, added = town
    keeper.service(None, service())
    added.clear()
    keeper.rollout(rollout(stable="web"), rollout(stable="web", canary="more"))
    assert added == []
    keeper.rollout(rollout(stable="web"), rollout(stable="new"))
    keeper.rollout(rollout(stable="web"), None)
    assert added == ["shop/web", "shop/web"]


async def test_service_is_read_again_when_somebody_else_has_just_written_it(town):
    cluster, keeper, _ = town
    cluster.put(ports.SERVICE, service())

    async def refuse(write):
        raise errors.Conflict("stale")

    cluster.write = refuse
    with pytest.raises(errors.Conflict):
        await keeper.release("shop/web")


async def test_service_of_an_experiment_keeps_its_hash(town):
    found = service(managed_by="")
    found["metadata"]["ownerReferences"] = [{"kind": "Experiment", "name": "e", "uid": "u"}]
    after = await released(town, [], found)
    assert after["spec"]["selector"] == {"app": "a", HASH: "abc"}
