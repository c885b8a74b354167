"""How much is read back for reasons that were missed, and what a chat that says no costs."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace

import pytest

from bot.model import errors, facts, messenger
from bot.runtime import missed_lines, reason_lines
from tests.runtime import virtual

SAM = facts.Person(name="sam", slack_id="U0SAM")


def abort(number, threads=5):
    places = (messenger.Place(channel="C1", ts=f"{number}.{n}") for n in range(threads))
    at = virtual.START - timedelta(minutes=number)
    return reason_lines.Awaited(key=f"shop/a{number}", by=SAM, at=at, places=tuple(places))


class Chat:
    """Threads of one line each; ``trouble`` says what the n-th reading meets."""

    def __init__(self, trouble=lambda _n: None):
        self.trouble = trouble
        self.read_at = []
        self.heard = []

    async def read(self, place, since):
        self.read_at.append(virtual.now())
        problem = self.trouble(len(self.read_at))
        if isinstance(problem, BaseException):
            raise problem
        if problem:
            await problem
        return [{"ts": f"9.{place.ts}", "user": "U0SAM", "text": "why"}]

    async def hear(self, line):
        self.heard.append((line["channel"], line["thread_ts"]))


def looked(chat, aborts):
    async def story():
        missed = missed_lines.Missed(
            reasons=SimpleNamespace(awaited=lambda: iter(aborts)),
            clock=virtual.now,
            read=chat.read,
            hear=chat.hear,
        )
        await missed.look()
        return (virtual.now() - virtual.START).total_seconds()

    return virtual.run(story())


def test_few_threads_of_the_newest_aborts_are_read_slowly():
    chat = Chat()
    aborts = [abort(number) for number in range(40)][::-1]
    looked(chat, aborts)
    assert len(chat.read_at) == missed_lines.ABORTS_LIMIT * missed_lines.THREADS_LIMIT
    assert {thread.split(".")[0] for _, thread in chat.heard} == {str(n) for n in range(10)}
    assert not [thread for _, thread in chat.heard if thread.endswith((".3", ".4"))]
    minute = [at for at in chat.read_at if at - chat.read_at[0] < timedelta(minutes=1)]
    assert len(minute) <= 25


@pytest.mark.parametrize(
    ("trouble", "heard"),
    [
        (lambda n: errors.Unavailable("429", retry_after_s=9999.0) if n < 3 else None, 2),
        (lambda n: asyncio.sleep(9999) if n < 3 else None, 2),
        (lambda n: errors.Forbidden("missing_scope") if n == 1 else None, 1),
        (lambda n: ValueError("a bug") if n == 1 else None, 1),
        (lambda _n: errors.Unavailable("down"), 0),
    ],
    ids=["busy", "hangs", "refused", "bug", "down"],
)
def test_chat_that_says_no_costs_little_and_keeps_nothing_else_from_being_read(trouble, heard):
    chat = Chat(trouble)
    took_s = looked(chat, [abort(0, threads=1), abort(1, threads=1)])
    assert len(chat.heard) == heard
    assert len(chat.read_at) <= 2 * missed_lines.TRIES and took_s < 500
