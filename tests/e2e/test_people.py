"""Three people at one bot: who may open a gate, who was first, which button is too old.

The bot is a process of its own, on the local cluster and the local workspace, with a policy file.
"""

import asyncio
import json
import time

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.local import workspace as workspaces
from bot.local.cluster import LocalCluster
from bot.local.demo import chat, kube, process
from bot.local.demo import stage as stages

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]
ROOM = "CRELEASES1"
ROLLOUTS = "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts"
SOON_S = 20.0
APPROVE, ABORT = "rollout:approve", "rollout:abort"
POLICY = """
groups:
  sre: {members: [UALICE0001, UBOB000001, UCAROL0001]}
rules:
  - match: {names: [checkout]}
    approval: {approvers: ["group:sre"], quorum: 2, fourEyes: true}
  - match: {names: [brief]}
    approval: {approvers: ["group:sre"], expires: 4s, onTimeout: abort}
  - match: {names: ["*"]}
    approval: {approvers: ["group:sre"]}
"""
GATED = [{"setWeight": 50}, {"pause": {}}]


def rollout(name, steps):
    marks = {"app": name}
    container = {"name": "app", "image": f"{name}:v1"}
    template = {"metadata": {"labels": marks}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": marks},
            "strategy": {"canary": {"steps": steps}},
            "template": template,
        },
    }


class Shop:
    """What a test needs: rollouts, people who type and press, and what each of them reads."""

    def __init__(self, api, people, slack):
        self.api = api
        self.people = people
        self.slack = slack

    async def until(self, look, what):
        """The first truth that ``look`` finds; ``what`` names it where there is none."""
        end = time.monotonic() + SOON_S
        while True:
            await self.people.look()
            found = look()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return found
            assert time.monotonic() < end, f"never: {what}; {await self.as_it_is()}"
            await asyncio.sleep(0.05)

    async def as_it_is(self):
        objects = await self.api.get(ROLLOUTS)
        states = {one["metadata"]["name"]: one.get("status") for one in objects["items"]}
        said = [one["text"] for one in self.people.messages]
        return json.dumps({"states": states, "said": said}, indent=1, ensure_ascii=False)

    async def status(self, name):
        return (await self.api.get(f"{ROLLOUTS}/{name}"))["status"]

    async def make(self, name, steps=GATED):
        await self.api.apply(rollout(name, steps))

        async def healthy():
            return (await self.api.get(f"{ROLLOUTS}/{name}")).get("status", {}).get(
                "phase"
            ) == "Healthy"

        await self.until(healthy, f"{name} is there")

    async def type(self, user, text):
        """One command; what its typist alone reads then."""
        before = len(self.read_by(user))
        done = await self.people.command(user=user, channel=ROOM, text=f"/rollout {text}")
        assert done["acked"], done
        return await self.until(lambda: self.read_by(user)[before:], f"an answer to {text}")

    async def ship(self, user, name, tag="v2"):
        for _ in range(3):  # as a person would, where the bot wrote in the same moment
            answer = await self.type(user, f"set-image {name} app={name}:{tag}")
            if not answer[-1].startswith("Nothing was done"):
                break
        assert answer[-1] == f"{name} gets app={name}:{tag}.", answer

    async def gate(self, name):
        """The message that asks, once there is one with a button."""
        return await self.until(
            lambda: next((one for one in self._said(name) if buttons(one, APPROVE)), None),
            f"{name} asks",
        )

    def _said(self, name):
        mine = [one for one in self.people.messages if one["text"].startswith(f"{name} ")]
        return [one for one in reversed(mine) if not one["is_ephemeral"]]

    async def old(self, message, **change):
        """The same message as somebody's phone still shows it; ``change`` binds it to another."""
        blocks = json.loads(json.dumps(message["blocks"]))
        for element in buttons({"blocks": blocks}):
            element["value"] = json.dumps(json.loads(element["value"]) | change)
        posted = await self.slack.chat_postMessage(channel=ROOM, text="copy", blocks=blocks)
        return {"ts": posted["ts"]}

    async def press(self, user, message, action=APPROVE):
        """One click; what the clicker alone reads then."""
        before = len(self.read_by(user))
        done = await self.people.click(user=user, ts=message["ts"], action=action)
        assert done["acked"], done
        found = await self.until(lambda: self.read_by(user)[before:], f"an answer to {user}")
        return found[-1]

    def read_by(self, user):
        known = next(u["id"] for u in USERS if u["name"] == user)
        mine = [one for one in self.people.messages if one["ephemeral_for"] == known]
        return [one["text"].replace("\u202f", " ") for one in mine]

    def shown(self, ts):
        found = next(one for one in self.people.messages if one["ts"] == ts)
        return json.dumps([found["text"], found["blocks"]], ensure_ascii=False)


