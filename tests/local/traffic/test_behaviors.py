"""The table of images, and that pods do what it says."""

import pytest

from bot.local.traffic import Traffic, behaviors, load, pods
from tests.local.traffic import shop
from tests.local.traffic.server import Server


@pytest.mark.parametrize(
    ("image", "given", "errors", "waiting"),
    [
        ("checkout:good-1", None, 0.001, None),
        ("checkout:good-1", 0.5, 0.001, None),
        ("checkout:good-2", None, 0.001, None),
        ("checkout:good-2", 0.5, 0.5, None),
        ("registry:5000/checkout:bad-3", None, 0.3, None),
        ("checkout:bad-3", 0.0, 0.0, None),
        ("checkout:slow-4", 0.5, 0.001, None),
        ("checkout:crash-5", None, 0.001, "CrashLoopBackOff"),
        ("checkout:does-not-exist", None, 0.001, "ErrImagePull"),
        ("does-not-exist", None, 0.001, "ErrImagePull"),
        ("checkout", 0.9, 0.001, None),
    ],
)
def test_table_says_how_an_image_behaves(
    image: str, given: float | None, errors: float, waiting: str | None
) -> None:
    behavior = behaviors.of(image, error_rate=given)
    assert (behavior.errors, behavior.waiting) == (errors, waiting)


def test_slow_images_are_slower_than_good_ones() -> None:
    assert behaviors.of("a:slow-1").latency_ms > 20 * behaviors.of("a:good-1").latency_ms


def test_table_is_shown_with_the_rate_that_was_given() -> None:
    shown = "\n".join(behaviors.lines(error_rate=0.25))
    assert "25.0% errors" in shown
    assert "never ready: ErrImagePull" in shown


@pytest.mark.parametrize(
    ("tag", "reason"), [("crash-1", "CrashLoopBackOff"), ("does-not-exist", "ErrImagePull")]
)
async def test_runner_never_makes_a_pod_ready_when_its_image_cannot_run(
    server: Server, traffic: Traffic, tag: str, reason: str
) -> None:
    server.put(shop.PODS, shop.pod("p", revision="r", image=f"checkout:{tag}"))
    await shop.until(lambda: server.objects[shop.PODS]["p"].get("status"))
    pod = server.objects[shop.PODS]["p"]
    assert not pods.is_ready(pod)
    assert pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == reason
    assert traffic.ready_pods == 0


async def test_bad_image_fails_about_as_often_as_the_table_says(
    server: Server, traffic: Traffic
) -> None:
    server.put(shop.SERVICES, shop.service("checkout", app="checkout"))
    server.put(shop.PODS, shop.pod("p", revision="r", image="checkout:bad-3"))
    await shop.until(lambda: pods.is_ready(server.objects[shop.PODS]["p"]))
    while (await traffic.load.burst(count=1))[0].status not in (200, 500):
        pass
    rows = await traffic.load.burst(count=600, workers=60)
    failed = [row for row in rows if row.status == 500]
    assert 0.3 - 0.08 < len(failed) / len(rows) < 0.3 + 0.08
    assert {row.version for row in rows} == {"bad-3"}
    assert {row.revision for row in rows} == {"r"}
    assert min(row.ms for row in rows) >= 14


async def test_runner_writes_nothing_again_when_a_pod_is_as_it_should_be(
    server: Server, traffic: Traffic
) -> None:
    server.put(shop.PODS, shop.pod("p", revision="r"))
    await shop.until(lambda: pods.is_ready(server.objects[shop.PODS]["p"]))
    await server.cut()
    server.put(shop.PODS, shop.pod("q", revision="r"))
    await shop.until(lambda: pods.is_ready(server.objects[shop.PODS]["q"]))
    assert len(server.writes) == 4, "for each a binding and a status"


async def test_runner_keeps_trying_when_the_server_refuses(
    server: Server, traffic: Traffic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.local.traffic.runner._RETRY_S", 0.001)
    server.fail = [500, 503, 429]
    server.put(shop.PODS, shop.pod("p", revision="r"))
    await shop.until(lambda: pods.is_ready(server.objects[shop.PODS]["p"]))


async def test_load_counts_by_second_status_and_revision_and_writes_them(
    server: Server, traffic: Traffic, tmp_path
) -> None:
    server.put(shop.SERVICES, shop.service("checkout", app="checkout"))
    server.put(shop.PODS, shop.pod("p", revision="r", image="checkout:good-1"))
    one = load.Load(url=f"{traffic.proxy_url}/", host="checkout", rate=200.0)
    await one.start()
    await shop.until(lambda: one.counts().get((200, "r", "good-1"), 0) > 20)
    await one.stop()
    assert one.share(revision="r") == 1.0
    assert one.share(version="other") == 0.0
    assert one.share(since=one.rows[-1].t + 60) is None
    assert sum(one.seconds().values()) == one.total == len(one.rows)
    one.write_csv(tmp_path / "requests.csv")
    lines = (tmp_path / "requests.csv").read_text().splitlines()
    assert lines[0] == "t,status,revision,version,ms"
    assert len(lines) == one.total + 1


@pytest.mark.parametrize("rate", [0, -1, 501])
def test_load_refuses_a_rate_out_of_bounds(rate: float) -> None:
    with pytest.raises(ValueError, match="rate"):
        load.Load(url="http://127.0.0.1/", host="x", rate=rate)
