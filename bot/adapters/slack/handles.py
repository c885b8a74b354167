"""The ids of handles: Slack writes to ids alone, a policy may name people as ``@handle``.

There is no call for one handle, so the list is read until it is found; what was read is kept.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from slack_sdk.web import async_client

from bot.adapters.slack import calls
from bot.model import errors

KEEP_S = 3600.0
PAGE = 1000
MOST_PAGES = 50


@dataclass(slots=True, kw_only=True)
class Handles:
    """One a process. A reading that was cut off goes on where it stopped."""

    client: async_client.AsyncWebClient
    monotonic: Callable[[], float] = time.monotonic
    _ids: dict[str, str] = field(default_factory=dict)
    _at: float = float("-inf")
    _cursor: str = ""
    _pages: int = 0
    _complete: bool = False

    async def of(self, handle: str) -> str:
        """The id of the member of our workspace with this handle.

        Raises:
            errors.NotFound: nobody has it.
            errors.Unavailable: Slack does not say.

        """
        wanted = handle.lstrip("@").casefold()
        if self.monotonic() - self._at >= KEEP_S:
            self._at, self._cursor, self._pages, self._complete = self.monotonic(), "", 0, False
            self._ids.clear()
        while wanted not in self._ids and not self._complete:
            await self._turn()
        if wanted not in self._ids:
            raise errors.NotFound(f"nobody here is called @{wanted}")
        return self._ids[wanted]

    async def _turn(self) -> None:
        answer = await calls.done(
            self.client.users_list(limit=PAGE, cursor=self._cursor or None), what="users.list"
        )
        for one in answer.get("members") or ():
            if not (one.get("deleted") or one.get("is_bot") or one.get("is_stranger")):
                self._ids[str(one.get("name", "")).casefold()] = str(one.get("id", ""))
        self._cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
        self._pages += 1
        self._complete = not self._cursor or self._pages >= MOST_PAGES