USERS = [{"id": one.id, "name": one.name} for one in workspaces.people.USERS]


def buttons(message, action=""):
    inside = [one for block in message["blocks"] for one in block.get("elements", ())]
    found = [one for one in inside if one.get("type") == "button" and "value" in one]
    return [one for one in found if action in {"", one["action_id"]}]


@pytest.fixture
async def shop(tmp_path):
    cluster = LocalCluster()
    await cluster.start()
    kubeconfig = tmp_path / "kubeconfig"
    cluster.kubeconfig(kubeconfig)
    space = workspaces.LocalWorkspace(commands=("/rollout",), tiers=False)
    await space.start()
    rules = tmp_path / "policy.yaml"
    rules.write_text(POLICY)
    bot = process.BotProcess(
        kubeconfig=kubeconfig,
        folder=tmp_path,
        prometheus="",
        slack={"url": space.api_url, "bot": space.bot_token, "app": space.app_token},
        arguments=("--policy", str(rules), "--history", "off"),
    )
    people = chat.Chat(space.url)
    await people.open()
    try:
        async with kube.Kube(kubeconfig) as api:
            await stages.install_kinds(api)
            for name in ("shop", "argo-rollouts"):
                space_of = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
                await api.apply(space_of)
            await bot.start()
            slack = AsyncWebClient(token=space.bot_token, base_url=space.api_url)
            yield Shop(api, people, slack)
    finally:
        await bot.stop()
        await people.close()
        await space.stop()
        await cluster.stop()


async def test_gate_opens_to_two_others_and_not_to_whoever_shipped(shop):
    await shop.make("checkout")
    await shop.ship("bob", "checkout")
    gate = await shop.gate("checkout")
    asks = shop.shown(gate["ts"])
    assert "may approve: sre; 2 must approve" in asks, asks.split("may approve")[1][:80]
    refused = await shop.press("bob", gate)
    assert "bob" in refused and "shipped" in refused, refused
    assert "approvals" not in (await shop.status("checkout"))["rolloutBot"]
    assert "1 of 2 approved: alice" in await shop.press("alice", gate)
    again = await shop.press("alice", gate)
    assert "1 of 2 approved: alice" in again, again
    said = [one["text"] for one in shop.people.messages if one.get("thread_ts")]
    assert [one for one in said if one.endswith("approved by alice")], said
    assert not [one for one in said if "promoted" in one], said
    assert (await shop.status("checkout"))["pauseConditions"], "one approval is not enough"
    await shop.until(lambda: "1 of 2" in shop.shown(gate["ts"]), "the gate counts")
    assert "Approved" in await shop.press("carol", gate)
    await shop.until(lambda: ended(shop, "checkout", "v2"), "both opened it")
    await shop.until(lambda: not buttons(message(shop, gate["ts"])), "the buttons go")
    closed = shop.shown(gate["ts"])
    assert "approved by <@UCAROL0001>" in closed, closed


