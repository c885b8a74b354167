"""The Home tab in a real browser: it is drawn, and its buttons do what they say."""

import dataclasses
import shutil

import pytest
from playwright import async_api

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium"),
    pytest.mark.parametrize("office", ["socket"], indirect=True),
]


@pytest.fixture
async def page(office):
    """A phone of alice that must not complain on its console."""
    complaints = []
    async with async_api.async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        opened = await browser.new_page(viewport={"width": 390, "height": 844})
        opened.set_default_timeout(60_000)
        opened.on("console", lambda line: complaints.append(line.text))
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        await opened.goto(f"{office.workspace.url}/#alice/releases")
        await async_api.expect(opened.locator("#room-name")).to_have_text("# releases")
        yield opened
        await browser.close()
    assert complaints == []


async def open_home(page):
    await page.click("#show-channels")
    await page.click("#open-home")
    return page.locator("#home")


async def test_person_approves_on_the_home_tab_and_reads_there_what_came_of_it(page, office):
    home = await open_home(page)
    await async_api.expect(home).to_contain_text("1 waits for you in prod-eu")
    await async_api.expect(page.locator("#notice")).to_be_hidden()
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    await home.locator("[data-action='rollout:approve']").click()
    await async_api.expect(page.locator("dialog h3")).to_have_text("Send 100\u202f% to v2?")
    await page.click("dialog .deny")
    assert office.asked() == []
    await home.locator("[data-action='rollout:approve']").click()
    await page.click("dialog .yes")
    await async_api.expect(home).to_contain_text("Approved: v2 goes on.")
    await async_api.expect(home).to_contain_text("Nothing waits for you in prod-eu")
    await async_api.expect(home.locator("[data-action='rollout:approve']")).to_have_count(0)
    assert office.asked() == ["promote"]


async def test_person_sees_their_own_tab_when_somebody_else_looked_before(page, office):
    state = office.workspace.state
    room, carol = state.channel("releases"), state.user("carol").id
    state.channels[room.id] = dataclasses.replace(room, members=room.members - {carol})
    home = await open_home(page)
    await async_api.expect(home).to_contain_text("1 waits for you")
    await page.select_option("#actor", "carol")
    await async_api.expect(page.locator("#list")).to_be_visible()
    await async_api.expect(home).to_be_hidden()
    home = await open_home(page)
    await async_api.expect(home).to_contain_text("Nothing waits for you in prod-eu")
    await async_api.expect(home.locator("[data-action='rollout:approve']")).to_have_count(0)
    await home.locator("[data-action='rollout:open']").first.click()
    await async_api.expect(home).to_contain_text("waits for approval at 50\u202f%")
    await page.click("#show-channels")
    await page.click("#channels button >> nth=0")
    await async_api.expect(page.locator("#list")).to_be_visible()
    await async_api.expect(page.locator("#text")).to_be_visible()
