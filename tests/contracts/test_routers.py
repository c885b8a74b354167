"""Every router of the table: it sets, reads back, has nothing to do twice, names what it can't."""

import copy
from dataclasses import replace

import pytest

from bot.adapters import routers as table
from bot.model import errors, ports, routers, world
from tests.core.engine.simulation import merge

ROUTERS = table.table()


def ingress():
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "stable"}}}
    return {"spec": {"rules": [{"host": "shop.example", "http": {"paths": [path]}}]}}


def virtual_service():
    hosts = [
        {"destination": {"host": h}, "weight": w} for h, w in (("stable", 100), ("canary", 0))
    ]
    return {"spec": {"http": [{"name": "primary", "route": hosts}]}}


CASES = {
    "nginx": {
        "config": {"stableIngress": "web"},
        "object": ingress,
        "several": {"stableIngresses": ["web", "other"]},
        "stranger": lambda obj: merge(obj, {"spec": {"rules": []}}),
    },
    "istio": {
        "config": {"virtualService": {"name": "web"}},
        "object": virtual_service,
        "several": {"virtualServices": [{"name": "web"}, {"name": "other"}]},
        "stranger": lambda obj: merge(obj, {"spec": {"http": [{"route": []}]}}),
    },
}


class World:
    """The objects of one router, changed only by what it plans."""

    def __init__(self, kind):
        self.case, self.router = CASES[kind], ROUTERS[kind]
        self.subject = self.with_config(self.case["config"])
        first = self.router.refs(self.subject)[0]
        meta = {"name": first.name, "namespace": first.namespace, "resourceVersion": "1"}
        self.objects = {first: {**self.case["object"](), "metadata": meta}}
        self.first = first

    def with_config(self, config):
        return routers.Subject(
            namespace="shop",
            name="app",
            owner={"uid": "u1", "kind": "Rollout", "name": "app"},
            canary_service="canary",
            stable_service="stable",
            config=config,
        )

    def name_several(self):
        """A second object beside the first, both named."""
        other = replace(self.first, name="other")
        meta = {"name": "other", "namespace": other.namespace, "resourceVersion": "1"}
        self.objects[other] = {**self.case["object"](), "metadata": meta}
        self.subject = self.with_config(self.case["several"])

    def view(self):
        return self.router.view(self.subject, self.objects.get)

    def plan(self, weight):
        route = world.Route(
            weight=weight,
            canary_hash="c",
            stable_hash="s",
            canary_service="canary",
            stable_service="stable",
        )
        before = copy.deepcopy(self.objects)
        planned = self.router.plan(self.subject, route, self.objects.get)
        assert self.objects == before, "planning changed what was looked at"
        return planned

    def apply(self, weight):
        planned = self.plan(weight)
        for entry in planned:
            write = entry.write
            old = self.objects.get(write.ref)
            assert (old is None) == (write.verb is ports.Verb.CREATE)
            self.objects[write.ref] = merge(old, write.body)
        return planned


@pytest.fixture(params=sorted(ROUTERS))
def place(request):
    return World(request.param)


def test_every_router_has_its_case():
    assert set(CASES) == set(ROUTERS)
    assert all(router.kind == kind for kind, router in ROUTERS.items())


def test_router_sends_nothing_to_the_canary_when_nothing_was_written(place):
    assert place.view() == world.RouteView(weight=0)


@pytest.mark.row(105, 107)
@pytest.mark.parametrize("weight", [0, 1, 50, 99, 100])
def test_router_says_what_was_set_when_it_is_read_back(place, weight):
    place.apply(30)
    place.apply(weight)
    assert place.view() == world.RouteView(weight=weight)


@pytest.mark.parametrize("weight", [0, 25, 100])
def test_router_has_nothing_to_write_when_the_route_is_so_already(place, weight):
    place.apply(weight)
    assert list(place.plan(weight)) == []


def test_router_takes_the_canary_out_when_its_weight_goes_back_to_0(place):
    place.apply(60)
    place.apply(0)
    assert place.view().weight == 0


@pytest.mark.parametrize("several", [True, False])
def test_router_says_so_when_one_and_several_objects_are_named_or_none(place, several):
    config = {**place.case["config"], **place.case["several"]} if several else {}
    with pytest.raises(errors.UserError) as caught:
        place.router.refs(place.with_config(config))
    assert ("Both" if several else "Neither") in caught.value.sentence
    assert caught.value.path == f"spec.strategy.canary.trafficRouting.{place.router.kind}"


@pytest.mark.row(106, 107)
@pytest.mark.parametrize("weight", [0, 40, 100])
def test_router_sets_every_object_when_several_are_named(place, weight):
    place.name_several()
    assert len(place.apply(30)) == 2
    assert place.view() == world.RouteView(weight=30)
    place.apply(weight)
    assert place.view() == world.RouteView(weight=weight)


