import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest
from kubernetes.aio.config import incluster_config

from bot.adapters.kubernetes import api as api_module
from bot.adapters.kubernetes import credentials, limits, session
from bot.model import errors, ports
from tests.adapters.kubernetes import scripted

WEB = ports.Ref(kind=ports.ROLLOUT, namespace="shop", name="web")
PATCH = ports.Write(
    verb=ports.Verb.PATCH, ref=WEB, subresource="status", body={"status": {"phase": "Healthy"}}
)


async def test_api_sends_what_the_server_expects_when_patching(server, api):
    server.answers.append(scripted.answer(scripted.thing("web", 8)))
    answer = await api.write(PATCH)
    request = server.seen[0]
    assert request.method == "PATCH"
    assert request.path == "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/web/status"
    assert request.headers["Content-Type"] == "application/merge-patch+json"
    assert request.headers["Accept-Encoding"] == "identity"
    assert request.headers["User-Agent"].startswith("rollout-bot/")
    assert request.headers["Authorization"] == "Bearer one"
    assert json.loads(server.bodies[0]) == PATCH.body
    assert (answer["kind"], answer["apiVersion"]) == ("Rollout", "argoproj.io/v1alpha1")
    assert "managedFields" not in answer["metadata"]


async def test_api_uses_the_collection_when_creating_and_the_core_group_has_no_name(server, api):
    ref = ports.Ref(kind=ports.SERVICE, namespace="shop", name="web")
    server.answers.append(scripted.answer(scripted.thing("web", 1)))
    server.answers.append(scripted.answer({"kind": "Status", "status": "Success"}))
    await api.write(ports.Write(verb=ports.Verb.CREATE, ref=ref, body={}), dry_run=True)
    gone = await api.write(ports.Write(verb=ports.Verb.DELETE, ref=ref))
    assert (server.seen[0].method, server.seen[0].path) == (
        "POST",
        "/api/v1/namespaces/shop/services",
    )
    assert server.seen[0].query["dryRun"] == "All"
    assert (server.seen[1].method, server.seen[1].path) == (
        "DELETE",
        "/api/v1/namespaces/shop/services/web",
    )
    assert gone["kind"] == "Status"


