"""nginx may weigh by other parts than per cents: ``maxTrafficWeight`` is all of the traffic."""

import pytest

from bot.core import codec_spec
from bot.core.notices import standing
from bot.model import errors, spec
from tests.core.engine.simulation import Simulation, merge, rollout

PREFIX = "nginx.ingress.kubernetes.io"
GATED = {"rollout-bot.io/gate-before-full": "true"}
STEPS = [{"setWeight": 5}, {"pause": {}}, {"setWeight": 500}, {"pause": {}}]


@pytest.fixture
def play():
    made = []

    def start(steps=STEPS, **how):
        sim = Simulation(steps=steps, replicas=4, routed=True, **how)
        made.append(sim)
        routing = {"trafficRouting": {"maxTrafficWeight": 1000}}
        sim.patch(spec={"strategy": {"canary": routing}})
        sim.settle().ship("two").settle()
        return sim

    yield start
    for sim in made:
        sim.close()


def marks(sim):
    notes = sim.cluster.objects["ingresses", "app-web-canary"]["metadata"]["annotations"]
    return notes[f"{PREFIX}/canary-weight"], notes[f"{PREFIX}/canary-weight-total"]


@pytest.mark.row(115)
def test_canary_gets_its_parts_of_all_when_weights_go_to_1000(play):
    sim = play()
    assert marks(sim) == ("5", "1000")
    assert sim.sized() == {"one": 4, "two": 1}
    raw = sim.raw["status"]["canary"]["weights"]
    assert (raw["canary"]["weight"], raw["stable"]["weight"]) == (5, 995)
    sim.ask("promote").settle()
    assert marks(sim) == ("500", "1000")
    assert sim.sized() == {"one": 4, "two": 2}
    sim.ask("promote").settle()
    assert sim.status.phase == "Healthy"
    assert sim.stable_image() == "two"
    assert marks(sim) == ("0", "1000")
    assert "Traffic weight updated from 500 to 1000" in [text for _, _, text in sim.events]


@pytest.mark.row(115)
def test_abort_takes_all_parts_away_when_weights_go_to_1000(play):
    sim = play(steps=[{"setWeight": 900}, {"pause": {}}])
    assert marks(sim) == ("900", "1000")
    sim.ask("abort").settle()
    assert marks(sim) == ("0", "1000")
    assert sim.status.phase == "Degraded"


@pytest.mark.row(115)
def test_gate_holds_before_all_parts_and_not_at_a_tenth_of_them(play):
    sim = play(steps=[{"setWeight": 100}, {"setWeight": 1000}], annotations=GATED)
    assert marks(sim) == ("100", "1000")
    assert sim.status.phase == "Paused"
    sim.ask("promote").settle()
    assert sim.stable_image() == "two"


@pytest.mark.row(115)
@pytest.mark.parametrize(
    ("routing", "weight", "text"),
    [
        ({"nginx": {"stableIngress": "web"}}, 1001, "between 0 and 1000"),
        ({"istio": {"virtualService": {"name": "v"}}}, 10, "only supported in Nginx"),
        (
            {"nginx": {"stableIngress": "web"}, "istio": {"virtualService": {"name": "v"}}},
            10,
            "leave out the other routers",
        ),
    ],
)
def test_manifest_is_refused_when_its_router_cannot_weigh_so(routing, weight, text):
    canary = {
        "steps": [{"setWeight": weight}],
        "canaryService": "canary",
        "stableService": "stable",
        "trafficRouting": {**routing, "maxTrafficWeight": 1000},
    }
    with pytest.raises(errors.UserError, match=text):
        codec_spec.decode(merge(rollout({}), {"spec": {"strategy": {"canary": canary}}}))


def test_people_read_per_cents_when_weights_go_to_1000():
    assert standing.step_text(spec.SetWeight(weight=5), 1000) == "0.5 %"
    assert standing.step_text(spec.SetWeight(weight=500), 1000) == "50 %"
    assert standing.step_text(spec.SetWeight(weight=500 // 10)) == "50 %"
