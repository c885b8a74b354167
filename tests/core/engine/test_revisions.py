"""Which ReplicaSet is which revision, from the first to the way back (spec §1.12, §2.19)."""

import pytest

from bot.core import codec_status, revisions
from bot.core.hashing import hashes
from bot.model import ports
from tests.core.engine import simulation

GATED = ({"setWeight": 50}, {"pause": {}})


@pytest.fixture
def start():
    made = []

    def begin(*steps, spec=None, **canary):
        sim = simulation.Simulation(steps=steps, replicas=2, **canary)
        made.append(sim)
        return sim.patch(spec=spec or {}).settle()

    yield begin
    for sim in made:
        sim.close()


def numbers(sim):
    """The number of each revision by its image."""
    notes = {simulation._image(rs): rs["metadata"]["annotations"] for rs in sim.sets()}
    return {image: note[revisions.REVISION] for image, note in notes.items()}


def shipped(sim, *images):
    """Each promoted at once; a ReplicaSet is as old as the moment in which it was made."""
    for image in images:
        sim.wait(100)
        known = {rs["metadata"]["name"] for rs in sim.sets()}
        sim.ship(image).once()
        for rs in sim.sets():
            if rs["metadata"]["name"] not in known:
                rs["metadata"]["creationTimestamp"] = codec_status.stamp(sim.now)
        sim.settle()
        if sim.status.phase == "Paused":
            sim.ask("promote").settle()
        assert sim.status.phase == "Healthy"
    return sim


@pytest.mark.row(2)
def test_replicas_are_written_as_one_when_the_manifest_leaves_them_out(start):
    sim = start(spec={"replicas": None})
    assert sim.raw["spec"]["replicas"] == 1
    assert sim.sized() == {"one": 1}


@pytest.mark.row(3)
def test_replica_set_bears_the_hash_everywhere_when_it_is_made(start):
    sim = start()
    (rs,) = sim.sets()
    found = hashes.of_template(sim.raw["spec"]["template"])
    assert rs["metadata"]["name"] == f"app-{found}"
    both = {"app": "app", revisions.HASH: found}
    assert rs["metadata"]["labels"] == rs["spec"]["selector"]["matchLabels"] == both
    assert rs["spec"]["template"]["metadata"]["labels"] == both
    assert [owner["kind"] for owner in rs["metadata"]["ownerReferences"]] == ["Rollout"]


@pytest.mark.row(4)
def test_revisions_are_numbered_when_templates_change(start):
    sim = shipped(start(), "two", "three")
    assert numbers(sim) == {"one": "1", "two": "2", "three": "3"}
    assert sim.raw["metadata"]["annotations"][revisions.REVISION] == "3"


@pytest.mark.row(5)
def test_old_replica_set_gets_a_new_number_when_its_template_comes_back(start):
    sim = shipped(start(), "two", "three", "one")
    assert numbers(sim) == {"one": "4", "two": "2", "three": "3"}
    first = next(rs for rs in sim.sets() if simulation._image(rs) == "one")
    assert first["metadata"]["annotations"][revisions.HISTORY] == "1"
    assert len(sim.sets()) == 3


@pytest.mark.row(6)
def test_replica_set_of_another_hash_is_the_revision_when_its_template_is_the_same(start):
    sim = start()
    (mine,) = sim.sets()
    foreign = simulation.merge(mine, {"metadata": {"labels": {revisions.HASH: "foreign"}}})
    label = {"metadata": {"labels": {revisions.HASH: "foreign"}}}
    foreign = simulation.merge(foreign, {"spec": {"template": label}})
    sim.cluster.put(ports.REPLICA_SET, foreign)
    sim.patch(status={"currentPodHash": "foreign", "stableRS": "foreign"}).settle()
    assert len(sim.sets()) == 1
    assert sim.status.current_hash == sim.status.stable_hash == "foreign"


@pytest.mark.row(7)
def test_another_name_is_made_up_when_a_stranger_has_it(start):
    sim = start()
    sim.ship("two")
    taken = f"app-{hashes.of_template(sim.raw['spec']['template'])}"
    template = {"metadata": {"labels": {"app": "else"}}, "spec": {"containers": []}}
    spec = {"replicas": 0, "template": template | {"spec": {"containers": [{"image": "x"}]}}}
    sim.cluster.put(ports.REPLICA_SET, {"metadata": {"name": taken, "labels": {}}, "spec": spec})
    sim.settle()
    assert sim.raw["status"]["collisionCount"] == 1
    found = {rs["metadata"]["name"] for rs in sim.sets() if simulation._image(rs) == "two"}
    assert found
    assert taken not in found
    assert sim.status.phase == "Healthy"


@pytest.mark.row(8)
def test_oldest_empty_revisions_go_when_there_are_more_than_are_kept(start):
    sim = shipped(start(spec={"revisionHistoryLimit": 2}), "two", "three", "four", "five")
    assert set(numbers(sim)) == {"three", "four", "five"}


@pytest.mark.row(43)
@pytest.mark.parametrize(("image", "skips"), [("two", True), ("one", False)])
def test_steps_are_skipped_when_the_revision_is_within_the_window(start, image, skips):
    sim = shipped(start(*GATED, spec={"rollbackWindow": {"revisions": 1}}), "two", "three")
    sim.wait(100)
    sim.ship(image).settle()
    assert sim.status.phase == ("Healthy" if skips else "Paused")
    assert (sim.stable_image() == image) is skips


@pytest.mark.row(44)
def test_window_goes_by_the_time_of_creation_when_a_revision_was_used_again(start):
    sim = shipped(start(*GATED, spec={"rollbackWindow": {"revisions": 1}}), "two", "three", "two")
    assert numbers(sim) == {"one": "1", "two": "4", "three": "3"}
    sim.wait(100)
    sim.ship("one").settle()
    assert sim.status.phase == "Healthy", "by its number there is one between; by its age none"


@pytest.mark.row(51)
def test_revision_stays_when_min_ready_seconds_change(start):
    sim = start(*GATED)
    sim.patch(spec={"minReadySeconds": 7}).settle()
    (rs,) = sim.sets()
    assert rs["spec"]["minReadySeconds"] == 7
    assert numbers(sim) == {"one": "1"}
    assert sim.status.phase == "Healthy"


@pytest.mark.row(53)
def test_status_tells_a_scaler_what_it_needs_when_a_canary_runs(start):
    sim = start(*GATED)
    sim.ship("two").settle()
    assert sim.raw["status"]["HPAReplicas"] == sum(sim.sized().values()) == 2
    assert sim.raw["status"]["selector"] == "app=app"
