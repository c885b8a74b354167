"""Slack behind the controller: built where tokens are given, silent where they are not."""

import asyncio
import logging
from typing import Any, Protocol

from bot.model import ports
from bot.runtime import reconcile

log = logging.getLogger(__name__)


class Chat(Protocol):
    """What the controller needs of its chat."""

    teller: reconcile.Teller

    def noticed(self, rollout: ports.Object) -> None: ...

    async def check(self) -> None: ...

    async def run(self) -> None: ...

    async def drain(self, timeout_s: float) -> None: ...

    async def close(self) -> None: ...


class _Mute:
    """A teller for nobody."""

    def tell(self, *_: Any) -> None:
        """Say nothing."""

    def forget(self, key: str) -> None:
        """Remember nothing."""


class Silent:
    """The chat of a controller without Slack tokens."""

    def __init__(self) -> None:
        self.teller: reconcile.Teller = _Mute()

    def noticed(self, rollout: ports.Object) -> None:
        """Nobody waits for an answer."""

    async def check(self) -> None:
        log.warning(
            "no Slack tokens (SLACK_BOT_TOKEN, SLACK_APP_TOKEN): running as a controller only"
        )

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def drain(self, timeout_s: float) -> None:
        """Nothing was held back."""

    async def close(self) -> None:
        """Nothing is open."""


def build(controller: Any) -> Chat:
    """The chat that the settings ask for."""
    if not controller.chosen.slack.configured:
        return Silent()
    raise NotImplementedError
