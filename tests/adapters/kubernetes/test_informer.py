import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from bot.adapters.kubernetes import informer, selectors
from bot.model import errors, ports
from tests.adapters.kubernetes import scripted
from tests.adapters.kubernetes.scripted import page, thing


class Watched:
    """An informer at work, and what its listener heard."""

    def __init__(self, api, **more) -> None:
        self.slept: list[float] = []
        self.heard: list[tuple[int | None, int | None]] = []
        self.cache = informer.Informer(
            source=api,
            kind=ports.ROLLOUT,
            on_change=self._hear,
            monotonic=lambda: 0.0,  # so that a slow machine does not look like a long watch
            sleep=self._sleep,
            uniform=lambda _, high: high,
            **more,
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def _hear(self, old, new) -> None:
        self.heard.append((_version(old), _version(new)))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Watched"]:
        task = asyncio.get_running_loop().create_task(self.cache.run())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def _version(obj):
    return obj and int(obj["metadata"]["resourceVersion"])


def added(obj):
    return {"type": "ADDED", "object": obj}


def modified(obj):
    return {"type": "MODIFIED", "object": obj}


def deleted(obj):
    return {"type": "DELETED", "object": obj}


def bookmark(version: int):
    return {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": str(version)}}}


def expired():
    return {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired"}}


async def test_informer_follows_when_objects_come_change_and_go(server, api):
    server.lists.append(page(thing("a", 1, owner="o"), thing("b", 2), version=5))
    server.watches.append(
        server.events(
            added(thing("c", 6)), modified(thing("a", 7, owner="o")), deleted(thing("b", 8))
        )
    )
    async with Watched(api).running() as watched:
        cache = watched.cache
        await scripted.until(lambda: len(watched.heard) == 5)
        assert cache.synced.is_set()
        assert watched.heard == [(None, 1), (None, 2), (None, 6), (1, 7), (2, None)]
        assert [_version(obj) for obj in cache.list("shop")] == [6, 7]
        assert cache.list("elsewhere") == ()
        assert [_version(obj) for obj in cache.owned_by("o")] == [7]
        assert cache.owned_by("not-me") == ()
        assert cache.get("shop", "b") is None
        a = cache.get("shop", "a")
        assert a["kind"] == "Rollout"
        assert "managedFields" not in a["metadata"]
    query = server.seen[1].query
    assert query["resourceVersion"] == "5"
    assert query["allowWatchBookmarks"] == "true"
    assert query["timeoutSeconds"] == "600"


async def test_informer_resumes_from_the_bookmark_when_a_watch_ends(server, api):
    server.lists.append(page(version=5))
    server.watches.append(server.events(bookmark(40), end="clean", split=True))
    server.watches.append(server.events(added(thing("a", 41)), end="clean"))
    async with Watched(api).running() as watched:
        await scripted.until(lambda: len(server.seen) == 4)
        assert [request.query.get("resourceVersion") for request in server.seen] == [
            None,
            "5",
            "40",
            "41",
        ]
        assert watched.slept == []
        assert watched.heard == [(None, 41)]


@pytest.mark.parametrize("how", ["event", "status"])
async def test_informer_lists_again_and_tells_the_differences_when_its_version_is_gone(
    server, api, how
):
    server.lists.append(page(thing("a", 1), thing("b", 2), thing("c", 3), version=5))
    server.watches.append(
        server.events(modified(thing("c", 6)), expired(), end="clean")
        if how == "event"
        else scripted.refusal(410, "Expired")
    )
    server.lists.append(page(thing("a", 1), thing("c", 9), thing("d", 8), version=10))
    async with Watched(api).running() as watched:
        await scripted.until(lambda: len(server.seen) == 4)
        before = 6 if how == "event" else 3
        assert set(watched.heard[3:]) - {(3, 6)} == {(before, 9), (None, 8), (2, None)}
        assert server.seen[3].query["resourceVersion"] == "10"
        assert watched.slept == []


async def test_informer_slows_down_when_every_watch_is_gone(server, api):
    for version in (5, 6, 7):
        server.lists.append(page(version=version))
        server.watches.append(scripted.refusal(410, "Expired"))
    async with Watched(api).running() as watched:
        await scripted.until(lambda: len(server.seen) == 7)
        assert watched.slept == [1.0, 2.0]


@pytest.mark.parametrize(
    "trouble",
    [
        "cut",
        "refused",
        b"no json\n",
        {"type": "ERROR", "object": {"code": 500, "message": "etcd"}},
        {"type": "LATER", "object": {}},
    ],
)
async def test_informer_resumes_after_a_wait_when_a_watch_breaks(server, api, trouble):
    server.lists.append(page(version=5))
    match trouble:
        case "cut":
            server.watches.append(server.events(end="cut"))
        case "refused":
            server.watches.append(scripted.refusal(500))
        case event:
            server.watches.append(server.events(event))
    server.watches.append(server.events(added(thing("a", 6))))
    async with Watched(api).running() as watched:
        await scripted.until(lambda: watched.heard)
        assert len(watched.slept) == 1
        assert [request.query.get("resourceVersion") for request in server.seen] == [
            None,
            "5",
            "5",
        ]


async def test_informer_waits_as_long_as_asked_when_throttled(server, api):
    server.lists.append(scripted.refusal(429, headers={"Retry-After": "7"}))
    server.lists.append(scripted.refusal(403, "Forbidden"))
    server.lists.append(page(version=5))
    async with Watched(api).running() as watched:
        await scripted.until(lambda: len(server.seen) >= 3)
        await watched.cache.synced.wait()
        assert watched.slept == [7.0, 1.0]
        assert watched.cache.problem == ""
        assert watched.cache.last_contact is not None


async def test_informer_waits_when_watches_end_at_once_without_a_word(server, api):
    server.lists.append(page(version=5))
    server.watches.extend(server.events(end="clean") for _ in range(8))
    server.lists.append(page(version=6))
    async with Watched(api).running() as watched:
        await scripted.until(lambda: len(watched.slept) >= 6)
        assert watched.slept[:6] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0]
        await scripted.until(lambda: len(server.seen) > 7)
        lists = [number for number, request in enumerate(server.seen) if "limit" in request.query]
        assert lists[:2] == [0, 7]


async def test_informer_says_what_is_wrong_when_it_may_not_list(server, api):
    server.lists.extend(scripted.refusal(403, "Forbidden") for _ in range(2))
    async with Watched(api).running() as watched:
        await scripted.until(lambda: len(watched.slept) == 2)
        assert "may not list rollouts.argoproj.io" in watched.cache.problem
        assert not watched.cache.synced.is_set()


async def test_informer_is_silent_when_an_event_echoes_its_own_write(server, api):
    gate = asyncio.Event()
    server.lists.append(page(thing("a", 1), version=5))

    async def watch(request):
        await gate.wait()
        return await server.events(modified(thing("a", 6)), added(thing("z", 7)))(request)

    server.watches.append(watch)
    async with Watched(api).running() as watched:
        await watched.cache.synced.wait()
        watched.cache.observe(thing("a", 6))
        watched.cache.observe(thing("a", 3))
        assert _version(watched.cache.get("shop", "a")) == 6
        gate.set()
        await scripted.until(lambda: watched.cache.get("shop", "z"))
        assert watched.heard == [(None, 1), (None, 7)]


async def test_informer_takes_the_list_when_the_server_went_back_in_time(server, api):
    server.lists.append(page(thing("a", 90), thing("b", 91), version=95))
    server.watches.append(scripted.refusal(410, "Expired"))
    server.lists.append(page(thing("a", 4), version=5))
    async with Watched(api).running() as watched:
        await scripted.until(lambda: len(watched.heard) == 4)
        assert watched.heard[2:] == [(90, 4), (91, None)]


async def test_informer_ignores_a_write_outside_its_selector_or_namespace(server, api):
    watched = Watched(api, namespace="shop", selector="team=a")
    watched.cache.observe(thing("a", 3))
    watched.cache.observe(thing("b", 3, metadata={"labels": {"team": "a"}}))
    watched.cache.observe(
        thing("c", 3, metadata={"labels": {"team": "a"}, "namespace": "elsewhere"})
    )
    assert [obj["metadata"]["name"] for obj in watched.cache.list()] == ["b"]


async def test_informer_goes_on_when_a_listener_has_a_bug(server, api, caplog):
    server.lists.append(page(thing("a", 1), version=5))
    watched = Watched(api)
    watched.cache.listen(lambda _old, _new: 1 / 0)
    async with watched.running():
        await scripted.until(lambda: watched.heard)
        await watched.cache.synced.wait()
    assert "ZeroDivisionError" in caplog.text


async def test_informer_lists_again_when_an_event_makes_no_sense(server, api, caplog):
    server.lists.append(page(thing("a", 1), version=5))
    server.watches.append(server.events({"type": "ADDED", "object": {"metadata": {}}}))
    server.lists.append(page(thing("b", 6), version=7))
    async with Watched(api).running() as watched:
        await scripted.until(lambda: len(watched.heard) == 3)
        assert watched.heard == [(None, 1), (None, 6), (1, None)]
        assert watched.slept == [0.5]
    assert "KeyError" in caplog.text


@pytest.mark.parametrize(
    ("selector", "labels", "passes"),
    [
        ("", {}, True),
        ("hash", {"hash": "1"}, True),
        ("hash", {}, False),
        ("!hash", {}, True),
        ("hash=1", {"hash": "1"}, True),
        ("hash==2", {"hash": "1"}, False),
        ("hash!=2", {}, True),
        ("example.com/a=1,b", {"example.com/a": "1", "b": ""}, True),
        ("a=1,b", {"a": "1"}, False),
    ],
)
def test_selector_judges_as_the_server_does(selector, labels, passes):
    assert selectors.matcher(selector)({"metadata": {"labels": labels}}) is passes


@pytest.mark.parametrize("selector", ["a in (b,c)", "!a=b", "a b"])
def test_selector_is_refused_when_it_cannot_be_judged(selector):
    with pytest.raises(errors.UserError):
        selectors.matcher(selector)
