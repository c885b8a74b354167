"""``/rollout``: acknowledge, find the sub-command, answer the asker alone."""

import asyncio
import difflib
import logging
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.model import messages
from bot.render import answers
from bot.runtime import desk
from handlers import asking, commands

log = logging.getLogger(__name__)

COMMAND = "/rollout"
TIMEOUT_S = 20.0
"""More than everything that the desk waits for: it says itself what was not written."""
SAY_TIMEOUT_S = 3.0
READS_AT_ONCE = 4
"""Answers are drawn on the loop that acknowledges: a crowd that asks must not hold it."""
BUSY = "Too many are asking at once; ask again in a moment. rollout-bot list answers meanwhile."
UNKNOWN = "I do not know what became of it: /rollout get shows how it stands."
_READS = frozenset({"", "list", "get", "why", "plan"})
_QUESTIONS = _READS | {"history", "audit"}
_IN_PRIVATE = frozenset({"subscribe"})
_LISTING = frozenset({"freeze", "subscribe"})
"""Alone they only list what there is."""
_HELP = frozenset({"--help", "-h"})
_ELSEWHERE = {
    "approve": ("promote",),
    "deploy": ("set-image",),
    "hold": ("freeze",),
    "pause": ("freeze",),
    "resume": ("unfreeze", "promote"),
    "revert": ("abort", "undo"),
    "rollback": ("abort", "undo"),
    "status": ("get",),
}
"""What people type who know other tools, the button, or the terminal; none of them is done."""


def register(app: AsyncApp, *, at: desk.Desk, who: asking.Who) -> None:
    """Answer ``/rollout`` on ``app``."""
    reads = asyncio.Semaphore(READS_AT_ONCE)

    async def rollout(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        if not only_reads(body):
            await said(respond, await attempted(body, at=at, who=who))
            return
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await reads.acquire()
        except TimeoutError:
            await said(respond, asking.sentence(BUSY))
            return
        try:
            await said(respond, await attempted(body, at=at, who=who))
        finally:
            reads.release()

    app.command(COMMAND)(rollout)


def only_reads(body: dict[str, Any]) -> bool:
    """Whether it is a question: many at once take turns, and nothing else waits for them."""
    found = asking.words(str(body.get("text") or ""))
    first = found[0].lower() if found else ""
    return first in _QUESTIONS or (first in _LISTING and len(found) == 1)


async def attempted(body: dict[str, Any], *, at: desk.Desk, who: asking.Who) -> messages.Message:
    """The answer to one command, whatever happens."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await answered(body, at=at, who=who)
    except TimeoutError:
        return asking.sentence(UNKNOWN)
    except Exception:
        log.exception("a command failed: a bug")
        return asking.sentence(f"Something went wrong on my side. {UNKNOWN}")


async def answered(body: dict[str, Any], *, at: desk.Desk, who: asking.Who) -> messages.Message:
    """The answer to one command."""
    words = asking.words(str(body.get("text") or ""))
    name, rest = (words[0].lower(), words[1:]) if words else ("", ())
    if name == "help" or _HELP & set(words):
        about = rest if name == "help" else words
        return usage(tuple(word.lower() for word in about if word not in _HELP))
    module = commands.TABLE.get(name) if name else commands.BARE
    if module is None:
        near = _near(name)
        return answers.unknown_word(known=[*commands.TABLE, "help"], near=near)
    reads, user = only_reads(body) or name in _IN_PRIVATE, str(body.get("user_id") or "")
    person = await (asking.reader(who, user) if reads else who(user))
    refusal = asking.refused(person)
    if refusal is not None and reads:
        return refusal
    channels = (str(body.get("channel_name") or ""), str(body.get("channel_id") or ""))
    ask = asking.Ask(
        desk=at,
        person=person,
        channels=tuple(filter(None, channels)),
        words=rest,
    )
    try:
        found: messages.Message = await module.run(ask)
    except asking.Unknown as unknown:
        # It says which rollouts there are.
        return refusal or unknown.answer
    return asking.as_it_stood(found, at=at) if name in _READS else found


def _near(name: str) -> tuple[str, ...]:
    """Commands that are spelled like it, or that it means elsewhere."""
    close = difflib.get_close_matches(name, (*commands.TABLE, *_ELSEWHERE), n=3)
    meant = [one for word in close for one in _ELSEWHERE.get(word, (word,))]
    return tuple(dict.fromkeys(meant))


def usage(words: tuple[str, ...]) -> messages.Message:
    """How one command is used, or all of them."""
    if words and words[0] in commands.TABLE:
        return answers.usage(commands.TABLE[words[0]].USAGE)
    if words:
        near = _near(words[0])
        return answers.unknown_word(known=[*commands.TABLE, "help"], near=near)
    lines = [commands.BARE.USAGE[0], *(module.USAGE[0] for module in commands.TABLE.values())]
    return answers.usage([*lines, "/rollout help COMMAND   more on one of them"])


async def said(respond: AsyncRespond, message: messages.Message) -> None:
    """Answer the asker alone; nothing may raise after the acknowledgment."""
    try:
        async with asyncio.timeout(SAY_TIMEOUT_S):
            await respond(
                text=message.text, blocks=list(message.blocks), response_type="ephemeral"
            )
    except Exception as error:  # noqa: BLE001 - the work is done, only its answer is lost
        log.warning("an answer could not be given: %s", type(error).__name__)
