"""What leaves the bot, in one story of a whole bot: the history in a real PostgreSQL that is killed
and comes back, a pager, a signed webhook, a person's messages with quiet hours, a second bot that
takes over in the middle.
"""

import asyncio
import hashlib
import hmac
import json
import os
import signal
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from bot.adapters import history
from bot.local.cluster import LocalCluster
from bot.local.demo import kube, process
from bot.local.demo import stage as stages
from bot.model import records
from tests.adapters.history import server as servers
from tests.e2e import shop as shops
from tests.e2e.shop import ended, phase

pytestmark = [pytest.mark.e2e, pytest.mark.patient, pytest.mark.timeout(480)]
SECRET, ROUTING = "s3cret-of-the-hook", "routing-key-of-the-pager"
POLICY = """
rules:
  - match: {names: ["*"]}
    may: {freeze: [UALICE0001]}
"""
Kind = records.Kind


class Receiver:
    """A pager and a webhook's receiver in one; it keeps what it got, as it got it."""

    def __init__(self):
        self.paged, self.hooked = [], []

    async def start(self):
        app = web.Application()
        app.router.add_post("/pager", self._pager)
        app.router.add_post("/hook", self._hook)
        self.runner = web.AppRunner(app)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self.runner.addresses[0][1]}"

    async def _pager(self, request):
        self.paged.append(await request.json())
        return web.Response(status=202)

    async def _hook(self, request):
        self.hooked.append((request.headers.copy(), await request.read()))
        return web.Response(status=204)

    def pages(self, action):
        return [one for one in self.paged if one["event_action"] == action]

    def verified(self):
        """Each event whose signature and time are good; anything else fails."""
        found = []
        for headers, body in self.hooked:
            stamp = headers["X-Rollout-Bot-Timestamp"]
            signed = hmac.new(SECRET.encode(), stamp.encode() + b"." + body, hashlib.sha256)
            assert headers["X-Rollout-Bot-Signature"] == f"v1={signed.hexdigest()}"
            assert abs(time.time() - int(stamp)) < 300
            found.append(json.loads(body))
            assert headers["X-Rollout-Bot-Id"] == found[-1]["id"]
        return found


@pytest.fixture
async def receiver():
    made = Receiver()
    await made.start()
    yield made
    await made.runner.cleanup()


@pytest.fixture
def database():
    if reason := servers.missing():
        pytest.skip(reason)
    made = servers.Server()
    made.start()
    yield made
    made.close()


@pytest.fixture
async def shop(tmp_path, receiver, database, monkeypatch):
    settings = tmp_path / "settings.yaml"
    settings.write_text(
        f"pager: {{url: {receiver.url}/pager}}\n"
        f"webhooks: [{{url: {receiver.url}/hook, secretEnv: HOOK_SECRET}}]\n"
    )
    monkeypatch.setenv("PAGERDUTY_ROUTING_KEY", ROUTING)
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    monkeypatch.setenv("ROLLOUT_BOT_CONFIG", str(settings))
    cluster = LocalCluster()
    await cluster.start()
    kubeconfig = tmp_path / "kubeconfig"
    cluster.kubeconfig(kubeconfig)
    url = database.url()
    try:
        async with kube.Kube(kubeconfig) as api:
            await stages.install_kinds(api)
            for name in ("shop", "argo-rollouts"):
                space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
                await api.apply(space)
            at = shops.opened(
                kubeconfig=kubeconfig, folder=tmp_path, policy=POLICY, api=api, history=url
            )
            async with at as found:
                found.history, found.kubeconfig, found.folder = url, kubeconfig, tmp_path
                yield found
    finally:
        await cluster.stop()


async def recorded(shop, name=""):
    """What stands in the database, oldest first."""
    store = history.SqlHistory(shop.history)
    try:
        found = [one.record for one in await store.find(records.Query(limit=500))]
    finally:
        await store.close()
    return sorted((one for one in found if name in {"", one.rollout}), key=lambda one: one.at)


async def kinds(shop, name, *wanted):
    found = {one.kind for one in await recorded(shop, name)}
    return found.issuperset(wanted)


async def console(*words, **environment):
    """The bot's own command line: its exit code and what it said."""
    made = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *words, env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await asyncio.wait_for(made.communicate(), 60)
    return made.returncode, said.decode()


