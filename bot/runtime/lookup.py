"""What people ask of the history, bounded in time: it may be away, and nothing waits for it."""

import asyncio
from datetime import timedelta

from bot.model import errors, past, ports, records

TIMEOUT_S = 6.0
NONE_KEPT = (
    "No history is kept here. Whoever installed me can have one: --history or ROLLOUT_BOT_HISTORY."
)
AWAY = (
    "The history does not answer; try again later. Rollouts go on, and what happens meanwhile "
    "is recorded afterwards."
)


async def ask(
    history: records.Readable | None,
    *,
    cluster: str,
    key: str,
    span: timedelta,
    clock: ports.Clock,
    audit: bool,
    age: str,
) -> past.PastFacts:
    """The newest records of the rollout ``key`` (``namespace/name``; empty: of all).

    Raises:
        errors.UserError: there is no history, or it does not answer; the sentence says so.

    """
    if history is None:
        raise errors.UserError(NONE_KEPT)
    namespace, _, name = key.rpartition("/")
    query = records.Query(
        cluster=cluster,
        namespace=namespace,
        rollout=name,
        since=clock() - span,
        kinds=past.DECISIONS if audit else past.COURSE,
        limit=past.LIMIT + 1,
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            found = await history.find(query)
    except errors.UserError:
        raise
    except (errors.RolloutBotError, TimeoutError):
        raise errors.UserError(AWAY) from None
    return past.PastFacts(
        cluster=cluster,
        name=name,
        age=age,
        entries=past.told((entry.record for entry in found[: past.LIMIT]), audit=audit),
        audit=audit,
        more=len(found) > past.LIMIT,
    )
