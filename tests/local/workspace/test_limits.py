"""Slack's limits, one row each: what just fits, and what is refused where."""

import copy

import hypothesis
import pytest
from hypothesis import strategies as st
from slack_sdk.errors import SlackApiError

from bot.local.workspace import limits
from bot.local.workspace.errors import RefusedError

RELEASES = "CRELEASES1"


def plain(length):
    return {"type": "plain_text", "text": "x" * length}


def mrkdwn(length):
    return {"type": "mrkdwn", "text": "x" * length}


def section(**more):
    return {"type": "section", "text": mrkdwn(1), **more}


def button(**more):
    return {"type": "button", "text": plain(1), **more}


def actions(*elements):
    return {"type": "actions", "elements": list(elements)}


def confirm(title=1, text=1, yes=1, no=1):
    return {"title": plain(title), "text": mrkdwn(text), "confirm": plain(yes), "deny": plain(no)}


def options(count):
    return [{"text": plain(1), "value": str(index)} for index in range(count)]


def image(**more):
    return {"type": "image", "image_url": "https://example.invalid/a.png", **more}


def overflow(count):
    return {"type": "overflow", "options": options(count)}


def select(count):
    return {"type": "static_select", "options": options(count)}


FITS_AND_NOT = {
    "section text": (
        lambda n: [{"type": "section", "text": mrkdwn(n)}],
        3_000,
        "/blocks/0/text/text",
    ),
    "section fields": (lambda n: [section(fields=[mrkdwn(1)] * n)], 10, "/blocks/0/fields"),
    "field text": (
        lambda n: [section(fields=[mrkdwn(n)])],
        2_000,
        "/blocks/0/fields/0/text",
    ),
    "header": (lambda n: [{"type": "header", "text": plain(n)}], 150, "/blocks/0/text/text"),
    "context elements": (
        lambda n: [{"type": "context", "elements": [mrkdwn(1)] * n}],
        10,
        "/blocks/0/elements",
    ),
    "actions elements": (lambda n: [actions(*[button()] * n)], 25, "/blocks/0/elements"),
    "button text": (
        lambda n: [actions(button(text=plain(n)))],
        75,
        "/blocks/0/elements/0/text/text",
    ),
    "button value": (
        lambda n: [actions(button(value="x" * n))],
        2_000,
        "/blocks/0/elements/0/value",
    ),
    "accessibility label": (
        lambda n: [actions(button(accessibility_label="x" * n))],
        75,
        "/blocks/0/elements/0/accessibility_label",
    ),
    "action id": (
        lambda n: [actions(button(action_id="x" * n))],
        255,
        "/blocks/0/elements/0/action_id",
    ),
    "block id": (lambda n: [section(block_id="x" * n)], 255, "/blocks/0/block_id"),
    "confirm title": (
        lambda n: [actions(button(confirm=confirm(title=n)))],
        100,
        "/blocks/0/elements/0/confirm/title/text",
    ),
    "confirm text": (
        lambda n: [actions(button(confirm=confirm(text=n)))],
        300,
        "/blocks/0/elements/0/confirm/text/text",
    ),
    "confirm yes": (
        lambda n: [actions(button(confirm=confirm(yes=n)))],
        30,
        "/blocks/0/elements/0/confirm/confirm/text",
    ),
    "confirm no": (
        lambda n: [actions(button(confirm=confirm(no=n)))],
        30,
        "/blocks/0/elements/0/confirm/deny/text",
    ),
    "overflow options": (
        lambda n: [section(accessory=overflow(n))],
        5,
        "/blocks/0/accessory/options",
    ),
    "select options": (
        lambda n: [section(accessory=select(n))],
        100,
        "/blocks/0/accessory/options",
    ),
    "image alt": (lambda n: [image(alt_text="x" * n)], 2_000, "/blocks/0/alt_text"),
    "blocks": (lambda n: [{"type": "divider"}] * n, 50, "/blocks"),
}

