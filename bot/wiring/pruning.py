"""Whether the cluster keeps our block of the status (ruling 4). Writes nothing: dry runs only."""

import logging
from typing import Protocol

from bot.model import errors, ports

log = logging.getLogger(__name__)

PRUNED = (
    "the Rollout definition of this cluster drops status.rolloutBot, in which decisions are kept. "
    "Apply ours: kubectl apply -f manifests/crds/"
)


class DryWriter(Protocol):
    """What the check needs of the API server."""

    async def write(self, write: ports.Write, *, dry_run: bool = False) -> ports.Object: ...


async def problem(api: DryWriter, rollouts: ports.Cache) -> str:
    """The sentence to be not ready with; empty where the block is kept or nobody can tell yet."""
    found = next(iter(rollouts.list()), None)
    if found is None:
        return ""
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
        return ""
    kept = ((answer.get("status") or {}).get("rolloutBot") or {}).get("version")
    return "" if kept == 1 else PRUNED
