"""Slack's limits on blocks, as the API enforces them: which blocks are refused, and where.

Only messages' and views' blocks are judged here; who may post where is not.
"""

from __future__ import annotations

import collections
import re
from typing import TYPE_CHECKING, Any

from bot.local.workspace import elements
from bot.local.workspace.checker import Checker
from bot.local.workspace.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
TOTAL_CHARACTERS = 13_200
UPDATE_TEXT = 4_000
POST_TEXT = 40_000
ATTACHMENTS = 100
MARKDOWN_CHARACTERS = 12_000
_FILE_ID = re.compile(r"^F[A-Z0-9]{8,}$")


def check_blocks(
    blocks: Any,
    *,
    limit: int,
    is_file_ready: Callable[[str], bool],
) -> tuple[dict[str, Any], ...]:
    """Return the blocks with ids filled in, or refuse them as Slack does."""
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise RefusedError("invalid_blocks_format")
    check = Checker(is_file_ready=is_file_ready)
    if len(blocks) > limit:
        check.say(f"no more than {limit} items allowed", "/blocks")
    for index, block in enumerate(blocks):
        _block(check, block, f"/blocks/{index}")
    _unique(check, [block.get("block_id") for block in blocks], "block_id", "/blocks")
    markdown = sum(len(str(b.get("text"))) for b in blocks if b.get("type") == "markdown")
    if markdown > MARKDOWN_CHARACTERS:
        check.say(f"markdown must be less than {MARKDOWN_CHARACTERS + 1} characters", "/blocks")
    if check.problems:
        raise RefusedError("invalid_blocks", *check.problems)
    if characters(blocks) > TOTAL_CHARACTERS:
        raise RefusedError("msg_blocks_too_long")
    return tuple(_with_ids(block, index) for index, block in enumerate(blocks))


def check_view(view: Any, *, is_file_ready: Callable[[str], bool]) -> dict[str, Any]:
    """Return the view with block ids, or refuse it."""
    if not isinstance(view, dict) or str(view.get("type")) not in {"modal", "home"}:
        raise RefusedError(
            "invalid_arguments", "[ERROR] must provide a view of type modal or home"
        )
    check = Checker(is_file_ready=is_file_ready)
    if view["type"] == "modal":
        check.text(view, "title", "/view", 24, plain=True)
        for key in ("submit", "close"):
            check.text(view, key, "/view", 24, plain=True, required=False)
    check.string(view, "callback_id", "/view", 255, required=False)
    check.string(view, "private_metadata", "/view", 3_000, required=False, minimum=0)
    if check.problems:
        raise RefusedError("invalid_arguments", *check.problems)
    blocks = check_blocks(view.get("blocks"), limit=VIEW_BLOCKS, is_file_ready=is_file_ready)
    return {**view, "blocks": list(blocks)}


def characters(value: Any) -> int:
    """Count the characters of all texts in a JSON value."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(characters(item) for item in value.values())
    if isinstance(value, list):
        return sum(characters(item) for item in value)
    return 0


def _with_ids(block: dict[str, Any], index: int) -> dict[str, Any]:
    """Fill in what Slack fills in when an app left it out."""
    named = {"block_id": f"auto{index}", **block}
    if isinstance(block.get("elements"), list) and block["type"] == "actions":
        named["elements"] = [
            {"action_id": f"auto{index}.{place}", **element}
            for place, element in enumerate(block["elements"])
        ]
    if isinstance(block.get("accessory"), dict) and block["accessory"].get("type") != "image":
        named["accessory"] = {"action_id": f"auto{index}", **block["accessory"]}
    return named


def _unique(check: Checker, ids: list[Any], name: str, at: str) -> None:
    given = collections.Counter(key for key in ids if isinstance(key, str))
    for key in sorted(key for key, count in given.items() if count > 1):
        check.say(f'`{name}` "{key}" already exists', at)


def _block(check: Checker, block: Mapping[str, Any], at: str) -> None:
    judge = _BLOCKS.get(str(block.get("type")))
    if judge is None:
        check.say(f"unsupported type: {block.get('type')}", f"{at}/type")
        return
    keys, judge_block = judge
    check.only(block, keys | {"type", "block_id"}, at)
    check.string(block, "block_id", at, 255, required=False)
    judge_block(check, block, at)


def _section(check: Checker, block: Mapping[str, Any], at: str) -> None:
    if "text" not in block and "fields" not in block:
        check.say("missing required field: text", at)
    check.text(block, "text", at, 3_000, required=False)
    if "fields" in block:
        fields = check.listed(block, "fields", at, 10)
        for index in range(len(fields)):
            check.text_object(fields[index], f"{at}/fields/{index}", 2_000)
    if "accessory" in block:
        elements.judge(check, block["accessory"], f"{at}/accessory", elements.ACCESSORIES)


def _header(check: Checker, block: Mapping[str, Any], at: str) -> None:
    check.text(block, "text", at, 150, plain=True)


def _nothing(check: Checker, block: Mapping[str, Any], at: str) -> None:
    del check, block, at


def _context(check: Checker, block: Mapping[str, Any], at: str) -> None:
    for index, element in enumerate(check.listed(block, "elements", at, 10)):
        place = f"{at}/elements/{index}"
        if isinstance(element, dict) and element.get("type") == "image":
            elements.judge(check, element, place, frozenset({"image"}))
        else:
            check.text_object(element, place, 3_000)


def _image(check: Checker, block: Mapping[str, Any], at: str) -> None:
    check.string(block, "alt_text", at, 2_000)
    check.text(block, "title", at, 2_000, plain=True, required=False)
    if ("image_url" in block) == ("slack_file" in block):
        check.say("must provide either image_url or slack_file", at)
    if "image_url" in block:
        check.url(block, "image_url", at)
    if "slack_file" in block:
        _slack_file(check, block["slack_file"], f"{at}/slack_file")


def _slack_file(check: Checker, value: Any, at: str) -> None:
    key = value.get("id") if isinstance(value, dict) else None
    if not isinstance(key, str) or not _FILE_ID.match(key) or not check.is_file_ready(key):
        check.say("invalid slack file", at)


def _actions(check: Checker, block: Mapping[str, Any], at: str) -> None:
    found = check.listed(block, "elements", at, 25)
    for index, element in enumerate(found):
        elements.judge(check, element, f"{at}/elements/{index}", elements.ACTIONS)
    ids = [element.get("action_id") for element in found if isinstance(element, dict)]
    _unique(check, ids, "action_id", at)


def _input(check: Checker, block: Mapping[str, Any], at: str) -> None:
    check.text(block, "label", at, 2_000, plain=True)
    check.text(block, "hint", at, 2_000, plain=True, required=False)
    elements.judge(check, block.get("element"), f"{at}/element", elements.INPUTS)


def _markdown(check: Checker, block: Mapping[str, Any], at: str) -> None:
    check.string(block, "text", at, MARKDOWN_CHARACTERS)


_Judge = tuple[frozenset[str], "Callable[[Checker, Mapping[str, Any], str], None]"]
_BLOCKS: dict[str, _Judge] = {
    "section": (frozenset({"text", "fields", "accessory", "expand"}), _section),
    "header": (frozenset({"text"}), _header),
    "divider": (frozenset(), _nothing),
    "context": (frozenset({"elements"}), _context),
    "image": (frozenset({"image_url", "slack_file", "alt_text", "title"}), _image),
    "actions": (frozenset({"elements"}), _actions),
    "input": (
        frozenset({"label", "element", "hint", "optional", "dispatch_action"}),
        _input,
    ),
    "markdown": (frozenset({"text"}), _markdown),
}
