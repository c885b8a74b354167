"""Which moves first, traffic or pods; what waits, and what goes when (spec §2.10 to §2.17)."""

from datetime import timedelta

import pytest

from bot.core import revisions
from bot.model import ports
from tests.core.engine import simulation

PAUSE = {"pause": {}}
MANAGED = "argo-rollouts.argoproj.io/managed-by-rollouts"


def weight(percent):
    return {"setWeight": percent}


@pytest.fixture
def start():
    made = []

    def begin(*steps, routed=True, settle=True, **canary):
        sim = simulation.Simulation(steps=steps, routed=routed, **canary)
        made.append(sim)
        return sim.settle() if settle else sim

    yield begin
    for sim in made:
        sim.close()


def selected(sim, service):
    spec = sim.cluster.objects["services", service]["spec"]
    return spec["selector"].get(revisions.HASH, "")


@pytest.mark.row(12)
@pytest.mark.parametrize(("surge", "unavailable"), [(1, 0), (0, 1), (2, 1)])
def test_pods_stay_within_the_limits_when_a_whole_update_is_watched(start, surge, unavailable):
    sim = start(weight(30), PAUSE, routed=False, maxSurge=surge, maxUnavailable=unavailable)

    def check():
        assert sum(sim.sized().values()) <= 5 + surge
        assert sim.available() >= 5 - unavailable

    sim.ship("two").settle(check=check)
    sim.ask("promote").settle(check=check)
    assert sim.sized() == {"two": 5}


@pytest.mark.row(18)
def test_nothing_moves_when_the_rollout_is_paused_by_hand(start):
    sim = start(weight(40), PAUSE)
    sim.patch(spec={"paused": True}).ship("two").settle()
    assert (sim.status.phase, sim.status.message) == ("Paused", "manually paused")
    assert (sim.sized(), sim.status.step_index) == ({"one": 5}, 0)
    sim.patch(spec={"paused": False}).settle()
    assert (sim.status.step_index, sim.weight()) == (1, 40)


SCALES = {
    "replicas": ({"replicas": 3}, 3),
    "weight": ({"weight": 50}, 2),
}


@pytest.mark.row(19, 20, 21)
@pytest.mark.parametrize(("scale", "pods"), SCALES.values(), ids=list(SCALES))
def test_canary_has_its_own_size_until_it_follows_the_traffic_again(start, scale, pods):
    follow = {"setCanaryScale": {"matchTrafficWeight": True}}
    sim = start(weight(25), {"setCanaryScale": scale}, PAUSE, follow, PAUSE, replicas=4)
    sim.ship("two").settle()
    assert (sim.weight(), sim.sized()) == (25, {"one": 4, "two": pods})
    sim.ask("promote").settle()
    assert (sim.weight(), sim.sized()) == (25, {"one": 4, "two": 1})


@pytest.mark.row(23)
def test_weight_stays_when_the_canary_is_not_available(start):
    sim = start(weight(20), PAUSE, weight(60), PAUSE)
    sim.ship("two").settle()
    sim.stuck.add("two")
    sim.ask("promote").settle()
    assert sim.sized()["two"] == 3
    assert (sim.weight(), sim.available("two"), sim.status.step_index) == (20, 1, 2)
    sim.stuck.clear()
    assert sim.settle().weight() == 60


@pytest.mark.row(24)
def test_pods_of_a_step_stay_when_the_next_one_lowers_its_weight_at_once(start):
    sim = start(weight(75), weight(10), PAUSE, replicas=4)
    seen = []

    def look():
        seen.append((sim.weight(), sim.sized().get("two", 0)))

    sim.ship("two").settle(check=look)
    assert (75, 3) in seen
    assert all(pods * 100 >= weight * 4 for weight, pods in seen), seen
    assert seen[-1] == (10, 1)


@pytest.mark.row(24)
def test_traffic_goes_before_its_pods_when_a_weight_is_lowered(start):
    sim, order = start(weight(40), PAUSE, weight(20), PAUSE), []
    sim.ship("two").settle()
    assert (sim.weight(), sim.sized()["two"]) == (40, 2)

    def note(number, write):
        order.append((sim.weight(), sim.sized()["two"]))

    sim.cluster.after = note
    sim.ask("promote").settle()
    assert (20, 2) in order
    assert (40, 1) not in order
    assert order[-1] == (20, 1)


