"""What people may ask of freezes: make one, stop the line, end one, let one rollout pass.

Everything is written into the cluster, where every replica sees it; who is told of it is
``freeze_news``. Every sentence can be shown to the asker as it is.
"""

import asyncio
import itertools
import secrets
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.core import moments
from bot.core.gates import freeze_codec, freeze_words
from bot.core.gates import freezes as gate
from bot.core.notices import people
from bot.core.notices import scene as scenes
from bot.model import buttons, errors, facts, policy, ports
from bot.runtime import authorize, freezes, orders, permits, scenery, stopping

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=30)
SHOWN = 7


@dataclass(slots=True, kw_only=True)
class FreezeDesk:
    """One a process."""

    freezes: freezes.Freezes
    scenery: scenery.Scenery
    clock: ports.Clock
    rules: authorize.Rules
    permits: permits.Permits
    new_id: Callable[[], str] = lambda: f"f{secrets.token_hex(3)}"

    # -- looking ---------------------------------------------------------------------------

    def listed(self) -> tuple[str, ...]:
        """What is in force, a sentence each."""
        found = self.freezes.in_force()
        if not found:
            return (self._nothing(),)
        more = (f"and {len(found) - SHOWN} more",) if len(found) > SHOWN else ()
        return (*(self._line(one) for one in found[:SHOWN]), *more)

    def _nothing(self) -> str:
        return self.unknown() or "Nothing is frozen."

    def unknown(self) -> str:
        """Why nobody knows what is frozen; empty where that is known."""
        reading = self.freezes.reading
        return reading.sentence() if reading is not None else ""

    def _line(self, one: policy.Freeze) -> str:
        held = self.held(one)
        names = f" Holds {', '.join(held[:5])}{' …' if len(held) > 5 else ''}." if held else ""
        words = gate.words(one)
        return f"{one.id}: {freeze_codec.shown(one.scope)}, {words}.{names}"

    def stopping(self, words: tuple[str, ...]) -> tuple[str, str]:
        """What to stop, and why, as it was typed.

        Raises:
            stopping.Unclear: it was meant for a name and is none; the lines have what to type.

        """
        return stopping.meant(words, self.scenery.keys())

    def held(self, one: policy.Freeze) -> tuple[str, ...]:
        """The rollouts in flight in its scope, as people call them."""
        return tuple(
            f"{scene.rollout.name} v{scenes.revision(scene).number}"
            for scene in self.scenery.all(namespace=_exact(one.scope.namespace))
            if in_flight(scene)
            and gate.covers(one.scope, scene.rollout.namespace, scene.rollout.name)
        )

    # -- asking ----------------------------------------------------------------------------

    async def freeze(
        self, scope: str, span: timedelta | None, reason: str, actor: facts.Person, *, stop: bool
    ) -> orders.Reply:
        """Hold everything in ``scope`` for ``span``; None: until somebody ends it."""
        try:
            wanted = freeze_codec.scope(scope)
        except errors.UserError as problem:
            return orders.no(problem.sentence)
        if span is not None and not SHORTEST <= span <= LONGEST:
            return orders.no("A freeze lasts from 1 minute to 30 days; nothing was frozen.")
        action = authorize.Action.STOP_THE_LINE if stop else authorize.Action.FREEZE
        denied = await self._denied(action, wanted, actor)
        if denied is not None:
            return denied
        now = self.clock()
        one = policy.Freeze(
            id=self.new_id(),
            scope=wanted,
            reason=reason[: freeze_codec.REASON_LIMIT],
            by=people.encode(actor),
            at=now,
            until=None if span is None else (now + span).replace(microsecond=0),
            stop=stop,
        )
        if trouble := await _tried(self.freezes.add(one)):
            return orders.no(trouble)
        return orders.Reply(accepted=True, sentence=self._begun(one), written=True)

    def _begun(self, one: policy.Freeze) -> str:
        scope = freeze_codec.shown(one.scope)
        until = f" until {moments.utc(one.until)}" if one.until is not None else ""
        held = self.held(one)
        names = f": {', '.join(held[:12])}{' …' if len(held) > 12 else ''}" if held else ""
        count = f"{len(held)} in flight hold{'s' if len(held) == 1 else ''}{names}"
        if not held and not any(self._in(one.scope)):
            count = "No rollout is in that scope now"
        what = "The line is stopped" if one.stop else "Frozen"
        ends = f"/rollout unfreeze {one.id} ends it."
        return f"{what}: {scope}{until}. {count}. Aborts still go through. {ends}"

    async def unfreeze(self, what: str, actor: facts.Person) -> orders.Reply:
        """End the freeze of that id, all of that scope, or the only one there is."""
        found = freeze_words.meant(what, self.freezes.in_force())
        if not found:
            return orders.no(self._none(what))
        if not what and len(found) > 1:
            return orders.no(f"{len(found)} freezes are in force. Say which: {_named(found)}.")
        for one in found:
            denied = await self._denied(authorize.Action.UNFREEZE, one.scope, actor)
            if denied is not None:
                return denied
        for one in found:
            if trouble := await _tried(self._lift(one.id, actor)):
                return orders.no(trouble)
        scopes = ", ".join(freeze_codec.shown(one.scope) for one in found[:8])
        sentence = f"Over: {scopes}. What waited goes on in order, since when it waits."
        return orders.Reply(accepted=True, sentence=sentence, written=True)

    def _none(self, what: str) -> str:
        every = self.freezes.in_force()
        if not every:
            return self._nothing()
        return f'No freeze "{what[:80]}" is in force. There is {_named(every)}.'

    async def _lift(self, freeze_id: str, actor: facts.Person) -> None:
        at, by = self.clock(), people.encode(actor)

        def lifted(one: policy.Freeze) -> policy.Freeze:
            if one.lifted_at is not None:
                return one
            return replace(one, lifted_at=at, lifted_by=by)

        await self.freezes.change(freeze_id, lifted)

    def foreign(self, value: buttons.ButtonValue) -> str:
        """Why a button belongs to no freeze of this cluster; empty where it may."""
        if value.cluster == self.scenery.cluster:
            return ""
        return f"This button belongs to {value.cluster}; I run {self.scenery.cluster}."

    async def resume(self, value: buttons.ButtonValue, actor: facts.Person) -> orders.Reply:
        """The button of a stopped line: it carries the freeze's id."""
        if not any(one.id == value.name for one in self.freezes.in_force()):
            return orders.no("This is over already: nothing was changed.")
        return await self.unfreeze(value.name, actor)

    async def lift(
        self, freeze_id: str, key: str, actor: facts.Person, *, revision: str = ""
    ) -> orders.Reply:
        """Let one rollout pass a freeze; with ``revision`` that one alone.

        Who may is the caller's to ask; here it is written.
        """
        one = next((one for one in self.freezes.in_force() if one.id == freeze_id), None)
        if one is None:
            return orders.no(f'No freeze "{freeze_id[:80]}" is in force.')
        entry = gate.lifted(key, revision) if revision else key
        if len(one.lifted_for) >= freeze_codec.LIFTED_LIMIT and entry not in one.lifted_for:
            return orders.no("Too many rollouts pass this freeze already: end it instead.")

        def passed(found: policy.Freeze) -> policy.Freeze:
            if entry in found.lifted_for:
                return found
            return replace(found, lifted_for=(*found.lifted_for, entry))

        if trouble := await _tried(self.freezes.change(freeze_id, passed)):
            return orders.no(trouble)
        sentence = f"{key} may go on in spite of {freeze_id}, by {actor.name or 'somebody'}."
        return orders.Reply(accepted=True, sentence=sentence, written=True)

    async def _denied(
        self, action: authorize.Action, scope: policy.Scope, actor: facts.Person
    ) -> orders.Reply | None:
        """A scope is asked about like a rollout of that name, in the default channel.

        So is each rollout in it that the policy speaks of: a wider scope is no way round that.
        """
        named: ports.Object = {
            "metadata": {
                "namespace": scope.namespace or "*",
                "name": scope.name or "*",
                "annotations": {authorize.CHANNEL: self.rules.default_channel},
            }
        }
        every = [("", self.scenery.reader.policy(named)), *self._spoken_of(action, scope)]
        asked = (self.permits.ask(actor, action, named, effective=one) for _, one in every)
        for (key, _), answer in zip(every, await asyncio.gather(*asked), strict=True):
            if isinstance(answer, authorize.Denied):
                which = f" {key} is in it." if key and key != freeze_codec.shown(scope) else ""
                sentence = f"{answer.sentence}{which}"
                return orders.Reply(accepted=False, sentence=sentence, denied=answer)
        return None

    def _spoken_of(
        self, action: authorize.Action, scope: policy.Scope
    ) -> Iterator[tuple[str, policy.Effective]]:
        """A rollout in ``scope`` for each different thing that rules say of ``action`` there."""
        said: list[tuple[policy.Who, bool]] = []
        for rollout in self._in(scope):
            effective = self.scenery.reader.policy(rollout)
            about = (effective.may.get(action, ()), effective.access_review)
            if any(about) and about not in said:
                said.append(about)
                meta = rollout["metadata"]
                yield f"{meta['namespace']}/{meta['name']}", effective

    def _in(self, scope: policy.Scope) -> Iterator[ports.Object]:
        """Every rollout that ``scope`` covers, in flight or not."""
        for rollout in self.scenery.rollouts(_exact(scope.namespace)):
            meta = rollout["metadata"]
            if gate.covers(scope, meta["namespace"], meta["name"]):
                yield rollout


def in_flight(scene: scenes.Scene) -> bool:
    """Whether an update goes on that a freeze can hold."""
    idle = scene.promoted or scene.status.abort or scene.first
    return not (idle or scene.problem)


def _named(found: Iterable[policy.Freeze]) -> str:
    """By id, which says nothing to anybody, and by scope, which several may have."""
    first = itertools.islice(found, SHOWN)
    return ", ".join(f"{one.id} ({freeze_codec.shown(one.scope)})" for one in first)


def _exact(glob: str) -> str:
    """A namespace to look into; empty where a glob may mean several."""
    return "" if any(mark in glob for mark in "*?[") else glob


async def _tried(work: Awaitable[object]) -> str:
    """Empty when it is written, else the sentence why not."""
    try:
        await work
    except freezes.Full as problem:
        return problem.sentence
    except (errors.Unavailable, errors.Conflict, TimeoutError):
        return orders.NOT_DONE
    except errors.Forbidden as problem:
        return f"Nothing was done: the cluster does not let me ({problem}). {orders.MENDS_IT}"
    except errors.RolloutBotError as problem:
        return f"Nothing was done: the cluster refused it: {problem}"
    return ""
