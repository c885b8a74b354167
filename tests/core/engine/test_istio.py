"""Canaries behind Istio: subsets, several routes, managed routes, experiments' shares (§7.2)."""

import pytest

from bot.core import revisions
from bot.model import errors, ports
from tests.core.engine import simulation

PAUSE = {"pause": {}}
SUBSETS = {"name": "rule", "canarySubsetName": "canary", "stableSubsetName": "stable"}
MATCH = [{"headerName": "X-Canary", "headerValue": {"exact": "true"}}]
HEADER = {"setHeaderRoute": {"name": "testers", "match": MATCH}}
MIRROR = {
    "setMirrorRoute": {
        "name": "shadow",
        "percentage": 30,
        "match": [{"path": {"prefix": "/"}, "method": {"exact": "GET"}}],
    }
}
ROUTES = {"managedRoutes": [{"name": "shadow"}, {"name": "testers"}]}
S = "spec.strategy"


def entry(side, weight, *, subset=False):
    destination = {"host": "app", "subset": side} if subset else {"host": side}
    return {"destination": destination, "weight": weight}


def service(*, subset=False):
    split = [entry("stable", 100, subset=subset), entry("canary", 0, subset=subset)]
    return {"metadata": {"name": "web"}, "spec": {"http": [{"name": "primary", "route": split}]}}


@pytest.fixture
def start():
    made = []

    def begin(*steps, subset=False, routing=None, exists=True):
        istio = {"virtualService": {"name": "web"}}
        strategy = {"canaryService": "canary", "stableService": "stable"}
        if subset:
            istio, strategy = {**istio, "destinationRule": SUBSETS}, {}
        strategy["trafficRouting"] = {"istio": istio, **(routing or {})}
        sim = simulation.Simulation(steps=steps, replicas=4, **strategy)
        made.append(sim)
        for name in ("canary", "stable"):
            body = {"metadata": {"name": name}, "spec": {"selector": {"app": "app"}}}
            sim.cluster.put(ports.SERVICE, body)
        sim.cluster.put(ports.VIRTUAL_SERVICE, service(subset=subset))
        bare = [{"name": "stable"}, {"name": "canary", "trafficPolicy": {"tls": {}}}]
        if exists:
            rule = {"metadata": {"name": "rule"}, "spec": {"host": "app", "subsets": bare}}
            sim.cluster.put(ports.DESTINATION_RULE, rule)
        return sim

    yield begin
    for sim in made:
        sim.close()


def http(sim):
    return sim.cluster.objects["virtualservices", "web"]["spec"]["http"]


def split(sim):
    """Weights of the primary route by what they are sent to."""
    primary = next(one for one in http(sim) if one["name"] == "primary")
    return {
        one["destination"].get("subset") or one["destination"]["host"]: one["weight"]
        for one in primary["route"]
    }


def subsets(sim):
    found = sim.cluster.objects["destinationrules", "rule"]["spec"]["subsets"]
    return {one["name"]: one.get("labels", {}).get(revisions.HASH) for one in found}


def served(sim):
    """By subsets: traffic is only ever sent to revisions that have pods."""
    for name, weight in split(sim).items():
        if weight and (pod_hash := subsets(sim)[name]):
            ready = [rs for rs in sim.sets() if simulation._hash(rs) == pod_hash]
            assert ready
            assert ready[0].get("status", {}).get("availableReplicas"), (name, weight)


@pytest.mark.row(108)
def test_subsets_select_the_revisions_and_get_the_weights_when_a_canary_runs(start):
    sim = start({"setWeight": 30}, PAUSE, subset=True).settle()
    first = sim.status.stable_hash
    assert subsets(sim) == {"stable": first, "canary": first}
    sim.ship("two").settle(check=lambda: served(sim))
    assert split(sim) == {"stable": 70, "canary": 30}
    assert subsets(sim) == {"stable": first, "canary": sim.status.current_hash}
    new, reached = sim.status.current_hash, []

    def after(number, write):
        served(sim)
        found = subsets(sim)
        reached.append(sum(w for name, w in split(sim).items() if found[name] == new))
        assert reached == sorted(reached), "traffic never goes back to the old revision"

    sim.cluster.after = after
    sim.ask("promote").settle()
    assert reached[-1] == 100
    assert sim.status.phase == "Healthy"
    assert split(sim) == {"stable": 100, "canary": 0}
    assert set(subsets(sim).values()) == {sim.status.current_hash}
    kept = sim.cluster.objects["destinationrules", "rule"]["spec"]["subsets"][1]
    assert kept["trafficPolicy"] == {"tls": {}}


def test_no_traffic_finds_an_empty_subset_when_another_revision_comes_in_mid_flight(start):
    sim = start({"setWeight": 30}, PAUSE, subset=True).settle()
    sim.ship("two").settle(check=lambda: served(sim))
    sim.cluster.after = lambda number, write: served(sim)
    sim.ship("three").settle()
    assert split(sim) == {"stable": 70, "canary": 30}
    sim.ask("abort").settle(check=lambda: served(sim))
    assert split(sim) == {"stable": 100, "canary": 0}


@pytest.mark.parametrize("at", range(1, 7))
def test_traffic_finds_pods_when_a_promotion_by_subsets_is_broken_off_at_any_write(start, at):
    sim = start({"setWeight": 30}, PAUSE, subset=True).settle()
    sim.ship("two").settle()
    begun = sim.cluster.calls

    def refuse(number, write):
        return errors.Unavailable("gone") if number == begun + at else None

    sim.cluster.before = refuse
    sim.ask("promote").settle(check=lambda: served(sim))
    assert sim.status.phase == "Healthy"
    assert split(sim) == {"stable": 100, "canary": 0}


