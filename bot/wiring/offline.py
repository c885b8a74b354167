"""What the commands need that look at objects without a controller: readers over still caches."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot import settings
from bot.adapters import policy_file as policy_files
from bot.adapters import routers
from bot.adapters.kubernetes import api
from bot.cli import checking, shelf
from bot.model import errors, ports, preflight
from bot.runtime import workloads
from bot.runtime import world as worlds
from bot.wiring import serving, watched

LIST_TIMEOUT_S = 60.0


def reader(objects: Sequence[ports.Object], chosen: settings.Settings) -> worlds.Reader:
    """Sees exactly ``objects``."""
    kinds = {name: one.kind for name, one in watched.kinds(chosen).items()}
    return worlds.Reader(
        cluster=chosen.cluster,
        caches=shelf.caches(objects, kinds),
        routers=routers.table(istio_version=chosen.istio_version),
    )


def policy_file(path: str) -> Any:
    """The raw content of a policy file.

    Raises:
        errors.UserError: it cannot be read, or is no YAML.

    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise errors.UserError(f"the policy file {path} cannot be read: {problem}") from None
    return policy_files.parsed(text, path)


async def preflighted(chosen: settings.Settings) -> list[preflight.Judgment]:
    """Every Rollout and template of the settings' namespace, or of the cluster."""
    async with serving.connected(chosen) as client, asyncio.timeout(LIST_TIMEOUT_S):
        found = [
            one for kind in watched.kinds(chosen).values() for one in await _all(client, kind)
        ]
        named = {ref.kind for one in found if (ref := workloads.ref(one)) is not None}
        for kind in named:
            found += await _all(client, watched.Watched(kind=kind))
    return checking.judged(reader(found, chosen), namespace=chosen.namespace)


async def _all(client: api.KubernetesApi, one: watched.Watched) -> list[ports.Object]:
    """The objects of a kind; none where the server does not know it or we may not look."""
    try:
        return await client.list(one.kind, selector=one.selector)
    except errors.NotFound:
        return []
