"""Each example runs to the end that is recorded for it, and together they show every feature."""

import pytest

from bot import settings
from bot.cli import checking
from bot.model import ports, preflight
from bot.wiring import offline
from tests.core.engine import simulation
from tests.examples import endings, play

OF_ROLLOUTS = {name for name, e in endings.ENDINGS.items() if not e.alone}
ALONE = {name for name, e in endings.ENDINGS.items() if e.alone}
LEFT = ("graphite", "wavefront")


@pytest.fixture(autouse=True)
def _no_bugs(caplog):
    yield
    assert [r.getMessage() for r in caplog.records if r.exc_info] == []


def documents(name):
    return play.load(name, *endings.ENDINGS[name].also)


def test_every_example_has_an_ending():
    there = {str(path.relative_to(play.FOLDER)) for path in play.FOLDER.rglob("*.yaml")}
    assert there == set(endings.ENDINGS)


@pytest.mark.parametrize("name", sorted(OF_ROLLOUTS))
def test_example_comes_to_its_end_when_a_version_is_shipped(name):
    ending = endings.ENDINGS[name]
    found = play.run(lambda: play.course(documents(name), ending))
    assert found.status["phase"] == ending.phase, found.status.get("message")
    assert (found.shares, len(found.gates)) == (ending.shares, ending.gates), found.points
    assert found.runs == ending.runs
    assert found.took_s == ending.took_s
    at_rest(found, ending)


def at_rest(found, ending):
    """Users are on one revision, nobody waits, no spare pods are left, nothing is written."""
    status, plane = found.status, found.plane
    good = ending.phase == "Healthy"
    assert (status["stableRS"] == status["currentPodHash"]) is good
    assert found.points[-1][1] == (100 if good else 0)
    assert all(answer.accepted for answer in found.answers)
    sizes = {
        simulation._hash(rs): rs["spec"]["replicas"]
        for rs in plane.cluster.all(ports.REPLICA_SET)
        if rs["spec"]["replicas"]
    }
    assert sizes == {status["stableRS"]: plane.rollout(found.name)["spec"]["replicas"]}
    assert len(plane.cluster.writes) == found.writes


@pytest.mark.parametrize("name", sorted(ALONE))
def test_example_without_a_rollout_is_successful(name):
    kind = endings.ENDINGS[name].alone
    plane, status = play.run(lambda: play.alone(documents(name), kind))
    assert status["phase"] == "Successful", status
    for rs in plane.cluster.all(ports.REPLICA_SET):
        if rs["metadata"]["ownerReferences"][0]["kind"] == "Experiment":
            assert rs["spec"]["replicas"] == 0, "its pods go with it"


def unbuilt(provider):
    """A seed of which the template asks another vendor."""
    found = documents("seeds/module-part-5-datadog.yaml")
    (template,) = [one for one in found if one["kind"] == "AnalysisTemplate"]
    template["spec"]["metrics"][0]["provider"] = {provider: {"query": "q"}}
    return found


@pytest.mark.parametrize("provider", LEFT)
def test_example_is_judged_as_not_built_when_it_asks_for_what_is_not_built(provider):
    found = checking.judged(offline.reader(unbuilt(provider), settings.Settings()), namespace="")
    assert {one.word for one in found} == {preflight.Word.NOT_BUILT}


@pytest.mark.parametrize("provider", LEFT)
def test_example_is_left_as_it_is_when_it_asks_for_what_is_not_built(provider):
    path = f"provider.{provider}"
    plane = play.run(lambda: play.left_alone(unbuilt(provider)))
    (rollout,) = plane.cluster.all(ports.ROLLOUT)
    assert set(rollout["status"]) == {"rolloutBot", "conditions"}
    (condition,) = rollout["status"]["conditions"]
    assert (condition["type"], path in condition["message"]) == ("NotSupported", True)
    assert plane.cluster.all(ports.REPLICA_SET) == []
    ((kind, level, reason, said),) = plane.events
    assert (kind, level, reason) == ("Rollout", "Warning", "NotSupported")
    assert path in said


