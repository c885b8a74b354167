"""The terminal on a real API server: a bot that leads, roles that differ, and whose name is kept."""

import json
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from bot import __main__ as program
from tests.cluster import api, rollouts
from tests.conformance import bot

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]
RBAC = "/apis/rbac.authorization.k8s.io/v1"
READ = {"apiGroups": ["argoproj.io"], "resources": ["rollouts"], "verbs": ["get", "list"]}
ROLES = Path(__file__).parents[2] / "manifests" / "install" / "terminal-roles.yaml"
OPERATOR, APPROVER, SETTINGS, FREEZER, FREEZES = (
    one["rules"] for one in yaml.safe_load_all(ROLES.read_text())
)


@pytest.fixture
def space(control_plane):
    name = f"t-{uuid.uuid4().hex[:8]}"
    control_plane.client.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    yield name
    control_plane.client.call("DELETE", f"/api/v1/namespaces/{name}")


def kubeconfig_of(control_plane, space, name, rules, folder: Path) -> Path:
    """A kubeconfig of a service account that has these rules and no others."""
    client = control_plane.client
    client.call(
        "POST", f"/api/v1/namespaces/{space}/serviceaccounts", {"metadata": {"name": name}}
    )
    where = f"{RBAC}/namespaces/{space}"
    client.call("POST", f"{where}/roles", {"metadata": {"name": name}, "rules": rules})
    subject = {"kind": "ServiceAccount", "name": name, "namespace": space}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
    binding = {"metadata": {"name": name}, "subjects": [subject], "roleRef": role}
    client.call("POST", f"{where}/rolebindings", binding)
    seen = {"metadata": {"name": f"{space}-{name}"}, "rules": SETTINGS}
    client.call("POST", f"{RBAC}/namespaces/argo-rollouts/roles", seen)
    role = {**role, "name": f"{space}-{name}"}
    binding = {"metadata": seen["metadata"], "subjects": [subject], "roleRef": role}
    client.call("POST", f"{RBAC}/namespaces/argo-rollouts/rolebindings", binding)
    path = f"/api/v1/namespaces/{space}/serviceaccounts/{name}/token"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = client.call("POST", path, body)["status"]["token"]
    raw = yaml.safe_load(control_plane.kubeconfig.read_text())
    for user in raw["users"]:
        user["user"] = {"token": token}
    file = folder / f"{name}.kubeconfig"
    file.write_text(yaml.safe_dump(raw))
    return file


def run(file, space, *words):
    done = CliRunner().invoke(
        program.main, [*words, "-n", space, "--kubeconfig", str(file), "--json"]
    )
    assert done.output, done.exception
    return done.exit_code, json.loads(done.output)


def rollout(space, client: api.Client):
    return client.call("GET", f"/apis/argoproj.io/v1alpha1/namespaces/{space}/rollouts/shop")


def test_each_may_what_a_role_gives_and_the_card_will_say_who_it_was(
    control_plane, space, tmp_path
):
    client = control_plane.client
    body = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": "shop"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "shop"}},
            "template": {
                "metadata": {"labels": {"app": "shop"}},
                "spec": {"containers": [{"name": "c", "image": "shop:1"}]},
            },
            "strategy": {"canary": {"steps": [{"setWeight": 50}, {"pause": {}}]}},
        },
    }
    client.call("POST", f"/apis/argoproj.io/v1alpha1/namespaces/{space}/rollouts", body)
    reader = kubeconfig_of(control_plane, space, "reader", [READ], tmp_path)
    operator = kubeconfig_of(control_plane, space, "operator", OPERATOR, tmp_path)
    both = [*OPERATOR, *APPROVER]
    approver = kubeconfig_of(control_plane, space, "approver", both, tmp_path)
    admin = control_plane.kubeconfig
    with bot.running(kubeconfig=control_plane.bot_kubeconfig, log=tmp_path / "bot.log"):
        rollouts.until(lambda: rollout(space, client).get("status", {}).get("phase") == "Healthy")
        code, found = run(admin, space, "set-image", "shop", "c=shop:2")
        assert (code, found["done"]) == (0, True)
        rollouts.until(lambda: rollout(space, client)["status"]["phase"] == "Paused")
        code, found = run(reader, space, "list")
        assert (code, found[0]["news"]) == (0, "waits")
        code, found = run(reader, space, "abort", "shop")
        assert code == 1 and "that needs the verb patch on rollouts/status" in found["sentence"]
        code, found = run(operator, space, "approve", "shop")
        assert code == 1 and "that needs the verb approve on rollouts" in found["sentence"]
        code, found = run(operator, space, "undo", "shop")
        assert code == 1 and "that needs the verb patch on rollouts." in found["sentence"]
        code, found = run(operator, space, "abort", "shop", "wrong prices")
        assert (code, found["done"]) == (0, True), found
        named = rollout(space, client)["status"]["rolloutBot"]["abort"]
        assert named["by"] == f"system:serviceaccount:{space}:operator (terminal)"
        assert run(operator, space, "retry", "shop")[0] == 0
        rollouts.until(lambda: rollout(space, client)["status"]["phase"] == "Paused")
        code, found = run(approver, space, "approve", "shop")
        assert (code, found["sentence"]) == (0, "Approved: v2 goes on.")
        rollouts.until(lambda: rollout(space, client)["status"]["phase"] == "Healthy")
        handled = rollout(space, client)["status"]["rolloutBot"]["handled"].values()
        actors = [one["actor"] for one in handled if one and one["kind"] == "promote"]
        assert actors == [f"system:serviceaccount:{space}:approver (terminal)"]