def test_router_tells_the_most_and_the_least_when_objects_differ(place):
    place.name_several()
    place.apply(100)
    saved = copy.deepcopy(place.objects)
    place.apply(20)
    changed = next(ref for ref in saved if saved[ref] != place.objects[ref])
    place.objects[changed] = saved[changed]
    assert place.view() == world.RouteView(weight=100, least=20)


def test_router_takes_the_others_back_when_one_object_is_gone(place):
    place.name_several()
    place.apply(60)
    del place.objects[place.first]
    place.apply(0)
    assert [write.write.ref.name for write in place.plan(0)] == []


def test_router_names_the_problem_when_its_object_is_missing(place):
    place.objects.clear()
    path, value, text = place.view().problem
    assert path.startswith(f"spec.strategy.canary.trafficRouting.{place.router.kind}.")
    assert value == "web"
    assert "not found" in text
    with pytest.raises(errors.NotFound):
        place.plan(10)


def test_router_names_the_problem_when_its_object_does_not_lead_to_our_services(place):
    place.objects[place.first] = place.case["stranger"](place.objects[place.first])
    assert place.view().problem is not None


def test_router_mends_the_route_when_somebody_else_changed_it(place):
    place.apply(40)
    saved = copy.deepcopy(place.objects)
    place.apply(70)
    place.apply(40)
    assert place.objects == saved


def test_nginx_refuses_when_the_canary_ingress_is_of_somebody_else():
    place = World("nginx")
    place.apply(10)
    ref = place.router.refs(place.subject)[1]
    place.objects[ref]["metadata"]["ownerReferences"] = [{"uid": "another"}]
    with pytest.raises(errors.Refused, match="controlled by different object"):
        place.plan(20)


@pytest.mark.row(107)
def test_istio_keeps_what_others_wrote_when_it_sets_the_weight():
    place = World("istio")
    other = {"name": "other", "route": [{"destination": {"host": "else"}, "weight": 100}]}
    place.objects[place.first]["spec"]["http"].append(other)
    place.subject = place.with_config({"virtualService": {"name": "web", "routes": ["primary"]}})
    place.apply(30)
    assert place.objects[place.first]["spec"]["http"][1] == other
    assert place.view().weight == 30


@pytest.mark.row(105)
def test_nginx_marks_the_canary_ingress_when_annotations_are_asked_for():
    place = World("nginx")
    place.subject = place.with_config(
        {
            "stableIngress": "web",
            "annotationPrefix": "edge.example",
            "additionalIngressAnnotations": {"canary-by-header": "X-Canary"},
            "canaryIngressAnnotations": {"team": "red"},
        }
    )
    place.apply(30)
    made = place.objects[place.router.refs(place.subject)[1]]["metadata"]["annotations"]
    assert made == {
        "edge.example/canary": "true",
        "edge.example/canary-weight": "30",
        "edge.example/canary-by-header": "X-Canary",
        "team": "red",
    }


def split(*, match=None):
    sides = (("stable", 100), ("canary", 0))
    hosts = [{"destination": {"host": host}, "weight": weight} for host, weight in sides]
    return {"route": hosts} | ({"match": [match]} if match else {})


@pytest.mark.row(109)
def test_istio_sets_only_the_chosen_routes_when_they_are_tls_or_tcp():
    place = World("istio")
    tls = [split(match={"port": p, "sniHosts": [h]}) for p, h in ((443, "a"), (443, "b"))]
    tcp = [split(match={"port": port}) for port in (5432, 6379)]
    place.objects[place.first]["spec"] = {"tls": tls, "tcp": tcp}
    chosen = {"tlsRoutes": [{"port": 443, "sniHosts": ["b"]}], "tcpRoutes": [{"port": 5432}]}
    place.subject = place.with_config({"virtualService": {"name": "web", **chosen}})
    place.apply(30)
    found = place.objects[place.first]["spec"]
    canaries = [route["route"][1]["weight"] for key in ("tls", "tcp") for route in found[key]]
    assert canaries == [0, 30, 30, 0]


@pytest.mark.row(104)
def test_istio_takes_the_shares_of_an_experiment_from_the_stable():
    place = World("istio")
    both = (("one", 5), ("two", 7))
    shares = tuple(world.Share(weight=weight, service=name, hash="h") for name, weight in both)
    route = world.Route(
        weight=20,
        canary_hash="c",
        stable_hash="s",
        canary_service="canary",
        stable_service="stable",
        extra=shares,
    )
    (planned,) = place.router.plan(place.subject, route, place.objects.get)
    found = planned.write.body["spec"]["http"][0]["route"]
    weights = {one["destination"]["host"]: one["weight"] for one in found}
    assert weights == {"stable": 68, "canary": 20, "one": 5, "two": 7}
