"""How a request reaches the cluster and how its answer comes back. Decides and allows nothing."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from bot.core import codec_block
from bot.model import errors, ports, status
from bot.runtime import authorize, scenery

WRITE_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 5.0
LOOK_TIMEOUT_S = 2.0
EXPIRES = timedelta(seconds=60)
NOT_DONE = "Nothing was done: the cluster did not answer."
MENDS_IT = "Whoever installed me can mend that: the role rollout-bot lacks a right."
CHANGED = "It changed at the same moment; nothing was done. Try again."
GONE = "This rollout is not there any more; nothing was done."


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What became of a request. ``written``: something stands on the object.

    ``late``: it stands there, and nobody knows yet what becomes of it.
    """

    accepted: bool
    sentence: str
    written: bool = False
    late: bool = False
    denied: authorize.Denied | None = None


@dataclass(slots=True, kw_only=True)
class Orders:
    """One a process; ``noticed`` must be called with every Rollout that the cache takes in.

    ``urgent(key)`` asks the queue for a pass at once.
    """

    scenery: scenery.Scenery
    api: ports.Api
    urgent: Callable[[str], None]
    _waiting: dict[tuple[str, str], asyncio.Future[status.Handled]] = field(default_factory=dict)

    async def hand_in(self, key: str, rollout: ports.Object, intent: status.Intent) -> Reply:
        handled: asyncio.Future[status.Handled] = asyncio.get_running_loop().create_future()
        self._waiting[key, intent.id] = handled
        try:
            problem = await self._write_intent(rollout, intent)
            if problem:
                return no(f"{problem} The buttons still work." if intent.gate else problem)
            self.urgent(key)
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                answer = await handled
            return Reply(accepted=answer.accepted, sentence=answer.sentence, written=True)
        except TimeoutError:
            return Reply(
                accepted=False,
                sentence="It is written down but not carried out yet; it counts for "
                f"{EXPIRES.seconds} s. /rollout get shows how it stands.",
                written=True,
                late=True,
            )
        finally:
            self._waiting.pop((key, intent.id), None)

    async def _write_intent(self, rollout: ports.Object, intent: status.Intent) -> str:
        """Empty when it stands on the object, else the sentence why not."""
        block = {"version": codec_block.VERSION}
        raw = {**block, "intents": {intent.id: codec_block.encode_intent(intent)}}
        body = {
            "metadata": {"uid": rollout["metadata"]["uid"]},
            "status": {"rolloutBot": raw},
        }
        write = ports.Write(
            verb=ports.Verb.PATCH,
            ref=self.scenery.ref(rollout),
            body=body,
            subresource="status",
            urgent=True,
            because=f"{intent.kind} by {intent.actor}",
        )
        return await self.send(write, intent.id)

    async def send(self, write: ports.Write, mark: str = "") -> str:
        try:
            async with asyncio.timeout(WRITE_TIMEOUT_S):
                saved = await self.api.write(write)
        except (errors.Conflict, errors.NotFound):
            return GONE if mark else CHANGED
        except (errors.Unavailable, TimeoutError):
            saved = await self._look(write.ref)
            if not mark or not _stands(saved, mark):
                return NOT_DONE
        except errors.Forbidden as problem:
            return f"Nothing was done: the cluster does not let me ({problem}). {MENDS_IT}"
        except errors.RolloutBotError as problem:
            return f"Nothing was done: the cluster refused it: {problem}"
        self.scenery.observe(saved)
        if write.ref.kind == ports.ROLLOUT:
            self.noticed(saved)
        return ""

    async def refresh(self, ref: ports.Ref) -> bool:
        """Take in what stands there now; False where it cannot be read."""
        found = await self._look(ref)
        if found:
            self.scenery.observe(found)
        return bool(found)

    async def _look(self, ref: ports.Ref) -> ports.Object:
        """After a write without an answer: what stands there, or nothing."""
        try:
            async with asyncio.timeout(LOOK_TIMEOUT_S):
                return await self.api.get(ref, urgent=True)
        except (errors.RolloutBotError, TimeoutError):
            return {}

    def noticed(self, rollout: ports.Object) -> None:
        """Look whether somebody waits for what this object says was handled. Never raises."""
        if not self._waiting or not rollout:
            return
        meta = rollout["metadata"]
        key = f"{meta.get('namespace', '')}/{meta['name']}"
        mine = [waiter for waiter in self._waiting if waiter[0] == key]
        if not mine:
            return
        raw = (rollout.get("status") or {}).get("rolloutBot")
        found = {one.id: one for one in codec_block.decode(raw).handled}
        for waiter in mine:
            answer, future = found.get(waiter[1]), self._waiting[waiter]
            if answer is not None and not future.done():
                future.set_result(answer)


def no(sentence: str) -> Reply:
    """Nothing was done, and why."""
    return Reply(accepted=False, sentence=sentence)


def _stands(saved: ports.Object, mark: str) -> bool:
    block = codec_block.decode((saved.get("status") or {}).get("rolloutBot"))
    open_ones = {one.id for one in block.intents}
    return mark in open_ones | {one.id for one in block.handled}
