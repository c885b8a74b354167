"""Block Kit as data, within Slack's limits whatever the text: sections, contexts, buttons.

Every limit of Slack that we could meet is kept here and nowhere else. What a message says does
not belong here.
"""

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bot.model import errors, messages
from bot.render import words

Block = dict[str, Any]

SECTION_LIMIT = 2_900  # of 3,000
CONTEXT_LIMIT = 1_900
TEXT_LIMIT = 1_500  # of 4,000 for an edit; a notification shows far less
TOTAL_LIMIT = 12_000  # of some 13,200, measured: Slack does not say
BLOCKS_LIMIT = 48  # of 50

LABELS = {
    messages.ButtonKind.APPROVE: "Approve",
    messages.ButtonKind.PROMOTE: "Promote",
    messages.ButtonKind.PROMOTE_FULL: "Skip all steps",
    messages.ButtonKind.SKIP_WAIT: "Skip the wait",
    messages.ButtonKind.SWITCH: "Switch traffic",
    messages.ButtonKind.SWITCH_BACK: "Switch back",
    messages.ButtonKind.MEASURE_AGAIN: "Measure again",
    messages.ButtonKind.CONTINUE: "Continue",
    messages.ButtonKind.ABORT: "Abort",
    messages.ButtonKind.RETRY: "Retry",
    messages.ButtonKind.UNDO: "Undo",
    messages.ButtonKind.WHY: "Why",
    messages.ButtonKind.OPEN: "Open",
    messages.ButtonKind.AGREE: "Agree",
    messages.ButtonKind.REFUSE: "Refuse",
    messages.ButtonKind.RESUME: "Resume",
}
STYLES = {
    messages.ButtonKind.APPROVE: "primary",
    messages.ButtonKind.SWITCH: "primary",
    messages.ButtonKind.MEASURE_AGAIN: "primary",
    messages.ButtonKind.ABORT: "danger",
    messages.ButtonKind.AGREE: "danger",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stakes:
    """What the buttons of a message would do, where a button does not say it itself."""

    revision: messages.RevisionLabel | None = None
    stable: messages.RevisionLabel | None = None
    weight: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialog:
    title: str
    text: str
    confirm: str
    deny: str
    danger: bool = False


def section(lines: Iterable[str]) -> list[Block]:
    """One block of lines; no block where there is nothing to say."""
    text = words.cut_markup("\n".join(line for line in lines if line), SECTION_LIMIT)
    return [{"type": "section", "text": _mrkdwn(text)}] if text else []


def context(lines: Iterable[str]) -> list[Block]:
    """The same, small and grey."""
    text = words.cut_markup("\n".join(line for line in lines if line), CONTEXT_LIMIT)
    return [{"type": "context", "elements": [_mrkdwn(text)]}] if text else []


def _mrkdwn(text: str) -> Block:
    # verbatim: Slack must not make links or mentions out of what others wrote.
    return {"type": "mrkdwn", "text": words.kept(text), "verbatim": True}


def _plain(text: str, limit: int) -> Block:
    return {"type": "plain_text", "text": words.bare(text, limit) or "–", "emoji": False}


def actions(buttons: Sequence[messages.Button], stakes: Stakes) -> list[Block]:
    """Up to three buttons stand side by side; more go two a row, for a phone.

    A button that Slack could not carry is left out: the command does the same.
    """
    unique = {item.kind: item for item in buttons}
    drawn = [made for item in unique.values() if (made := _button(item, stakes))]
    width = 3 if len(drawn) <= 3 else 2
    return [
        {"type": "actions", "elements": drawn[start : start + width]}
        for start in range(0, len(drawn), width)
    ]


def plain_button(action_id: str, label: str, value: str) -> Block:
    """A button that is about no rollout."""
    return {
        "type": "button",
        "action_id": action_id,
        "text": _plain(label, 30),
        "value": value,
        "accessibility_label": words.bare(label, 75),
    }


def with_button(drawn: list[Block], item: messages.Button | None) -> list[Block]:
    """A section with a button at its side."""
    button = _button(item, Stakes()) if item is not None else None
    return [{**drawn[0], "accessory": button}, *drawn[1:]] if drawn and button else drawn


def _button(item: messages.Button, stakes: Stakes) -> Block | None:
    try:
        value = messages.encode_value(item.value)
    except errors.UserError:
        return None
    label = LABELS[item.kind]
    button: Block = {
        "type": "button",
        "action_id": messages.ACTION_PREFIX + item.kind.value,
        "text": _plain(label, 30),
        "value": value,
        "accessibility_label": words.bare(f"{label}: {item.value.name}", 75),
    }
    if item.kind is messages.ButtonKind.OPEN and item.url:
        if not words.is_link(item.url):
            return None
        button["url"] = item.url
    if item.kind in STYLES:
        button["style"] = STYLES[item.kind]
    dialog = ask(_filled(item, stakes))
    if dialog is not None:
        button["confirm"] = _confirm(dialog)
    return button


def _filled(item: messages.Button, stakes: Stakes) -> messages.Button:
    return dataclasses.replace(
        item,
        revision=item.revision or stakes.revision,
        stable=item.stable or stakes.stable,
        weight=stakes.weight if item.weight is None else item.weight,
    )


def ask(item: messages.Button) -> Dialog | None:
    """The dialog before a press that moves traffic; none where nothing is lost by pressing."""
    new = words.revision(item.revision, "the new one")
    old = words.revision(item.stable, "the stable")
    place, app = words.bare(item.value.cluster, 40), words.bare(item.value.name, 60)
    match item.kind:
        case messages.ButtonKind.ABORT:
            return Dialog(
                title=f"Back to {old}?",
                text=f"{place}: all traffic of {app} returns to {old} at once.",
                confirm="Abort",
                deny=f"Keep {new}",
                danger=True,
            )
        case messages.ButtonKind.PROMOTE_FULL:
            return _send(100, new, f"{place}, all users of {app}. No step is waited for.")
        case messages.ButtonKind.SWITCH:
            return _send(100, new, f"{place}, all users of {app}.")
        case messages.ButtonKind.CONTINUE:
            text = f"{place}, {app}: no analysis has said that {new} is good."
            return Dialog(
                title="Go on without a verdict?", text=text, confirm="Go on", deny="Not now"
            )
        case messages.ButtonKind.SWITCH_BACK:
            text = f"{place}: all users of {app} return to {old} at once."
            title = f"Switch back to {old}?"
            return Dialog(
                title=title, text=text, confirm="Switch back", deny=f"Keep {new}", danger=True
            )
        case messages.ButtonKind.APPROVE | messages.ButtonKind.PROMOTE:
            return _ask_approval(item.weight, new, place, app)
        case messages.ButtonKind.RETRY:
            text = f"{place}, {app}: starts again from the first step."
            return Dialog(title=f"Try {new} again?", text=text, confirm="Retry", deny="Not now")
        case messages.ButtonKind.RESUME:
            scope = words.bare(item.value.namespace, 60)
            where = place if scope in {"", "all"} else f"{place}, {scope}"
            text = f"{where}: what waited goes on, one after the other."
            return Dialog(title="Let the line move?", text=text, confirm="Resume", deny="Not now")
        case messages.ButtonKind.AGREE:
            text = f"{place}, {app}: {new} goes on in spite of the policy, in your name too."
            return Dialog(
                title="Break the glass?", text=text, confirm="Agree", deny="Not now", danger=True
            )
        case messages.ButtonKind.UNDO:
            text = f"{place}: the manifest of {app} goes back to {old}."
            return Dialog(title=f"Undo {new}?", text=text, confirm="Undo", deny=f"Keep {new}")
        case _:
            return None


def _ask_approval(weight: int | None, new: str, place: str, app: str) -> Dialog:
    if weight is None:
        text = f"{place}, {app}: the next step starts at once."
        return Dialog(title=f"Let {new} go on?", text=text, confirm="Go on", deny="Not now")
    share = "all" if weight >= 100 else words.percent(weight) + " of the"
    return _send(weight, new, f"{place}, {share} users of {app}.")


def _send(weight: int, new: str, text: str) -> Dialog:
    verb = f"Send {words.percent(weight)}"
    return Dialog(title=f"{verb} to {new}?", text=text, confirm=verb, deny="Not now")


def _confirm(dialog: Dialog) -> Block:
    confirm: Block = {
        "title": _plain(dialog.title, 100),
        "text": _plain(dialog.text, 300),
        "confirm": _plain(dialog.confirm, 30),
        "deny": _plain(dialog.deny, 30),
    }
    if dialog.danger:
        confirm["style"] = "danger"
    return confirm


def message(
    text: str, blocks: Sequence[Block], *, generation: int = 0, broadcast: bool = False
) -> messages.Message:
    """The finished message: cut to what Slack takes, each block with an id of its own."""
    fitting = _fit(list(blocks))
    return messages.Message(
        text=words.cut_markup(text, TEXT_LIMIT),
        blocks=_named(fitting, generation),
        broadcast=broadcast,
    )


def view(text: str, blocks: Sequence[Block], *, limit: int) -> messages.Message:
    """The blocks of a Home tab or a modal: more of them, and larger, than a message may have."""
    return messages.Message(text=words.cut_markup(text, TEXT_LIMIT), blocks=_named(blocks[:limit]))


def _named(blocks: Sequence[Block], generation: int = 0) -> tuple[Block, ...]:
    """Give each block an id that says what it is, so no client takes an old one for a new one.

    What can be pressed keeps its id for as long as it is the same: somebody who has the question
    of a button open while the numbers above it are edited must not lose the answer.
    """
    seen: Counter[str] = Counter()
    named: list[Block] = []
    for index, block in enumerate(blocks):
        pressed = block if block["type"] == "actions" else block.get("accessory")
        name = f"{index}-{generation}-{_digest(block)}" if pressed is None else _digest(pressed)
        named.append({**block, "block_id": f"{name}-{seen[name]}" if seen[name] else name})
        seen[name] += 1
    return tuple(named)


def _fit(blocks: list[Block]) -> list[Block]:
    """Drop from the end what is too much: the news stands first; buttons go last of all."""
    kept = blocks[:BLOCKS_LIMIT]
    while len(kept) > 1 and sum(_size(block) for block in kept) > TOTAL_LIMIT:
        spare = [i for i, block in enumerate(kept) if i and block["type"] != "actions"]
        kept.pop(spare[-1] if spare else -1)
    return kept


def _size(block: Block) -> int:
    return len(json.dumps(block, ensure_ascii=False)) + 60  # the id comes on top


def _digest(block: Block) -> str:
    raw = json.dumps(block, sort_keys=True)
    return hashlib.sha256(raw.encode()).hexdigest()[:12]
