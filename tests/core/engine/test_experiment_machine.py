"""Rollouts with experiment steps and their Experiments in one cluster: anybody does anything."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.model import errors, ports
from bot.runtime import trials
from tests.core.engine.simulation import Simulation

DONE = {"Successful", "Failed", "Error", "Inconclusive"}
TEMPLATES = [{"name": "a", "specRef": "stable"}, {"name": "b", "specRef": "canary"}]
STEP = st.one_of(
    st.builds(lambda w: {"setWeight": w}, st.sampled_from([20, 50])),
    st.builds(
        lambda d: {"experiment": {"templates": TEMPLATES, "scaleDownDelaySeconds": 5, **d}},
        st.sampled_from([{}, {"duration": "20s"}]),
    ),
    st.just({"pause": {}}),
)
FAULT = st.sampled_from([errors.Conflict("c"), errors.Unavailable("u"), errors.NotFound("n")])


class Timers:
    def __init__(self):
        self.found = {}

    def set(self, key, at):
        self.found[key] = at

    def cancel(self, key):
        self.found.pop(key, None)


class Both(Simulation):
    """A simulation whose Experiments run too."""

    def _build(self):
        super()._build()
        self.trial_timers, self.trial_again = Timers(), set()
        self.trials = trials.Trials(
            api=self.cluster,
            caches=self.reconciler.reader.caches,
            clock=lambda: self.now,
            timers=self.trial_timers,
            events=self,
            again=self.trial_again.add,
            changed=lambda old, new: None,
            measure=lambda run: None,
        )

    def every_set(self):
        return super().sets()

    def sets(self):
        return [rs for rs in super().sets() if _owner(rs) == "Rollout"]

    def experiments(self):
        found = self.cluster.objects.items()
        return [obj for (plural, _), obj in found if plural == "experiments"]

    def kubelet(self):
        moved = super().kubelet()
        mine, self.sets = self.sets, lambda: [r for r in self.every_set() if r not in mine()]
        try:
            return super().kubelet() or moved
        finally:
            del self.sets

    def once(self):
        problem = super().once()
        self.trial_again.clear()
        for one in self.experiments():
            key = f"shop/{one['metadata']['name']}"
            try:
                self.loop.run_until_complete(self.trials.reconcile(key))
            except errors.RolloutBotError:
                self.trial_again.add(key)
        self.again = self.again or bool(self.trial_again)
        return problem

    def pass_time(self):
        """To the next timer, which fires once."""
        found = self.trial_timers.found
        times = [at for at in (self.timers.at, *found.values()) if at]
        if not times:
            return
        self.now = max(self.now, min(times))
        self.trial_timers.found = {key: at for key, at in found.items() if at > self.now}
        if self.timers.at is not None and self.timers.at <= self.now:
            self.timers.at = None


def _owner(rs):
    return rs["metadata"]["ownerReferences"][0]["kind"]


class Machine(RuleBasedStateMachine):
    sim = None

    @initialize(steps=st.lists(STEP, min_size=1, max_size=4), replicas=st.integers(1, 4))
    def start(self, steps, replicas):
        self.sim = Both(steps=steps, replicas=replicas, maxSurge=1, maxUnavailable=0).settle()
        self.replicas = replicas

    @rule()
    def pass_once(self):
        self.sim.once()

    @rule()
    def pods_move(self):
        self.sim.kubelet()

    @rule(at=st.integers(1, 6), fault=FAULT, lost=st.booleans())
    def pass_with_a_fault(self, at, fault, lost):
        cluster = self.sim.cluster
        nth = cluster.calls + at
        name = "after" if lost else "before"
        error = errors.Unavailable("lost") if lost else fault
        setattr(cluster, name, lambda number, write: error if number == nth else None)
        self.sim.once()
        setattr(cluster, name, lambda number, write: None)

    @rule()
    def time_passes(self):
        self.sim.pass_time()

    @rule(image=st.sampled_from(["one", "two", "three"]))
    def somebody_ships(self, image):
        self.sim.ship(image)

    @rule(kind=st.sampled_from(["abort", "retry", "promote", "promote-full"]))
    def somebody_asks(self, kind):
        self.sim.ask(kind)

    @rule()
    def somebody_moves_the_course(self):
        self.sim.write_status(currentStepIndex=(self.sim.status.step_index or 0) + 1)

    @rule()
    def somebody_ends_an_experiment(self):
        for one in self.sim.experiments():
            spec = {**one["spec"], "terminate": True}
            self.sim.cluster.put(ports.EXPERIMENT, {**one, "spec": spec})

    @rule()
    def somebody_deletes_an_experiment(self):
        for one in self.sim.experiments()[:1]:
            name = one["metadata"]["name"]
            gone = [("experiments", name)]
            for rs in self.sim.every_set():
                if rs["metadata"]["ownerReferences"][0]["name"] == name:
                    gone.append(("replicasets", rs["metadata"]["name"]))
            for key in gone:
                del self.sim.cluster.objects[key]

    @rule()
    def it_rests(self):
        self.sim.settle()
        writes = len(self.sim.cluster.writes)
        self.sim.once()
        assert len(self.sim.cluster.writes) == writes, self.sim.cluster.writes[writes:]
        self.only_the_wanted_one_goes_on()

    def only_the_wanted_one_goes_on(self):
        going = [
            one["metadata"]["name"]
            for one in self.sim.experiments()
            if one.get("status", {}).get("phase") not in DONE
        ]
        wanted = self.sim.status.experiment
        assert set(going) <= {wanted}
        assert len(going) <= 1

    @invariant()
    def experiments_never_count_as_pods_of_the_rollout(self):
        if self.sim is not None:
            total = sum(rs["spec"]["replicas"] for rs in self.sim.sets())
            assert total <= self.replicas + 1
            assert self.sim.status.replicas <= self.replicas + 1

    @invariant()
    def enough_pods_stay_available(self):
        if self.sim is not None:
            kept = sum(
                min(rs["spec"]["replicas"], rs.get("status", {}).get("availableReplicas", 0))
                for rs in self.sim.sets()
            )
            assert kept >= self.replicas

    def teardown(self):
        if self.sim is None:
            return
        self.sim.settle().ask("abort").settle()
        for _ in range(30):
            self.sim.pass_time()
            self.sim.settle()
        self.it_rests()
        left = [rs for rs in self.sim.every_set() if _owner(rs) == "Experiment"]
        assert all(rs["spec"]["replicas"] == 0 for rs in left)
        self.sim.loop.close()


TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=40,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
TestMachine = pytest.mark.filterwarnings("default")(TestMachine)
