"""What a real API server says to our calls: fakes lie."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from bot.adapters.kubernetes import api as api_module
from bot.adapters.kubernetes import credentials, events, informer, lease, session
from bot.model import errors, ports
from tests.adapters.kubernetes.scripted import until
from tests.cluster.conftest import control_plane  # noqa: F401

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(180)]
NAMESPACE = ports.Kind(
    group="", version="v1", plural="namespaces", name="Namespace", namespaced=False
)
UNSERVED = ports.Kind(group="example.com", version="v1", plural="things", name="Thing")


@pytest.fixture
async def api(control_plane) -> AsyncIterator[api_module.KubernetesApi]:  # noqa: F811
    known = credentials.Credentials(kubeconfig=str(control_plane.kubeconfig), context="admin")
    async with session.Session(credentials=known) as opened:
        yield api_module.KubernetesApi(session=opened, qps=400, burst=400)


@pytest.fixture
async def namespace(api) -> AsyncIterator[str]:
    name = f"t-{uuid.uuid4().hex[:8]}"
    ref = ports.Ref(kind=NAMESPACE, namespace="", name=name)
    await api.write(
        ports.Write(verb=ports.Verb.CREATE, ref=ref, body={"metadata": {"name": name}})
    )
    yield name
    await api.write(ports.Write(verb=ports.Verb.DELETE, ref=ref))


def service(namespace: str, name: str) -> ports.Ref:
    return ports.Ref(kind=ports.SERVICE, namespace=namespace, name=name)


def create(ref: ports.Ref) -> ports.Write:
    body = {"metadata": {"name": ref.name}, "spec": {"ports": [{"port": 80}]}}
    return ports.Write(verb=ports.Verb.CREATE, ref=ref, body=body)


def patch(ref: ports.Ref, body) -> ports.Write:
    return ports.Write(verb=ports.Verb.PATCH, ref=ref, body=body)


@contextlib.asynccontextmanager
async def task(coroutine) -> AsyncIterator[asyncio.Task[None]]:
    running = asyncio.get_running_loop().create_task(coroutine)
    try:
        yield running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_real_server_refuses_in_the_words_we_map(api, namespace):
    ref = service(namespace, "web")
    made = await api.write(create(ref))
    with pytest.raises(errors.AlreadyExists):
        await api.write(create(ref))
    stale = {"metadata": {"resourceVersion": made["metadata"]["resourceVersion"]}}
    await api.write(patch(ref, {**stale, "spec": {"selector": {"a": "b"}}}))
    with pytest.raises(errors.Conflict):
        await api.write(patch(ref, {**stale, "spec": {"selector": {"a": "c"}}}))
    with pytest.raises(errors.Refused, match="Invalid value"):
        await api.write(patch(ref, {"spec": {"ports": [{"port": -1}]}}))
    with pytest.raises(errors.NotFound):
        await api.get(service(namespace, "nobody"))
    await api.write(ports.Write(verb=ports.Verb.DELETE, ref=ref))


async def test_real_server_forbids_and_does_not_know(control_plane, api, namespace):  # noqa: F811
    known = credentials.Credentials(kubeconfig=str(control_plane.bot_kubeconfig))
    async with session.Session(credentials=known) as opened:
        bot = api_module.KubernetesApi(session=opened)
        with pytest.raises(errors.Forbidden, match="may not delete namespaces"):
            ref = ports.Ref(kind=NAMESPACE, namespace="", name=namespace)
            await bot.write(ports.Write(verb=ports.Verb.DELETE, ref=ref))
    assert await api.resource_exists(ports.ROLLOUT)
    assert not await api.resource_exists(UNSERVED)
    assert (await api.server_version())["major"] == "1"


async def test_real_server_pages_and_the_informer_follows(api, namespace):
    await asyncio.gather(*(api.write(create(service(namespace, f"s{n}"))) for n in range(3)))
    small = api_module.PAGE_SIZE
    api_module.PAGE_SIZE = 2
    try:
        assert len(await api.list(ports.SERVICE, namespace=namespace)) == 3
    finally:
        api_module.PAGE_SIZE = small
    heard = []
    cache = informer.Informer(
        source=api,
        kind=ports.SERVICE,
        namespace=namespace,
        on_change=lambda old, new: heard.append((old, new)),
    )
    async with task(cache.run()):
        await cache.synced.wait()
        assert len(heard) == len(cache.list()) == 3
        ref = service(namespace, "s0")
        cache.observe(await api.write(patch(ref, {"spec": {"selector": {"a": "b"}}})))
        told = len(heard)  # the watch may be faster than the answer
        assert cache.get(namespace, "s0")["spec"]["selector"] == {"a": "b"}
        await api.write(ports.Write(verb=ports.Verb.DELETE, ref=service(namespace, "s1")))
        await until(lambda: cache.get(namespace, "s1") is None)
        assert [new for _, new in heard[told:]] == [None]  # the echo of our own write was silent


@pytest.mark.row(127)
async def test_real_server_elects_one_and_hands_over(api, namespace):
    def candidate(identity: str) -> lease.Lease:
        return lease.Lease(
            api=api,
            namespace=namespace,
            identity=identity,
            clock=lambda: datetime.now(UTC),
            retry_s=0.05,
        )

    led: list[str] = []

    async def lead(name: str) -> None:
        led.append(name)
        await asyncio.Event().wait()

    first, second = candidate("a"), candidate("b")
    async with task(second.run(lambda: lead("b"))) as waiting:
        await until(lambda: led)
        async with task(first.run(lambda: lead("a"))):
            await until(lambda: first.holder == "b")
            waiting.cancel()
            await until(lambda: len(led) == 2)
            ref = ports.Ref(kind=ports.LEASE, namespace=namespace, name=lease.NAME)
            record = (await api.get(ref))["spec"]
            assert (record["holderIdentity"], record["leaseTransitions"]) == ("a", 1)
    assert led == ["b", "a"]
    assert (await api.get(ref))["spec"]["holderIdentity"] == ""


async def test_real_server_takes_our_events(api, namespace):
    ref = service(namespace, "web")
    made = await api.write(create(ref))
    writer = events.EventWriter(api=api, clock=lambda: datetime.now(UTC))
    async with task(writer.run()):
        for _ in range(2):
            writer.post(obj=made, type="Warning", reason="Refused", message="no – " * 400)
        assert await writer.flush(10)
    (event,) = await api.list(ports.EVENT, namespace=namespace)
    assert event["count"] == 2
    assert event["involvedObject"]["uid"] == made["metadata"]["uid"]
    assert event["source"] == {"component": "rollouts-controller"}
