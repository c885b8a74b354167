"""Objects: versions, generations, subresources, patches, refusals."""

import asyncio
import json
from typing import Any

import pytest

from tests.contracts.cluster_api.conftest import JSON, MERGE, STRATEGIC, Server

ARGO = "argoproj.io/v1alpha1"


def rollout(name: str = "app") -> dict[str, Any]:
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "c", "image": "img:1"}]},
    }
    return {
        "apiVersion": ARGO,
        "kind": "Rollout",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": name}},
            "strategy": {"canary": {}},
            "template": template,
        },
    }


def config_map(name: str = "cm", **labels: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": labels},
        "data": {"a": "1"},
    }


async def test_server_gives_identity_and_generation_when_an_object_is_created(
    server: Server,
) -> None:
    code, made = await server.call("POST", server.path(ARGO, "rollouts"), rollout())
    assert code == 201
    meta = made["metadata"]
    assert meta["generation"] == 1 and meta["uid"] and meta["resourceVersion"].isdecimal()
    assert meta["namespace"] == server.namespace and "creationTimestamp" in meta
    assert made["kind"] == "Rollout" and made["apiVersion"] == ARGO


async def test_server_refuses_when_the_name_is_taken(server: Server) -> None:
    path = server.path("v1", "configmaps")
    await server.call("POST", path, config_map())
    code, answer = await server.call("POST", path, config_map())
    assert (code, answer["reason"], answer["kind"]) == (409, "AlreadyExists", "Status")
    assert answer["message"] == 'configmaps "cm" already exists'


async def test_server_says_not_found_when_there_is_no_such_object(server: Server) -> None:
    code, answer = await server.call("GET", server.path(ARGO, "rollouts", "nothing"))
    assert (code, answer["reason"]) == (404, "NotFound")
    assert answer["message"] == 'rollouts.argoproj.io "nothing" not found'


async def test_server_refuses_when_the_version_is_old(server: Server) -> None:
    path = server.path("v1", "configmaps")
    _, made = await server.call("POST", path, config_map())
    old = made["metadata"]["resourceVersion"]
    await server.call("PATCH", f"{path}/cm", {"data": {"a": "2"}}, kind=MERGE)
    body = {"metadata": {"resourceVersion": old}, "data": {"a": "3"}}
    code, answer = await server.call("PATCH", f"{path}/cm", body, kind=MERGE)
    assert (code, answer["reason"]) == (409, "Conflict")
    _, now = await server.call("GET", f"{path}/cm")
    assert now["data"] == {"a": "2"}


async def test_server_changes_nothing_when_the_patch_changes_nothing(server: Server) -> None:
    path = server.path("v1", "configmaps")
    _, made = await server.call("POST", path, config_map())
    _, same = await server.call("PATCH", f"{path}/cm", {"data": {"a": "1"}}, kind=MERGE)
    assert same["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


async def test_status_is_kept_apart_when_the_kind_has_the_subresource(server: Server) -> None:
    path = server.path(ARGO, "rollouts")
    await server.call("POST", path, rollout() | {"status": {"phase": "Healthy"}})
    _, made = await server.call("GET", f"{path}/app")
    assert "status" not in made
    both = {"spec": {"replicas": 9}, "status": {"phase": "Paused"}}
    _, by_status = await server.call("PATCH", f"{path}/app/status", both, kind=MERGE)
    assert by_status["spec"]["replicas"] == 2
    assert by_status["status"]["phase"] == "Paused"
    assert by_status["metadata"]["generation"] == 1
    _, by_main = await server.call("PATCH", f"{path}/app", both | {"status": None}, kind=MERGE)
    assert by_main["spec"]["replicas"] == 9
    assert by_main["status"]["phase"] == "Paused"
    assert by_main["metadata"]["generation"] == 2


async def test_generation_stays_when_only_metadata_changes(server: Server) -> None:
    path = server.path(ARGO, "rollouts")
    await server.call("POST", path, rollout())
    note = {"metadata": {"annotations": {"a": "b"}}}
    _, changed = await server.call("PATCH", f"{path}/app", note, kind=MERGE)
    assert changed["metadata"]["generation"] == 1


async def test_run_has_no_status_subresource_when_it_is_patched(server: Server) -> None:
    path = server.path(ARGO, "analysisruns")
    run = {
        "apiVersion": ARGO,
        "kind": "AnalysisRun",
        "metadata": {"name": "run"},
        "spec": {"metrics": []},
    }
    await server.call("POST", path, run)
    phase = {"status": {"phase": "Running"}}
    code, _ = await server.call("PATCH", f"{path}/run/status", phase, kind=MERGE)
    assert code == 404
    code, after = await server.call("PATCH", f"{path}/run", phase, kind=MERGE)
    assert (code, after["status"]["phase"]) == (200, "Running")


async def test_scale_changes_replicas_when_it_is_patched(server: Server) -> None:
    path = server.path(ARGO, "rollouts")
    await server.call("POST", path, rollout())
    body = {"spec": {"replicas": 5}}
    code, scale = await server.call("PATCH", f"{path}/app/scale", body, kind=MERGE)
    assert (code, scale["kind"], scale["spec"]["replicas"]) == (200, "Scale", 5)
    _, now = await server.call("GET", f"{path}/app")
    assert now["spec"]["replicas"] == 5


async def test_json_patch_is_refused_whole_when_its_test_fails(server: Server) -> None:
    path = server.path("v1", "configmaps")
    await server.call("POST", path, config_map())
    patch = [
        {"op": "replace", "path": "/data/a", "value": "9"},
        {"op": "test", "path": "/data/a", "value": "1"},
    ]
    code, _ = await server.call("PATCH", f"{path}/cm", patch, kind=JSON)
    assert code == 422
    code, _ = await server.call("PATCH", f"{path}/cm", patch[:1], kind=JSON)
    _, now = await server.call("GET", f"{path}/cm")
    assert (code, now["data"]) == (200, {"a": "9"})


async def test_containers_are_merged_by_name_when_the_patch_is_strategic(server: Server) -> None:
    labels = {"app": "x"}
    body = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": "rs"},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "containers": [
                        {"name": "a", "image": "a:1"},
                        {"name": "b", "image": "b:1"},
                    ]
                },
            },
        },
    }
    path = server.path("apps/v1", "replicasets")
    await server.call("POST", path, body)
    one = {"spec": {"template": {"spec": {"containers": [{"name": "b", "image": "b:2"}]}}}}
    code, after = await server.call("PATCH", f"{path}/rs", one, kind=STRATEGIC)
    found = {c["name"]: c["image"] for c in after["spec"]["template"]["spec"]["containers"]}
    assert (code, found) == (200, {"a": "a:1", "b": "b:2"})


