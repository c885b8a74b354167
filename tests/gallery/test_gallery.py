"""Everything that people are shown, on a phone: nothing clipped, raw, faint or too small."""

import pytest

from bot.model import messages as m
from tests.gallery import sample, samples, showing

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(showing.CHROMIUM is None, reason="no chromium: apt-get install chromium"),
]
SPOILED = (
    ("raw: &amp;", "a &amp;amp; b"),
    ("raw: *x y*", "1*x y*1"),
    ("odd: by by", "done by by sam"),
)


@pytest.mark.parametrize("scheme", showing.SCHEMES)
async def test_phone_shows_every_message_whole(scheme):
    async with showing.browsing() as browser:
        shown = await showing.show(browser, samples.all_of_them(), scheme)
    found = {one.name: one.faults for one in shown if one.faults}
    assert found == {}
    assert len(shown) > 100


async def test_eye_finds_what_is_spoiled():
    async with showing.browsing() as browser, showing.opened(browser, "dark") as gallery:
        for fault, text in SPOILED:
            block = {"type": "section", "text": {"type": "mrkdwn", "text": text}}
            message = m.Message(text="x", blocks=(block,))
            found = (await gallery.show(sample.Sample(name="x", message=message))).faults
            assert any(fault in one for one in found), (fault, found)
        await gallery.page.evaluate("document.body.style.color = '#444'")
        await gallery.page.evaluate("document.getElementById('list').style.width = '600px'")
        spoiled = (await gallery.show(samples.all_of_them()[0])).faults
        assert any(one.startswith("faint") for one in spoiled), spoiled
        assert any(one.startswith("beyond the screen") for one in spoiled), spoiled
