"""The commands as people run them: what they print, and how they exit."""

import json
import subprocess
import sys

import pytest
import yaml
from click.testing import CliRunner

from bot import __main__ as program

ROLLOUT = """
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: app, uid: u-1, annotations: {rollout.argoproj.io/revision: "1"}}
spec:
  replicas: 3
  selector: {matchLabels: {app: app}}
  template: {metadata: {labels: {app: app}}, spec: {containers: [{name: c, image: "img:1"}]}}
  strategy: {canary: {steps: [{setWeight: 50}, {pause: {}}]}}
"""
NOW = ["--now", "2026-11-23T12:00:00Z"]


def run(*arguments, text=None):
    return CliRunner().invoke(program.main, [*arguments], input=text)


@pytest.mark.parametrize(
    ("expression", "result", "code", "said"),
    [
        ("result[0] >= 0.95", "[0.99]", 0, "true"),
        ("result[0] >= 0.95", "[0.5]", 1, "false"),
        ("result >= 0.95", "1", 0, "true"),
        ("result.ok && result.items[1] == 2", '{"ok": true, "items": [1, 2]}', 0, "true"),
        ("isNaN(result[0])", "[NaN]", 0, "true"),
        ("len(result) == 0", "[]", 0, "true"),
        ('now() > date("2026-11-23")', "1", 0, "true"),
        ("result[0]", "[0.5]", 2, "expected bool, but got float64"),
        ("result[0] >", "[0.5]", 2, "error: "),
        ("result[0] > 1", "[]", 2, "slice index out of range"),
        ("true", "{", 2, "--result is not JSON"),
    ],
)
def test_eval_exits_as_the_condition_turns_out(expression, result, code, said):
    done = run("eval", expression, "--result", result, *NOW)
    assert (done.exit_code, said in done.output) == (code, True), done.output


@pytest.mark.parametrize(
    ("text", "why"), [(None, "there is no such file"), ("contexts: []", "Invalid kube-config file")]
)
def test_run_names_the_kubeconfig_in_one_sentence_when_it_cannot_be_used(tmp_path, text, why):
    path = tmp_path / "config"
    if text is not None:
        path.write_text(text)
    command = [sys.executable, "-m", "bot", "run", "--kubeconfig", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 1
    assert f"Error: cannot use {path}: {why}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("shape", "result", "code"),
    [("any", "[1]", 0), ("[]float64", "[1]", 0), ("[]float64", '["a"]', 2), ("float64", "[1]", 2)],
)
def test_eval_takes_the_shape_it_is_told(shape, result, code):
    assert run("eval", "len(result) == 1", "--result", result, "--shape", shape).exit_code == code


def test_eval_exits_so_as_a_program_too():
    command = [sys.executable, "-m", "bot", "eval", "result > 1", "--result", "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (1, "false\n")


def test_decide_prints_what_a_first_pass_would_do(tmp_path):
    file = tmp_path / "objects.yaml"
    file.write_text(ROLLOUT)
    done = run("decide", "-f", str(file), *NOW)
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    assert found["desired"]["create"]["kind"] == "ReplicaSet"
    assert found["desired"]["create"]["spec"]["replicas"] == 3
    assert found["status"]["phase"] == "Progressing"
    assert "NewReplicaSetCreated" in [event["reason"] for event in found["events"]]
    assert run("decide", "-f", str(file), *NOW).output == done.output


def grown():
    """The world after the first pass, its pods ready, and a second image asked for."""
    first = json.loads(run("decide", "-f", "-", *NOW, text=ROLLOUT).output)
    rs = first["desired"]["create"]
    rs["status"] = {"replicas": 3, "readyReplicas": 3, "availableReplicas": 3}
    rs["metadata"]["ownerReferences"][0]["uid"] = "u-1"
    status = {**first["status"], "rolloutBot": {}}
    rollout = yaml.safe_load(ROLLOUT) | {"status": status}
    done = json.loads(run("decide", "-f", "-", *NOW, text=json.dumps(_items(rollout, rs))).output)
    rollout["status"] = done["status"]
    rollout["spec"]["template"]["spec"]["containers"][0]["image"] = "img:2"
    rollout["metadata"]["generation"] = 2
    return _items(rollout, rs)


def _items(*objects):
    return {"apiVersion": "v1", "kind": "List", "items": list(objects)}


def test_decide_sees_the_replica_sets_of_the_file():
    done = run("decide", "-f", "-", *NOW, text=json.dumps(grown()))
    found = json.loads(done.output)
    assert (
        found["desired"]["create"]["spec"]["template"]["spec"]["containers"][0]["image"] == "img:2"
    )
    assert found["status"]["currentStepIndex"] == 0
    assert found["status"]["stableRS"] != found["status"]["currentPodHash"]


def test_decide_takes_an_intent_as_a_persons():
    world = grown()
    begun = json.loads(run("decide", "-f", "-", *NOW, text=json.dumps(world)).output)
    new = begun["desired"]["create"]
    new["metadata"]["ownerReferences"][0]["uid"] = "u-1"
    world["items"][0]["status"] = begun["status"]
    world["items"].append(new)
    intent = json.dumps({"kind": "abort", "actor": "anna", "reason": "errors"})
    done = run("decide", "-f", "-", "--intent", intent, *NOW, text=json.dumps(world))
    found = json.loads(done.output)
    assert found["status"]["abort"] is True
    assert found["status"]["rolloutBot"]["handled"]["cli"]["accepted"] is True
    assert found["status"]["rolloutBot"]["abort"]["by"] == "anna"


@pytest.mark.parametrize(
    ("text", "more", "said"),
    [
        ("", [], "name one Rollout with --rollout; the file holds: none"),
        ("a: [", [], "the file is not YAML"),
        ("- 1", [], "something that is no object"),
        ("kind: Rollout", [], "an object needs kind, apiVersion and metadata.name"),
        (ROLLOUT, ["--rollout", "other"], "the file holds: app"),
        (ROLLOUT, ["--intent", "{"], "--intent is not JSON"),
        (ROLLOUT, ["--intent", '{"kind": "sing"}'], "--intent needs a kind"),
        (ROLLOUT, ["--intent", '{"kind": "abort", "at": 1}'], "wrong type"),
        (ROLLOUT, ["--now", "soon"], "is no time"),
    ],
)
def test_decide_says_what_is_wrong(text, more, said):
    done = run("decide", "-f", "-", *more, text=text)
    assert done.exit_code != 0
    assert said in done.output
    assert "Traceback" not in done.output


def test_decide_chooses_the_rollout_that_is_named():
    two = ROLLOUT + "---" + ROLLOUT.replace("name: app,", "name: other,").replace("u-1", "u-2")
    assert run("decide", "-f", "-", *NOW, text=two).exit_code == 1
    done = run("decide", "-f", "-", "--rollout", "other", *NOW, text=two)
    assert json.loads(done.output)["desired"]["create"]["metadata"]["name"].startswith("other-")


def test_decide_prints_invalid_spec_and_no_traceback():
    done = run("decide", "-f", "-", *NOW, text=ROLLOUT.replace("setWeight: 50", "setWeight: 500"))
    found = json.loads(done.output)
    assert found["status"]["phase"] == "Degraded"
    assert "SetWeight needs to be between 0 and 100" in found["status"]["message"]
