"""The freezes at a terminal: read once, without a watch. Who may end one is the desk's to say."""

from collections.abc import Sequence
from datetime import datetime

from bot.adapters.kubernetes import api
from bot.cli import shelf
from bot.core.gates import freeze_codec, freeze_words
from bot.core.gates import freezes as gate
from bot.model import errors, ports
from bot.runtime import desk as desks
from bot.runtime import freeze_desk, freezes
from bot.runtime import world as worlds

Found = Sequence[ports.Object] | None
"""The ConfigMap, nothing where there is none yet; None where somebody may not see it."""


async def read(client: api.KubernetesApi, namespace: str) -> Found:
    """What stands in the cluster; the caller sees to the time it takes."""
    ref = ports.Ref(kind=ports.CONFIG_MAP, namespace=namespace, name=freezes.NAME)
    try:
        return [await client.get(ref)]
    except errors.NotFound:
        return []
    except errors.Forbidden:
        return None


def around(found: Found, what: str, now: datetime) -> str | None:
    """The namespace of the freezes that ``what`` names, empty for all; None where there is none.

    The policy of every rollout in a freeze is asked about its end, wherever somebody looks.
    """
    every, _ = freeze_codec.decode(found[0].get("data")) if found else ((), ())
    named = freeze_words.meant(what, tuple(one for one in every if gate.in_force(one, now)))
    return freeze_words.around(named) if named else None


def book(
    client: api.KubernetesApi,
    found: Found,
    reader: worlds.Reader,
    namespace: str,
    clock: ports.Clock,
) -> freezes.Freezes | None:
    """The freezes as the desk reads and writes them."""
    if found is None:
        return None
    return freezes.Freezes(
        api=client,
        cache=shelf.Shelf(ports.CONFIG_MAP, found),
        rollouts=reader.caches.rollouts,
        namespace=namespace,
        clock=clock,
    )


def desk(
    made: desks.Desk, known: freezes.Freezes | None, clock: ports.Clock
) -> freeze_desk.FreezeDesk | None:
    """What may be asked of them, with the rights of the whole desk."""
    if known is None:
        return None
    return freeze_desk.FreezeDesk(
        freezes=known, scenery=made.scenery, clock=clock, rules=made.rules, permits=made.permits
    )
