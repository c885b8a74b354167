"""Between updates too no other revision is the stable because somebody writes so."""

import copy

import pytest

from bot.core import revisions
from bot.model import errors, ports
from tests.core.engine.guarded import ONE, Guarded
from tests.core.engine.test_guarded import SAM, STEPS, at_gate
from tests.core.engine.test_guarded_blue_green import Ruled
from tests.core.engine.test_guarded_honest import noted


def marked(sim):
    return [
        rs["spec"]["template"]["spec"]["containers"][0]["image"]
        for rs in sim.sets()
        if revisions.STABLE in rs["metadata"]["annotations"]
    ]


def named(sim, image):
    """The hash of a revision."""
    for rs in sim.sets():
        if rs["spec"]["template"]["spec"]["containers"][0]["image"] == image:
            return rs["metadata"]["labels"][revisions.HASH]
    raise KeyError(image)


def at_last_gate(kind):
    """One approval is missing to the second revision."""
    if kind == "blue-green":
        sim = Ruled(policy=ONE, autoPromotionEnabled=False, replicas=5).settle()
        return sim.ship("two").settle()
    sim = at_gate(ONE, routed=kind != "by pods", dynamicStableScale=kind == "dynamic")
    return sim.approve(SAM)


def promoted(kind):
    """The second revision is the stable, and the first one has no pods any more."""
    sim = at_last_gate(kind).approve(SAM)
    sim.wait(seconds=600)
    assert (sim.stable_image(), sim.sized()) == ("two", {"two": 5})
    return sim


