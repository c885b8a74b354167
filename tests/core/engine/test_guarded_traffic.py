"""No traffic past a named gate by what somebody writes of weights, or by taking an abort back."""

import copy

import pytest

from bot.core import revisions
from bot.model import ports
from tests.core.engine.guarded import ONE, Guarded
from tests.core.engine.test_guarded import SAM, at_gate
from tests.core.engine.test_guarded_replays import never_above, put_back

FULL_GATE = {"rollout-bot.io/gate-before-full": "true"}


def ready(sim, image, count):
    """So many pods of ``image`` are available; none comes or goes by itself any more."""
    sim.stuck.add(image)
    for rs in sim.sets():
        if rs["spec"]["template"]["spec"]["containers"][0]["image"] == image:
            counts = {"readyReplicas": count, "availableReplicas": count}
            sim.cluster.put(ports.REPLICA_SET, {**rs, "status": {**rs["status"], **counts}})
    return sim


def weights(sim, canary):
    """The weights of the status with another share for the canary."""
    known = copy.deepcopy(sim.raw["status"]["canary"]["weights"])
    known["canary"]["weight"], known["stable"]["weight"] = canary, 100 - canary
    return {"canary": {"weights": known}}


def enough(sim):
    """Of the five pods each side has those that its share of the traffic needs."""
    assert sim.available("two") * 20 >= sim.weight()
    assert sim.available("one") * 20 >= 100 - sim.weight()


@pytest.mark.parametrize("forged", [False, True])
def test_abort_gives_the_canary_no_more_than_it_had_whatever_weight_is_written(forged):
    sim = ready(at_gate(ONE, dynamicStableScale=True), "one", 2)
    sim.write_status(abort=True, **(weights(sim, 80) if forged else {}))
    sim.settle(check=lambda: never_above(sim, 20))
    assert (sim.weight(), sim.sized()) == (20, {"one": 5, "two": 1})
    sim.stuck.clear()
    sim.settle()
    assert sim.weight() == 0


def test_aborted_canary_gets_nothing_again_whatever_weight_is_written():
    sim = at_gate(ONE, dynamicStableScale=True)
    sim.ask("abort").settle()
    sim.wait(seconds=60)
    ready(sim, "one", 2).write_status(**weights(sim, 80))
    sim.settle(check=lambda: never_above(sim, 0))
    assert sim.sized() == {"one": 5}


@pytest.mark.parametrize("how", ["put back", "retry", "stock retry"])
def test_abort_that_is_taken_back_keeps_nobody_on_the_canary_while_pods_return(how):
    sim = at_gate(ONE, dynamicStableScale=True).approve(SAM)
    earlier = copy.deepcopy(sim.raw["status"])
    sim.wait(seconds=60)
    ready(sim, "one", 2).ask("abort").settle()
    assert sim.weight() == 60, "two pods of the stable cannot take more"
    if how == "put back":
        put_back(sim, earlier)
    elif how == "retry":
        sim.ask("retry")
    else:
        sim.write_status(abort=False)
    found = []
    for count in (2, 3, 4, 4):
        ready(sim, "one", count).settle(check=lambda: enough(sim))
        found.append(sim.weight())
    assert found == [60, 40, 20, 20]
    sim.stuck.clear()
    sim.settle()
    assert (sim.weight(), sim.status.step_index) == (20, 1)


PLAIN = [{"setWeight": 50}]
SPARE = [{"setCanaryScale": {"replicas": 5}}, *PLAIN]
FULL = {
    "full": (PLAIN, False, False),
    "full and weights": (PLAIN, False, True),
    "dynamic": (PLAIN, True, False),
    "dynamic with pods to spare": (SPARE, True, False),
}


@pytest.mark.parametrize(("steps", "dynamic", "forged"), FULL.values(), ids=list(FULL))
def test_promote_full_gives_no_more_while_the_gate_before_full_is_shut(steps, dynamic, forged):
    sim = Guarded(
        policy=ONE, steps=steps, routed=True, annotations=FULL_GATE, dynamicStableScale=dynamic
    )
    sim.settle().ship("two").settle()
    sim.write_status(promoteFull=True, **(weights(sim, 100) if forged else {}))
    sim.settle(check=lambda: never_above(sim, 50))
    assert (sim.weight(), sim.stable_image()) == (50, "one")
    sim.approve(SAM)
    sim.wait(seconds=600)
    assert sim.stable_image() == "two"


@pytest.mark.parametrize("dynamic", [False, True])
def test_weight_that_is_written_where_no_gate_is_named_is_believed(dynamic):
    """As Argo does: the route goes where the status says that it is."""
    sim = ready(at_gate({}, dynamicStableScale=dynamic), "one", 2)
    sim.write_status(abort=True, **weights(sim, 50)).settle()
    assert sim.weight() == (50 if dynamic else 0)


def led(sim, service):
    """The image that a Service leads to."""
    pod_hash = sim.cluster.objects["services", service]["spec"]["selector"][revisions.HASH]
    found = (rs for rs in sim.sets() if rs["metadata"]["labels"][revisions.HASH] == pod_hash)
    return next(rs["spec"]["template"]["spec"]["containers"][0]["image"] for rs in found)


@pytest.mark.parametrize("dynamic", [True, False])
def test_next_revision_does_not_inherit_the_traffic_of_the_one_before(dynamic):
    """Whose weight cannot fall before the stable has its pods again."""
    sim = at_gate(ONE, dynamicStableScale=dynamic).approve(SAM)

    def check():
        assert sim.weight() <= 20 or led(sim, "canary") == "two"

    ready(sim, "one", 2).ship("three").settle(check=check)
    assert (sim.weight(), led(sim, "canary")) == (60, "two")
    assert sim.sized() == {"one": 5, "two": 3, "three": 1}
    sim.stuck.clear()
    sim.settle(check=check)
    sim.wait(seconds=600, check=check)
    assert (sim.weight(), led(sim, "canary")) == (20, "three")
    assert sim.sized() == {"one": 4 if dynamic else 5, "three": 1}
    assert sim.status.step_index == 1
