"""Three people, each at a page of their own in a real browser: who may, who was first, who is late.

The same stories by the levers of the workspace, with older and forged buttons, are test_people's.
"""

import asyncio
import re

import pytest
from playwright import async_api

from tests.e2e import shop as shops
from tests.e2e import surfaces
from tests.gallery import showing

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.timeout(400),
    pytest.mark.skipif(showing.CHROMIUM is None, reason="no chromium: apt-get install chromium"),
]
PATIENCE_MS = 60_000
expect = async_api.expect
expect.set_options(timeout=PATIENCE_MS)
POLICY = """
groups:
  sre: {members: [UALICE0001, UBOB000001, UCAROL0001]}
  oncall: {slack: SSRE000001}
rules:
  - match: {names: [parcel]}
    approval:
      approvers: ["group:sre"]
      quorum: 2
      fourEyes: true
      expires: 1h
      onTimeout: abort
      escalations:
        - {after: 1s, to: thread}
        - {after: 2s, to: approvers}
        - {after: 3s, to: "group:oncall"}
        - {after: 4s, to: "#random"}
  - match: {names: [checkout]}
    approval: {approvers: ["group:sre"], quorum: 2, fourEyes: true}
  - match: {names: ["*"]}
    approval: {approvers: ["group:sre"]}
"""


class Phone:
    """One person's page; what only they read are its ephemeral messages."""

    def __init__(self, page):
        self.page = page
        page.set_default_timeout(PATIENCE_MS)

    async def types(self, text):
        before = await self.own().count()
        await self.page.fill("#text", f"/rollout {text}")
        await self.page.press("#text", "Enter")
        return await self.answer(before)

    async def goes_to(self, room):
        """A channel, or a conversation by whom it is with."""
        await self.page.click("#show-channels")
        await self.page.locator("nav li button").filter(has_text=room).last.click()
        await expect(self.page.locator("#room-name")).to_contain_text(room)

    async def thread_of(self, said):
        """What stands in the thread of the message that says so."""
        parent = self.page.locator("#list article").filter(has_text=said).last
        await parent.locator("button.replies").click()
        return self.page.locator("#thread-list")

    def own(self):
        return self.page.locator("#list article.ephemeral")

    async def answer(self, before):
        """The newest that came, once it is no longer only "recording"."""
        newest = self.own().nth(before)
        await expect(newest).to_be_attached()
        last = self.own().last
        await expect(last).not_to_contain_text("recording your")
        return ((await last.text_content()) or "").replace("\u202f", " ")

    def gate(self, name):
        return self.page.locator("#list article:not(.ephemeral)").filter(
            has_text=re.compile(rf"{name} v\d+.*(wait|approved|closed)", re.DOTALL)
        ).filter(has=self.page.locator("[data-action]"))  # fmt: skip

    async def opens(self, name):
        """The dialog of Approve; ``yes`` is not pressed yet."""
        button = self.gate(name).locator("[data-action='rollout:approve']").last
        await button.click()
        await expect(self.page.locator("dialog .yes")).to_be_visible()

    async def says_yes(self):
        before = await self.own().count()
        await self.page.click("dialog .yes")
        return await self.answer(before)

    async def presses(self, message):
        """Approve of this message, whatever it is bound to."""
        shown = self.page.locator(f"#list [data-ts='{message['ts']}']")
        await shown.locator("[data-action='rollout:approve']").click()
        return await self.says_yes()

    async def approves(self, name):
        await self.opens(name)
        return await self.says_yes()


@pytest.fixture
async def office(tmp_path):
    """Alice, bob and carol at one bot."""
    async with surfaces.opened(tmp_path, POLICY) as at:
        phones = {"carol": Phone(at.page)}
        for name in ("alice", "bob"):
            size = {"width": showing.WIDTH, "height": showing.HEIGHT}
            page = await at.page.context.browser.new_page(viewport=size)
            await page.goto(f"{at.shop.people.url}/#{name}/releases")
            await expect(page.locator("#state")).to_have_text("live")
            phones[name] = Phone(page)
        yield at.shop, phones["alice"], phones["bob"], phones["carol"]


async def test_three_people_decide_at_their_phones(office):
    shop, alice, bob, carol = office
    await two_of_three_and_not_the_deployer(shop, alice, bob, carol)
    await one_wins(shop, alice, bob, carol)
    await old_buttons(shop, alice, bob)
    await a_freeze_in_mid_step(shop, alice, bob, carol)
    await nobody_answers(shop, alice, bob, carol)


