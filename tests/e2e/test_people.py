"""Three people at one bot: who may open a gate, who was first, which button is too old.

The bot is a process of its own, on the local cluster and the local workspace, with a policy file.
"""

import asyncio

import pytest

from bot.local.cluster import LocalCluster
from bot.local.demo import kube
from bot.local.demo import stage as stages
from tests.e2e import shop as shops
from tests.e2e.shop import ROOM, buttons, ended, message, phase, seen_hash, told

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
POLICY = """
groups:
  sre: {members: [UALICE0001, UBOB000001, UCAROL0001]}
rules:
  - match: {names: [checkout]}
    approval: {approvers: ["group:sre"], quorum: 2, fourEyes: true}
  - match: {names: [brief]}
    approval: {approvers: ["group:sre"], expires: 10s, onTimeout: abort}
  - match: {names: ["*"]}
    approval: {approvers: ["group:sre"]}
"""


@pytest.fixture
async def shop(tmp_path):
    cluster = LocalCluster()
    await cluster.start()
    kubeconfig = tmp_path / "kubeconfig"
    cluster.kubeconfig(kubeconfig)
    try:
        async with kube.Kube(kubeconfig) as api:
            await stages.install_kinds(api)
            for name in ("shop", "argo-rollouts"):
                space_of = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
                await api.apply(space_of)
            at = shops.opened(kubeconfig=kubeconfig, folder=tmp_path, policy=POLICY, api=api)
            async with at as found:
                yield found
    finally:
        await cluster.stop()


async def test_gate_opens_to_two_others_and_not_to_whoever_shipped(shop):
    await shop.make("checkout")
    await shop.ship("bob", "checkout")
    gate = await shop.gate("checkout")
    asks = shop.shown(gate["ts"])
    assert "may approve: sre, not bob; 2 must approve" in asks, asks.split("may approve")[1][:80]
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
    assert "approved by <@UALICE0001> and <@UCAROL0001>" in closed, closed


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
    steps = [{"setWeight": 50}, {"pause": {"duration": "15s"}}, {"setWeight": 100}]
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
    await _explained_while_no_bot_was_there(shop)


async def _explained_while_no_bot_was_there(shop):
    """The next one finds what was written beneath the alert."""
    mine = [one for one in shop.people.messages if buttons(one, "rollout:retry")]
    assert await shop.bot.stop() == 0
    say = shop.workspace.interactions.say
    await say(user="carol", channel=ROOM, text="orders fail", thread_ts=mine[-1]["ts"])
    await shop.bot.start()

    async def kept():
        abort = (await shop.status("cart"))["rolloutBot"]["abort"]
        return abort.get("later", {}).get("text") == "orders fail"

    await shop.until(kept, "the reason is found")
