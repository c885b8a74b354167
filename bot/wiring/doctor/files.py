"""What the bot reads and keeps besides: the policy file, the history. Changes nothing."""

import asyncio
import os
from pathlib import Path

from bot import settings
from bot.adapters import history
from bot.cli import diagnosis
from bot.core.policies import codec
from bot.model import errors
from bot.wiring import offline

TIMEOUT_S = 15.0
_FOLDER = "Make the folder and let the bot write into it, or name another file (--history)."
_OTHER_TABLES = "its tables are not those of this version"


def policy(chosen: settings.Settings) -> tuple[list[diagnosis.Finding], frozenset[str]]:
    """What the file says, and the ids of Slack's user groups that it names."""
    if not chosen.policy:
        return [diagnosis.skipped("policy", "no policy file is set: channels decide")], frozenset()
    try:
        found = codec.decode(offline.policy_file(chosen.policy))
    except errors.UserError as problem:
        todo = f"Correct it; rollout-bot policy check {chosen.policy} says when it is good."
        return [diagnosis.wrong("policy", problem.sentence, todo)], frozenset()
    said = f"can be used: {len(found.rules)} rules, {len(found.groups)} groups"
    groups = frozenset(one.slack for one in found.groups.values() if one.slack)
    return [diagnosis.fine("policy", said)], groups


async def kept(chosen: settings.Settings) -> list[diagnosis.Finding]:
    """Whether the history answers; one that is not there yet is made at the first start."""
    address = chosen.history.reveal()
    if not address:
        return [diagnosis.skipped("history", "none is set: nothing is kept of the past")]
    todo = "Check the address (--history, ROLLOUT_BOT_HISTORY), the network and the password."
    try:
        where = history.shown(address)
        book = history.SqlHistory(address, migrate=False)
    except errors.UserError as problem:
        return [diagnosis.wrong("history", problem.sentence, todo)]
    try:
        async with asyncio.timeout(TIMEOUT_S):
            head = await book.head()
    except errors.Unavailable as problem:
        if book.folder is not None and str(problem).startswith("there is no history"):
            return [_not_there(where, book.folder)]
        if str(problem).endswith(_OTHER_TABLES):
            said = f"{where} answers; the bot makes or renews its tables when it starts"
            return [diagnosis.skipped("history", said)]
        return [diagnosis.wrong("history", str(problem), todo)]
    except TimeoutError:
        return [diagnosis.wrong("history", f"{where} does not answer in time", todo)]
    except errors.RolloutBotError as problem:
        return [diagnosis.wrong("history", str(problem), todo)]
    finally:
        await book.close()
    return [diagnosis.fine("history", f"{where} answers, {head.seq} records")]


def _not_there(where: str, folder: Path) -> diagnosis.Finding:
    """Whether the bot can make it."""
    if not os.access(folder, os.W_OK):
        said = f"{where} is not there, and no file can be made in {folder}"
        return diagnosis.wrong("history", said, _FOLDER)
    said = f"{where} is not there yet: the bot makes it at its first start"
    return diagnosis.skipped("history", said)
