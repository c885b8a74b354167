"""Whatever stands in the objects of a router: a view, a plan, or an error of ours, never another."""

import copy

import pytest

from bot.model import errors, world
from tests.contracts.test_routers import ROUTERS, World

JUNK = (None, True, 7, -1, 3.5, "text", "", [], [None], [7], ["x"], [[]], {}, {"a": 1}, [{}])
SUBSETS = {"name": "rule", "canarySubsetName": "canary", "stableSubsetName": "stable"}
EXTRA = (world.Share(weight=5, service="base", hash="b"),)
MANAGED = (
    world.ManagedRoute(name="shadow", match=({},), mirrored=True),
    world.ManagedRoute(name="testers", match=({"headers": {"X": {"exact": "1"}}},)),
)


def places(value, path=()):
    """Every path in ``value``."""
    yield path
    if not isinstance(value, dict | list):
        return
    for key, one in value.items() if isinstance(value, dict) else enumerate(value):
        yield from places(one, (*path, key))


def changed(value, path, junk):
    if not path:
        return copy.deepcopy(junk)
    out = copy.copy(value)
    # Nothing else is touched: what is looked at must not be changed either.
    out[path[0]] = changed(value[path[0]], path[1:], junk)
    return out


def judge(place):
    """One pass over the objects as they are: looked at, then written."""
    try:
        assert isinstance(place.view(), world.RouteView)
        route = world.Route(
            weight=20,
            canary_hash="c",
            stable_hash="s",
            canary_service="canary",
            stable_service="stable",
            extra=EXTRA,
            managed=MANAGED,
        )
        place.router.plan(place.subject, route, place.objects.get)
    except errors.RolloutBotError:
        return


@pytest.fixture(params=[*sorted(ROUTERS), "subsets", "tls"])
def place(request):
    if request.param in ROUTERS:
        made = World(request.param)
        made.apply(30)
        return made
    made = World("istio")
    spec = made.objects[made.first]["spec"]
    if request.param == "tls":
        route = spec["http"][0]["route"]
        match = [{"port": 443, "sniHosts": ["a", "b"]}]
        spec["tls"] = [{"match": match, "route": copy.deepcopy(route)}]
        spec["tcp"] = [{"match": [{"port": 1}], "route": copy.deepcopy(route)}]
        return made
    made.subject = made.with_config(
        {"virtualService": {"name": "web"}, "destinationRule": SUBSETS}
    )
    rule = made.router.refs(made.subject)[1]
    meta = {"name": "rule", "namespace": "shop", "resourceVersion": "1"}
    bare = [{"name": "stable", "labels": {"a": "b"}}, {"name": "canary"}]
    made.objects[rule] = {"metadata": meta, "spec": {"host": "app", "subsets": bare}}
    spec["http"][0]["route"] = [
        {"destination": {"host": "app", "subset": side, "port": {"number": 80}}, "weight": weight}
        for side, weight in (("stable", 90), ("canary", 10))
    ]
    assert made.view() == world.RouteView(weight=10)
    return made


def test_router_never_falls_whatever_stands_in_one_field_of_an_object(place):
    judge(place)
    if place.router.kind == "nginx":
        return  # an API server takes no Ingress of another shape
    for ref, obj in list(place.objects.items()):
        body = {key: value for key, value in obj.items() if key != "metadata"}
        for path in places(body):
            if not path:
                continue
            for junk in JUNK:
                place.objects[ref] = {**changed(body, path, junk), "metadata": obj["metadata"]}
                judge(place)
        place.objects[ref] = obj


def test_router_never_falls_whatever_stands_in_its_configuration(place):
    config = place.subject.config
    for path in places(config):
        for junk in JUNK:
            if path:
                place.subject = place.with_config(changed(config, path, junk))
                judge(place)
    for key in ("routes", "tlsRoutes", "tcpRoutes"):
        for junk in JUNK:
            place.subject = place.with_config({"virtualService": {"name": "web", key: junk}})
            judge(place)
    for key in ("additionalIngressAnnotations", "canaryIngressAnnotations", "annotationPrefix"):
        for junk in JUNK:
            place.subject = place.with_config({"stableIngress": "web", key: junk})
            judge(place)
