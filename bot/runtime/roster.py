"""Who is in Slack's user groups: read anew when somebody decides, else as it was lately.

A group that cannot be read counts as it was known for at most an hour; then nobody knows.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bot.model import errors

log = logging.getLogger(__name__)

KEEP_S = 300.0
STALE_S = 3600.0
TIMEOUT_S = 2.0
AGAIN_S = 60.0
GROUPS_LIMIT = 200


@dataclass(slots=True, kw_only=True)
class Roster:
    """One a process; ``ask`` reads one user group, None where there is no chat."""

    ask: Callable[[str], Awaitable[frozenset[str]]] | None = None
    monotonic: Callable[[], float] = time.monotonic
    _known: dict[str, tuple[float, frozenset[str]]] = field(default_factory=dict)
    _failed: dict[str, float] = field(default_factory=dict)

    async def of(
        self, groups: frozenset[str], *, deciding: bool
    ) -> dict[str, frozenset[str] | None]:
        """The members of each of ``groups``; ``deciding``: what is remembered is not enough."""
        names = sorted(groups)[:GROUPS_LIMIT]
        found = await asyncio.gather(*(self._one(name, deciding=deciding) for name in names))
        return dict(zip(names, found, strict=True))

    def known(self, group: str) -> frozenset[str] | None:
        """The members as they were last read, where that is not too long ago. Asks nobody."""
        found = self._known.get(group)
        if found is None or self.monotonic() - found[0] > STALE_S:
            return None
        return found[1]

    def every(self) -> dict[str, frozenset[str]]:
        """All groups whose members are known, by id. Asks nobody."""
        found = {name: self.known(name) for name in self._known}
        return {name: members for name, members in found.items() if members is not None}

    async def _one(self, group: str, *, deciding: bool) -> frozenset[str] | None:
        known = self._known.get(group)
        if self.ask is None:
            return None
        if known is not None and not deciding and self.monotonic() - known[0] < KEEP_S:
            return known[1]
        if not deciding and self.monotonic() - self._failed.get(group, -AGAIN_S) < AGAIN_S:
            return self.known(group)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                members = await self.ask(group)
        except (errors.Refused, errors.Forbidden, errors.NotFound) as problem:
            # Slack's last word: the plan has no user groups, or there is no such one (any more).
            log.warning("the user group %s cannot be read: %s", group, problem)
            self._known.pop(group, None)
            self._note(group)
            return None
        except (errors.RolloutBotError, TimeoutError) as problem:
            log.warning("the members of the user group %s are not known now: %s", group, problem)
            self._note(group)
            return self.known(group)
        while len(self._known) >= GROUPS_LIMIT:
            self._known.pop(next(iter(self._known)))
        self._known[group] = (self.monotonic(), members)
        return members

    def _note(self, group: str) -> None:
        """Whoever only tells does not ask again at once."""
        while len(self._failed) >= GROUPS_LIMIT:
            self._failed.pop(next(iter(self._failed)))
        self._failed[group] = self.monotonic()