def freezer_of(control_plane, space, folder):
    """May hold what is in ``space``, and nothing elsewhere."""
    file = kubeconfig_of(control_plane, space, "freezer", [*OPERATOR, *FREEZER], folder)
    client, name = control_plane.client, f"{space}-freezes"
    where = f"{RBAC}/namespaces/argo-rollouts"
    client.call("POST", f"{where}/roles", {"metadata": {"name": name}, "rules": FREEZES})
    subject = {"kind": "ServiceAccount", "name": "freezer", "namespace": space}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
    binding = {"metadata": {"name": name}, "subjects": [subject], "roleRef": role}
    client.call("POST", f"{where}/rolebindings", binding)
    return file


def test_freezer_holds_its_own_namespace_and_nobody_elses(control_plane, space, tmp_path):
    client = control_plane.client
    operator = kubeconfig_of(control_plane, space, "operator", OPERATOR, tmp_path)
    freezer = freezer_of(control_plane, space, tmp_path)
    with bot.running(kubeconfig=control_plane.bot_kubeconfig, log=tmp_path / "bot.log"):
        maps = "/api/v1/namespaces/argo-rollouts/configmaps"
        rollouts.until(
            lambda: any(
                one["metadata"]["name"] == "rollout-bot-freezes"
                for one in client.call("GET", maps)["items"]
            )
        )
        code, found = run(operator, space, "freeze", f"{space}/*", "5m", "db")
        assert code == 1 and "that needs the verb freeze on rollouts." in found["sentence"], found
        code, found = run(freezer, space, "freeze", "default/*", "5m", "db")
        assert code != 0, found
        code, found = run(freezer, space, "freeze", f"{space}/*", "5m", "db")
        assert (code, found["done"]) == (0, True), found
        every = run(freezer, space, "freeze")[1]
        (one,) = (freeze for freeze in every if freeze["scope"]["namespace"] == space)
        assert one["by"] == f"system:serviceaccount:{space}:freezer (terminal)"
        code, found = run(operator, space, "unfreeze", one["id"])
        assert code == 1 and "that needs the verb freeze" in found["sentence"]
        code, found = run(freezer, space, "unfreeze", one["id"])
        assert (code, found["done"]) == (0, True), found


def test_doctor_finds_the_bots_rights_whole_and_a_strangers_not(control_plane, space, tmp_path):
    def rights(*words):
        command = [sys.executable, "-m", "bot", "doctor", "--json", *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        return done.returncode, {one["check"]: one for one in json.loads(done.stdout)}

    code, found = rights("--kubeconfig", str(control_plane.bot_kubeconfig))
    assert found["rights"]["word"] == "ok", found["rights"]
    assert found["pruning"]["word"] == "ok" and found["definitions"]["word"] == "ok"
    assert code == 0
    admin = str(control_plane.kubeconfig)
    code, found = rights("--kubeconfig", admin, "--account", f"{space}/default")
    assert (code, found["rights"]["word"]) == (1, "failed")
    assert "patch rollouts/status.argoproj.io" in found["rights"]["said"]
