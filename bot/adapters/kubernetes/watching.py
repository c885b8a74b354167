"""The bytes of a watch, cut into changes.

Belongs here: lines, JSON, the ERROR event. Does not belong here: what a change does
(``informer``).
"""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from bot.adapters.kubernetes import answers
from bot.model import errors, ports

LINE_LIMIT = 16 * 1024 * 1024
"""Far above etcd's limit for one object: what is longer is no line of a watch."""


class ChangeType(StrEnum):
    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    BOOKMARK = "BOOKMARK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One event of a watch; of a bookmark only the object's version means something."""

    type: ChangeType
    obj: ports.Object


Batch = list[Change]


class _Line(msgspec.Struct):
    type: str
    object: dict[str, Any]


_TYPES = {str(known): known for known in ChangeType}
_decode = msgspec.json.Decoder(_Line).decode


def _change(line: bytes, *, kind: ports.Kind, what: str) -> Change:
    try:
        event = _decode(line)
    except ValueError as error:
        raise errors.Unavailable(f"{what}: not a watch event: {line[:80]!r}") from error
    if event.type == "ERROR":
        code = event.object.get("code")
        answers.refuse(
            code=code if isinstance(code, int) else 500,
            status=event.object,
            headers={},
            what=what,
        )
    if (known := _TYPES.get(event.type)) is None:
        raise errors.Unavailable(f"{what}: unknown watch event {event.type!r}")
    return Change(type=known, obj=answers.completed(event.object, kind))


async def changes(
    chunks: AsyncIterator[bytes], *, kind: ports.Kind, what: str
) -> AsyncGenerator[Batch, None]:
    """Yield the changes of each chunk together; those before an error come before it."""
    rest = b""
    async for chunk in chunks:
        if b"\n" not in chunk:
            rest += chunk
            if len(rest) > LINE_LIMIT:
                raise errors.Unavailable(f"{what}: a line without an end")
            continue
        lines = (rest + chunk).split(b"\n")
        rest = lines.pop()
        batch: Batch = []
        try:
            for line in lines:
                if line.strip():
                    batch.append(_change(line, kind=kind, what=what))
        except errors.RolloutBotError:
            yield batch
            raise
        yield batch
