"""What pods carry by their role, which nodes they avoid, how they are restarted (§2.15, §2.21)."""

from datetime import timedelta

import pytest

from bot.core import codec_status, pod_marks, revisions
from bot.model import errors, ports
from tests.core.engine import simulation

STEPS = [{"setWeight": 50}, {"pause": {}}]
MARKS = {
    "canaryMetadata": {"labels": {"role": "canary"}, "annotations": {"who": "canary"}},
    "stableMetadata": {"labels": {"role": "stable"}},
}


class WithPods(simulation.Simulation):
    """A simulation whose ReplicaSets have pods of their own."""

    def kubelet(self):
        moved = super().kubelet()
        for rs in self.sets():
            mine = self.pods(rs["metadata"]["labels"][revisions.HASH])
            wanted = rs["spec"]["replicas"]
            for pod in mine[wanted:]:
                del self.cluster.objects["pods", pod["metadata"]["name"]]
            for _ in range(wanted - len(mine)):
                self._start(rs)
            moved = moved or len(mine) != wanted
        return moved

    def _start(self, rs):
        self.started = getattr(self, "started", 0) + 1
        meta = {key: dict(value) for key, value in rs["spec"]["template"]["metadata"].items()}
        meta |= {"name": f"pod-{self.started}"}
        meta |= {"creationTimestamp": codec_status.stamp(self.now)}
        self.cluster.put(ports.POD, {"metadata": meta})

    def pods(self, pod_hash=None):
        found = [o for (plural, _), o in self.cluster.objects.items() if plural == "pods"]
        return [
            pod
            for pod in found
            if pod_hash in (None, pod["metadata"]["labels"].get(revisions.HASH))
        ]

    def roles(self, image):
        """What the pods of an image carry, and that their ReplicaSet makes no others."""
        rs = next(rs for rs in self.sets() if simulation._image(rs) == image)
        made = rs["spec"]["template"]["metadata"]
        carried = [
            (
                pod["metadata"]["labels"].get("role"),
                (pod["metadata"].get("annotations") or {}).get("who"),
            )
            for pod in self.pods(rs["metadata"]["labels"][revisions.HASH])
        ]
        own = (made["labels"].get("role"), (made.get("annotations") or {}).get("who"))
        assert set(carried) <= {own}
        return own


@pytest.fixture
def start():
    made = []

    def begin(**canary):
        sim = WithPods(steps=STEPS, replicas=4, **canary)
        made.append(sim)
        return sim.settle()

    yield begin
    for sim in made:
        sim.close()


def names(sim):
    return {pod["metadata"]["name"] for pod in sim.pods()}


@pytest.mark.row(54)
def test_marks_move_with_the_role_and_no_pod_is_made_anew(start):
    sim = start(**MARKS)
    assert sim.roles("one") == ("stable", None)
    sim.ship("two").settle()
    assert sim.roles("one") == ("stable", None)
    assert sim.roles("two") == ("canary", "canary")
    canaries = {p["metadata"]["name"] for p in sim.pods(sim.status.current_hash)}
    sim.ask("promote").settle()
    assert sim.roles("two") == ("stable", None)
    assert canaries <= names(sim), "a promotion restarts nothing"
    assert len(sim.sets()) == 2, "marks are no new revision"


def test_marks_are_finished_when_the_work_was_broken_off_at_any_write(start):
    for at in range(1, 12):
        sim = start(**MARKS)
        sim.ship("two").settle()
        begun = sim.cluster.calls
        sim.cluster.before = lambda number, write, stop=begun + at: (
            errors.Unavailable("gone") if number == stop else None
        )
        sim.ask("promote").settle()
        assert sim.roles("two") == ("stable", None), at
        assert sim.status.phase == "Healthy"


def test_record_is_written_after_the_pods_it_speaks_of(start):
    sim = start(**MARKS)
    sim.ship("two").settle()
    begun = len(sim.cluster.writes)
    sim.ask("promote").settle()
    marks = [
        "record" if pod_marks.RECORD in str(write.body) else write.ref.kind.plural
        for write in sim.cluster.writes[begun:]
        if write.ref.kind == ports.POD or "role" in str(write.body)
    ]
    assert marks.index("record") > marks.index("pods")


def terms(sim, image):
    rs = next(rs for rs in sim.sets() if simulation._image(rs) == image)
    anti = rs["spec"]["template"]["spec"].get("affinity", {}).get("podAntiAffinity", {})
    found = anti.get("requiredDuringSchedulingIgnoredDuringExecution", [])
    return [one["labelSelector"]["matchExpressions"][0]["values"] for one in found]


@pytest.mark.row(55)
def test_canary_avoids_the_nodes_of_the_stable_until_it_is_the_stable(start):
    sim = start(antiAffinity={"requiredDuringSchedulingIgnoredDuringExecution": {}})
    first = sim.status.stable_hash
    sim.ship("two").settle()
    assert terms(sim, "two") == [[first]]
    assert terms(sim, "one") == []
    sim.ask("promote").settle()
    assert terms(sim, "two") == []
    assert len(sim.sets()) == 2, "the term is no new revision"


def restart(sim):
    sim.now += timedelta(minutes=5)
    return sim.patch(spec={"restartAt": codec_status.stamp(sim.now)})


@pytest.mark.row(46, 47)
def test_restart_evicts_old_pods_a_few_at_a_time_and_says_when_it_is_done(start):
    sim = start()
    old, least = names(sim), []
    restart(sim)

    def check():
        least.append(len(sim.pods()))

    for _ in range(10):
        sim.settle(check=check)
        sim.wait(31, check=check)
    assert not old & names(sim)
    assert min(least) >= 3, "no more than maxUnavailable at once"
    assert sim.raw["status"]["restartedAt"] == sim.raw["spec"]["restartAt"]
    assert len(sim.sets()) == 1


@pytest.mark.row(46)
def test_restart_goes_on_when_a_disruption_budget_refuses_a_pod(start):
    sim = start()
    old, kept = names(sim), sorted(names(sim))[0]
    budget = {"on": True}

    def protect(number, write):
        mine = write.subresource == "eviction" and write.ref.name == kept
        return errors.Unavailable("429") if mine and budget["on"] else None

    sim.cluster.before = protect
    restart(sim)
    for _ in range(10):
        sim.settle().wait(31)
    assert kept in names(sim)
    assert "restartedAt" not in sim.raw["status"]
    budget["on"] = False
    for _ in range(10):
        sim.settle().wait(31)
    assert not old & names(sim)
    assert sim.raw["status"]["restartedAt"] == sim.raw["spec"]["restartAt"]


def test_restart_waits_for_its_instant(start):
    sim = start()
    old = names(sim)
    later = sim.now + timedelta(minutes=10)
    sim.patch(spec={"restartAt": codec_status.stamp(later)}).settle()
    assert names(sim) == old
    assert sim.timers.at == later


def test_abort_is_not_held_up_by_a_restart_whose_pods_cannot_be_read(start):
    sim = start()
    sim.ship("two").settle()
    restart(sim)

    async def hang(kind, *, namespace="", selector=""):
        raise errors.Unavailable("gone")

    sim.cluster.list = hang
    sim.ask("abort").settle()
    assert sim.status.abort
    assert sim.sized() == {"one": 4}
