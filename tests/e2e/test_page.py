"""A person at the page while the bot works: a command, Approve, the card that moves, the chart.

With SCREENSHOTS=FOLDER the page is photographed on the way, on a desktop and on a phone.
"""

import asyncio
import os
import re
import shutil
from pathlib import Path

import pytest
from playwright import async_api

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium"),
]
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
STEP_MS = 60_000
async_api.expect.set_options(timeout=STEP_MS)  # a busy machine draws late


@pytest.fixture
async def pages():
    """One page of alice for each size, once the address is known."""
    async with async_api.async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])

        async def look(address):
            opened = {}
            for name, (width, height) in SIZES.items():
                page = await browser.new_page(viewport={"width": width, "height": height})
                page.set_default_timeout(STEP_MS)
                await page.goto(f"{address}#alice/releases")
                await async_api.expect(page.locator("#state")).to_have_text("live")
                opened[name] = page
            return opened

        yield look
        await browser.close()


async def photograph(pages, moment):
    if folder := os.environ.get("SCREENSHOTS"):
        for name, page in pages.items():
            await page.screenshot(path=Path(folder) / f"{moment}-{name}.png")


async def type_in(page, text):
    await page.fill("#text", text)
    await page.press("#text", "Enter")


def message(page, text):
    return page.locator("#list article:not(.ephemeral)").filter(has_text=text)


async def after_the_abort(page):
    """What the thread of an alert holds in the end, on a phone."""
    alert = message(page, "checkout v3 rolled back: users are on v2").last
    await alert.locator("button.replies").click(timeout=STEP_MS)
    thread = page.locator("#thread-list")
    restored = thread.get_by_text(re.compile("service restored after .* v2 success-rate"))
    await async_api.expect(restored).to_be_visible(timeout=3 * STEP_MS)
    file = thread.locator(".file")
    await async_api.expect(file).to_have_count(1, timeout=3 * STEP_MS)
    await async_api.expect(file).to_contain_text("checkout v3: post-mortem")
    await async_api.expect(file).to_contain_text(
        re.compile(r"post-mortem-checkout-v3\.md · \d+ KB")
    )
    link = await file.locator("a").get_attribute("href")
    text = await page.evaluate("async (link) => (await fetch(link)).text()", link)
    assert text.startswith("# checkout v3 went back to v2"), text[:200]
    if folder := os.environ.get("SCREENSHOTS"):
        (Path(folder) / "post-mortem.md").write_text(text)
    await async_api.expect(thread.locator("figure")).to_have_count(1)
    await thread.locator("figure img").scroll_into_view_if_needed()


async def test_person_lists_approves_and_sees_the_chart_of_a_rollback(demo, pages):
    running = demo()
    opened = await pages(running.facts()["workspace"])
    # What the demo tells a person to type must work as it stands.
    await asyncio.to_thread(running.until_said, "/rollout set-image")
    ship = re.search(r"(/rollout set-image \S+ \S+=\S+):good-2", running.said).group(1)
    page = opened["desktop"]
    await type_in(page, "/rollout list")
    answer = page.locator("article.ephemeral").first
    await async_api.expect(answer).to_contain_text("checkout")
    await type_in(page, f"{ship}:good-2")
    card = message(page, "checkout v2").first
    for weight in (10, 25, 50):
        reached = re.compile(rf"checkout v2 · {weight}\s% of traffic")
        await async_api.expect(card).to_contain_text(reached, timeout=STEP_MS)
        await photograph(opened, f"good-{weight}")
    approve = page.locator("[data-action='rollout:approve']").last
    await approve.click()
    await photograph(opened, "confirm")
    await page.click("dialog .yes")
    await async_api.expect(card).to_contain_text("done, 100", timeout=STEP_MS)
    await async_api.expect(card).to_contain_text("(edited)")
    await photograph(opened, "good-done")
    await type_in(page, f"{ship}:bad-3")
    # On v2, which was approved and is the stable by now.
    alert = message(page, "checkout v3 rolled back: users are on v2").last
    await async_api.expect(alert).to_contain_text("success-rate", timeout=STEP_MS)
    await photograph(opened, "bad-alert")
    thread = alert.get_by_text(re.compile(r"\d+ repl"))
    await thread.click(timeout=STEP_MS)
    picture = page.locator("#thread-list figure img").first
    await async_api.expect(picture).to_be_visible(timeout=STEP_MS)
    wide = await picture.evaluate("async img => { await img.decode(); return img.naturalWidth; }")
    assert wide > 300
    await photograph(opened, "bad-chart")
    await after_the_abort(opened["phone"])
    await photograph(opened, "bad-thread")
    for name, (width, _) in SIZES.items():
        wide = await opened[name].evaluate("document.documentElement.scrollWidth")
        assert wide == width, f"{name} scrolls sideways"