@pytest.mark.parametrize(
    ("refusal", "error", "words"),
    [
        (
            scripted.refusal(404, "NotFound"),
            errors.NotFound,
            "patch rollouts.argoproj.io shop/web",
        ),
        (scripted.answer("404 page not found", status=404), errors.NotFound, "page not found"),
        (scripted.refusal(409, "Conflict"), errors.Conflict, "shop/web"),
        (scripted.refusal(409, "AlreadyExists"), errors.AlreadyExists, "shop/web"),
        (scripted.refusal(410, "Expired"), errors.Gone, "shop/web"),
        (
            scripted.refusal(403, "Forbidden"),
            errors.Forbidden,
            "may not patch rollouts.argoproj.io",
        ),
        (scripted.refusal(400, message="bad"), errors.Refused, "^bad$"),
        (scripted.refusal(413, message="large"), errors.Refused, "^large$"),
        (scripted.refusal(422, "Invalid", "spec.x: no"), errors.Refused, "^spec.x: no$"),
        (scripted.refusal(415), errors.Refused, "415"),
        (scripted.refusal(500), errors.Unavailable, "500"),
        (scripted.refusal(503), errors.Unavailable, "503"),
        (scripted.answer("<html>", status=502), errors.Unavailable, "html"),
        (scripted.answer("<html>"), errors.Unavailable, "not JSON"),
        (scripted.answer("[]"), errors.Unavailable, "not an object"),
        (scripted.cut, errors.Unavailable, "PATCH /apis"),
    ],
)
async def test_api_says_whose_fault_it_is_when_refused(server, api, refusal, error, words):
    server.answers.append(refusal)
    with pytest.raises(error, match=words) as caught:
        await api.write(PATCH)
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("refusal", "seconds"),
    [
        (scripted.refusal(429, headers={"Retry-After": "3"}), 3.0),
        (scripted.refusal(429, details={"retryAfterSeconds": 2}), 2.0),
        (scripted.refusal(429), None),
        (scripted.refusal(503, headers={"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}), None),
    ],
)
async def test_api_passes_on_the_wait_asked_for_when_throttled(server, api, refusal, seconds):
    server.answers.append(refusal)
    with pytest.raises(errors.Unavailable) as caught:
        await api.get(WEB)
    assert caught.value.retry_after_s == seconds


async def test_api_gives_up_in_time_when_the_server_hangs(server, api, monkeypatch):
    monkeypatch.setattr(api_module, "READ_TIMEOUT_S", 0.02)
    with pytest.raises(errors.Unavailable, match="in time"):
        await api.get(WEB)


async def test_api_joins_the_pages_when_a_list_is_long(server, api):
    server.lists.append(scripted.page(scripted.thing("a", 1), version=9, more="token"))
    server.lists.append(scripted.page(scripted.thing("b", 2), version=9))
    listing = await api.listing(ports.ROLLOUT, namespace="shop", selector="app=web")
    assert [item["metadata"]["name"] for item in listing.items] == ["a", "b"]
    assert [item["kind"] for item in listing.items] == ["Rollout", "Rollout"]
    assert listing.version == "9"
    first, second = (request.query for request in server.seen)
    assert dict(first) == {"limit": "500", "labelSelector": "app=web"}
    assert dict(second) == {"limit": "500", "labelSelector": "app=web", "continue": "token"}


async def test_api_lists_in_one_piece_when_a_page_expired(server, api):
    server.lists.append(scripted.page(scripted.thing("a", 1), version=9, more="token"))
    server.lists.append(scripted.refusal(410, "Expired"))
    server.lists.append(scripted.page(scripted.thing("b", 2), version=10))
    assert [item["metadata"]["name"] for item in await api.list(ports.ROLLOUT)] == ["b"]
    assert "limit" not in server.seen[2].query


async def test_session_reloads_its_credentials_once_when_they_are_refused(
    server, api, config_file: Path
):
    config_file.write_text(scripted.kubeconfig(server.url, token="two"))
    server.answers.append(scripted.refusal(401))
    server.answers.append(scripted.answer(scripted.thing("web", 8)))
    await api.write(PATCH)
    assert [request.headers["Authorization"] for request in server.seen] == [
        "Bearer one",
        "Bearer two",
    ]


async def test_session_gives_up_when_renewed_credentials_are_refused_too(server, api):
    server.answers.extend(scripted.refusal(401) for _ in range(2))
    with pytest.raises(errors.Forbidden, match="may not get rollouts"):
        await api.get(WEB)
    assert len(server.seen) == 2


async def test_session_keeps_the_refusal_when_the_kubeconfig_is_broken(server, api, config_file):
    config_file.write_text("{")
    server.answers.extend(scripted.refusal(401) for _ in range(2))
    with pytest.raises(errors.Forbidden):
        await api.get(WEB)


@pytest.mark.parametrize("text", [None, "{", "clusters: []", "contexts: 3"])
async def test_credentials_name_the_file_when_it_is_wrong(tmp_path: Path, text):
    path = tmp_path / "config"
    if text is not None:
        path.write_text(text)
    with pytest.raises(errors.UserError, match="config"):
        await credentials.Credentials(kubeconfig=str(path)).load()


async def test_credentials_say_so_when_this_is_no_pod(monkeypatch):
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(errors.UserError, match="the pod's service account"):
        await credentials.Credentials(in_cluster=True).load()


async def test_credentials_name_the_context_when_there_is_none_of_that_name(config_file: Path):
    with pytest.raises(errors.UserError, match="elsewhere"):
        await credentials.Credentials(kubeconfig=str(config_file), context="elsewhere").load()


async def test_credentials_read_the_token_anew_when_they_are_a_pods(tmp_path):
    """The package's own loader, pointed at another folder: a pod's token is rotated under us."""
    token, authority = tmp_path / "token", tmp_path / "ca.crt"
    token.write_text("first\n")
    authority.write_text("unused")
    loader = incluster_config.InClusterConfigLoader(
        token_filename=str(token),
        cert_filename=str(authority),
        environ={"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "1"},
    )
    known = credentials.Credentials(in_cluster=True)
    loader.load_and_set(known._configuration)
    assert await known.authorization() == "bearer first"
    token.write_text("second")
    loader.token_expires_at -= timedelta(minutes=2)
    assert await known.authorization() == "bearer second"


async def test_api_lets_urgent_calls_pass_when_every_seat_is_taken(server, api):
    loop = asyncio.get_running_loop()
    waiting = [loop.create_task(api.get(WEB)) for _ in range(api_module.CALLS_AT_ONCE + 8)]
    await scripted.until(lambda: len(server.seen) == api_module.CALLS_AT_ONCE)
    server.answers.append(scripted.answer(scripted.thing("web", 1)))
    assert await api.get(WEB, urgent=True)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_api_discovers_a_kind_when_the_group_serves_it(server, api):
    server.answers.append(scripted.answer({"resources": [{"name": "rollouts"}]}))
    server.answers.append(scripted.answer({"resources": [{"name": "analysisruns"}]}))
    server.answers.append(scripted.answer("404 page not found", status=404))
    assert [await api.resource_exists(ports.ROLLOUT) for _ in range(3)] == [True, False, False]
    assert server.seen[0].path == "/apis/argoproj.io/v1alpha1"
    server.answers.append(scripted.answer({"gitVersion": "v1.35.0"}))
    assert (await api.server_version())["gitVersion"] == "v1.35.0"


async def test_bucket_holds_the_rate_when_the_burst_is_spent():
    now, slept = [0.0], []

    async def sleep(seconds: float) -> None:
        slept.append(round(seconds, 3))

    bucket = limits.TokenBucket(rate=10, burst=2, monotonic=lambda: now[0], sleep=sleep)
    for _ in range(4):
        await bucket.take()
    assert slept == [0.1, 0.2]
    now[0] = 60.0
    for _ in range(3):
        await bucket.take()
    assert slept == [0.1, 0.2, 0.1]


async def test_admission_reports_when_no_turn_comes(monkeypatch):
    monkeypatch.setattr(limits, "TURN_TIMEOUT_S", 0.01)
    door = limits.Admission(at_once=1, bucket=None)
    async with door.turn(urgent=False):
        async with door.turn(urgent=True):
            pass
        with pytest.raises(errors.Unavailable, match="turn"):
            async with door.turn(urgent=False):
                pass
    async with door.turn(urgent=False):
        pass


async def test_session_reports_when_it_is_not_open():
    closed = session.Session(credentials=credentials.Credentials())
    with pytest.raises(errors.Unavailable, match="not open"):
        await api_module.KubernetesApi(session=closed).get(WEB)