@pytest.mark.row(25)
def test_weight_stays_when_the_stable_is_short_of_pods(start):
    sim = start(weight(20), PAUSE, weight(40), PAUSE)
    sim.ship("two").settle()
    for rs in sim.sets():
        if simulation._image(rs) == "one":
            rs["status"] = {**rs["status"], "availableReplicas": 1}
    sim.stuck.add("one")
    sim.ask("promote").settle()
    assert sim.available("two") == 2
    assert sim.weight() == 20, "60 % of five pods need three"
    sim.stuck.clear()
    assert sim.settle().weight() == 40


def deadlines(sim):
    found = {simulation._image(rs): rs["metadata"]["annotations"] for rs in sim.sets()}
    return {image for image, notes in found.items() if revisions.DEADLINE in notes}


@pytest.mark.row(31)
def test_former_stable_keeps_its_pods_for_the_delay(start):
    sim = start(weight(50), PAUSE, scaleDownDelaySeconds=40)
    sim.ship("two").settle()
    sim.ask("promote").settle()
    assert (sim.sized(), deadlines(sim)) == ({"one": 5, "two": 5}, {"one"})
    assert sim.wait(39).sized() == {"one": 5, "two": 5}
    assert sim.wait(2).sized() == {"two": 5}


@pytest.mark.row(32)
def test_only_the_newest_former_revision_waits_when_the_limit_is_one(start):
    sim = start(weight(50), scaleDownDelaySeconds=60, scaleDownDelayRevisionLimit=1)
    sim.ship("two").settle()
    assert sim.sized() == {"one": 5, "two": 5}
    sim.ship("three").settle()
    assert sim.status.phase == "Healthy"
    assert sim.sized() == {"two": 5, "three": 5}


@pytest.mark.row(33, 35)
@pytest.mark.parametrize("delay", [None, 0, 90])
def test_canary_is_kept_for_its_delay_when_it_was_aborted(start, delay):
    more = {} if delay is None else {"abortScaleDownDelaySeconds": delay}
    sim = start(weight(40), PAUSE, **more)
    sim.ship("two").settle()
    sim.ask("abort").settle()
    assert sim.weight() == 0
    kept = 30 if delay is None else delay
    assert sim.sized() == ({"one": 5, "two": 2} if kept else {"one": 5})
    if kept:
        assert sim.wait(kept - 1).sized() == {"one": 5, "two": 2}
    assert sim.wait(2).sized() == {"one": 5}


@pytest.mark.row(35)
def test_canary_service_moves_once_when_an_update_is_aborted(start):
    sim, moves = start(weight(40), PAUSE), []
    sim.ship("two").settle()

    def note(number, write):
        if write.ref.name == "canary":
            moves.append(selected(sim, "canary"))

    sim.cluster.after = note
    sim.ask("abort").settle()
    sim.wait(60)
    assert moves == [sim.status.stable_hash]


@pytest.mark.row(36)
def test_retry_begins_at_the_first_step_and_with_a_run_of_its_own(start):
    sim = start(weight(40), PAUSE, analysis={"templates": [{"templateName": "t"}]}, settle=False)
    metric = {"name": "m", "provider": {"web": {"url": "http://m.example"}}}
    body = {"metadata": {"name": "t"}, "spec": {"metrics": [metric]}}
    sim.cluster.put(ports.TEMPLATE, body)
    sim.settle().ship("two").settle()
    sim.finish_run("Failed").settle()
    assert sim.status.phase == "Degraded"
    sim.wait(60)
    sim.stuck.add("two")
    sim.write_status(abort=False).settle()
    assert (sim.status.phase, sim.status.step_index) == ("Progressing", 0)
    sim.stuck.clear()
    assert sim.settle().status.step_index == 1
    assert len([1 for plural, _ in sim.cluster.objects if plural == "analysisruns"]) == 2


