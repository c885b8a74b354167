"""The page in a real browser: type, press, confirm, read; and nothing from outside is run."""

import asyncio
import base64
import inspect
import re
import shutil

import pytest
from playwright import async_api

from bot.local.workspace import arguments, control, interactions, limits, payloads, sockets, state
from bot.render import gates
from tests.render import examples as ex

async_api.expect.set_options(timeout=60_000)  # a busy machine draws late
RELEASES = "CRELEASES1"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium"),
]
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg=="
)
HOSTILE = "<img src=x onerror=window.hurt=1> <javascript:alert(1)|tap> &lt;script&gt; *bold*"


def text(words, kind="mrkdwn"):
    return {"type": kind, "text": words}


def gate(**confirm):
    button = {
        "type": "button",
        "action_id": "gate.approve",
        "style": "primary",
        "text": text("Approve", "plain_text"),
        "value": "v",
        "confirm": {
            "title": text("Send 100 % to v42?", "plain_text"),
            "text": text("all users of *checkout*"),
            "confirm": text("Send 100 %", "plain_text"),
            "deny": text("Not now", "plain_text"),
        },
    }
    return [
        {"type": "section", "text": text("*checkout v42* waits for <@UALICE0001>")},
        {"type": "actions", "elements": [button]},
    ]


@pytest.fixture
async def browser():
    async with async_api.async_playwright() as driver:
        opened = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        await opened.close()