async def two_of_three_and_not_the_deployer(shop, alice, bob, carol):
    await shop.make("checkout")
    assert "checkout gets" in await bob.types("set-image checkout app=checkout:v2")
    refused = await bob.approves("checkout")
    assert "bob" in refused and "shipped" in refused, refused
    assert "1 of 2 approved: alice" in await alice.approves("checkout")
    assert (await shop.status("checkout"))["pauseConditions"], "one of two is not enough"
    for phone in (alice, bob, carol):
        await expect(phone.gate("checkout").last).to_contain_text("1 of 2")
    assert "Approved" in await carol.approves("checkout")
    for phone in (alice, bob, carol):
        left = phone.page.locator("[data-action='rollout:approve']")
        await expect(left).to_have_count(0)
        closed = phone.page.locator("#list article").filter(has_text="approved by").last
        await expect(closed).to_contain_text("@carol")
        await expect(closed).to_contain_text("alice")
    await shop.until(lambda: shops.ended(shop, "checkout", "v2"), "both opened it")


async def one_wins(shop, alice, bob, carol):
    await shop.make("cart")
    assert "cart gets" in await bob.types("set-image cart app=cart:v2")
    await asyncio.gather(alice.opens("cart"), carol.opens("cart"))
    said = await asyncio.gather(alice.says_yes(), carol.says_yes())
    won = [one for one in said if "Approved" in one]
    lost = [one for one in said if "This step is over" in one]
    assert len(won) == len(lost) == 1, said
    winner = "alice" if won[0] is said[0] else "carol"
    assert f"{winner} approved it" in lost[0], said
    await shop.until(lambda: shops.ended(shop, "cart", "v2"), "it goes on")


async def old_buttons(shop, alice, bob):
    """As a phone without a connection would still show them: they change nothing."""
    await shop.make("basket")
    assert "basket gets" in await bob.types("set-image basket app=basket:v2")
    gate = await shop.gate("basket")
    assert "prod-us" in await alice.presses(await shop.old(gate, c="prod-us"))
    assert "This step is over" in await alice.presses(await shop.old(gate, g="0000"))
    earlier = await shop.old(gate)
    assert "basket gets" in await bob.types("set-image basket app=basket:v3")
    await shop.until(lambda: shops.seen_hash(shop, "basket", gate), "v3 is seen")
    late = await alice.presses(earlier)
    assert "Another revision is rolling out now" in late, late
    handled = (await shop.status("basket"))["rolloutBot"].get("handled", {}).values()
    assert [one for one in handled if one["accepted"]] == []


async def a_freeze_in_mid_step(shop, alice, bob, carol):
    steps = [{"setWeight": 50}, {"pause": {"duration": "20s"}}, {"setWeight": 100}]
    await shop.make("till", steps)
    assert "till gets" in await bob.types("set-image till app=till:v2")
    await shop.until(lambda: shops.phase(shop, "till", "Paused"), "it is in mid-step")
    assert "Frozen: shop" in await alice.types('freeze shop 1h "database incident"')
    for phone in (bob, carol):
        news = phone.page.locator("#list article").filter(has_text="database incident").last
        await expect(news).to_be_visible()
    assert "held" in await carol.types("promote till")
    assert "All traffic goes back" in await carol.types("abort till")
    await shop.until(lambda: shops.phase(shop, "till", "Degraded"), "the abort passes")


async def nobody_answers(shop, alice, bob, carol):
    """The thread, then each approver in private, the group, a channel, and the policy at last."""
    assert "Over: shop" in await alice.types("unfreeze shop")
    await shop.people._call("POST", "invite", {"channel": "random"})
    await shop.make("parcel")
    assert "parcel gets" in await bob.types("set-image parcel app=parcel:v2")
    asked = re.compile("parcel v2 still waits for approval to go from 50")
    for phone in (alice, carol):
        await expect(phone.page.locator("#show-channels")).to_contain_text(re.compile(r"\d"))
        await phone.goes_to("rollout")
        await expect(phone.gate("parcel")).to_have_count(1)
        await expect(phone.gate("parcel")).to_contain_text(asked)
    thread = await bob.thread_of("parcel v2 · waits for approval")
    for line in (
        "1 s by now",
        "2 s by now: whoever may approve it",
        "3 s by now",
        "4 s by now: #random",
    ):
        await expect(thread).to_contain_text(line)
    await bob.page.click("#thread-close")
    thread = await bob.thread_of("parcel v2 waits for you")
    await expect(thread).to_contain_text("@sre")
    await bob.page.click("#thread-close")
    await expect(bob.page.locator("#directs button")).to_have_count(0)
    await bob.goes_to("random")
    refused = await bob.approves("parcel")
    assert "bob" in refused and "shipped" in refused, refused
    assert "1 of 2 approved: alice" in await alice.approves("parcel")
    shop.rules.write_text(POLICY.replace("expires: 1h", "expires: 5s"))
    await shop.until(lambda: shops.phase(shop, "parcel", "Degraded"), "the policy takes it back")
    for phone in (alice, carol, bob):
        over = phone.page.locator("#list article").filter(has_text="parcel v2").last
        await expect(over).to_contain_text("rolled back by itself")
        await expect(over).to_contain_text("nobody approved within 5")
        await expect(phone.page.locator("#list [data-action='rollout:approve']")).to_have_count(0)
        await expect(over).not_to_contain_text("still waits")
