"""The pass over an Experiment, with an API server that answers late, twice, or not at all."""

from datetime import timedelta

import pytest

from bot.model import errors, ports
from bot.runtime import trials
from bot.runtime import world as worlds
from tests.core.engine.simulation import NS, START, Cache, Cluster

KEY = f"{NS}/exp"
KINDS = {
    "rollouts": ports.ROLLOUT,
    "replica_sets": ports.REPLICA_SET,
    "services": ports.SERVICE,
    "runs": ports.RUN,
    "templates": ports.TEMPLATE,
    "cluster_templates": ports.CLUSTER_TEMPLATE,
    "experiments": ports.EXPERIMENT,
}
POD = {
    "metadata": {"labels": {"app": "web"}},
    "spec": {"containers": [{"name": "c", "image": "img", "ports": [{"containerPort": 80}]}]},
}
METRIC = {"name": "ok", "count": 1, "provider": {"web": {"url": "http://metrics.example"}}}


def template(name, **more):
    return {"name": name, "selector": {"matchLabels": {"app": "web"}}, "template": POD, **more}


class Bench:
    """The kind's pass over a cluster in memory; time is ours."""

    def __init__(self, *, meta=None, instance_id="", **spec):
        self.cluster, self.now = Cluster(), START + timedelta(milliseconds=300)
        self.timers, self.woken, self.events = {}, [], []
        self.changes, self.measured = [], []
        spec = {"templates": [template("a"), template("b")], "duration": "30s", **spec}
        body = {"metadata": {"name": "exp", **(meta or {})}, "spec": spec}
        self.cluster.put(ports.EXPERIMENT, body)
        judge = {"metadata": {"name": "judge"}, "spec": {"metrics": [METRIC]}}
        self.cluster.put(ports.TEMPLATE, judge)
        caches = {name: Cache(self.cluster, kind) for name, kind in KINDS.items()}
        self.trials = trials.Trials(
            api=self.cluster,
            caches=worlds.Caches(**caches),
            clock=lambda: self.now,
            timers=self,
            events=self,
            again=self.woken.append,
            changed=lambda old, new: self.changes.append(new["status"].get("phase")),
            measure=lambda run: self.measured.append(run["metadata"]["name"]),
            instance_id=instance_id,
        )

    def set(self, key, at):
        self.timers[key] = at

    def cancel(self, key):
        self.timers.pop(key, None)

    def post(self, *, obj, type, reason, message):
        self.events.append((obj["metadata"]["name"], type, reason, message))

    @property
    def raw(self):
        return self.cluster.objects["experiments", "exp"]

    @property
    def status(self):
        return self.raw.get("status", {})

    def of(self, plural):
        return {name: o for (kind, name), o in self.cluster.objects.items() if kind == plural}

    async def once(self):
        self.woken.clear()
        await self.trials.reconcile(KEY)

    def kubelet(self):
        moved = False
        for rs in self.of("replicasets").values():
            count = rs["spec"]["replicas"]
            counts = dict.fromkeys(("replicas", "readyReplicas", "availableReplicas"), count)
            moved = moved or rs.get("status") != counts
            self.cluster.put(ports.REPLICA_SET, {**rs, "status": counts})
        return moved

    async def settle(self):
        for _ in range(60):
            try:
                await self.once()
            except (errors.Conflict, errors.Unavailable):
                self.woken.append(KEY)
            moved = self.kubelet()
            if not self.woken and not moved:
                return self
        raise AssertionError("it does not come to rest")

    async def wait(self, seconds):
        end = self.now + timedelta(seconds=seconds)
        while (at := self.timers.get(f"experiment:{KEY}")) is not None and at <= end:
            self.now = max(at, self.now)
            del self.timers[f"experiment:{KEY}"]
            await self.settle()
        self.now = end
        return await self.settle()


async def test_experiment_runs_to_its_end():
    bench = await Bench(scaleDownDelaySeconds=10).settle()
    assert bench.status["phase"] == "Running"
    await bench.wait(32)
    assert bench.status["phase"] == "Successful"
    assert all("scale-down-deadline" in rs["metadata"]["annotations"] for rs in _sets(bench))
    await bench.wait(12)
    assert {rs["spec"]["replicas"] for rs in _sets(bench)} == {0}
    assert [rs["metadata"]["annotations"].get("scale-down-deadline") for rs in _sets(bench)] == [
        None,
        None,
    ]


def _sets(bench):
    return list(bench.of("replicasets").values())


async def test_pass_writes_status_once_and_nothing_at_rest():
    bench = Bench()
    await bench.once()
    own = [write for write in bench.cluster.writes if write.ref.kind == ports.EXPERIMENT]
    assert len(own) == 1
    await bench.settle()
    before = len(bench.cluster.writes)
    await bench.once()
    assert len(bench.cluster.writes) == before


async def test_status_is_written_after_what_it_tells_of():
    bench = Bench()
    await bench.once()
    kinds = [write.ref.kind.name for write in bench.cluster.writes]
    assert kinds == ["ReplicaSet", "ReplicaSet", "Experiment"]


@pytest.mark.row(126)
async def test_others_experiments_are_left_alone():
    bench = Bench(instance_id="blue")
    await bench.once()
    assert bench.cluster.writes == []


async def test_timer_is_dropped_with_the_experiment():
    bench = await Bench().settle()
    assert f"experiment:{KEY}" in bench.timers
    del bench.cluster.objects["experiments", "exp"]
    await bench.once()
    assert bench.timers == {}