async def test_one_wins_and_the_other_reads_who_when_two_approve_at_once(shop):
    await shop.make("cart")
    await shop.ship("bob", "cart")
    gate = await shop.gate("cart")
    said = await asyncio.gather(shop.press("alice", gate), shop.press("carol", gate))
    won = [one for one in said if one.startswith("Approved")]
    lost = [one for one in said if one not in won]
    assert len(won) == len(lost) == 1, said
    winner = "alice" if said[0] in won else "carol"
    assert lost[0].startswith(f"This step is over: {winner} approved it at"), said
    await shop.until(lambda: ended(shop, "cart", "v2"), "it goes on")
    handled = (await shop.status("cart"))["rolloutBot"]["handled"].values()
    assert [one["accepted"] for one in handled].count(True) == 1


async def test_an_old_button_changes_nothing(shop):
    for name in ("cart", "brief"):
        await shop.make(name)
        await shop.ship("bob", name)
    gate, brief = await shop.gate("cart"), await shop.gate("brief")
    elsewhere = await shop.old(gate, c="prod-us")
    assert "prod-us" in await shop.press("alice", elsewhere)
    assert "This step is over" in await shop.press("alice", await shop.old(gate, g="0000"))
    earlier = await shop.old(gate)
    await shop.ship("bob", "cart", "v3")
    expected = "Another revision is rolling out now"
    await shop.until(lambda: seen_hash(shop, "cart", gate), "v3 is seen")
    assert expected in await shop.press("alice", earlier)
    overdue = await shop.old(brief)
    await shop.until(lambda: phase(shop, "brief", "Degraded"), "nobody answered in time")
    late = await shop.press("carol", overdue)
    assert not late.startswith("Approved"), late
    assert await phase(shop, "brief", "Degraded")
    for name in ("cart", "brief"):
        handled = (await shop.status(name))["rolloutBot"].get("handled", {}).values()
        assert [one for one in handled if one["accepted"]] == []


async def test_freeze_holds_in_mid_step_and_an_abort_still_passes(shop):
    steps = [{"setWeight": 50}, {"pause": {"duration": "6s"}}, {"setWeight": 100}]
    for name in ("cart", "basket"):
        await shop.make(name, steps)
    for name in ("cart", "basket"):
        await shop.ship("bob", name)
    for name in ("cart", "basket"):
        await shop.until(lambda name=name: phase(shop, name, "Paused"), f"{name} pauses")
    answer = await shop.type("alice", 'freeze shop 1h "database incident"')
    assert answer[-1].startswith("Frozen: shop"), answer
    for name in ("cart", "basket"):
        await shop.until(lambda name=name: told(shop, f"{name} v2 holds at 50 %"), "it is told")
    why = await shop.type("carol", "why cart")
    assert "database incident" in why[-1], why
    held = await shop.type("carol", "promote cart")
    assert held[-1].startswith("Approved, and held: freeze"), held
    assert await phase(shop, "cart", "Paused")
    aborted = await shop.type("carol", "abort cart")
    assert aborted[-1] == "All traffic goes back to the stable revision."
    await shop.until(lambda: phase(shop, "cart", "Degraded"), "the abort passes")
    assert not await ended(shop, "basket", "v2")
    assert await phase(shop, "basket", "Paused")
    await shop.type("alice", "unfreeze shop")
    await shop.until(lambda: ended(shop, "basket", "v2"), "the other one goes on")


def message(shop, ts):
    return next(one for one in shop.people.messages if one["ts"] == ts)


def told(shop, start):
    said = (one["text"].replace("\u202f", " ") for one in shop.people.messages)
    return any(one.startswith(start) for one in said)


async def phase(shop, name, wanted):
    return (await shop.status(name)).get("phase") == wanted


async def ended(shop, name, tag):
    found = await shop.api.get(f"{ROLLOUTS}/{name}")
    image = found["spec"]["template"]["spec"]["containers"][0]["image"]
    status = found["status"]
    done = status["phase"] == "Healthy" and status["stableRS"] == status["currentPodHash"]
    return image.endswith(tag) and done


async def seen_hash(shop, name, gate):
    before = json.loads(buttons(gate, APPROVE)[0]["value"])["h"]
    return (await shop.status(name))["currentPodHash"] != before