@pytest.fixture
async def page(browser, workspace):
    """A page of alice that must not complain on its console."""
    complaints = []
    opened = await browser.new_page(viewport={"width": 1280, "height": 800})
    opened.set_default_timeout(60_000)
    opened.on("console", lambda line: complaints.append(line.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    await opened.goto(f"{workspace.url}/#alice/releases")
    await async_api.expect(opened.locator("#state")).to_have_text("live")
    yield opened
    assert complaints == []


async def test_page_shows_an_answer_to_its_asker_only_when_a_command_is_typed(page, app):
    @app.command("/rollout")
    async def listing(ack, command):
        await ack(f"you said {command['text']}")

    await page.fill("#text", "/rollout list")
    await page.press("#text", "Enter")
    answer = page.locator("article.ephemeral")
    await async_api.expect(answer).to_contain_text("you said list")
    await async_api.expect(answer).to_contain_text("Only visible to you")
    await page.select_option("#actor", "bob")
    await async_api.expect(answer).to_have_count(0)


async def test_page_asks_first_and_shows_the_edit_when_a_button_is_pressed(page, app, slack):
    @app.action("gate.approve")
    async def approve(ack, body, client):
        await ack()
        said = f"approved by <@{body['user']['id']}>"
        await client.chat_update(channel=RELEASES, ts=body["message"]["ts"], text=said)

    await slack.chat_postMessage(channel=RELEASES, text="waits", blocks=gate())
    button = page.locator("[data-action='gate.approve']")
    await button.click()
    await async_api.expect(page.locator("dialog h3")).to_have_text("Send 100 % to v42?")
    await page.click("dialog .deny")
    await async_api.expect(page.locator("dialog")).to_have_count(0)
    await async_api.expect(button).to_be_visible()
    await button.click()
    await page.click("dialog .yes")
    message = page.locator("#list article")
    await async_api.expect(message).to_contain_text("approved by @alice")
    await async_api.expect(message).to_contain_text("(edited)")
    await async_api.expect(button).to_have_count(0)


async def test_page_sends_the_answer_when_the_bot_edits_its_gate_under_an_open_question(
    page, app, slack
):
    pressed = asyncio.Event()

    @app.action("rollout:approve")
    async def approve(ack):
        await ack()
        pressed.set()

    def drawn(minutes):
        message = gates.gate(ex.gate(generation=minutes, so_far_s=60.0 * minutes))
        return {"text": message.text, "blocks": list(message.blocks)}

    posted = await slack.chat_postMessage(channel=RELEASES, **drawn(1))
    await page.click("[data-action='rollout:approve']")
    await async_api.expect(page.locator("dialog .yes")).to_be_visible()
    await slack.chat_update(channel=RELEASES, ts=posted["ts"], **drawn(2))
    await async_api.expect(page.locator("#list article")).to_contain_text("so far: 2 min")
    await page.click("dialog .yes")
    async with asyncio.timeout(60):
        await pressed.wait()


async def test_page_shows_text_as_text_when_it_is_hostile(page, slack):
    blocks = [{"type": "section", "text": text(HOSTILE)}]
    await slack.chat_postMessage(channel=RELEASES, text="x", blocks=blocks)
    message = page.locator("#list article .content")
    await async_api.expect(message).to_contain_text("<img src=x onerror=window.hurt=1>")
    await async_api.expect(message).to_contain_text("<script>")
    await async_api.expect(message.locator("b")).to_have_text("bold")
    assert await message.locator("img, script, a").count() == 0
    assert await page.evaluate("window.hurt === undefined")


async def test_page_counts_replies_and_opens_the_thread_when_asked(page, slack):
    parent = await slack.chat_postMessage(channel=RELEASES, text="card")
    for words in ("one", "two"):
        await slack.chat_postMessage(channel=RELEASES, text=words, thread_ts=parent["ts"])
    await page.click("text=2 replies")
    await async_api.expect(page.locator("#thread-list article")).to_have_count(3)
    await page.fill("#thread-text", "three")
    await page.press("#thread-text", "Enter")
    await async_api.expect(page.locator("#thread-list article").last).to_contain_text("three")
    await page.fill("#thread-text", "/rollout list")
    await page.press("#thread-text", "Enter")
    await async_api.expect(page.locator("#thread-notice")).to_contain_text("no slash commands")


async def test_page_says_so_when_no_app_is_connected(page):
    await page.fill("#text", "/rollout list")
    await page.press("#text", "Enter")
    await async_api.expect(page.locator("#notice")).to_contain_text("No app is connected")


async def test_page_says_calmly_that_a_button_went_while_its_question_stood(
    browser, workspace, slack
):
    """As bob's approval takes alice's button away between her two presses."""
    page = await browser.new_page(viewport={"width": 390, "height": 844})
    page.set_default_timeout(60_000)
    await page.goto(f"{workspace.url}/#alice/releases")
    notice = page.locator("#notice")
    for gone in ("This button is no longer there", "This message is not here any more"):
        shown = await slack.chat_postMessage(channel=RELEASES, text="waits", blocks=gate())
        await page.locator("[data-action='gate.approve']").click()
        await async_api.expect(page.locator("dialog .yes")).to_be_visible()
        if "button" in gone:
            await slack.chat_update(channel=RELEASES, ts=shown["ts"], text="approved by bob")
        else:
            await slack.chat_delete(channel=RELEASES, ts=shown["ts"])
        await page.click("dialog .yes")
        await async_api.expect(notice).to_contain_text(gone)
        await async_api.expect(notice).to_contain_text("Nothing was done.")
        await async_api.expect(notice).not_to_contain_text("_")


OF_TICKETS = {
    "unknown",
    "expired",
    "used",
}  # of trigger ids and sockets: the app's, not a person's
BY_A_FORM = {"push_limit_reached", "duplicate_external_id"}


async def test_page_has_words_of_its_own_for_every_refusal(page):
    modules = (arguments, control, interactions, limits, payloads, state, sockets)
    source = "".join(map(inspect.getsource, modules))
    codes = set(re.findall(r'(?:Refused|Unanswered)Error\(\s*"(\w+)"', source)) | BY_A_FORM
    assert len(codes - OF_TICKETS) > 12
    ask = "async (answer) => (await import('/_page/act.js')).sentence(answer)"
    for code in sorted(codes - OF_TICKETS):
        for act in ("command", "message", "click", "submit", "close", "home"):
            for failed in ({"ok": False}, {"ok": True, "acked": False}):
                answer = {**failed, "act": act, "error": code}
                answer["response_metadata"] = {"messages": ["A sentence."]}
                said = await page.evaluate(ask, answer)
                # What only a form or the Home tab can be told has no words for another act.
                if code == "not_found" and act not in {"click", "submit"}:
                    continue
                assert said.endswith((".", "?")) and code not in said, (code, act, said)
    assert await page.evaluate(ask, {"ok": True, "acked": True}) == ""


async def test_page_says_so_when_no_app_draws_its_home_tab(page):
    await page.click("#open-home")
    await async_api.expect(page.locator("#room-name")).to_have_text("rollout: Home")
    await async_api.expect(page.locator("#notice")).to_contain_text("No app is connected")
    await page.click("text=random")
    await async_api.expect(page.locator("#notice")).to_be_hidden()


async def test_page_shows_the_chart_when_it_is_uploaded_to_the_thread(page, slack):
    parent = await slack.chat_postMessage(channel=RELEASES, text="rolled back")
    await slack.files_upload_v2(
        channel=RELEASES, thread_ts=parent["ts"], file=PNG, filename="c.png", alt_txt="falls"
    )
    await page.click("text=1 reply")
    image = page.locator("#thread-list figure img")
    await async_api.expect(image).to_have_attribute("alt", "falls")
    await async_api.expect(image).to_have_js_property("naturalWidth", 1)


async def test_page_asks_for_values_when_the_app_opens_a_modal(page, app):
    said = []

    @app.command("/rollout")
    async def ask(ack, command, client):
        await ack()
        element = {"type": "plain_text_input", "action_id": "a"}
        block = {"type": "input", "block_id": "b", "element": element}
        view = {
            "type": "modal",
            "callback_id": "reason",
            "title": text("Why", "plain_text"),
            "submit": text("Send", "plain_text"),
            "blocks": [block | {"label": text("Reason", "plain_text")}],
        }
        await client.views_open(trigger_id=command["trigger_id"], view=view)

    @app.view("reason")
    async def take(ack, view):
        said.append(view["state"]["values"]["b"]["a"]["value"])
        if len(said) > 1:
            await ack()

    await page.fill("#text", "/rollout abort")
    await page.press("#text", "Enter")
    await page.fill("dialog [data-block=b]", "blank page")
    await page.click("dialog .primary")
    notice = page.locator("dialog .notice")
    await async_api.expect(notice).to_contain_text("did not answer within 3 seconds")
    await page.click("dialog .primary")
    await async_api.expect(page.locator("dialog")).to_have_count(0)
    assert said == ["blank page", "blank page"]


async def test_page_fits_and_is_labeled_when_the_screen_is_a_phone(browser, workspace, slack):
    await slack.chat_postMessage(
        channel=RELEASES, text="x", blocks=[{"type": "section", "text": text("wide" * 200)}]
    )
    phone = await browser.new_page(viewport={"width": 390, "height": 844})
    await phone.goto(f"{workspace.url}/#bob/releases")
    await async_api.expect(phone.locator("#list article")).to_have_count(1)
    await async_api.expect(phone.locator("#label")).to_have_text("local stand-in, not Slack")
    assert await phone.evaluate("document.documentElement.scrollWidth") == 390
    await phone.click("#show-channels")
    await phone.click("text=random")
    await async_api.expect(phone.locator("#room-name")).to_have_text("# random")
    await async_api.expect(phone.locator("#text")).to_be_visible()


async def test_page_forbids_foreign_code_when_served(workspace, session):
    async with session.get(workspace.url) as answer:
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'self';")
        assert "<style" not in await answer.text()
