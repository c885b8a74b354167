"""Anybody does anything at any time, calls fail: what must always hold, holds."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.model import errors
from tests.core.engine.simulation import Simulation

STEP = st.one_of(
    st.builds(lambda w: {"setWeight": w}, st.sampled_from([0, 10, 25, 50, 75, 99, 100])),
    st.builds(lambda d: {"pause": {"duration": d}}, st.sampled_from([1, 30])),
    st.just({"pause": {}}),
)
FAULT = st.sampled_from([errors.Conflict("c"), errors.Unavailable("u"), errors.NotFound("n")])


class Machine(RuleBasedStateMachine):
    sim = None

    @initialize(
        steps=st.lists(STEP, max_size=5),
        replicas=st.integers(1, 6),
        routed=st.booleans(),
        gate=st.booleans(),
        limits=st.sampled_from([(1, 0), (0, 1), (2, 1)]),
    )
    def start(self, steps, replicas, routed, gate, limits):
        notes = {"rollout-bot.io/gate-before-full": "true"} if gate else {}
        self.sim = Simulation(
            steps=steps,
            replicas=replicas,
            routed=routed,
            annotations=notes,
            maxSurge=limits[0],
            maxUnavailable=limits[1],
        ).settle()
        self.gate, self.replicas, self.limits = gate, replicas, limits
        self.approved = set()

    @rule()
    def pass_once(self):
        self.sim.once()

    @rule()
    def pods_move(self):
        self.sim.kubelet()

    @rule(at=st.integers(1, 4), fault=FAULT, lost=st.booleans())
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
        if self.sim.timers.at is not None:
            self.sim.now = max(self.sim.now, self.sim.timers.at)

    @rule(image=st.sampled_from(["one", "two", "three"]))
    def somebody_ships(self, image):
        self.sim.ship(image)

    @rule()
    def somebody_aborts(self):
        self.sim.ask("abort")

    @rule()
    def somebody_retries(self):
        self.sim.ask("retry")

    @rule()
    def somebody_promotes(self):
        self.approved.add(self.sim.status.current_hash)
        self.sim.ask("promote")

    @rule()
    def somebody_promotes_with_kubectl(self):
        if self.sim.status.pause_conditions:
            self.approved.add(self.sim.status.current_hash)
            self.sim.write_status(pauseConditions=None)

    @rule()
    def somebody_skips_all(self):
        self.sim.ask("promote-full")

    @rule(image=st.sampled_from(["two", "three"]))
    def an_image_breaks(self, image):
        if image != self.sim.stable_image():
            self.sim.broken ^= {image}

    @rule()
    def it_rests(self):
        self.sim.settle()
        writes = len(self.sim.cluster.writes)
        before = self.sim.raw
        self.sim.once()
        assert len(self.sim.cluster.writes) == writes, self.sim.cluster.writes[writes:]
        assert self.sim.raw == before
        assert not self.sim.status.bot.intents

    @invariant()
    def pods_stay_within_the_surge(self):
        if self.sim is not None and not self.sim.routed:
            total = sum(self.sim.sized().values())
            assert total <= self.replicas + self.limits[0]

    @invariant()
    def enough_pods_stay_available(self):
        # A former stable that broke later is nobody's fault; none is broken once available.
        if self.sim is not None and not self.sim.broken:
            assert self._kept() >= self.replicas - self.limits[1]

    def _kept(self):
        """Available pods that are still asked for."""
        return sum(
            min(rs["spec"]["replicas"], rs.get("status", {}).get("availableReplicas", 0))
            for rs in self.sim.sets()
        )

    @invariant()
    def nothing_is_promoted_past_its_gate(self):
        if self.sim is None or not self.gate:
            return
        if self.sim.stable_image() not in ("", "one"):
            assert self.sim.status.stable_hash in self.approved

    @invariant()
    def traffic_goes_where_pods_are(self):
        if self.sim is None or not self.sim.routed or self.sim.broken or not self.sim.weight():
            return
        assert self._kept() > 0

    def teardown(self):
        if self.sim is None:
            return
        self.sim.settle()
        self.sim.wait(200)
        self.it_rests()
        self.sim.loop.close()


TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=60,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
TestMachine = pytest.mark.filterwarnings("default")(TestMachine)