REFUSED = {
    "unknown type": ([{"type": "marquee"}], "unsupported type: marquee", "/blocks/0/type"),
    "image without alt": ([image()], "missing required field: alt_text", "/blocks/0"),
    "image without source": (
        [{"type": "image", "alt_text": "x"}],
        "must provide either image_url or slack_file",
        "/blocks/0",
    ),
    "image of a bad file": (
        [{"type": "image", "alt_text": "x", "slack_file": {"id": "nope"}}],
        "invalid slack file",
        "/blocks/0/slack_file",
    ),
    "header in mrkdwn": (
        [{"type": "header", "text": mrkdwn(1)}],
        "must be one of: plain_text",
        "/blocks/0/text/type",
    ),
    "empty text": (
        [{"type": "section", "text": mrkdwn(0)}],
        "must be more than 0 characters",
        "/blocks/0/text/text",
    ),
    "empty section": ([{"type": "section"}], "missing required field: text", "/blocks/0"),
    "same block id": (
        [section(block_id="a"), section(block_id="a")],
        '`block_id` "a" already exists',
        "/blocks",
    ),
    "same action id": (
        [actions(button(action_id="a"), button(action_id="a"))],
        '`action_id` "a" already exists',
        "/blocks/0",
    ),
    "unknown property": (
        [section(colour="red")],
        "invalid additional property: colour",
        "/blocks/0",
    ),
    "bad style": (
        [actions(button(style="loud"))],
        "must be one of: danger, primary",
        "/blocks/0/elements/0/style",
    ),
    "no text in a button": (
        [actions({"type": "button"})],
        "missing required field: text",
        "/blocks/0/elements/0",
    ),
    "picker in actions": (
        [actions({"type": "datepicker"})],
        "unsupported type: datepicker",
        "/blocks/0/elements/0/type",
    ),
}


def checked(blocks):
    return limits.check_blocks(
        blocks, limit=limits.MESSAGE_BLOCKS, is_file_ready=lambda key: False
    )


@pytest.mark.parametrize("name", FITS_AND_NOT)
def test_blocks_are_refused_when_one_above_the_limit_and_taken_at_it(name):
    build, limit, pointer = FITS_AND_NOT[name]
    assert checked(build(limit))
    with pytest.raises(RefusedError) as caught:
        checked(build(limit + 1))
    assert caught.value.code == "invalid_blocks"
    assert any(f"[json-pointer:{pointer}" in message for message in caught.value.messages)


@pytest.mark.parametrize("name", REFUSED)
def test_blocks_are_refused_when_malformed(name):
    blocks, sentence, pointer = REFUSED[name]
    with pytest.raises(RefusedError) as caught:
        checked(blocks)
    assert f"[ERROR] {sentence} [json-pointer:{pointer}]" in caught.value.messages


def test_blocks_are_refused_when_too_long_together():
    with pytest.raises(RefusedError, match="msg_blocks_too_long"):
        checked([{"type": "section", "text": mrkdwn(3_000)}] * 5)


def test_ids_are_filled_in_when_left_out():
    section_block, actions_block = checked([section(), actions(button())])
    assert section_block["block_id"] != actions_block["block_id"]
    assert actions_block["elements"][0]["action_id"]


async def test_client_gets_the_pointer_when_a_block_is_unknown(slack):
    with pytest.raises(SlackApiError) as caught:
        await slack.chat_postMessage(channel=RELEASES, text="x", blocks=[{"type": "marquee"}])
    answer = caught.value.response
    assert answer["error"] == "invalid_blocks"
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] unsupported type: marquee [json-pointer:/blocks/0/type]"
    ]


async def test_text_is_cut_on_post_and_refused_on_edit_when_too_long(slack):
    posted = await slack.chat_postMessage(channel=RELEASES, text="x" * 40_001)
    assert len(posted["message"]["text"]) == 40_000
    await slack.chat_update(channel=RELEASES, ts=posted["ts"], text="x" * 4_000)
    with pytest.raises(SlackApiError, match="msg_too_long"):
        await slack.chat_update(channel=RELEASES, ts=posted["ts"], text="x" * 4_001)
    with pytest.raises(SlackApiError, match="no_text"):
        await slack.api_call("chat.postMessage", json={"channel": RELEASES})


SHAPES = [
    [section(accessory=overflow(2), fields=[mrkdwn(3)])],
    [actions(button(confirm=confirm(), value="v"), select(2))],
    [image(alt_text="x"), {"type": "context", "elements": [mrkdwn(1), image(alt_text="x")]}],
    [{"type": "header", "text": plain(3)}, {"type": "divider"}],
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inside: (
        st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3)
    ),
    max_leaves=5,
)


def paths(value, at=()):
    yield at
    inside = value.items() if isinstance(value, dict) else ()
    inside = enumerate(value) if isinstance(value, list) else inside
    for key, item in inside:
        yield from paths(item, (*at, key))


def replaced(value, path, new):
    if not path:
        return new
    copied = copy.copy(value)
    copied[path[0]] = replaced(value[path[0]], path[1:], new)
    return copied


@hypothesis.given(st.data())
@hypothesis.settings(max_examples=150, deadline=None)
def test_blocks_are_refused_in_slacks_words_when_any_part_is_anything(data):
    shape = data.draw(st.sampled_from(SHAPES))
    blocks = replaced(shape, data.draw(st.sampled_from(list(paths(shape)))), data.draw(JSON))
    try:
        checked(blocks)
    except RefusedError as refused:
        assert refused.code in {"invalid_blocks", "invalid_blocks_format"}
