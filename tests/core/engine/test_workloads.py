"""Rollouts that take their template from a Deployment (spec §1.2, §2.21)."""

import pytest

from bot.model import errors, ports
from bot.runtime import decoding
from tests.core.engine import simulation

STEPS = [{"setWeight": 50}, {"pause": {}}]


def template(image):
    pod = {"containers": [{"name": "app", "image": image}]}
    return {"metadata": {"labels": {"app": "app"}}, "spec": pod}


def deploy(sim, image="one", replicas=4):
    old = sim.cluster.objects.get(("deployments", "legacy"), {"metadata": {"name": "legacy"}})
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": "app"}},
        "template": template(image),
    }
    sim.cluster.put(ports.DEPLOYMENT, {**old, "spec": spec})
    return sim


def deployment(sim):
    return sim.cluster.objects["deployments", "legacy"]


@pytest.fixture
def start():
    made = []

    def begin(scale_down="never", *, exists=True, **ref):
        sim = simulation.Simulation(steps=STEPS, replicas=4)
        made.append(sim)
        given = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "legacy", **ref}
        spec = {"workloadRef": {**given, "scaleDown": scale_down}}
        sim.patch(spec={"template": None, "selector": None, **spec})
        if exists:
            deploy(sim)
        return sim

    yield begin
    for sim in made:
        sim.close()


@pytest.mark.row(56)
def test_change_of_the_deployment_is_rolled_out_with_the_steps(start):
    sim = start().settle()
    assert sim.status.phase == "Healthy"
    assert sim.raw["status"]["workloadObservedGeneration"] == "1"
    assert sim.raw["spec"].get("template") is None
    deploy(sim, "two").settle()
    assert sim.status.message == "CanaryPauseStep"
    assert sim.sized() == {"one": 2, "two": 2}
    notes = sim.raw["metadata"]["annotations"]
    assert notes["rollout.argoproj.io/workload-generation"] == "2"
    assert sim.raw["status"]["workloadObservedGeneration"] == "2"
    assert deployment(sim)["spec"]["replicas"] == 4


@pytest.mark.row(57)
@pytest.mark.parametrize(("mode", "left"), [("never", 4), ("onsuccess", 0), ("progressively", 0)])
def test_deployment_has_the_size_that_the_mode_says_when_the_first_revision_is_healthy(
    start, mode, left
):
    sim = start(mode).settle()
    assert deployment(sim)["spec"]["replicas"] == left
    deploy(sim, "two", replicas=3).settle()
    assert deployment(sim)["spec"]["replicas"] == 3, "later revisions leave it alone"


@pytest.mark.row(57)
def test_pods_never_become_fewer_when_the_deployment_shrinks_progressively(start):
    sim, sizes = start("progressively"), []

    def check():
        sizes.append(deployment(sim)["spec"]["replicas"])
        assert sizes[-1] + sim.available() >= 4

    sim.settle(check=check)
    assert sizes[0] == 4
    assert sizes[-1] == 0


def test_deployment_keeps_its_pods_while_the_first_revision_is_not_ready(start):
    sim = start("onsuccess")
    sim.broken.add("one")
    sim.settle()
    assert deployment(sim)["spec"]["replicas"] == 4


def test_rollout_goes_on_when_the_deployment_may_not_be_scaled(start):
    sim = start("onsuccess")

    def refuse(number, write):
        return errors.Forbidden("no right") if write.ref.kind == ports.DEPLOYMENT else None

    sim.cluster.before = refuse
    sim.settle()
    assert sim.status.phase == "Healthy"
    told = [text for _, reason, text in sim.events if reason == "WorkloadScaleDownFailed"]
    assert told == ["Deployment legacy is not scaled to 0: no right"]


def test_deployment_is_scaled_although_the_first_write_got_no_answer(start):
    sim, seen = start("onsuccess"), []

    def lose(number, write):
        if write.ref.kind == ports.DEPLOYMENT and not seen:
            seen.append(number)
            return errors.Unavailable("gone")
        return None

    sim.cluster.before = lose
    sim.settle()
    assert seen
    assert deployment(sim)["spec"]["replicas"] == 0
    assert sim.status.phase == "Healthy"


@pytest.mark.row(58)
def test_rollout_waits_for_its_deployment_and_recovers_when_it_is_there(start):
    sim = start(exists=False).settle()
    assert sim.status.message == (
        'InvalidSpec: The Rollout "app" is invalid: spec.workloadRef: Invalid value: "legacy": '
        'deployments.apps "legacy" not found'
    )
    deploy(sim).settle()
    assert sim.status.phase == "Healthy"


def test_abort_is_carried_out_when_the_deployment_is_gone_in_mid_flight(start):
    sim = start().settle()
    deploy(sim, "two").settle()
    del sim.cluster.objects["deployments", "legacy"]
    sim.settle()
    sim.ask("abort").settle()
    assert sim.status.abort
    assert sim.sized() == {"one": 4}


@pytest.mark.parametrize(
    ("ref", "text"),
    [
        (
            {"kind": "StatefulSet"},
            'spec.workloadRef.kind: Invalid value: "StatefulSet": workload of type '
            "apps/StatefulSet is not supported",
        ),
        ({"name": 7}, "spec.workloadRef.name: Invalid value: 7: must be a text"),
    ],
    ids=["kind", "name"],
)
def test_rollout_is_invalid_when_its_reference_is_wrong(start, ref, text):
    sim = start(**ref).settle()
    assert sim.status.message == f'InvalidSpec: The Rollout "app" is invalid: {text}'


def test_rollout_is_invalid_when_it_has_a_template_as_well(start):
    sim = start().patch(spec={"template": template("one")}).settle()
    assert sim.status.message.endswith(
        'spec.template: Invalid value: "": template must be empty for workload reference rollout'
    )


def test_rollout_is_invalid_when_the_way_of_scaling_down_is_unknown(start):
    sim = start("sometimes").settle()
    assert "must be one of never, onsuccess, progressively" in sim.status.message


def test_pod_template_is_taken_over_when_a_reference_names_one(start):
    sim = start(exists=False, apiVersion="v1", kind="PodTemplate")
    sim.patch(spec={"selector": {"matchLabels": {"app": "app"}}})
    body = {"metadata": {"name": "legacy"}, "template": template("one")}
    sim.cluster.put(ports.POD_TEMPLATE, body)
    sim.settle()
    assert sim.sized() == {"one": 4}


def test_deployment_is_left_alone_once_the_rollout_is_healthy(start):
    sim = start("onsuccess").settle()
    deploy(sim, "one", replicas=2).settle()
    assert deployment(sim)["spec"]["replicas"] == 2


@pytest.mark.parametrize("junk", [7, "x", [], {"kind": []}, {"apiVersion": 3}, None, {}])
def test_decoding_never_raises_whatever_stands_in_the_reference(start, junk):
    sim = start()
    raw = {**sim.raw, "spec": {**sim.raw["spec"], "workloadRef": junk}}
    found = decoding.decoded(raw, sim.reconciler.reader)
    assert isinstance(found, errors.UserError)
    decoding.salvaged(raw, sim.reconciler.reader, found)