def directs(shop, user):
    """What one person got in private, oldest first."""
    state = shop.workspace.state
    mine = {one.id for one in state.channels.values() if one.direct and user in one.members}
    return [one["text"] for one in shop.people.messages if one["channel"] in mine]


async def test_what_leaves_the_bot_is_whole_whatever_is_killed(shop, receiver, database):
    await shop.until(lambda: shop.workspace.connected, "the bot listens")
    quiet = await subscribed(shop)
    await shop.make("checkout")
    await by_itself(shop)
    await good_release(shop)
    await frozen(shop)
    database.stop()
    await bad_release_without_a_database(shop)
    paged(receiver)
    database.start()
    await caught_up(shop)
    second = await taken_over(shop)
    try:
        await recovered(shop, receiver)
        await heard_in_private(shop, quiet)
        await intact(shop)
        hooked(receiver)
    finally:
        await second.stop()


async def subscribed(shop):
    """Alice sleeps for the next minute or two; when she wakes."""
    now = datetime.now(UTC)
    wakes = (now + timedelta(seconds=150)).replace(second=0, microsecond=0)
    hours = f"{now - timedelta(hours=1):%H:%M}-{wakes:%H:%M} UTC"
    said = await shop.type("alice", f"subscribe shop/* --quiet {hours}")
    assert said[-1].startswith("You get news of shop/"), said
    return wakes


async def by_itself(shop):
    """What is done while she sleeps, and is still to be told when the first bot is killed."""
    await shop.make("cart", [{"setWeight": 50}])
    await shop.ship("bob", "cart")
    await shop.until(lambda: ended(shop, "cart", "v2"), "cart is done")


async def good_release(shop):
    await shop.ship("bob", "checkout")
    gate = await shop.gate("checkout")
    assert (await shop.press("alice", gate)).startswith("Approved")
    await shop.until(lambda: ended(shop, "checkout", "v2"), "v2 is done")
    done = (Kind.SHIPPED, Kind.GATE_OPENED, Kind.APPROVED, Kind.DONE)
    await shop.until(lambda: kinds(shop, "checkout", *done), "v2 is recorded")
    by_kind = {one.kind: one for one in await recorded(shop, "checkout")}
    approved, shipped = by_kind[Kind.APPROVED], by_kind[Kind.SHIPPED]
    assert (approved.actor, approved.actor_id, approved.way) == ("alice", "UALICE0001", "slack")
    assert approved.permalink and approved.gate
    assert (approved.before.phase, approved.after.phase) == ("Paused", "Progressing")
    assert (shipped.actor, shipped.way) == ("bob", "slack") and shipped.permalink


async def frozen(shop):
    """Made and ended by the one who may; refused to the other."""
    refused = await shop.type("bob", "freeze shop 1h because")
    assert refused[-1].startswith("Only "), refused
    said = await shop.type("alice", 'freeze shop 1h "database incident"')
    assert said[-1].startswith("Frozen: shop"), said
    await shop.until(lambda: shop.read("froze shop"), "the channel is told")
    assert (await shop.type("alice", "unfreeze"))[-1].startswith("Over: shop")

    async def both():
        found = await recorded(shop)
        return {Kind.FROZEN, Kind.UNFROZEN} <= {one.kind for one in found}

    await shop.until(both, "begin and end of the freeze are recorded")
    found = {one.kind: one for one in await recorded(shop)}
    begun, over = found[Kind.FROZEN], found[Kind.UNFROZEN]
    assert (begun.actor, over.actor) == ("alice", "alice")
    assert "database incident" in begun.reason and begun.namespace == "shop"
    assert begun.permalink and over.permalink not in {"", begun.permalink}
    code, said = await console("audit", "checkout", ROLLOUT_BOT_HISTORY=shop.history)
    assert code == 0 and "approved by alice" in said and "freeze" not in said, said


async def bad_release_without_a_database(shop):
    await shop.ship("bob", "checkout", "v3")
    await shop.gate("checkout")
    said = await shop.type("carol", "abort checkout payments page blank")
    assert said[-1] == "All traffic goes back to the stable revision.", said
    await shop.until(lambda: phase(shop, "checkout", "Degraded"), "v3 is rolled back")
    said = await shop.type("carol", "audit checkout")
    assert "history does not answer" in said[-1], said
    silent = "nothing can be recorded, rollouts go on without it"
    await shop.until(lambda: silent in shop.bot.log.read_text(), "that nothing is recorded is said")


