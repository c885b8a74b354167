"""The desk for somebody at a terminal: the cluster as they may see it, with their own rights.

Nothing of Slack and no running bot is needed to read. What is asked is written on the object by
the person's own account, and whoever leads carries it out.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from bot import settings
from bot.adapters import policy_file
from bot.adapters.kubernetes import access, api, credentials
from bot.cli import asking, leading, reasons
from bot.core.policies import codec
from bot.model import errors, facts, policy, ports
from bot.runtime import (
    authorize,
    desk,
    orders,
    rights,
    rulebook,
    scenery,
    tasks,
    workloads,
)
from bot.runtime import world as worlds
from bot.wiring import offline, serving, terminal_freezes, watched

READ_TIMEOUT_S = 30.0
NAMES_TIMEOUT_S = 2.0
POLL_S = 0.15
STOP_S = 2.0
POLLS = 60
"""More than the desk waits for."""
CONFIG_MAP, CONFIG_KEY = "rollout-bot", "settings.yaml"
_UNRULED = (
    ", so it is not known who may approve; nothing was done. Give the settings with --config FILE."
)
_FREEZES = "You may not read the freezes of this cluster"
NOBODY = "a user of the cluster"


def now() -> datetime:
    """The clock of the terminal."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where somebody at a terminal looks. ``config`` is the bot's settings file, if given."""

    kubeconfig: str = ""
    context: str = ""
    namespace: str = ""
    everywhere: bool = False
    instance_id: str = ""
    bot_namespace: str = settings.LEASE_NAMESPACE
    config: str = ""

    def inside(self, name: str) -> str:
        """The namespace meant; empty for all. ``name`` may begin with it."""
        if "/" in name:
            return name.partition("/")[0]
        if self.everywhere:
            return ""
        return self.namespace or credentials.namespace_of(self.kubeconfig, self.context)


@contextlib.asynccontextmanager
async def opened(
    place: Place, *, name: str = "", ending: str | None = None
) -> AsyncIterator[asking.Ask]:
    """The desk over what ``place`` shows; ``name`` is the rollout meant, where one is.

    ``ending`` names a freeze that is to be ended: then it is over what that freeze holds.

    Raises:
        errors.Unavailable: the cluster does not answer.
        errors.Forbidden: not even rollouts may be read.

    """
    inside = place.inside(name)
    chosen = settings.Settings(
        kubeconfig=place.kubeconfig, context=place.context, instance_id=place.instance_id
    )
    async with serving.connected(chosen) as client:
        async with asyncio.timeout(READ_TIMEOUT_S):
            told = await _settings(client, place)
            found = await terminal_freezes.read(client, place.bot_namespace)
            held = None if ending is None else terminal_freezes.around(found, ending, now())
            inside = inside if held is None else held
            objects = await _objects(client, chosen, inside)
            user = await access.whoami(client)
        chosen = replace(chosen, cluster=told.file.cluster or place.context or "the cluster")
        book = rulebook.Rulebook(cluster=told.file.cluster, current=told.rules)
        still = offline.reader(objects, chosen)
        frozen = terminal_freezes.book(client, found, still, place.bot_namespace, now)
        partial = not told.known or frozen is None
        reader = replace(still, policy=book.effective, freezes=frozen, partial=partial)
        poll = _Poll(client)
        made = _desk(client, chosen, told.file, reader, poll)
        made.freezing = terminal_freezes.desk(made, frozen, now)
        try:
            yield asking.Ask(
                desk=made,
                person=facts.Person(name=user or NOBODY, user=user or NOBODY),
                namespace=inside,
                leaderless=lambda: _leaderless(client, place),
                unruled=f"{told.unseen}{_UNRULED}" if told.unseen else "",
                unseen=told.unseen or ("" if frozen is not None else _FREEZES),
            )
        finally:
            await poll.stop()


async def names(place: Place) -> list[str]:
    """The names of the rollouts there, for completion: what is not known soon is not known."""
    chosen = settings.Settings(kubeconfig=place.kubeconfig, context=place.context)
    async with asyncio.timeout(NAMES_TIMEOUT_S), serving.connected(chosen) as client:
        found = await client.list(ports.ROLLOUT, namespace=place.inside(""))
    return sorted(one["metadata"]["name"] for one in found)


