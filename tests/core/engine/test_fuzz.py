"""Whatever stands in a manifest, a template or a status: a decision, never an exception."""

import copy

import pytest

from bot.core import codec_status, decide
from bot.model import errors, ports, spec
from bot.runtime import decoding, references
from tests.core.engine import simulation

JUNK = [
    None, True, 0, -1, 2**40, 10**30, 1.5, "", "abc", "999999999999%", [], [None], [1], ["x"],
    {}, {"a": 1}, [{}], [[]], {"a": {"b": []}}, float("nan"), "9999-12-31T23:59:59Z",
]  # fmt: skip
ANALYSIS = {
    "templates": [{"templateName": "t"}],
    "args": [{"name": "a", "value": "x"}],
    "dryRun": [{"metricName": "m"}],
    "analysisRunMetadata": {"labels": {"a": "b"}},
}
STEPS = [
    {"setWeight": 20},
    {"setCanaryScale": {"weight": 30}},
    {"analysis": ANALYSIS},
    {"pause": {"duration": "3s"}},
]


def places(obj, at=()):
    yield at
    if isinstance(obj, dict):
        for key in obj:
            yield from places(obj[key], (*at, key))
    elif isinstance(obj, list):
        for number, value in enumerate(obj):
            yield from places(value, (*at, number))


def changed(obj, at, value):
    out = copy.deepcopy(obj)
    inner = out
    for key in at[:-1]:
        inner = inner[key]
    inner[at[-1]] = value
    return out


@pytest.fixture
def sim():
    made = simulation.Simulation(
        steps=STEPS,
        routed=True,
        annotations={"a": "b"},
        analysis={**ANALYSIS, "startingStep": 1},
        maxSurge="25%",
        maxUnavailable=0,
        abortScaleDownDelaySeconds=5,
    )
    metric = {"name": "m", "interval": "1s", "provider": {"prometheus": {"query": "up"}}}
    template = {"metadata": {"name": "t"}, "spec": {"args": [{"name": "a"}], "metrics": [metric]}}
    made.cluster.put(ports.TEMPLATE, template)
    made.settle()
    made.ship("two").settle()
    extra = {"minReadySeconds": 0, "revisionHistoryLimit": 3, "progressDeadlineSeconds": 600}
    made.patch(spec={**extra, "analysis": {"successfulRunHistoryLimit": 3}})
    selector = [{"key": "app", "operator": "In", "values": ["app"]}]
    made.patch(spec={"selector": {"matchExpressions": selector}})
    yield made
    made.close()


def decided(sim, raw):
    reconciler = sim.reconciler
    asked = work = decoding.decoded(raw, reconciler.reader)
    if isinstance(asked, errors.UserError):
        work = decoding.salvaged(raw, reconciler.reader, asked)
    status = codec_status.decode(raw.get("status"))
    seen = reconciler.reader.see(raw, work)
    found = decide.decide(work, status, seen, status.bot.intents, sim.now)
    if found.status is not None:
        codec_status.encode(found.status)
    if isinstance(asked, spec.Spec):
        references.of(raw, asked, reconciler.reader)
    assert isinstance(asked, spec.Spec | errors.UserError)


@pytest.mark.parametrize("aborted", [False, True])
@pytest.mark.parametrize("root", ["spec", "status"])
def test_decide_never_raises_whatever_stands_in_one_field(sim, root, aborted):
    raw = {**sim.raw, "status": {**sim.raw["status"], **({"abort": True} if aborted else {})}}
    for at in places(raw[root], (root,)):
        for junk in JUNK:
            decided(sim, changed(raw, at, junk))


@pytest.mark.parametrize("step", [0, 2])
def test_decide_never_raises_whatever_stands_in_a_template(sim, step):
    raw = {**sim.raw, "status": {**sim.raw["status"], "currentStepIndex": step}}
    template = sim.cluster.objects["analysistemplates", "t"]
    for at in places(template["spec"], ("spec",)):
        for junk in JUNK:
            sim.cluster.objects["analysistemplates", "t"] = changed(template, at, junk)
            decided(sim, raw)
