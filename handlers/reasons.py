"""Lines in threads: one that gives the reason of an abort is kept with it, any other is left.

Nothing is answered: the card and the alert show the reason once it is kept.
"""

import asyncio
import html
import logging
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.model import messenger
from bot.runtime import missed_lines, reason_lines
from handlers import asking

log = logging.getLogger(__name__)

TIMEOUT_S = 15.0


def register(app: AsyncApp, *, at: reason_lines.Reasons, who: asking.Who) -> missed_lines.Hear:
    """Hear what is said in the channels that the bot is in.

    What is given back hears a line that did not come by itself.
    """

    async def said(event: dict[str, Any]) -> None:
        thread = messenger.Place(
            channel=str(event.get("channel") or ""), ts=str(event.get("thread_ts") or "")
        )
        user, text = str(event.get("user") or ""), html.unescape(str(event.get("text") or ""))
        if not _by_a_person(event) or not thread.ts or not text.strip():
            return
        try:
            if not at.wanted(thread, user):
                return
            async with asyncio.timeout(TIMEOUT_S):
                reply = await at.give(thread, await who(user), text)
            if reply is not None and not reply.accepted:
                log.warning("the reason of an abort was not kept: %s", reply.sentence)
        except TimeoutError:
            log.warning("the reason of an abort was not kept: no answer in time")
        except Exception:
            log.exception("the reason of an abort was not kept: a bug")

    app.event("message")(said)
    return said


def _by_a_person(event: dict[str, Any]) -> bool:
    """No edit, no file, no bot; what is also sent to the channel is a line all the same."""
    return event.get("subtype") in {None, "thread_broadcast"} and not event.get("bot_id")
