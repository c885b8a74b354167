"""What the canary really serves: real pods, the real proxy, 2,000 requests and more."""

import math

import pytest

from bot.local.traffic import Traffic, behaviors
from tests.local.traffic import shop
from tests.local.traffic.server import Server

COUNT = 2000
NGINX = {"canary": "true"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """An image without latency: thousands of requests are asked for here."""
    row = behaviors.Behavior(errors=0.0, latency_ms=0.0)
    monkeypatch.setitem(behaviors.TABLE, "quick-*", row)


def assert_within_four_sigma(*, share: float, wanted: float, count: int) -> None:
    sigma = math.sqrt(wanted * (1 - wanted) / count)
    assert abs(share - wanted) <= 4 * sigma, f"{share:.4f} is not {wanted}"


async def open_shop(server: Server, traffic: Traffic, *, stable: int, canary: int) -> None:
    server.put(shop.SERVICES, shop.service("checkout", app="checkout"))
    for name, revision in (("stable", "old"), ("canary", "new")):
        selector = {"app": "checkout", shop.HASH: revision}
        server.put(shop.SERVICES, shop.service(f"checkout-{name}", **selector))
    for number in range(stable):
        server.put(shop.PODS, shop.pod(f"old-{number}", revision="old"))
    for number in range(canary):
        server.put(shop.PODS, shop.pod(f"new-{number}", revision="new"))
    await shop.until(lambda: ready(server) == stable + canary)


def ready(server: Server) -> int:
    return sum(
        any(c["type"] == "Ready" for c in pod.get("status", {}).get("conditions", []))
        for pod in server.objects[shop.PODS].values()
    )


async def settled(traffic: Traffic, *, canary: bool, stable: bool) -> None:
    """Until the proxy answers with the revisions that it should, and no others."""
    wanted = {name for name, there in (("new", canary), ("old", stable)) if there}

    async def seen() -> set[str]:
        rows = await traffic.load.burst(count=150)
        return {row.revision if row.status == 200 else str(row.status) for row in rows}

    for _ in range(200):
        if await seen() == wanted:
            return
    raise AssertionError(f"never settled: {await seen()}")


async def measured(traffic: Traffic, *, wanted: float) -> None:
    await settled(traffic, canary=wanted > 0, stable=wanted < 1)
    before = await traffic.counts()
    rows = await traffic.load.burst(count=COUNT)
    after = await traffic.counts()
    assert {row.status for row in rows} == {200}
    share = sum(row.revision == "new" for row in rows) / COUNT
    assert_within_four_sigma(share=share, wanted=wanted, count=COUNT)
    by_proxy = sum(after.values()) - sum(before.values())
    assert by_proxy == COUNT, "the proxy counted the same requests"


@pytest.mark.parametrize("weight", [0, 5, 20, 50, 100])
async def test_canary_serves_its_weight_when_a_virtual_service_says_so(
    server: Server, traffic: Traffic, weight: int
) -> None:
    server.put(shop.VIRTUAL, shop.virtual(weight))
    await open_shop(server, traffic, stable=2, canary=1)
    await measured(traffic, wanted=weight / 100)


@pytest.mark.parametrize("weight", [0, 5, 20, 50, 100])
async def test_canary_serves_its_weight_when_a_canary_ingress_says_so(
    server: Server, traffic: Traffic, weight: int
) -> None:
    server.missing.add(shop.VIRTUAL)
    server.put(shop.INGRESSES, shop.ingress("checkout", service="checkout-stable"))
    canary = shop.ingress(
        "a-canary", service="checkout-canary", canary="true", canary_weight=str(weight)
    )
    server.put(shop.INGRESSES, canary)
    await open_shop(server, traffic, stable=2, canary=1)
    await measured(traffic, wanted=weight / 100)


@pytest.mark.parametrize(("stable", "canary"), [(4, 0), (19, 1), (4, 1), (2, 2), (0, 3)])
async def test_canary_serves_its_part_of_the_pods_when_there_is_no_router(
    server: Server, traffic: Traffic, stable: int, canary: int
) -> None:
    await open_shop(server, traffic, stable=stable, canary=canary)
    await measured(traffic, wanted=canary / (stable + canary))


async def test_proxy_follows_a_weight_when_it_changes_under_load(
    server: Server, traffic: Traffic
) -> None:
    server.put(shop.VIRTUAL, shop.virtual(100))
    await open_shop(server, traffic, stable=1, canary=1)
    await settled(traffic, canary=True, stable=False)
    server.put(shop.VIRTUAL, shop.virtual(0))
    await settled(traffic, canary=False, stable=True)
    assert {row.status for row in traffic.load.rows if row.revision} == {200}


async def test_header_beats_the_weight_when_a_canary_ingress_names_one(
    server: Server, traffic: Traffic
) -> None:
    server.put(shop.INGRESSES, shop.ingress("checkout", service="checkout-stable"))
    canary = shop.ingress(
        "checkout-canary",
        service="checkout-canary",
        canary="true",
        canary_weight="0",
        canary_by_header="X-Canary",
    )
    server.put(shop.INGRESSES, canary)
    await open_shop(server, traffic, stable=1, canary=1)
    await settled(traffic, canary=False, stable=True)
    rows = await traffic.load.burst(count=50, headers={"x-canary": "always"})
    assert {row.revision for row in rows} == {"new"}


async def test_no_request_fails_when_pods_come_and_go(server: Server, traffic: Traffic) -> None:
    await open_shop(server, traffic, stable=2, canary=1)
    await settled(traffic, canary=True, stable=True)
    ending = server.objects[shop.PODS]["new-0"]
    meta = {**ending["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}
    server.put(shop.PODS, {**ending, "metadata": meta})
    rows = []
    while "new-0" in server.objects[shop.PODS]:
        rows += await traffic.load.burst(count=50)
    rows += await traffic.load.burst(count=50)
    assert {row.status for row in rows} == {200}
    assert {row.revision for row in rows[-50:]} == {"old"}
    assert traffic.ready_pods == 2
