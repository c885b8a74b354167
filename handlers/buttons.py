"""Clicks: acknowledge, say that it is being recorded, ask the desk, tell the clicker."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.model import buttons, errors, messages
from bot.render import answers, rendering
from bot.runtime import desk
from handlers import asking, home, slash

log = logging.getLogger(__name__)

SOON_S = 1.0
"""An answer that comes sooner needs no "recording …" before it, which would stay in view."""
Answer = Callable[[messages.Message], Awaitable[None]]
_READS = frozenset({buttons.ButtonKind.WHY, buttons.ButtonKind.OPEN})


def register(
    app: AsyncApp, *, at: desk.Desk, who: asking.Who, tab: home.Home | None = None
) -> None:
    """Answer every button that the renderers draw, and any other with a sentence."""

    async def clicked(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        action = (body.get("actions") or [{}])[0]
        kind = str(action.get("action_id", "")).removeprefix(buttons.ACTION_PREFIX)
        answer = _answering(body, respond, tab)
        try:
            async with asyncio.timeout(slash.TIMEOUT_S):
                message = await _pressed(kind, action, body, answer, at=at, who=who)
        except TimeoutError:
            message = asking.sentence(slash.UNKNOWN)
        except Exception:
            log.exception("a click failed: a bug")
            message = asking.sentence(f"Something went wrong on my side. {slash.UNKNOWN}")
        if message is not None:
            await answer(message)

    for kind in buttons.ButtonKind:
        app.action(f"{buttons.ACTION_PREFIX}{kind}")(clicked)

    async def unknown(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await slash.said(respond, asking.sentence("This button is not known any more."))

    app.action(re.compile(".*"))(unknown)


def _answering(body: dict[str, Any], respond: AsyncRespond, tab: home.Home | None) -> Answer:
    """How the clicker alone is answered: beside the message, or on their Home tab."""

    async def said(message: messages.Message) -> None:
        await slash.said(respond, message)

    async def shown(message: messages.Message) -> None:
        if tab is not None:
            await tab.show(home.user_of(body), note=message)

    return shown if home.is_home(body) else said


async def _pressed(
    kind: str,
    action: dict[str, Any],
    body: dict[str, Any],
    answer: Answer,
    *,
    at: desk.Desk,
    who: asking.Who,
) -> messages.Message | None:
    if kind == buttons.ButtonKind.OPEN and action.get("url"):
        return None
    try:
        value = buttons.decode_value(str(action.get("value") or ""))
    except errors.UserError as problem:
        return asking.sentence(problem.sentence)
    line = asking.freezing(at) if kind == buttons.ButtonKind.RESUME else None
    if foreign := (line or at).foreign(value):
        return asking.sentence(foreign)
    user = home.user_of(body)
    if kind in _READS:
        refusal = asking.refused(await asking.reader(who, user))
        if refusal is not None:
            return refusal
        return asking.as_it_stood(_read(kind, f"{value.namespace}/{value.name}", at), at=at)
    person = await who(user)
    async with asyncio.TaskGroup() as group:
        pressed = at.press(value, kind, person) if line is None else line.resume(value, person)
        asked = group.create_task(pressed)
        done, _ = await asyncio.wait({asked}, timeout=SOON_S)
        if not done:
            await answer(answers.recording(buttons.ButtonKind(kind)))
    return asking.reply(asked.result())


def _read(kind: str, key: str, at: desk.Desk) -> messages.Message:
    if kind == buttons.ButtonKind.WHY:
        return rendering.render(at.why(key))
    facts = at.get(key)
    return rendering.render(facts) if facts else asking.sentence(f"{key} is gone.")
