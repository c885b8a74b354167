"""Whether the cluster keeps our block of the status (ruling 4). Writes nothing: dry runs only."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.model import errors, ports

log = logging.getLogger(__name__)

DEFINITION_NAME = "rollouts.argoproj.io"
PRUNED = (
    "the Rollout definition of this cluster drops status.rolloutBot, in which decisions are kept. "
    "Apply ours: kubectl apply -f manifests/crds/"
)
_KEEPS = "x-kubernetes-preserve-unknown-fields"


class DryWriter(Protocol):
    """What the check needs of the API server."""

    async def write(self, write: ports.Write, *, dry_run: bool = False) -> ports.Object: ...


@dataclass(slots=True, kw_only=True)
class Check:
    """Looks at the start and whenever the definition changes; ``fit`` is set while all is well.

    ``say`` gets the sentence that the bot is not ready with, empty once that is mended.
    """

    api: DryWriter
    rollouts: ports.Cache
    definitions: ports.Cache
    say: Callable[[str], None]
    fit: asyncio.Event = field(default_factory=asyncio.Event)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def changed(self, _old: ports.Object | None, _new: ports.Object | None) -> None:
        """The definition is another one: look again."""
        self._changed.set()

    async def run(self) -> None:
        """Check until canceled; each change of the answer is logged once."""
        known = ""
        while True:
            self._changed.clear()
            found = await problem(self.api, self.rollouts, self.definitions)
            self.say(found)
            if found:
                self.fit.clear()
            else:
                self.fit.set()
            if found and found != known:
                log.error(found)
            elif known and not found:
                log.info("the Rollout definition keeps status.rolloutBot now")
            known = found
            await self._changed.wait()


async def problem(
    api: DryWriter, rollouts: ports.Cache, definitions: ports.Cache | None = None
) -> str:
    """The sentence to be not ready with; empty where the block is kept or nobody can tell yet."""
    found = next(iter(rollouts.list()), None)
    if found is None:
        return _by_schema(definitions)
    meta = found["metadata"]
    write = ports.Write(
        verb=ports.Verb.PATCH,
        ref=ports.Ref(kind=ports.ROLLOUT, namespace=meta["namespace"], name=meta["name"]),
        body={"status": {"rolloutBot": {"version": 1}}},
        subresource="status",
    )
    try:
        answer = await api.write(write, dry_run=True)
    except errors.RolloutBotError as error:
        log.warning("whether status.rolloutBot is kept cannot be checked: %s", error)
        return _by_schema(definitions)
    kept = ((answer.get("status") or {}).get("rolloutBot") or {}).get("version")
    return "" if kept == 1 else PRUNED


def _by_schema(definitions: ports.Cache | None) -> str:
    """What the definition itself says: without a rollout there is nothing to try it on."""
    definition = definitions.get("", DEFINITION_NAME) if definitions is not None else None
    if definition is None:
        return ""
    versions = (definition.get("spec") or {}).get("versions") or ()
    mine: Mapping[str, Any] = next(
        (v for v in versions if v.get("name") == ports.ROLLOUT.version), {}
    )
    schema = _inner(mine, "schema", "openAPIV3Schema")
    status = _inner(schema, "properties", "status")
    if schema.get(_KEEPS) or status.get(_KEEPS):
        return ""
    return "" if "rolloutBot" in (status.get("properties") or {}) else PRUNED


def _inner(raw: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    for key in keys:
        raw = raw.get(key) or {}
    return raw
