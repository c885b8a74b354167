"""Seals: an HMAC of the bot's key over what must not be forged. Makes and checks, decides nothing.

What is read gets ``signed`` from here; what the core leaves unsealed and signed is sealed before
it is written. Without a key nothing is signed, and what would have to be is not kept.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from bot.core import codec_seals
from bot.model import ports, sealed, status

R = TypeVar("R", sealed.Approved, sealed.Passed, sealed.Held, sealed.Glass, status.Intent)


def _none() -> bytes | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """``key`` gives the key, None while there is none."""

    cluster: str = ""
    key: Callable[[], bytes | None] = field(default=_none)

    @property
    def able(self) -> bool:
        return self.key() is not None

    def verified(self, known: status.Status, rollout: ports.Object) -> status.Status:
        """The status as it was read, each record knowing whether its seal fits."""
        bot, uid = known.bot, _uid(rollout)
        if not (bot.intents or bot.approvals or bot.passes or bot.shut or bot.glasses):
            return known
        block = replace(
            bot,
            intents=tuple(self._checked(one, uid) for one in bot.intents),
            approvals=tuple(self._checked(one, uid) for one in bot.approvals),
            passes=tuple(self._checked(one, uid) for one in bot.passes),
            shut=None if bot.shut is None else self._checked(bot.shut, uid),
            glasses=tuple(self._checked(one, uid) for one in bot.glasses),
        )
        return replace(known, bot=block)

    def sealed(self, known: status.Status, rollout: ports.Object) -> status.Status:
        """The status as it may be written: what the core signed bears a seal, or is not kept."""
        bot, uid = known.bot, _uid(rollout)
        held = None if bot.shut is None else self._made(bot.shut, uid)
        block = replace(
            bot,
            approvals=tuple(self._made(one, uid) for one in bot.approvals if self._keeps(one)),
            passes=tuple(self._made(one, uid) for one in bot.passes if self._keeps(one)),
            glasses=tuple(self._made(one, uid) for one in bot.glasses if self._keeps(one)),
            shut=held if held is not None and held.seal else None,
        )
        return known if block == bot else replace(known, bot=block)

    def intent(self, one: status.Intent, rollout: ports.Object) -> status.Intent:
        """An intent of somebody who was let in, with the seal that says so."""
        return self._made(replace(one, signed=True), _uid(rollout))

    def _keeps(self, one: Any) -> bool:
        return bool(one.seal) or (one.signed and self.able)

    def _checked(self, one: R, uid: str) -> R:
        wanted = self._seal(replace(one, seal="", signed=False), uid)
        return replace(one, signed=_fits(wanted, one.seal))

    def _made(self, one: R, uid: str) -> R:
        if one.seal or not one.signed:
            return one
        made = self._seal(one, uid)
        return replace(one, signed=False) if made is None else replace(one, seal=made)

    def _seal(self, one: R, uid: str) -> str | None:
        key = self.key()
        if key is None:
            return None
        text = codec_seals.text(one, cluster=self.cluster, uid=uid)
        return hmac.new(key, text, hashlib.sha256).hexdigest()


def _fits(wanted: str | None, seal: str) -> bool:
    if wanted is None or not seal:
        return False
    return hmac.compare_digest(wanted.encode(), seal.encode())


def _uid(rollout: ports.Object) -> str:
    return str(rollout["metadata"].get("uid", ""))