@pytest.mark.parametrize("lost", range(1, 9))
async def test_lost_answer_heals(lost):
    bench = Bench(templates=[template("a", service={})], analyses=_judge())
    bench.cluster.after = lambda number, write: (
        errors.Unavailable("no answer") if number == lost else None
    )
    await bench.settle()
    assert bench.status["phase"] == "Running"
    assert (len(_sets(bench)), list(bench.of("services"))) == (1, ["exp-a"])
    assert list(bench.of("analysisruns")) == ["exp-judge"]


@pytest.mark.parametrize("refused", range(1, 7))
async def test_conflict_is_read_again(refused):
    bench = Bench(templates=[template("a", service={})], analyses=_judge())
    bench.cluster.before = lambda number, write: (
        errors.Conflict("changed") if number == refused else None
    )
    await bench.settle()
    assert bench.status["phase"] == "Running"


def _judge():
    return [{"name": "judge", "templateName": "judge", "requiredForCompletion": True}]


async def test_run_is_measured_and_its_verdict_taken():
    bench = await Bench(analyses=_judge()).settle()
    assert bench.measured == ["exp-judge"]
    run = bench.of("analysisruns")["exp-judge"]
    bench.cluster.put(ports.RUN, {**run, "status": {"phase": "Failed", "message": "slow"}})
    await bench.settle()
    assert (bench.status["phase"], bench.status["message"]) == ("Failed", "slow")
    assert bench.changes[-1] == "Failed"


async def test_name_of_anothers_pods_is_left_to_them():
    bench = Bench(templates=[template("a")])
    strange = {"metadata": {"name": "exp-a"}, "spec": {"replicas": 1, "template": POD}}
    bench.cluster.put(ports.REPLICA_SET, strange)
    await bench.settle()
    assert sorted(bench.of("replicasets")) == ["exp-a", "exp-a-1"]
    assert bench.status["templateStatuses"][0]["collisionCount"] == 1
    assert bench.of("replicasets")["exp-a"]["spec"] == strange["spec"]


async def test_name_of_anothers_service_is_an_error_in_words():
    bench = Bench(templates=[template("a", service={"name": "web"})])
    bench.cluster.put(ports.SERVICE, {"metadata": {"name": "web"}, "spec": {}})
    await bench.settle()
    assert bench.status["phase"] == "Error"
    said = "Failed to create Service web for template 'a': web"
    assert bench.status["message"] == said


async def test_pods_that_the_server_refuses_are_an_error_in_words():
    bench = Bench(templates=[template("a")])
    bench.cluster.before = lambda number, write: (
        errors.Refused("the selector does not match")
        if write.ref.kind == ports.REPLICA_SET
        else None
    )
    await bench.settle()
    said = "Failed to create ReplicaSet for template 'a': the selector does not match"
    assert (bench.status["phase"], bench.status["message"]) == ("Error", said)


async def test_rollout_that_owns_it_hears_of_its_analyses():
    owner = {"kind": "Rollout", "name": "app", "uid": "uid-rollouts-app", "controller": True}
    bench = Bench(meta={"ownerReferences": [owner]}, analyses=_judge())
    bench.cluster.put(ports.ROLLOUT, {"metadata": {"name": "app"}, "spec": {}})
    await bench.settle()
    text = "AnalysisRun 'judge' transitioned from  -> Pending"
    assert ("app", "Warning", "AnalysisRunPending", text) in bench.events
    assert ("exp", "Normal", "AnalysisRunPending", text) in bench.events


async def test_spec_ref_means_the_revisions_of_the_rollout_that_the_label_names():
    refs = [{"name": "a", "specRef": "stable"}, {"name": "b", "specRef": "canary"}]
    bench = Bench(meta={"labels": {"rollout-bot.io/rollout": "app"}}, templates=refs)
    rollout = {"metadata": {"name": "app"}, "spec": {}}
    rollout["status"] = {"stableRS": "h1", "currentPodHash": "h2"}
    uid = bench.cluster.put(ports.ROLLOUT, rollout)["metadata"]["uid"]
    for pod_hash in ("h1", "h2"):
        bench.cluster.put(ports.REPLICA_SET, _revision(pod_hash, uid))
    await bench.settle()
    images = {
        name: rs["spec"]["template"]["spec"]["containers"][0]["image"]
        for name, rs in bench.of("replicasets").items()
        if name.startswith("exp-")
    }
    assert images == {"exp-a": "h1", "exp-b": "h2"}
    assert bench.status["phase"] == "Running"


def _revision(pod_hash, uid):
    labels = {"app": "web", "rollouts-pod-template-hash": pod_hash}
    containers = [{"name": "c", "image": pod_hash}]
    return {
        "metadata": {
            "name": f"app-{pod_hash}",
            "labels": labels,
            "ownerReferences": [{"uid": uid, "controller": True}],
        },
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
        },
    }


async def test_spec_ref_without_a_label_is_refused_in_words():
    bench = await Bench(templates=[{"name": "a", "specRef": "stable"}]).settle()
    (condition,) = bench.status["conditions"]
    assert condition["type"] == "InvalidExperimentSpec"
    assert "rollout-bot.io/rollout" in condition["message"]
    assert bench.of("replicasets") == {}


async def test_service_goes_with_the_pods():
    bench = Bench(templates=[template("a", service={})], scaleDownDelaySeconds=5)
    await (await bench.settle()).wait(32)
    assert list(bench.of("services")) == ["exp-a"]
    await bench.wait(8)
    assert bench.of("services") == {}