def test_rollout_is_invalid_while_its_destination_rule_is_missing(start):
    sim = start({"setWeight": 30}, PAUSE, subset=True, exists=False).settle()
    assert sim.status.message.endswith(
        "istio.destinationRule.name: Invalid value: \"rule\": Istio DestinationRule 'rule' not found"
    )


@pytest.mark.row(110)
def test_managed_routes_stand_first_in_their_order_until_a_step_takes_them_back(start):
    gone = {"setHeaderRoute": {"name": "testers"}}
    steps = ({"setCanaryScale": {"replicas": 1}}, HEADER, MIRROR, PAUSE, gone, PAUSE)
    sim = start(*steps, routing=ROUTES).settle()
    assert [one["name"] for one in http(sim)] == ["primary"]
    sim.ship("two").settle()
    shadow, testers, primary = http(sim)
    assert (shadow["name"], testers["name"], primary["name"]) == ("shadow", "testers", "primary")
    assert testers["match"] == [{"headers": {"X-Canary": {"exact": "true"}}}]
    assert testers["route"] == [entry("canary", 100)]
    assert shadow["match"] == [{"uri": {"prefix": "/"}, "method": {"exact": "GET"}}]
    assert shadow["mirror"] == {"host": "canary"}
    assert shadow["mirrorPercentage"] == {"value": 30}
    assert split(sim) == {"stable": 100, "canary": 0}
    sim.ask("promote").settle()
    assert [one["name"] for one in http(sim)] == ["shadow", "primary"]


@pytest.mark.row(116)
@pytest.mark.parametrize("end", ["abort", "promote-full", "stock", "no pods"])
def test_managed_routes_are_gone_when_the_canary_is(start, end):
    sim = start({"setCanaryScale": {"replicas": 1}}, HEADER, PAUSE, routing=ROUTES).settle()
    sim.ship("two").settle()
    assert len(http(sim)) == 2
    if end == "stock":
        sim.write_status(abort=True)
    elif end == "no pods":
        sim.broken.add("two")
    else:
        sim.ask(end)
    sim.settle()
    assert [one["name"] for one in http(sim)] == ["primary"]


def test_managed_routes_are_taken_from_the_steps_when_they_are_left_out(start):
    size = {"setCanaryScale": {"replicas": 1}}
    sim = start(size, MIRROR, HEADER, PAUSE, {"setHeaderRoute": {"name": "testers"}}).settle()
    sim.ship("two").settle()
    assert [one["name"] for one in http(sim)] == ["shadow", "testers", "primary"]
    text = (
        "spec.strategy.canary.trafficRouting.managedRoutes is left out: taken from the steps, "
        "in their order: shadow, testers"
    )
    assert sim.events.count(("Warning", "AcceptedHere", text)) == 2, "once a revision"
    sim.ask("promote").settle()
    assert [one["name"] for one in http(sim)] == ["primary"]


def test_route_that_only_steps_name_is_taken_back_when_a_broken_manifest_is_aborted(start):
    sim = start({"setCanaryScale": {"replicas": 1}}, HEADER, PAUSE).settle()
    sim.ship("two").settle()
    broken = [{"setCanaryScale": {"replicas": 1}}, HEADER, {"setWeight": 300}]
    sim.patch(spec={"strategy": {"canary": {"steps": broken}}}).write_status(abort=True).settle()
    assert [one["name"] for one in http(sim)] == ["primary"]


def test_managed_routes_must_be_listed_when_the_rollout_is_strict(start):
    sim = start(HEADER)
    sim.patch(metadata={"annotations": {"rollout-bot.io/strict": "true"}}).settle()
    assert sim.status.message.endswith(
        f"{S}.trafficRouting.managedRoutes: Required value: Rollout has missing field "
        "'spec.strategy.canary.trafficRouting.managedRoutes'"
    )


MISTAKES = {
    "not listed": (
        (MIRROR,),
        {"managedRoutes": [{"name": "other"}]},
        f'{S}.steps[0].setMirrorRoute: Invalid value: "shadow": Steps define a route that does '
        "not exist in spec.strategy.canary.trafficRouting.managedRoutes",
    ),
    "two ways": (
        (
            {
                "setHeaderRoute": {
                    "name": "testers",
                    "match": [{"headerName": "a", "headerValue": {"exact": "b", "regex": "c"}}],
                }
            },
        ),
        ROUTES,
        f"{S}.steps[0].setHeaderRoute.match[0]: Invalid value: "
        '{"exact": "b", "regex": "c"}: StringMatch match value must have exactly one of the '
        "following: exact, regex, prefix",
    ),
    "no way": (
        ({"setMirrorRoute": {"name": "shadow", "match": [{"path": {}}]}},),
        ROUTES,
        f"{S}.steps[0].setMirrorRoute.match[0]: Invalid value: {{}}: StringMatch value missed, "
        "match value must have one of the following: exact, regex, prefix",
    ),
}


@pytest.mark.parametrize(("steps", "routing", "text"), MISTAKES.values(), ids=list(MISTAKES))
def test_rollout_is_invalid_when_a_managed_route_is_wrong(start, steps, routing, text):
    sim = start(*steps, routing=routing).settle()
    assert sim.status.message == f'InvalidSpec: The Rollout "app" is invalid: {text}'


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (HEADER, "SetHeaderRoute requires TrafficRouting, supports Istio and ALB and Apisix"),
        (MIRROR, "SetMirrorRoute requires TrafficRouting, supports Istio only"),
    ],
)
@pytest.mark.parametrize("routed", [True, False])
def test_rollout_is_invalid_when_its_router_cannot_match_requests(step, text, routed):
    sim = simulation.Simulation(steps=[step], routed=routed).settle()
    assert sim.status.message.endswith(text)
    sim.close()
