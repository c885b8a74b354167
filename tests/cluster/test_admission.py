"""A named gate from a terminal on a real API server, which vouches for the name in the request."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.cluster import api, control_plane as planes, rollouts, test_terminal
from tests.cluster.test_terminal import APPROVER, OPERATOR, kubeconfig_of, rollout, run, space
from tests.conformance import bot

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]
SHIPPED = Path(__file__).parents[2] / "manifests" / "admission" / "writes.yaml"
WHERE = "/apis/admissionregistration.k8s.io/v1"
KINDS = ("validatingadmissionpolicies", "validatingadmissionpolicybindings")
NAME = "rollout-bot-writes"
ACCOUNT = "system:serviceaccount:argo-rollouts:rollout-bot"
PATCH = "application/merge-patch+json"
assert space and test_terminal


def installed(client, *, user=ACCOUNT, only=""):
    """As shipped, for the bot's account ``user``; ``only``: in one namespace of the shared plane."""
    for kind, one in zip(KINDS, yaml.safe_load_all(SHIPPED.read_text()), strict=True):
        for condition in one["spec"].get("matchConditions", ()):
            condition["expression"] = condition["expression"].replace(ACCOUNT, user)
        if kind == KINDS[1] and only:
            chosen = {"matchLabels": {"kubernetes.io/metadata.name": only}}
            one["spec"]["matchResources"] = {"namespaceSelector": chosen}
        try:
            there = client.call("GET", f"{WHERE}/{kind}/{NAME}")
        except api.Refused:
            client.call("POST", f"{WHERE}/{kind}", one)
        else:
            one["metadata"]["resourceVersion"] = there["metadata"]["resourceVersion"]
            client.call("PUT", f"{WHERE}/{kind}/{NAME}", one)


@pytest.fixture
def cleared(control_plane):
    yield
    for kind in KINDS:
        try:
            control_plane.client.call("DELETE", f"{WHERE}/{kind}/{NAME}")
        except api.Refused:
            continue


def doctor(control_plane, policy):
    command = [sys.executable, "-m", "bot", "doctor", "--json", "--policy", str(policy)]
    command += ["--kubeconfig", str(control_plane.kubeconfig)]
    command += ["--account", "argo-rollouts/rollout-bot"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return {one["check"]: one for one in json.loads(done.stdout)}["admission"]


def as_user(control_plane, file):
    """A client with the token of a kubeconfig."""
    token = yaml.safe_load(Path(file).read_text())["users"][0]["user"]["token"]
    return dataclasses.replace(control_plane.client, token=token)


def patched(client, space, status, *, dry=False):
    """What the API server says to a write of the status; empty where it takes it."""
    path = f"/apis/argoproj.io/v1alpha1/namespaces/{space}/rollouts/shop/status"
    try:
        client.call("PATCH", path + ("?dryRun=All" if dry else ""), {"status": status}, content=PATCH)
    except api.Refused as refused:
        return str(refused)
    return ""


def intent(actor, kind="promote", **more):
    made = {"kind": kind, "actor": actor, "at": "2026-11-28T00:00:00+00:00", **more}
    return {"rolloutBot": {"version": 1, "intents": {"forged": made}}}


def manifest():
    container = {"name": "c", "image": "shop:1"}
    template = {"metadata": {"labels": {"app": "shop"}}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": "shop"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "shop"}},
            "template": template,
            "strategy": {
                "canary": {"steps": [{"setWeight": 50}, {"pause": {}}, {"setWeight": 60}, {"pause": {}}]}
            },
        },
    }


def test_named_gate_opens_to_its_approver_at_a_terminal_and_to_no_forger(
    control_plane, space, tmp_path, cleared
):
    client = control_plane.client
    named = f"system:serviceaccount:{space}:approver"
    rule = {
        "match": {"namespaces": [space]},
        "approval": {"approvers": [f"user:{named}"]},
        "accessReview": True,
        "terminalApprovals": True,
    }
    policy, settings = tmp_path / "policy.yaml", tmp_path / "settings.yaml"
    policy.write_text(yaml.safe_dump({"rules": [rule]}))
    settings.write_text(yaml.safe_dump({"policy": str(policy)}))

    found = doctor(control_plane, policy)
    assert found["word"] == "failed" and "there is no ValidatingAdmissionPolicy" in found["said"]
    installed(client)
    assert doctor(control_plane, policy)["word"] == "ok"
    installed(client, user=planes.BOT, only=space)
    assert "leaves some rollouts out" in doctor(control_plane, policy)["said"]

    client.call("POST", f"/apis/argoproj.io/v1alpha1/namespaces/{space}/rollouts", manifest())
    operator = kubeconfig_of(control_plane, space, "operator", OPERATOR, tmp_path)
    approver = kubeconfig_of(control_plane, space, "approver", [*OPERATOR, *APPROVER], tmp_path)
    mean, good = as_user(control_plane, operator), as_user(control_plane, approver)
    me = f"system:serviceaccount:{space}:operator"

    def phase():
        return rollout(space, client).get("status", {}).get("phase")

    with bot.running(
        kubeconfig=control_plane.bot_kubeconfig,
        log=tmp_path / "bot.log",
        arguments=("--policy", str(policy)),
    ):
        rollouts.until(lambda: phase() == "Healthy")
        assert run(control_plane.kubeconfig, space, "set-image", "shop", "c=shop:2")[0] == 0
        rollouts.until(lambda: phase() == "Paused")
        forged = intent(f"{named} (terminal)")
        rollouts.until(lambda: "must name the account" in patched(mean, space, forged, dry=True))
        assert "must name the account" in patched(mean, space, intent("sam (U0SAM)"))
        assert "needs the verb approve" in patched(mean, space, intent(f"{me} (terminal)"))
        assert "must name the account" in patched(good, space, intent(f"{me} (terminal)"))
        block = rollout(space, client)["status"]["rolloutBot"]
        pass_ = {**block["shut"], "by": ["x"], "how": "slack", "at": block["shut"]["start"]}
        sealed = patched(mean, space, {"rolloutBot": {"passes": [pass_]}})
        assert "the bot's alone to write" in sealed
        replayed = {"abort": True, "rolloutBot": {"passes": [pass_]}}
        assert "the bot's alone to write" in patched(mean, space, replayed)
        assert "the bot's alone to write" in patched(mean, space, {"rolloutBot": None})
        assert rollout(space, client)["status"]["currentStepIndex"] == 1

        more = ("--config", str(settings))
        code, found = run(operator, space, "approve", "shop", *more)
        assert code == 1, found
        code, found = run(approver, space, "approve", "shop", *more)
        assert (code, found["sentence"]) == (0, "Approved: v2 goes on."), found
        rollouts.until(lambda: rollout(space, client)["status"]["currentStepIndex"] == 3)
        (passed,) = rollout(space, client)["status"]["rolloutBot"]["passes"]
        assert passed["by"] == [f"{named} (terminal)"]
        rollouts.until(lambda: phase() == "Paused")
        earlier = rollout(space, client)["status"]
        other = {"stableRS": earlier["currentPodHash"]}
        assert "which revision is the stable" in patched(mean, space, other)
        assert patched(mean, space, {"abort": True}) == "", "an abort by a stock tool passes"
        rollouts.until(lambda: phase() == "Degraded")
        back = {"abort": None, "abortedAt": None, **earlier}
        assert "the bot's alone to write" in patched(mean, space, back)
        assert phase() == "Degraded"