KINDS = ["routed", "by pods", "dynamic", "blue-green"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_earlier_stable_is_believed_between_updates(kind):
    sim = promoted(kind)

    def check():
        assert (sim.stable_image(), sim.sized()) == ("two", {"two": 5})

    old = named(sim, "one")
    for wrote in ({}, {"currentStepIndex": 0}, {"abort": True}):
        sim.write_status(stableRS=old, **wrote).once()
        sim.settle(check=check)
    sim.replace_block({}).write_status(stableRS=old).once()
    sim.settle(check=check)
    assert "StableKept" in sim.reasons()


def test_no_earlier_stable_is_believed_while_it_is_warm():
    sim = at_gate(ONE).approve(SAM).approve(SAM)
    assert (sim.stable_image(), sim.sized()) == ("two", {"one": 5, "two": 5})
    sim.write_status(stableRS=named(sim, "one")).once()
    sim.settle()
    sim.wait(seconds=600)
    assert (sim.stable_image(), sim.sized()) == ("two", {"two": 5})


def test_stable_that_is_named_nowhere_is_the_one_that_was_promoted_last():
    sim = promoted("routed")
    sim.write_status(stableRS="").settle()
    assert sim.reasons().count("RolloutCompleted") == 2, "no first deployment again"
    assert (sim.stable_image(), marked(sim)) == ("two", ["two"])


@pytest.mark.parametrize("kind", KINDS)
def test_mark_is_on_the_stable_alone_and_nothing_is_written_when_idle(kind):
    sim = promoted(kind)
    assert marked(sim) == ["two"]
    version = sim.cluster.version
    sim.settle()
    assert sim.cluster.version == version
    sim.ship("three").settle()
    assert marked(sim) == ["two"]


def test_nothing_is_marked_where_no_gate_is_named():
    sim = Guarded(policy={"rules": []}, steps=STEPS, routed=True).settle()
    sim.ship("two").settle()
    assert marked(sim) == []


def test_annotation_of_the_rollout_itself_is_no_mark():
    sim = Guarded(policy=ONE, steps=STEPS, routed=True, annotations={revisions.STABLE: "true"})
    sim.settle().ship("two").settle()
    assert marked(sim) == ["one"]


@pytest.mark.parametrize("side", ["before", "after"])
def test_promotion_is_made_and_marked_though_the_bot_is_killed_anywhere(side):
    for at in range(1, 15):
        sim = at_gate(ONE).approve(SAM)
        sim.put(sim.intent(SAM))
        nth, lost = sim.cluster.calls + at, errors.Unavailable("x")
        setattr(sim.cluster, side, lambda n, w, nth=nth, lost=lost: lost if n == nth else None)
        sim.once()
        assert len(marked(sim)) <= 1
        sim.settle()
        sim.wait(seconds=600)
        assert (sim.stable_image(), marked(sim)) == ("two", ["two"]), at
        # The first deployment, and this; an answer that is lost takes its events along.
        completed = sim.reasons().count("RolloutCompleted")
        assert completed == 2 or (side == "after" and completed == 1), at
        sim.close()


def elsewhere(sim, *, routed, **pods):
    """Another controller made ``three`` the stable meanwhile; what it made bears no guard."""
    for rs in noted(sim, None).sets():
        count = pods.get(rs["spec"]["template"]["spec"]["containers"][0]["image"], 0)
        sim.cluster.put(ports.REPLICA_SET, {**rs, "spec": {**rs["spec"], "replicas": count}})
    canary = "two" if pods.get("two") else "three"
    for name, image in (("stable", "three"), ("canary", canary)) if routed else ():
        service = sim.cluster.objects["services", name]
        selector = {**service["spec"]["selector"], revisions.HASH: named(sim, image)}
        sim.cluster.put(ports.SERVICE, {**service, "spec": {"selector": selector}})
    sim.kubelet()
    assert marked(sim) == ["two"]
    return sim.write_status(stableRS=named(sim, "three"), rolloutBot=None)


@pytest.mark.parametrize("routed", [True, False])
def test_mark_of_an_earlier_time_promotes_no_canary_of_another_controller(routed):
    sim = promoted("routed" if routed else "by pods").ship("three").settle()
    sim.ship("two")
    elsewhere(sim, routed=routed, three=4, two=1)
    for _ in range(3):
        sim.once()
        assert sim.stable_image() == "three"
    sim.settle()
    assert (sim.stable_image(), marked(sim)) == ("three", ["three"])
    assert sim.status.step_index == 1


@pytest.mark.parametrize("routed", [True, False])
def test_stable_that_another_controller_promoted_between_is_believed(routed):
    sim = promoted("routed" if routed else "by pods").ship("three").settle()
    elsewhere(sim, routed=routed, three=5).write_status(currentStepIndex=4).settle()
    sim.wait(seconds=600)
    assert (sim.stable_image(), marked(sim)) == ("three", ["three"])


@pytest.mark.parametrize("dynamic", [False, True])
def test_abort_takes_all_traffic_back_though_the_mark_is_refused(dynamic):
    """A stable that this bot did not promote bears none yet, and its pods come by the same patch."""
    sim = at_gate(ONE, dynamicStableScale=dynamic).approve(SAM)
    for rs in sim.sets():
        notes = {k: v for k, v in rs["metadata"]["annotations"].items() if k != revisions.STABLE}
        metadata = {**rs["metadata"], "annotations": notes}
        sim.cluster.put(ports.REPLICA_SET, {**rs, "metadata": metadata})
    refused = errors.Refused("a webhook takes no such annotation")
    sim.cluster.before = lambda _, w: refused if revisions.STABLE in str(w.body) else None
    assert sim.weight() == 60
    sim.ask("abort").settle()
    assert (sim.status.abort, sim.weight(), sim.available("one")) == (True, 0, 5)


@pytest.mark.parametrize("kind", KINDS)
def test_promotion_stands_when_what_is_seen_of_the_others_is_from_before_it(kind):
    """The next leader reads the status as it is, and its watches of the others are behind."""
    sim = at_last_gate(kind)
    sim.put(sim.intent(SAM))
    while sim.stable_image() == "one":
        before = copy.deepcopy(sim.cluster.objects)
        sim.once()
        if sim.stable_image() == "one":
            sim.kubelet()
    behind = {key: one for key, one in before.items() if key[0] in {"replicasets", "services"}}
    assert sim.stable_image() == "two"
    sim.cluster.objects.update(behind)
    sim.once()
    assert (sim.stable_image(), sim.reasons().count("StableKept")) == ("two", 0)
    sim.settle()
    sim.wait(seconds=600)
    assert (sim.stable_image(), sim.sized()) == ("two", {"two": 5})