@pytest.mark.row(37)
def test_next_step_begins_when_a_client_moves_the_index_without_a_pause(start):
    sim = start(weight(40), PAUSE, weight(60), PAUSE)
    sim.stuck.add("two")
    sim.ship("two").settle()
    assert (sim.status.phase, sim.status.step_index) == ("Progressing", 0)
    sim.write_status(currentStepIndex=1, pauseConditions=None).settle()
    assert (sim.status.phase, sim.status.step_index) == ("Paused", 1)


@pytest.mark.row(39)
def test_promote_full_does_not_stay_when_there_is_nothing_to_promote(start):
    sim = start(weight(40), PAUSE)
    sim.write_status(promoteFull=True).settle()
    assert not sim.raw["status"].get("promoteFull")
    assert sim.ship("two").settle().status.phase == "Paused"


@pytest.mark.row(50)
def test_deadline_does_not_run_while_a_pause_does(start):
    sim = start(weight(40), PAUSE)
    sim.patch(spec={"progressDeadlineSeconds": 60}).ship("two").settle()
    assert sim.wait(3600).status.message == "CanaryPauseStep"
    sim.now += timedelta(seconds=3600)
    assert sim.settle().status.phase == "Paused"


@pytest.mark.row(59)
def test_service_of_nobody_moves_only_when_all_pods_are_there(start):
    sim = start(settle=False)
    sim.broken.add("one")
    sim.settle()
    assert selected(sim, "stable") == ""
    sim.broken.clear()
    sim.settle()
    assert selected(sim, "stable") == sim.status.stable_hash
    notes = sim.cluster.objects["services", "stable"]["metadata"]["annotations"]
    assert notes[MANAGED] == "app"


@pytest.mark.row(60)
def test_rollout_is_invalid_when_its_service_belongs_to_another(start):
    sim = start(settle=False)
    other = {"metadata": {"annotations": {MANAGED: "other"}}}
    service = sim.cluster.objects["services", "stable"]
    sim.cluster.put(ports.SERVICE, simulation.merge(service, other))
    sim.settle()
    assert sim.status.message.endswith('Service "stable" is managed by another Rollout')
    assert sim.sets() == []


@pytest.mark.row(117)
def test_events_come_once_and_in_their_order_when_a_canary_is_promoted(start):
    sim = start(weight(40), PAUSE, routed=False)
    sim.events.clear()
    sim.ship("two").settle()
    sim.ask("promote").settle()
    told = [reason for reason in sim.reasons() if reason != "ScalingReplicaSet"]
    assert told == [
        "RolloutUpdated",
        "NewReplicaSetCreated",
        "RolloutNotCompleted",
        "RolloutStepCompleted",
        "RolloutPaused",
        "RolloutStepCompleted",
        "RolloutCompleted",
    ]


@pytest.mark.row(126)
def test_rollout_of_another_instance_is_left_alone(start):
    sim = start(weight(40), PAUSE)
    mark = {"argo-rollouts.argoproj.io/controller-instance-id": "other"}
    sim.patch(metadata={"labels": mark}).ship("two")
    writes = len(sim.cluster.writes)
    sim.settle()
    assert len(sim.cluster.writes) == writes
    assert len(sim.sets()) == 1


@pytest.mark.row(129)
@pytest.mark.parametrize("moment", ["healthy", "paused", "aborted"])
def test_nothing_is_written_when_nothing_has_changed(start, moment):
    sim = start(weight(40), PAUSE)
    if moment != "healthy":
        sim.ship("two").settle()
    if moment == "aborted":
        sim.ask("abort").settle()
    sim.wait(3600)
    writes = len(sim.cluster.writes)
    for _ in range(3):
        sim.now += timedelta(seconds=900)
        sim.once()
    assert len(sim.cluster.writes) == writes


def test_abort_takes_the_traffic_away_when_the_stable_has_too_few_ready_pods():
    sim = simulation.Simulation(steps=[{"setWeight": 60}, {"pause": {}}], routed=True)
    sim.settle().ship("two").settle()
    assert sim.weight() == 60
    sim.broken.add("one")
    sim.settle()
    assert sim.available("one") == 0
    sim.ask("abort").settle()
    assert sim.weight() == 0
    sim.close()
