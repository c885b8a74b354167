"""Samples in the real page of the local workspace: drawn by a browser, judged, photographed."""

import base64
import html
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright import async_api
from slack_sdk.web.async_client import AsyncWebClient

from bot.local.workspace import LocalWorkspace
from tests.gallery.sample import Sample

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WIDTH, HEIGHT = 390, 844
SCHEMES = ("light", "dark")
ROOM, READER, NAME = "CRELEASES1", "UALICE0001", "alice"
FAULTS = (Path(__file__).parent / "faults.js").read_text()
COLUMNS, SHEET_HEIGHT = 3, 1_500
STEP_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One sample as a phone drew it; ``faults`` are what an eye would complain of."""

    name: str
    scheme: str
    height: int
    faults: tuple[str, ...]
    png: bytes


@dataclass(slots=True, kw_only=True)
class Gallery:
    """A page of one reader; what is posted appears in it as it would for anybody."""

    slack: AsyncWebClient
    page: async_api.Page
    scheme: str

    async def show(self, sample: Sample) -> Shown:
        node = await (self._home(sample) if sample.is_home else self._posted(sample))
        if sample.press:
            await node.locator(f"[data-action='{sample.press}']").click()
            node = self.page.locator("dialog.confirm")
        await node.scroll_into_view_if_needed()
        faults = await node.evaluate(FAULTS)
        box = await node.bounding_box()
        png = await node.screenshot()
        if sample.press:
            await self.page.click("dialog .deny")
        return Shown(
            name=sample.name,
            scheme=self.scheme,
            height=round(box["height"]) if box else 0,
            faults=tuple(faults),
            png=png,
        )

    async def _posted(self, sample: Sample) -> async_api.Locator:
        message = sample.message
        said = dict(channel=ROOM, text=message.text, blocks=list(message.blocks))
        if sample.is_private:
            answer = await self.slack.chat_postEphemeral(user=READER, **said)
            ts = answer["message_ts"]
        else:
            ts = (await self.slack.chat_postMessage(**said))["ts"]
        node = self.page.locator(f"#list [data-ts='{ts}']")
        await async_api.expect(node).to_be_visible(timeout=STEP_MS)
        return node

    async def _home(self, sample: Sample) -> async_api.Locator:
        view = {"type": "home", "blocks": list(sample.message.blocks)}
        answer = await self.slack.views_publish(user_id=READER, view=view)
        await self.page.evaluate("document.getElementById('open-home').click()")
        await self.page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        home = self.page.locator("#home")
        await async_api.expect(home).to_be_visible(timeout=STEP_MS)
        drawn = answer["view"]["hash"]
        await async_api.expect(home).to_have_attribute("data-hash", drawn, timeout=STEP_MS)
        high = await home.evaluate("home => home.scrollHeight - home.clientHeight")
        await self.page.set_viewport_size({"width": WIDTH, "height": HEIGHT + max(0, high)})
        return home


@asynccontextmanager
async def browsing() -> AsyncIterator[async_api.Browser]:
    async with async_api.async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


@asynccontextmanager
async def opened(browser: async_api.Browser, scheme: str) -> AsyncIterator[Gallery]:
    """A workspace of its own with one phone that looks at it."""
    space = LocalWorkspace(tiers=False)
    await space.start()
    try:
        page = await browser.new_page(
            viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme
        )
        page.set_default_timeout(STEP_MS)
        await page.goto(f"{space.url}/#{NAME}/releases")
        await async_api.expect(page.locator("#state")).to_have_text("live")
        slack = AsyncWebClient(token=space.bot_token, base_url=space.api_url, timeout=30)
        yield Gallery(slack=slack, page=page, scheme=scheme)
        await page.close()
    finally:
        await space.stop()


async def show(browser: async_api.Browser, samples: Sequence[Sample], scheme: str) -> list[Shown]:
    async with opened(browser, scheme) as gallery:
        return [await gallery.show(sample) for sample in samples]


async def sheets(browser: async_api.Browser, shown: Sequence[Shown], folder: Path) -> list[Path]:
    """Contact sheets, three phones wide: one look at many."""
    made, rest = [], list(shown)
    while rest:
        columns: list[str] = []
        while rest and len(columns) < COLUMNS:
            room, cells = SHEET_HEIGHT, []
            while rest and (not cells or rest[0].height + 24 <= room):
                one = rest.pop(0)
                room -= one.height + 24
                picture = base64.b64encode(one.png).decode()
                cells.append(
                    f"<b>{html.escape(one.name)}</b><img src='data:image/png;base64,{picture}'>"
                )
            columns.append(f"<div>{''.join(cells)}</div>")
        page = await browser.new_page(viewport={"width": COLUMNS * (WIDTH + 8), "height": 200})
        style = (
            "body{margin:0;display:flex;gap:8px;font:13px sans-serif;background:#888}"
            "div{display:flex;flex-direction:column}b{height:24px;line-height:24px}"
        )
        await page.set_content(f"<style>{style}</style>{''.join(columns)}")
        path = folder / f"sheet-{shown[0].scheme}-{len(made) + 1:02}.png"
        await page.screenshot(path=path, full_page=True)
        await page.close()
        made.append(path)
    return made
