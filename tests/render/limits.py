"""Slack's limits (spec/slack.md §1c) as a checker of its own: it shares nothing with the renderer."""

import json
import re

MENTION = re.compile(r"<[!@#](?!date\^)[^>]*>")


def problems(message, *, may_mention=()):
    """Every way in which Slack would refuse or spoil this message; empty when it is fine."""
    found = []
    if not message.text.strip():
        found.append("no text: screen readers and notifications have nothing")
    if len(message.text) > 4_000:
        found.append("text over 4,000: an edit is refused")
    if len(message.blocks) > 50:
        found.append("over 50 blocks")
    size = len(json.dumps(list(message.blocks), ensure_ascii=False))
    if size > 13_000:
        found.append(f"blocks of {size} characters")
    ids = [block.get("block_id") for block in message.blocks]
    if len(set(ids)) != len(ids) or not all(ids) or any(len(i) > 255 for i in ids):
        found.append("block_id missing, repeated or too long")
    found += [p for block in message.blocks for p in _block(block)]
    texts = [message.text, *_mrkdwn(message.blocks)]
    found += [p for text in texts for p in _markup(text, may_mention)]
    return found


def _block(block):
    match block["type"]:
        case "section":
            yield from _length("section", block["text"]["text"], 3_000)
        case "context":
            if not 1 <= len(block["elements"]) <= 10:
                yield "context elements"
            for element in block["elements"]:
                yield from _length("context", element["text"], 3_000)
        case "actions":
            if not 1 <= len(block["elements"]) <= 25:
                yield "actions elements"
            ids = [element["action_id"] for element in block["elements"]]
            if len(ids) != len(set(ids)):
                yield "action_id twice in a block"
            for element in block["elements"]:
                yield from _button(element)
        case other:
            yield f"unknown block {other}"


def _button(button):
    assert button["text"]["type"] == "plain_text"
    yield from _length("button text", button["text"]["text"], 30)
    yield from _length("button value", button["value"], 2_000)
    yield from _length("action_id", button["action_id"], 255)
    yield from _length("accessibility_label", button["accessibility_label"], 75)
    if "url" in button:
        yield from _length("url", button["url"], 3_000)
    if button.get("style", "primary") not in ("primary", "danger"):
        yield "style"
    if "confirm" in button:
        confirm = button["confirm"]
        for part, limit in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
            assert confirm[part]["type"] == "plain_text"
            yield from _length(f"confirm {part}", confirm[part]["text"], limit)


def _length(what, text, limit):
    if not text.strip():
        yield f"{what} is empty"
    if len(text) > limit:
        yield f"{what} of {len(text)} > {limit}"


def _mrkdwn(blocks):
    for block in blocks:
        for holder in [block.get("text"), *block.get("elements", [])]:
            if isinstance(holder, dict) and holder.get("type") == "mrkdwn":
                if not holder.get("verbatim"):
                    yield "<!verbatim is missing>"
                yield holder["text"]


def _markup(text, may_mention):
    for hit in MENTION.findall(text):
        if hit not in may_mention:
            yield f"mentions {hit}"
    bare = re.sub(
        r"<(?:!date\^\d+\^[^<>|]*\|[^<>|]*|https?://[^<>|]+\|[^<>|]*|@[A-Z0-9]+)>", "", text
    )
    for hit in may_mention:
        bare = bare.replace(hit, "")
    if "<" in bare or ">" in bare:
        yield f"stray bracket in {bare!r}"
    if re.search(r"&(?!amp;|lt;|gt;)", bare):
        yield f"stray ampersand in {bare!r}"
    if re.search("[\u200e\u200f\u202a-\u202e\u2066-\u2069]", text):
        yield "direction mark"
    if "`" in text:
        yield "backtick"