def _desk(
    client: api.KubernetesApi,
    chosen: settings.Settings,
    file: settings.File,
    reader: worlds.Reader,
    poll: "_Poll",
) -> desk.Desk:
    view = scenery.Scenery(
        reader=reader,
        clock=now,
        latest=reasons.Reasons(reader, now),
        instance_id=chosen.instance_id,
    )
    book = orders.Orders(scenery=view, api=client, urgent=poll.start)
    poll.book = book

    async def review(_: facts.Person, action: policy.Action, rollout: ports.Object) -> bool:
        right, meta = rights.NEEDED.get(action), rollout["metadata"]
        return right is not None and await access.may(
            client,
            verb=right.verb,
            group=ports.ROLLOUT.group,
            resource=ports.ROLLOUT.plural,
            subresource=right.subresource,
            namespace=_one(meta["namespace"]),
            name=_one(meta["name"]),
        )

    rules = authorize.Rules(
        approvers={key: tuple(names) for key, names in file.approvers.items()},
        channels=file.channels,
        default_channel=file.default_channel,
    )
    return desk.Desk(scenery=view, book=book, clock=now, rules=rules, members=None, review=review)


def _one(name: str) -> str:
    """What the cluster is asked about; empty, which is all, where a scope may mean several."""
    return "" if any(mark in name for mark in "*?[") else name


class _Poll:
    """Looks for the answer to what was written; there is no watch at a terminal."""

    def __init__(self, client: api.KubernetesApi) -> None:
        self.book: orders.Orders | None = None
        self._client = client
        self._tasks: list[asyncio.Task[None]] = []
        self._enough = asyncio.Event()

    def start(self, key: str) -> None:
        self._tasks.append(tasks.spawn(self._run(key), name="answer"))

    async def _run(self, key: str) -> None:
        namespace, _, name = key.partition("/")
        ref = ports.Ref(kind=ports.ROLLOUT, namespace=namespace, name=name)
        for _ in range(POLLS):
            with contextlib.suppress(errors.RolloutBotError):
                found = await self._client.get(ref, urgent=True)
                if self.book is not None:
                    self.book.scenery.observe(found)
                    self.book.noticed(found)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._enough.wait()
                    return

    async def stop(self) -> None:
        """Let a look under way come back: a connection cut in mid-answer outlives its loop."""
        self._enough.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_S)
        await tasks.cancel(*self._tasks)


async def _objects(
    client: api.KubernetesApi, chosen: settings.Settings, inside: str
) -> list[ports.Object]:
    kinds = dict(watched.kinds(chosen))
    found = await client.list(kinds.pop("rollouts").kind, namespace=inside)
    for one in kinds.values():
        found += await _seen(client, one.kind, inside, one.selector)
    for kind in {ref.kind for one in found if (ref := workloads.ref(one)) is not None}:
        found += await _seen(client, kind, inside)
    return found


async def _seen(
    client: api.KubernetesApi, kind: ports.Kind, inside: str, selector: str = ""
) -> list[ports.Object]:
    """The objects of a kind; none where the server does not have it or we may not look."""
    try:
        return await client.list(
            kind, namespace=inside if kind.namespaced else "", selector=selector
        )
    except (errors.NotFound, errors.Forbidden):
        return []


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What the bot was told; ``unseen`` says why its rules are not known.

    Not ``known``: no settings are where they are looked for, and a bot may have others all the
    same.
    """

    file: settings.File = field(default_factory=settings.File)
    rules: policy.Policy = field(default_factory=policy.Policy)
    unseen: str = ""
    known: bool = True


async def _settings(client: api.KubernetesApi, place: Place) -> _Told:
    """The bot's settings and policy: of the file that is named, else of its ConfigMap."""
    named = place.config or os.environ.get("ROLLOUT_BOT_CONFIG", "")
    if named:
        file = settings.load_file(named)
        raw = offline.policy_file(file.policy) if file.policy else None
        return _Told(file=file, rules=codec.decode(raw))
    ref = ports.Ref(kind=ports.CONFIG_MAP, namespace=place.bot_namespace, name=CONFIG_MAP)
    where = f"ConfigMap {ref.namespace}/{ref.name}"
    try:
        data = (await client.get(ref)).get("data") or {}
    except errors.NotFound:
        return _Told(known=False)
    except errors.Forbidden:
        return _Told(unseen=f"You may not read the bot's settings ({where})", known=False)
    file = settings.read_file(str(data.get(CONFIG_KEY) or ""), f"of {where}")
    if not file.policy:
        return _Told(file=file)
    key = Path(file.policy).name
    if key not in data:
        return _Told(file=file, unseen=f"The policy is not in {where} as {key}", known=False)
    raw = policy_file.parsed(str(data[key]), f"{key} of {where}")
    return _Told(file=file, rules=codec.decode(raw))


async def _leaderless(client: api.KubernetesApi, place: Place) -> str:
    name = settings.Settings().lease_name
    ref = ports.Ref(kind=ports.LEASE, namespace=place.bot_namespace, name=name)
    try:
        lease: ports.Object | None = await client.get(ref)
    except errors.NotFound:
        lease = None
    except errors.RolloutBotError:
        return ""  # it is not known; nothing is claimed
    return leading.leaderless(lease, where=f"{ref.namespace}/{ref.name}", now=now())
