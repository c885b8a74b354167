"""One gate after the other, each decided in another way: everything that shows it says the same.

And a card that stands whatever happens to the bot and to the message.
"""

import asyncio

import pytest
from playwright import async_api

from tests.e2e import shop as shops
from tests.e2e import surfaces
from tests.gallery import showing

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(showing.CHROMIUM is None, reason="no chromium: apt-get install chromium"),
]


async def test_every_surface_says_what_was_decided_and_by_whom(tmp_path):
    async with surfaces.opened(tmp_path) as at:
        for name, (decide, closer) in surfaces.WAYS.items():
            gate, card = await at.gate(name)
            began = await decide(at, name)
            found = await at.agree(name, gate, card, closer=closer, began=began)
            assert len(found) == 7
            print(name, {where: round(seconds, 2) for where, seconds in found.items()})
        by_policy = "promoted by the policy: nobody answered in time"
        assert by_policy in str([one["text"] for one in at.shop.people.messages])
        await stands_whatever_happens(at)


async def stands_whatever_happens(at):
    """Restarted with its card deleted, and decided while its gate may not be edited any more."""
    gate, card = await at.gate("durable")
    await at.shop.bot.stop()
    await at.shop.slack.chat_delete(channel=shops.ROOM, ts=card["ts"])
    await at.shop.bot.start()
    waits = "durable v2 waits for approval at"
    again = await at.shop.until(lambda: at.standing(waits), "the card stands again")
    assert len(again) == 1 and again[0]["ts"] != card["ts"]
    assert f"/p{gate['ts'].replace('.', '')}" in str(again[0]["blocks"])
    assert len(at.standing("durable v2 waits for approval in")) == 1, "one request, not two"
    closed = {"error": "edit_window_closed", "methods": ["chat.update"], "ts": gate["ts"]}
    await at.shop.people._call("POST", "faults", {"refuse": closed})
    assert (await at.shop.press("bob", gate)).startswith("Approved")
    ended = await at.shop.until(lambda: at.standing("durable v2 in demo, "), "how it ended")
    assert "approved by <@UBOB000001>" in str(ended[0]["blocks"])
    drawn = at.page.locator(f"#list [data-ts='{ended[0]['ts']}']")
    await async_api.expect(drawn).to_contain_text("approved by @bob", timeout=60_000)
    assert await drawn.locator("[data-action]").count() == 0
    late = await at.shop.press("carol", gate)
    assert late.startswith("This step is over: bob approved it"), late
    await at.shop.until(lambda: at.standing("durable v2 is done"), "the card ends")
    await asyncio.sleep(1.0)
    await at.shop.people.look()
    mine = [one["text"] for one in at.shop.people.messages if one["text"].startswith("durable v2")]
    public = [one["text"] for one in at.standing("durable v2")]
    assert len(public) == 3, (public, mine)