async def test_delete_is_refused_when_its_precondition_is_not_met(server: Server) -> None:
    path = server.path("v1", "configmaps")
    await server.call("POST", path, config_map())
    options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": "other"}}
    code, answer = await server.call("DELETE", f"{path}/cm", options)
    assert (code, answer["reason"]) == (409, "Conflict")
    code, _ = await server.call("DELETE", f"{path}/cm")
    assert code == 200


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        pytest.param("tier=a", {"one"}, id="equal"),
        pytest.param("tier!=a", {"two", "three"}, id="not-equal"),
        pytest.param("tier", {"one", "two"}, id="there"),
        pytest.param("!tier", {"three"}, id="not-there"),
        pytest.param("tier in (a, b)", {"one", "two"}, id="in"),
        pytest.param("tier notin (a),mark=x", {"two", "three"}, id="notin-and"),
    ],
)
async def test_list_holds_what_the_selector_matches(
    server: Server, selector: str, names: set[str]
) -> None:
    path = server.path("v1", "configmaps")
    for name, labels in (("one", {"tier": "a"}), ("two", {"tier": "b"}), ("three", {})):
        await server.call("POST", path, config_map(name, mark="x", **labels))
    query = f"{path}?labelSelector={selector.replace(' ', '%20')},mark"
    _, found = await server.call("GET", query)
    assert {item["metadata"]["name"] for item in found["items"]} == names


async def test_list_comes_in_pages_when_a_limit_is_given(server: Server) -> None:
    path = server.path("v1", "configmaps")
    for name in ("a", "b", "c"):
        await server.call("POST", path, config_map(name, mine="yes"))
    names: list[str] = []
    more = ""
    for _ in range(5):
        tail = f"&continue={more}" if more else ""
        _, page = await server.call("GET", f"{path}?limit=2&labelSelector=mine{tail}")
        names += [item["metadata"]["name"] for item in page["items"]]
        more = page["metadata"].get("continue", "")
        if not more:
            break
    assert names == ["a", "b", "c"]


async def test_watch_tells_what_comes_changes_and_stops_matching(server: Server) -> None:
    path = server.path("v1", "configmaps")
    _, before = await server.call("GET", path)
    version = before["metadata"]["resourceVersion"]
    query = f"{path}?watch=1&resourceVersion={version}&labelSelector=on%3Dyes&timeoutSeconds=80"
    seen: list[tuple[str, str]] = []
    async with asyncio.timeout(60), server.http.get(server.url + query) as answer:
        assert answer.status == 200
        await server.call("POST", path, config_map("w", on="yes"))
        await server.call("PATCH", f"{path}/w", {"data": {"a": "2"}}, kind=MERGE)
        off = {"metadata": {"labels": {"on": "no"}}}
        await server.call("PATCH", f"{path}/w", off, kind=MERGE)
        async for line in answer.content:
            event = json.loads(line)
            seen.append((event["type"], event["object"]["metadata"]["name"]))
            if len(seen) == 3:
                break
    assert seen == [("ADDED", "w"), ("MODIFIED", "w"), ("DELETED", "w")]


async def test_owned_objects_go_when_their_owner_is_deleted(server: Server) -> None:
    path = server.path("v1", "configmaps")
    _, owner = await server.call("POST", path, config_map("owner"))
    owned = config_map("owned")
    owned["metadata"]["ownerReferences"] = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": "owner",
            "uid": owner["metadata"]["uid"],
        }
    ]
    await server.call("POST", path, owned)
    await server.call("DELETE", f"{path}/owner")
    async with asyncio.timeout(60):
        while (await server.call("GET", f"{path}/owned"))[0] != 404:
            await asyncio.sleep(0.05)


async def test_replica_set_makes_ready_pods_and_counts_them(server: Server) -> None:
    labels = {"app": "r"}
    body = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": "r"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "terminationGracePeriodSeconds": 0,
                    "containers": [{"name": "c", "image": "img:1"}],
                },
            },
        },
    }
    path = server.path("apps/v1", "replicasets")
    await server.call("POST", path, body)
    async with asyncio.timeout(60):
        while (await _status(server, path)).get("availableReplicas") != 2:
            await asyncio.sleep(0.05)
        await server.call("PATCH", f"{path}/r", {"spec": {"replicas": 1}}, kind=MERGE)
        while (await _status(server, path)).get("replicas") != 1:
            await asyncio.sleep(0.05)
    _, pods = await server.call("GET", server.path("v1", "pods") + "?labelSelector=app%3Dr")
    assert pods["items"][0]["metadata"]["ownerReferences"][0]["kind"] == "ReplicaSet"


async def _status(server: Server, path: str) -> dict[str, Any]:
    _, found = await server.call("GET", f"{path}/r")
    status: dict[str, Any] = found.get("status") or {}
    return status
