import asyncio
import contextlib
import json
from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.kubernetes import events
from tests.adapters.kubernetes import scripted

NOW = datetime(2026, 11, 23, 8, 12, tzinfo=UTC)


def rollout(name: str = "web", **metadata):
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"namespace": "shop", "name": name, "uid": f"uid-{name}", **metadata},
        "spec": {"large": "x" * 100},
    }


@contextlib.asynccontextmanager
async def writing(api):
    writer = events.EventWriter(api=api, clock=lambda: NOW)
    task = asyncio.get_running_loop().create_task(writer.run())
    try:
        yield writer
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def accept(server, count: int) -> None:
    server.answers.extend(scripted.answer({"metadata": {}}) for _ in range(count))


def post(writer, obj=None, *, reason="RolloutPaused", message="held", type="Normal"):  # noqa: A002
    writer.post(obj=obj or rollout(), type=type, reason=reason, message=message)


async def test_events_are_written_as_kubectl_reads_them(server, api):
    accept(server, 1)
    async with writing(api) as writer:
        post(writer, rollout(resourceVersion="7"))
        assert await writer.flush(5)
    body = json.loads(server.bodies[0])
    name = body["metadata"].pop("name")
    assert name.startswith("web.")
    assert int(name.removeprefix("web."), 16) == int(NOW.timestamp()) * 10**9
    assert server.seen[0].path == "/api/v1/namespaces/shop/events"
    assert body == {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"namespace": "shop"},
        "involvedObject": {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Rollout",
            "namespace": "shop",
            "name": "web",
            "uid": "uid-web",
            "resourceVersion": "7",
        },
        "type": "Normal",
        "reason": "RolloutPaused",
        "message": "held",
        "source": {"component": "rollouts-controller"},
        "reportingComponent": "rollouts-controller",
        "reportingInstance": "",
        "firstTimestamp": "2026-11-23T08:12:00Z",
        "lastTimestamp": "2026-11-23T08:12:00Z",
        "count": 1,
    }


async def test_events_count_up_when_the_same_is_said_again(server, api):
    accept(server, 3)
    async with writing(api) as writer:
        for _ in range(3):
            post(writer)
        assert await writer.flush(5)
    name = json.loads(server.bodies[0])["metadata"]["name"]
    assert [request.method for request in server.seen] == ["POST", "PATCH", "PATCH"]
    assert server.seen[2].path.endswith(f"/events/{name}")
    assert json.loads(server.bodies[2])["count"] == 3


async def test_events_begin_anew_when_the_counted_one_has_expired(server, api):
    accept(server, 1)
    server.answers.append(scripted.refusal(404, "NotFound"))
    accept(server, 1)
    async with writing(api) as writer:
        post(writer)
        post(writer)
        assert await writer.flush(5)
    names = [json.loads(server.bodies[n])["metadata"]["name"] for n in (0, 2)]
    assert names[0] != names[1]


async def test_events_keep_the_order_of_one_object(server, api):
    accept(server, 40)
    async with writing(api) as writer:
        for number in range(10):
            for name in "abcd":
                post(writer, rollout(name), message=f"{number}")
        assert await writer.flush(5)
    bodies = [json.loads(body) for body in server.bodies]
    for name in "abcd":
        said = [b["message"] for b in bodies if b["involvedObject"]["name"] == name]
        assert said == [str(number) for number in range(10)]


async def test_events_are_tried_again_under_their_name_when_the_server_is_busy(server, api):
    server.answers.append(scripted.refusal(429, headers={"Retry-After": "0"}))
    server.answers.append(scripted.refusal(409, "AlreadyExists"))
    async with writing(api) as writer:
        post(writer)
        assert await writer.flush(5)
    assert server.bodies[0] == server.bodies[1]


@pytest.mark.parametrize("code", [403, 404, 422])
async def test_events_go_on_when_one_is_refused(server, api, caplog, code):
    server.answers.append(scripted.refusal(code))
    accept(server, 1)
    async with writing(api) as writer:
        post(writer, message="first")
        post(writer, message="second")
        assert await writer.flush(5)
    assert "RolloutPaused was not written" in caplog.text
    assert json.loads(server.bodies[1])["message"] == "second"


async def test_events_go_on_when_one_cannot_be_encoded(server, api, caplog):
    accept(server, 1)
    async with writing(api) as writer:
        post(writer, type=object())
        post(writer, message="second")
        assert await writer.flush(5)
    assert json.loads(server.bodies[0])["message"] == "second"


async def test_events_drop_the_oldest_with_one_line_when_too_many_wait(server, api, caplog):
    writer = events.EventWriter(api=api, clock=lambda: NOW)
    for number in range(events.QUEUE_LIMIT + 3):
        post(writer, message=str(number), type="Warning")
    assert not await writer.flush(0.01)
    assert caplog.text.count("oldest are dropped") == 1
    accept(server, 1)
    task = asyncio.get_running_loop().create_task(writer.run())
    await scripted.until(lambda: server.bodies)
    assert json.loads(server.bodies[0])["message"] == "3"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_events_fit_the_servers_limits_when_words_and_names_are_long(server, api):
    accept(server, 1)
    async with writing(api) as writer:
        writer.post(
            obj={"kind": "Node", "metadata": {"name": "n" * 253}},
            type="Warning",
            reason="R",
            message="–" * 1000,
        )
        assert await writer.flush(5)
    body = json.loads(server.bodies[0])
    assert len(body["metadata"]["name"]) == 253
    assert len(body["message"].encode()) <= 1024
    assert body["message"].endswith("–…")
    assert server.seen[0].path == "/api/v1/namespaces/default/events"


async def test_lesser_events_are_left_out_when_a_fleet_moves_at_once(server, api, caplog):
    writer = events.EventWriter(api=api, clock=lambda: NOW)
    for at in range(events.BURST):
        post(writer, rollout(f"web-{at}"), reason="ScalingReplicaSet")
    queued = [(reason, type) for lane in writer._lanes for reason, type in _posts(lane)]
    assert len(queued) == events.BURST
    post(writer, reason="ScalingReplicaSet")
    post(writer, reason="RolloutUpdated")
    post(writer, reason="RolloutAborted", type="Warning")
    post(writer, reason="SwitchService")
    after = [each for lane in writer._lanes for each in _posts(lane)]
    assert len(after) == events.BURST + 2
    assert {("RolloutUpdated", "Normal"), ("RolloutAborted", "Warning")} <= set(after)
    assert [record.message for record in caplog.records] == [
        "more than 10 Events a second: lesser ones are left out"
    ]


async def test_lesser_events_are_written_again_when_a_second_has_passed(api):
    now = [NOW]
    writer = events.EventWriter(api=api, clock=lambda: now[0])
    for at in range(events.BURST + 5):
        post(writer, rollout(f"web-{at}"), reason="ScalingReplicaSet")
    now[0] += timedelta(seconds=1)
    for at in range(events.BURST):
        post(writer, rollout(f"web-{at}"), reason="SwitchService")
    kept = [reason for lane in writer._lanes for reason, _ in _posts(lane)]
    assert kept.count("ScalingReplicaSet") == events.BURST
    assert kept.count("SwitchService") == events.RATE


def _posts(lane):
    return [(each.reason, each.type) for each in lane.posts]
