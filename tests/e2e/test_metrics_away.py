"""A metrics server that goes away while analyses run, and comes back: what people see and can do.

A real Prometheus where there is one, else the stand-in of the stage; a whole bot; a real browser.
"""

import os
import shutil
import socket
from pathlib import Path

import pytest
from playwright import async_api

from bot.local.traffic import embedded, processes
from tests.e2e import shop as shops
from tests.e2e import surfaces
from tests.e2e import test_three_phones as phones
from tests.gallery import showing

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.timeout(400),
    pytest.mark.skipif(showing.CHROMIUM is None, reason="no chromium: apt-get install chromium"),
]
expect = async_api.expect
PICTURES = os.environ.get("PICTURES")
POLICY = """
rules:
  - match: {names: ["*"]}
    onMetricError: hold
"""
METRIC = {
    "name": "success-rate",
    "interval": "2s",
    "successCondition": "result[0] >= 0.99",
    "provider": {"prometheus": {"query": "vector(0.999)"}},
    "consecutiveErrorLimit": 200,
}


class Server:
    """One address whose server is started, stopped, and started again."""

    def __init__(self, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.name = f"127.0.0.1:{probe.getsockname()[1]}"
        self.url = f"http://{self.name}"
        config = folder / "prometheus.yml"
        config.write_text("global: {scrape_interval: 10s}\n")
        binary = shutil.which("prometheus")
        self._argv = [
            binary, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={self.name}", "--log.level=warn",
        ]  # fmt: skip
        self._log = folder / "prometheus.log"
        self._running = None

    async def start(self):
        if self._argv[0] is None:
            self._running = embedded.Embedded(port=int(self.name.rpartition(":")[2]))
        else:
            self._running = processes.Program(name="Prometheus", argv=self._argv, log=self._log)
        await self._running.start()

    async def stop(self):
        if self._running is not None:
            await self._running.stop()


@pytest.fixture
async def server(tmp_path):
    made = Server(tmp_path)
    await made.start()
    yield made
    await made.stop()


def template(name, **more):
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisTemplate",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"metrics": [{**METRIC, **more}]},
    }


async def measured(shop, name):
    """Its rollout is measured by now, and well."""
    runs = await shop.api.get("/apis/argoproj.io/v1alpha1/namespaces/shop/analysisruns")
    mine = [one for one in runs["items"] if one["metadata"]["name"].startswith(f"{name}-")]
    results = [one for run in mine for one in (run.get("status") or {}).get("metricResults") or ()]
    return any(one.get("successful") for one in results)


async def set_up(shop):
    """``search`` measures at a step, ``parcel`` in the background."""
    await shop.api.apply(template("by-step", count=12))
    await shop.api.apply(template("always"))
    by_step = {"analysis": {"templates": [{"templateName": "by-step"}]}}
    await shop.make("search", [{"setWeight": 25}, by_step, {"setWeight": 50}])
    steps = [{"setWeight": 25}, {"pause": {"duration": "1h"}}]
    await shop.make("parcel", steps)
    background = shops.rollout("parcel", steps)
    background["spec"]["strategy"]["canary"]["analysis"] = {
        "templates": [{"templateName": "always"}]
    }
    await shop.api.apply(background)
    for name in ("parcel", "search"):  # the one whose analysis ends is begun last
        await shop.ship("alice", name)
        await shop.until(lambda: measured(shop, name), f"{name} is measured")


async def picture(page, name):
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"{name}.png")


def plain(text):
    return (text or "").replace("\u202f", " ").replace("\u2236", ":")


async def told_of(at, server):
    """What channel, cards, threads and ``why`` say while it is away."""
    shop, phone = at.shop, phones.Phone(at.page)
    silent = f"{server.name} does not answer (connection refused)"
    away = f"The metrics server {server.name} has not answered since "
    await shop.until(lambda: at.standing(away), "the channel hears of it")
    kept = "2 rollouts are measured by it: 1 holds, 1 goes on unmeasured, none is rolled back for it."
    await shop.until(lambda: shop.read(kept), "it says what becomes of both")
    for name in ("search", "parcel"):
        (card,) = at.standing(f"{name} v2 is at 25")
        await shop.until(lambda ts=card["ts"]: silent in plain(shop.shown(ts)), f"the card of {name}")
    assert shop.read(f"metrics server {silent}: parcel goes on unmeasured; after 201 errors in a row")
    assert shop.read("search holds; after 201 errors in a row somebody must decide")
    last = at.page.locator("#list article:not(.ephemeral)").last
    await expect(last).to_contain_text("has not answered since")
    await picture(at.page, "away-channel")
    why = plain(await phone.types("why search"))
    assert f"success-rate cannot be measured: {silent}" in why, why
    await picture(at.page, "away-why")


async def aborts(at, name):
    """By the button of its card, in the browser."""
    (card,) = at.standing(f"{name} v2 is at 25")
    shown = at.page.locator(f"#list [data-ts='{card['ts']}']")
    await shown.locator("[data-action='rollout:abort']").click()
    await at.page.click("dialog .yes")
    back = f"{name} v2 was rolled back in demo"
    await at.shop.until(lambda: at.standing(back), "the alert")
    assert (await at.shop.status(name))["abort"] is True
    await picture(at.page, "away-aborted")


async def test_people_hear_once_of_a_server_that_is_away_and_can_still_abort(tmp_path, server):
    async with surfaces.opened(tmp_path, POLICY, prometheus=server.url) as at:
        shop = at.shop
        await set_up(shop)
        await server.stop()
        await told_of(at, server)
        await aborts(at, "parcel")
        assert (await shop.status("search"))["phase"] == "Progressing", "it holds, nothing else"
        assert len(at.standing("The metrics server")) == 1
        await server.start()
        again = f"The metrics server {server.name} did not answer "
        await shop.until(lambda: at.standing(again), "the channel hears of the end")
        await shop.until(lambda: shop.read(f"metrics server {server.name} answers again"), "the thread")
        await shop.until(lambda: shops.ended(shop, "search", "search:v2"), "search goes on to its end")
        assert len(at.standing("The metrics server")) == 1, "edited, never said a second time"
        assert not at.standing("search v2 was rolled back")
        (card,) = at.standing("search v2 is done")
        await at.page.locator(f"#list [data-ts='{card['ts']}'] button.replies").click()
        await expect(at.page.locator("#thread-list")).to_contain_text("answers again")
        await picture(at.page, "away-thread")
