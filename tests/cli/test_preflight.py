"""Preflight: the judgment of each kind of object, and the command against a real API server."""

import copy
import json
import uuid

import pytest
from click.testing import CliRunner

from bot import __main__ as program
from bot import settings
from bot.cli import checking
from bot.model import preflight
from bot.wiring import offline

API = "argoproj.io/v1alpha1"
RESULT = {"prometheus": {"address": "http://p", "query": "up"}}


def rollout(name, steps, **canary):
    return {
        "apiVersion": API,
        "kind": "Rollout",
        "metadata": {"namespace": "shop", "name": name},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "a"}},
            "template": {
                "metadata": {"labels": {"app": "a"}},
                "spec": {"containers": [{"name": "c", "image": "i"}]},
            },
            "strategy": {"canary": {"steps": steps, **canary}},
        },
    }


def template(name, *, provider=RESULT, kind="AnalysisTemplate", **metric):
    spec = {"metrics": [{"name": f"m-{name}", "provider": provider, **metric}]}
    meta = {"name": name} if kind.startswith("Cluster") else {"name": name, "namespace": "shop"}
    return {"apiVersion": API, "kind": kind, "metadata": meta, "spec": spec}


def analysis(name):
    return {"analysis": {"templates": [{"templateName": name}]}}


CONDITION = {"successCondition": "result[0] > 0.9"}
CAREFUL = "len(result) > 0 && !isNaN(result[0]) && !isInf(result[0]) && result[0] > 0.9"
OBJECTS = [
    rollout("plain", [{"setWeight": 20}, {"pause": {}}]),
    rollout("counted", [analysis("endless")]),
    rollout("wrong", [{"setWeight": 200}]),
    rollout("lost", [analysis("nowhere")]),
    rollout(
        "cloud", [{"setWeight": 20}], trafficRouting={"appMesh": {"virtualService": {"name": "v"}}}
    ),
    rollout("measured", [analysis("dog")]),
    template("endless", interval="5s", **CONDITION),
    template("careful", successCondition=CAREFUL),
    template("silent"),
    template("check", provider={"job": {"spec": {}}}),
    template("dog", provider={"graphite": {"query": "q"}}),
    template("circle", kind="ClusterAnalysisTemplate"),
]
OBJECTS[-1]["spec"] = {"templates": [{"templateName": "circle", "clusterScope": True}]}
WORDS = {
    "plain": preflight.Word.AS_BEFORE,
    "counted": preflight.Word.DIFFERS,
    "wrong": preflight.Word.INVALID,
    "lost": preflight.Word.INVALID,
    "cloud": preflight.Word.NOT_BUILT,
    "measured": preflight.Word.NOT_BUILT,
    "endless": preflight.Word.DIFFERS,
    "careful": preflight.Word.AS_BEFORE,
    "silent": preflight.Word.AS_BEFORE,
    "check": preflight.Word.AS_BEFORE,
    "dog": preflight.Word.NOT_BUILT,
    "circle": preflight.Word.INVALID,
}


@pytest.fixture(scope="module")
def found():
    reader = offline.reader(copy.deepcopy(OBJECTS), settings.Settings())
    return {one.name: one for one in checking.judged(reader, namespace="shop")}


@pytest.mark.parametrize(("name", "word"), WORDS.items())
def test_preflight_judges_each_object(found, name, word):
    assert found[name].word == word


@pytest.mark.parametrize(
    ("name", "path", "said"),
    [
        ("counted", "spec.strategy", "measured 5 times"),
        ("wrong", "spec.strategy", "SetWeight needs to be between 0 and 100"),
        ("lost", "steps[0].analysis", "AnalysisTemplate 'nowhere' not found"),
        ("cloud", "appMesh", "not supported yet"),
        ("measured", "provider.graphite", "not supported yet"),
        ("dog", "spec.metrics[0].provider.graphite", "not supported yet"),
        ("endless", "spec.metrics[0].successCondition", "inconclusive here"),
        ("circle", "", "names itself"),
    ],
)
def test_preflight_names_the_field(found, name, path, said):
    (finding,) = found[name].findings
    assert path in finding.path
    assert said in finding.sentence


def test_preflight_sums_up_in_words_and_in_json(found):
    everything = list(found.values())
    text = checking.as_text(everything)
    assert (
        text.splitlines()[-1] == "4 runs as before, 2 runs, differs here, 3 not built, 3 invalid"
    )
    assert "not built           AnalysisTemplate shop/dog" in text
    told = {one["name"]: one["word"] for one in checking.as_json(everything)}
    assert told == {name: str(word) for name, word in WORDS.items()}
    assert checking.exit_code(everything) == 1
    assert checking.exit_code([found["plain"], found["counted"]]) == 0


@pytest.mark.cluster
@pytest.mark.timeout(180)
def test_preflight_looks_at_a_real_cluster(control_plane):
    client, space = control_plane.client, f"t-{uuid.uuid4().hex[:8]}"
    client.call("POST", "/api/v1/namespaces", {"metadata": {"name": space}})
    try:
        for one in OBJECTS:
            if (
                one["kind"] in {"Rollout", "AnalysisTemplate"}
                and one["metadata"]["name"] != "wrong"
            ):
                plural = one["kind"].lower() + "s"
                body = {**one, "metadata": {"name": one["metadata"]["name"]}}
                client.call("POST", f"/apis/{API}/namespaces/{space}/{plural}", body)
        where = ["preflight", "--kubeconfig", str(control_plane.kubeconfig), "-n", space]
        done = CliRunner().invoke(program.main, [*where, "--json"])
        told = {one["name"]: one["word"] for one in json.loads(done.output)}
        here = {one["metadata"]["name"] for one in OBJECTS[:-1]} - {"wrong"}
        assert {name: told[name] for name in here} == {name: str(WORDS[name]) for name in here}
        assert done.exit_code == 1
        everywhere = CliRunner().invoke(program.main, [*where[:3], "-A"])
        assert f"not built           Rollout {space}/cloud" in everywhere.output
    finally:
        client.call("DELETE", f"/api/v1/namespaces/{space}")


def test_preflight_says_so_when_there_is_no_cluster(tmp_path):
    missing = str(tmp_path / "kubeconfig")
    done = CliRunner().invoke(program.main, ["preflight", "--kubeconfig", missing])
    assert done.exit_code == 1
    assert done.output.startswith("Error: ")
