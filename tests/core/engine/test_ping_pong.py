"""Two Services that serve canary and stable by turns (spec §1.5, §2.17)."""

import pytest

from bot.core import revisions
from bot.model import errors, ports
from tests.core.engine import simulation

STEPS = [{"setWeight": 50}, {"pause": {}}]
TURNS = {"pingService": "ping", "pongService": "pong"}
ISTIO = {"istio": {"virtualService": {"name": "web"}}}
BY_TURNS = {"pingPong": TURNS, "trafficRouting": ISTIO}
S = "spec.strategy"


def take_turns(made):
    """Two bare Services and the route between them, as they are before the first revision."""
    for name in ("ping", "pong"):
        body = {"metadata": {"name": name}, "spec": {"selector": {"app": "app"}}}
        made.cluster.put(ports.SERVICE, body)
    split = [
        {"destination": {"host": "ping"}, "weight": 0},
        {"destination": {"host": "pong"}, "weight": 100},
    ]
    spec = {"hosts": ["shop"], "http": [{"route": split}]}
    made.cluster.put(ports.VIRTUAL_SERVICE, {"metadata": {"name": "web"}, "spec": spec})
    return made


def by_turns(**more):
    made = simulation.Simulation(steps=STEPS, **{"replicas": 2, **BY_TURNS, **more})
    return take_turns(made).settle()


@pytest.fixture
def sim():
    made = by_turns()
    yield made
    made.close()


def selected(sim, service):
    return sim.cluster.objects["services", service]["spec"]["selector"].get(revisions.HASH, "")


def routed(sim):
    route = sim.cluster.objects["virtualservices", "web"]["spec"]["http"][0]["route"]
    return {entry["destination"]["host"]: entry["weight"] for entry in route}


def serving(sim):
    """Traffic goes to pods that are there, and no Service moves under its traffic."""
    busy = {}

    def check():
        for service, weight in routed(sim).items():
            pod_hash = selected(sim, service)
            if weight and pod_hash:
                ready = {simulation._hash(rs): rs["status"] for rs in sim.sets() if "status" in rs}
                assert ready[pod_hash]["availableReplicas"], (service, pod_hash)
                assert busy.get(service, pod_hash) == pod_hash, service
            busy[service] = pod_hash if weight else selected(sim, service)
            if not weight:
                busy.pop(service)

    return check


def test_first_revision_takes_over_the_ping_service_and_makes_it_the_stable_one(sim):
    assert selected(sim, "ping") == sim.status.stable_hash
    assert sim.raw["status"]["canary"]["stablePingPong"] == "ping"


@pytest.mark.row(62)
def test_services_change_roles_at_each_promotion_and_no_selector_moves_under_traffic(sim):
    check = serving(sim)
    first = sim.status.stable_hash
    sim.ship("two").settle(check=check)
    assert routed(sim) == {"ping": 50, "pong": 50}
    assert selected(sim, "pong") == sim.status.current_hash != first
    begun = len(sim.cluster.writes)
    sim.ask("promote").settle(check=check)
    written = {w.ref.kind.plural for w in sim.cluster.writes[begun:]}
    split = [w for w in sim.cluster.writes[begun:] if w.ref.kind == ports.VIRTUAL_SERVICE]
    assert len(split) == 1, "all traffic at once, and nothing more when the roles change"
    assert "services" not in written
    assert sim.status.phase == "Healthy"
    assert sim.raw["status"]["canary"]["stablePingPong"] == "pong"
    assert routed(sim) == {"ping": 0, "pong": 100}
    assert (sim.status.weights.canary, sim.status.weights.stable) == (0, 100)
    sim.wait(check=check)
    assert sim.sized() == {"two": 2}
    sim.ship("three").settle(check=check)
    assert selected(sim, "ping") == sim.status.current_hash
    sim.ask("promote").settle(check=check)
    assert sim.raw["status"]["canary"]["stablePingPong"] == "ping"
    assert routed(sim) == {"ping": 100, "pong": 0}


def test_traffic_and_the_canary_service_go_back_when_it_is_aborted(sim):
    stable = sim.status.stable_hash
    sim.ship("two").settle()
    sim.ask("abort").settle()
    assert routed(sim) == {"ping": 100, "pong": 0}
    assert selected(sim, "pong") == selected(sim, "ping") == stable
    assert sim.raw["status"]["canary"]["stablePingPong"] == "ping"


@pytest.mark.parametrize("at", range(1, 9))
def test_roles_change_once_when_a_promotion_is_broken_off_at_any_write(sim, at):
    check = serving(sim)
    sim.ship("two").settle(check=check)
    begun = sim.cluster.calls

    def refuse(number, write):
        return errors.Unavailable("gone") if number == begun + at else None

    sim.cluster.before = refuse
    sim.ask("promote").settle(check=check)
    assert sim.raw["status"]["canary"]["stablePingPong"] == "pong"
    assert routed(sim) == {"ping": 0, "pong": 100}


def test_abort_leaves_the_canary_what_a_stable_that_gave_up_pods_cannot_take_yet():
    sim = by_turns(replicas=10, dynamicStableScale=True)
    sim.ship("two").settle()
    assert (routed(sim), sim.sized()) == ({"ping": 50, "pong": 50}, {"one": 5, "two": 5})

    def check():
        mine = {simulation._hash(rs): simulation._image(rs) for rs in sim.sets()}
        given = {"one": 0, "two": 0}
        for service, weight in routed(sim).items():
            given[mine[selected(sim, service)]] += weight
        assert all(sim.available(image) * 10 >= weight for image, weight in given.items()), given

    check()
    sim.ask("abort").settle(check=check)
    assert sim.stable_image() == "one" and selected(sim, "pong") == sim.status.stable_hash
    assert 0 in routed(sim).values() and sim.available("one") == 10
    sim.close()


MISTAKES = {
    "wrong-router": (
        {"pingPong": TURNS, "trafficRouting": {"nginx": {"stableIngress": "web"}}},
        f"{S}.trafficRouting.alb: Invalid value: null: Ping-pong feature works with the ALB, "
        "Istio, and plugin-based traffic routers only",
    ),
    "no-ping": (
        {"pingPong": {"pongService": "a"}, "trafficRouting": ISTIO},
        f'{S}.pingPong.pingService: Invalid value: "": Ping service and Pong service must to be '
        "set to use Ping-Pong feature",
    ),
    "no-pong": (
        {"pingPong": {"pingService": "a"}, "trafficRouting": ISTIO},
        f'{S}.pingPong.pongService: Invalid value: "": Ping service and Pong service must to be '
        "set to use Ping-Pong feature",
    ),
    "same": (
        {"pingPong": {"pingService": "a", "pongService": "a"}, "trafficRouting": ISTIO},
        f'{S}.pingPong.pingService: Invalid value: "a": This rollout uses the same service for '
        "the ping and pong services, but two different services are required.",
    ),
    "missing": (
        {"pingPong": {"pingService": "ping", "pongService": "lost"}, "trafficRouting": ISTIO},
        f'{S}.canary.pingPong.pongService: Invalid value: "lost": service "lost" not found',
    ),
}


@pytest.mark.parametrize(("canary", "text"), MISTAKES.values(), ids=list(MISTAKES))
def test_rollout_is_invalid_when_its_turns_are_wrong(sim, canary, text):
    sim.patch(spec={"strategy": None}).patch(spec={"strategy": {"canary": canary}}).settle()
    assert sim.status.message == f'InvalidSpec: The Rollout "app" is invalid: {text}'