def paged(receiver):
    (trigger, *more) = receiver.pages("trigger")
    assert {one["dedup_key"] for one in more} <= {trigger["dedup_key"]}
    assert trigger["routing_key"] == ROUTING
    assert trigger["payload"]["severity"] in {"warning", "critical"}  # a person's order
    assert "checkout v3" in trigger["payload"]["summary"]
    assert "payments page blank" in trigger["payload"]["summary"]
    assert receiver.pages("resolve") == []


async def caught_up(shop):
    lost = (Kind.ABORTED, Kind.WEIGHT_ZERO)
    await shop.until(lambda: kinds(shop, "checkout", *lost), "the abort is recorded later")
    await shop.until(lambda: kinds(shop, "", Kind.GAP), "the gap is recorded")
    aborted = next(o for o in await recorded(shop, "checkout") if o.kind is Kind.ABORTED)
    assert (aborted.actor, aborted.reason) == ("carol", "payments page blank")
    assert aborted.update.detected_at is not None


async def taken_over(shop):
    """A second bot waits; the first is killed, and the second goes on with the same history."""
    folder = shop.folder / "second"
    folder.mkdir()
    space = shop.workspace
    second = process.BotProcess(
        kubeconfig=shop.kubeconfig,
        folder=folder,
        prometheus="",
        slack={"url": space.api_url, "bot": space.bot_token, "app": space.app_token},
        arguments=("--policy", str(shop.rules), "--history", shop.history),
    )
    before = space.connected
    await second.start()
    await shop.until(lambda: space.connected == 2 * before, "both listen")
    os.kill(shop.bot.pid, signal.SIGKILL)
    await shop.until(lambda: space.connected == before, "one listens")
    return second


async def recovered(shop, receiver):
    await shop.ship("bob", "checkout", "v4")
    gate = await shop.gate("checkout")
    assert (await shop.press("carol", gate)).startswith("Approved")
    await shop.until(lambda: ended(shop, "checkout", "v4"), "v4 is done by the second bot")
    await shop.until(lambda: receiver.pages("resolve"), "the incident is over")
    (resolve,) = receiver.pages("resolve")
    assert resolve["dedup_key"] == receiver.pages("trigger")[0]["dedup_key"]


async def heard_in_private(shop, wakes):
    """Approvals and the rollback at once; what is done in one list, once she is awake."""
    def late():
        return [text for text in directs(shop, "UALICE0001") if "your quiet hours" in text]

    rest = (wakes - datetime.now(UTC)).total_seconds()
    await asyncio.sleep(max(0.0, rest))
    await shop.until(late, "the list after the quiet hours")
    mine = directs(shop, "UALICE0001")
    assert len([one for one in mine if "waits for approval" in one]) >= 3, mine
    assert len([one for one in mine if "rolled back" in one and "v3" in one]) >= 1, mine
    for overtaken_or_not in ("cart v2 is done", "checkout v2 is done"):
        assert overtaken_or_not in " ".join(late()), mine
    assert not [one for one in directs(shop, "UBOB000001") if "checkout" in one]


async def intact(shop):
    """One chain of two writers, in which nothing is twice."""
    await shop.until(lambda: twice_done(shop), "both releases are recorded")
    code, said = await console("audit", "verify", ROLLOUT_BOT_HISTORY=shop.history)
    assert code == 0, said
    found = await recorded(shop)
    assert len({one.id for one in found}) == len(found)
    said = await shop.type("carol", "audit checkout")
    assert said[-1].startswith("Decisions of checkout"), said
    code, said = await console("audit", "checkout", ROLLOUT_BOT_HISTORY=shop.history)
    assert code == 0 and "aborted by carol" in said and "payments page blank" in said, said


async def twice_done(shop):
    found = await recorded(shop, "checkout")
    return len([one for one in found if one.kind is Kind.DONE and one.revision in {2, 4}]) == 2


def hooked(receiver):
    found = receiver.verified()
    told = [one["type"] for one in found if one["rollout"] == "checkout"]
    for kind in ("shipped", "needs-approval", "done"):
        assert told.count(kind) >= 2, told
    assert {"rolled-back", "recovered"} <= set(told)
    assert ROUTING not in str(found) and SECRET not in str(found)
