"""What stands on an approval before somebody presses: pods, differences, links, the stable beside."""

import dataclasses

import pytest

from bot.core import links
from bot.core.notices import blast, gate, material, queries
from bot.model import facts
from bot.runtime import addresses
from tests.core.notices import test_blue_green as switches
from tests.core.notices import test_notices as canaries
from tests.render import examples as ex
from tests.runtime import stage as stages
from tests.runtime import virtual

GATE = {"currentStepIndex": 3, "pauseConditions": canaries.pauses()}


def test_gate_says_how_many_pods_come_after_it():
    steps = [{"setWeight": 25}, {"pause": {}}, {"setWeight": 75}]
    here = canaries.scene({"currentStepIndex": 1, "pauseConditions": canaries.pauses()}, steps=steps)
    plan = blast.pods(here)
    assert (plan.pods_now, plan.pods_then, plan.more) == (1, 3, 1)
    last = blast.pods(canaries.scene(GATE))
    assert (last.pods_now, last.pods_then) == (1, 4)
    assert blast.pods(canaries.scene()) is None


def test_gate_of_a_switch_takes_the_pods_that_the_preview_lacks():
    plan = blast.pods(switches.scene(switches.PAUSED, autoPromotionEnabled=False))
    assert (plan.pods_now, plan.pods_then, plan.more) == (1, 4, 3)


def test_gate_shows_what_is_different_about_the_pods():
    container = {"name": "app", "image": "app:v1", "env": [{"name": "RETRIES", "value": "3"}]}
    template = {**canaries.V1.template, "spec": {"containers": [container]}}
    old = dataclasses.replace(canaries.V1, template=template)
    here = canaries.scene(GATE, sets=(old, canaries.V2))
    (asked,) = gate.notices(here, {})
    assert asked.facts.change.changes == ("env -RETRIES",)


def test_gate_shows_the_stable_beside_once_it_is_known():
    found = (ex.SUCCESS, ex.LATENCY)
    told = queries.beside(found, {"success-rate": "99.9 %"})
    assert [one.stable_text for one in told] == ["99.9 %", "208 ms"]
    assert queries.beside(found, "x") == found


def test_query_and_time_of_a_metric_are_known():
    async def made():
        stage = stages.Stage(stages.STEPS)
        stage.settle()
        return stages.run_object(stage)

    run = virtual.run(made())
    asked = queries.asked(run.raw, facts.MetricFact(name="success-rate", value_text="", bound_text=""))
    assert asked.query == f'ok{{version="{run.hash}"}} / all'
    assert asked.since is not None
    missing = facts.MetricFact(name="other", value_text="", bound_text="")
    assert queries.asked(run.raw, missing).query == ""


@pytest.mark.parametrize(
    ("base", "start"),
    [
        ("https://prom.example/", "https://prom.example/graph?g0.expr=up%7Ba%3D%22b%22%7D&g0.tab=0"),
        ("https://g/{query}?from={start}&to={end}", "https://g/up%7Ba%3D%22b%22%7D?from=17"),
        ("", ""),
    ],
)
def test_metric_links_to_its_query_over_its_time(base, start):
    known = links.Links(metrics=base, argocd="https://cd.example/")
    metric = dataclasses.replace(
        ex.SUCCESS, query='up{a="b"}', since=ex.at(12, 0), until=ex.at(12, 14)
    )
    told = addresses.of_gate(ex.gate(metrics=(metric,)), known)
    assert told.metrics[0].url.startswith(start)
    assert bool(told.metrics[0].url) is bool(base)
    assert "{" not in told.metrics[0].url
    assert material.of(told) == material.of(ex.gate(metrics=(metric,)))


def test_link_is_left_out_where_it_would_fill_the_message():
    assert links.metric("https://p", "x" * 2000, ex.at(12, 0), None) == ""


def test_alert_links_to_the_application_where_argo_cd_is_known():
    known = links.Links(argocd="https://cd.example/")
    told = addresses.of_alert(ex.alert(git="Argo CD a b", git_app="a b"), known)
    assert told.git_url == "https://cd.example/applications/a%20b"
    own = addresses.of_alert(ex.alert(git="x", git_app="a", git_url="https://own"), known)
    assert own.git_url == "https://own"
    assert addresses.of_alert(ex.alert(git="x"), known).git_url == ""