@pytest.mark.parametrize("name", sorted(endings.ENDINGS))
def test_example_is_judged_beforehand_as_it_runs(name):
    found = checking.judged(offline.reader(documents(name), settings.Settings()), namespace="")
    words = {one.word for one in found}
    runs = {preflight.Word.AS_BEFORE, preflight.Word.DIFFERS}
    assert words <= runs, found


CANARY = "spec.strategy.canary"
STEP, ROUTING = f"{CANARY}.steps.*", f"{CANARY}.trafficRouting"
METRIC = "spec.metrics.*.provider"
SHOWN = {
    "Rollout": (
        f"{STEP}.setWeight",
        f"{STEP}.pause.duration",
        f"{STEP}.analysis",
        f"{STEP}.experiment",
        f"{STEP}.setCanaryScale.weight",
        f"{STEP}.setCanaryScale.replicas",
        f"{STEP}.setCanaryScale.matchTrafficWeight",
        f"{STEP}.setHeaderRoute.match",
        f"{STEP}.setMirrorRoute.percentage",
        f"{CANARY}.analysis.startingStep",
        f"{CANARY}.analysis.dryRun",
        f"{CANARY}.replicaProgressThreshold",
        f"{CANARY}.pingPong",
        f"{CANARY}.dynamicStableScale",
        f"{CANARY}.minPodsPerReplicaSet",
        f"{CANARY}.antiAffinity",
        f"{ROUTING}.nginx.stableIngress",
        f"{ROUTING}.nginx.stableIngresses",
        f"{ROUTING}.istio.virtualService",
        f"{ROUTING}.istio.virtualServices",
        f"{ROUTING}.istio.destinationRule",
        "spec.strategy.blueGreen.previewReplicaCount",
        "spec.strategy.blueGreen.prePromotionAnalysis",
        "spec.strategy.blueGreen.postPromotionAnalysis",
        "spec.strategy.blueGreen.autoPromotionSeconds",
        "spec.strategy.blueGreen.autoPromotionEnabled",
        "spec.workloadRef",
    ),
    "AnalysisTemplate": tuple(f"{METRIC}.{name}" for name in ("prometheus", "web", "job")),
    "ClusterAnalysisTemplate": (METRIC,),
    "AnalysisRun": ("spec.ttlStrategy",),
    "Experiment": ("spec.duration", "spec.analyses"),
}


def has(obj, path):
    key, _, rest = path.partition(".")
    if key == "*":
        return any(has(one, rest) for one in obj)
    if not isinstance(obj, dict) or obj.get(key) is None:
        return False
    return not rest or has(obj[key], rest)


@pytest.mark.parametrize(("kind", "path"), [(k, p) for k, paths in SHOWN.items() for p in paths])
def test_feature_is_shown_by_an_example_of_ours(kind, path):
    ours = [d for name in endings.EXAMPLES for d in play.load(name) if d["kind"] == kind]
    assert any(has(one, path) for one in ours)


def test_gates_of_both_kinds_and_two_routers_at_once_are_shown():
    ours = {name: play.load(name)[0] for name in endings.EXAMPLES}
    steps = ours["canary-gate.yaml"]["spec"]["strategy"]["canary"]["steps"]
    assert {"pause": {}} in steps
    notes = ours["canary-gate-before-full.yaml"]["metadata"]["annotations"]
    assert notes == {"rollout-bot.io/gate-before-full": "true"}
    both = ours["canary-several-routers.yaml"]["spec"]["strategy"]["canary"]["trafficRouting"]
    assert set(both) == {"nginx", "istio"}


def test_every_example_says_first_why_one_would_use_it():
    for name in endings.ENDINGS:
        first, *_ = (play.FOLDER / name).read_text().splitlines()
        assert first.startswith("# "), name
