"""What a manifest may not say, word for word, and what this version leaves alone (ruling 7)."""

import pytest

from bot.core import codec_spec
from bot.core.steps import pause, plugin
from bot.model import errors, spec
from tests.core.engine.simulation import Simulation, merge, rollout

S = "spec.strategy"
MISTAKES = {
    "weight-101": (
        {"canary": {"steps": [{"setWeight": 101}]}},
        f"{S}.steps[0].setWeight: Invalid value: 101: SetWeight needs to be between 0 and 100",
    ),
    "weight-negative": (
        {"canary": {"steps": [{"pause": {}}, {"setWeight": -1}]}},
        f"{S}.steps[1].setWeight: Invalid value: -1: SetWeight needs to be between 0 and 100",
    ),
    "duration-abc": (
        {"canary": {"steps": [{"pause": {"duration": "abc"}}]}},
        f'{S}.steps[0].pause.duration: Invalid value: "abc": Duration needs to be greater than 0',
    ),
    "unknown-step": (
        {"canary": {"steps": [{"dance": {}}]}},
        f'{S}.steps[0]: Invalid value: "dance": Step must have one of the following set: '
        "experiment, setWeight, setCanaryScale, plugin or pause",
    ),
    "both-strategies": (
        {"blueGreen": {"activeService": "a"}},
        f'{S}: Invalid value: "": Multiple Strategies can not be listed',
    ),
    "no-strategy": (
        {"canary": None},
        f"{S}: Required value: Rollout has missing field "
        "'.spec.strategy.canary or .spec.strategy.blueGreen'",
    ),
    "nothing-may-move": (
        {"canary": {"maxSurge": 0, "maxUnavailable": 0}},
        f"{S}.maxSurge: Invalid value: 0: MaxSurge and MaxUnavailable both can not be zero",
    ),
    "scale-without-router": (
        {"canary": {"steps": [{"setCanaryScale": {"replicas": 1}}]}},
        f'{S}.steps[0].setCanaryScale: Invalid value: "": '
        "SetCanaryScale requires TrafficRouting to be set",
    ),
    "router-without-services": (
        {"canary": {"trafficRouting": {"nginx": {"stableIngress": "web"}}}},
        f'{S}.trafficRouting: Invalid value: "": '
        "Canary service and Stable service must to be set to use Traffic Routing",
    ),
    "delay-without-router": (
        {"canary": {"scaleDownDelaySeconds": 3}},
        f"{S}.canary.scaleDownDelaySeconds: Invalid value: 3: "
        "Canary scaleDownDelaySeconds can only be used with traffic routing",
    ),
    "missing-service": (
        {"canary": {"stableService": "neither"}},
        f'{S}.canary.stableService: Invalid value: "neither": service "neither" not found',
    ),
    "missing-template": (
        {"canary": {"steps": [{"analysis": {"templates": [{"templateName": "nowhere"}]}}]}},
        f'{S}.canary.steps[0].analysis.templates: Invalid value: "nowhere": '
        "AnalysisTemplate 'nowhere' not found",
    ),
}


@pytest.mark.row(13, 16, 22)
@pytest.mark.parametrize(("strategy", "text"), MISTAKES.values(), ids=list(MISTAKES))
def test_rollout_is_degraded_with_the_words_of_argo_when_its_manifest_is_wrong(strategy, text):
    sim = Simulation()
    sim.patch(spec={"strategy": strategy}).settle()
    assert sim.status.phase == "Degraded"
    assert sim.status.message == f'InvalidSpec: The Rollout "app" is invalid: {text}'
    assert sim.sets() == []
    assert [c.type for c in sim.status.conditions] == ["InvalidSpec"]
    assert sim.events == []


@pytest.mark.row(58)
def test_rollout_recovers_when_its_manifest_is_mended():
    sim = Simulation(steps=[{"setWeight": 101}]).settle()
    sim.patch(spec={"strategy": {"canary": {"steps": [{"setWeight": 10}]}}}).settle()
    assert sim.status.phase == "Healthy"
    assert sim.status.condition("InvalidSpec") is None


LATER = {
    "strategy.canary.trafficRouting.alb": {
        "strategy": {"canary": {"trafficRouting": {"alb": {"ingress": "a"}}}}
    },
    "strategy.canary.trafficRouting.appMesh": {
        "strategy": {"canary": {"trafficRouting": {"appMesh": {}}}}
    },
}


@pytest.mark.parametrize(("path", "body"), LATER.items(), ids=list(LATER))
def test_field_is_named_when_this_version_does_not_run_it(path, body):
    with pytest.raises(errors.NotSupported) as caught:
        codec_spec.decode(merge(rollout({}), {"spec": body}))
    assert caught.value.path == f"spec.{path}"
    assert caught.value.sentence == f"spec.{path} is not supported yet"


def test_plugin_is_named_when_nothing_of_its_name_is_built_in():
    steps = [{"setWeight": 10}, {"plugin": {"name": "acme/soak", "config": {"hours": 2}}}]
    with pytest.raises(errors.NotSupported) as caught:
        codec_spec.decode(merge(rollout({}), {"spec": {"strategy": {"canary": {"steps": steps}}}}))
    assert caught.value.path == "spec.strategy.steps[1].plugin"
    assert caught.value.sentence == (
        'spec.strategy.steps[1].plugin: no step plugin "acme/soak" is built in '
        "(built in: there is none)"
    )


def test_plugin_is_a_step_like_others_when_its_name_is_built_in():
    built_in = {"acme/wait": pause}
    raw = {"name": "acme/wait", "config": {"duration": 30}}
    step = plugin.decode(raw, "spec.strategy.steps[0].plugin", routed=False, built_in=built_in)
    assert step == spec.Pause(duration_s=30, text="30")
    with pytest.raises(errors.NotSupported, match='"acme/other" .* \\(built in: acme/wait\\)'):
        plugin.decode({"name": "acme/other"}, "at", routed=False, built_in=built_in)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        pytest.param({"replicas": -1}, "spec.replicas", id="replicas"),
        pytest.param({"revisionHistoryLimit": -2}, "spec.revisionHistoryLimit", id="history"),
        pytest.param({"minReadySeconds": -1}, "spec.minReadySeconds", id="ready"),
    ],
)
def test_rollout_is_invalid_when_a_count_is_negative(change, path):
    spec = {
        "selector": {"matchLabels": {"app": "a"}},
        "template": {"metadata": {"labels": {"app": "a"}}},
        "strategy": {"canary": {}},
        **change,
    }
    with pytest.raises(errors.UserError) as caught:
        codec_spec.decode({"metadata": {"name": "a"}, "spec": spec})
    assert caught.value.path == path
