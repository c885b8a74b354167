"""Anybody does anything while it is frozen, or may be: nothing moves forward, everything can go back."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.core.engine.simulation import Simulation
from tests.core.engine.test_machine import STEP
from tests.core.gates.test_unread import lost


class Machine(RuleBasedStateMachine):
    sim = None
    marks = None
    unread = None

    @initialize(
        steps=st.lists(STEP, max_size=5),
        replicas=st.integers(1, 6),
        routed=st.booleans(),
        gate=st.booleans(),
    )
    def start(self, steps, replicas, routed, gate):
        notes = {"rollout-bot.io/gate-before-full": "true"} if gate else {}
        self.sim = Simulation(
            steps=steps, replicas=replicas, routed=routed, annotations=notes
        ).settle()
        self.frozen = False

    # what stands is written down before each pass and compared after it

    def before(self):
        sim = self.sim
        self.marks = None
        block = sim.status
        if not self.frozen or block.abort or not block.stable_hash:
            return
        canary = sim.raw["spec"]["template"]["spec"]["containers"][0]["image"]
        self.marks = {
            "canary": canary,
            "weight": sim.weight(),
            "pods": sim.sized().get(canary, 0),
            "step": block.step_index or 0,
            "hash": block.current_hash,
            "stable": sim.stable_image(),
        }

    def after(self):
        sim, was = self.sim, self.marks
        if was is None or sim.status.abort or was["stable"] == was["canary"]:
            return
        assert sim.weight() <= was["weight"], "the weight rose under a freeze"
        assert sim.sized().get(was["canary"], 0) <= was["pods"], "pods were added under a freeze"
        if sim.status.current_hash == was["hash"]:
            assert (sim.status.step_index or 0) <= was["step"], "a step ended under a freeze"
        assert sim.stable_image() == was["stable"], "it was promoted under a freeze"

    def passes(self):
        self.before()
        self.sim.once()
        self.after()

    def rests(self):
        for _ in range(300):
            self.passes()
            if not (self.sim.kubelet() or self.sim.again):
                return
        raise AssertionError("it does not come to rest")

    @rule()
    def pass_once(self):
        self.passes()

    @rule()
    def pods_move(self):
        self.sim.kubelet()

    @rule()
    def time_passes(self):
        if self.sim.timers.at is not None:
            self.sim.now = max(self.sim.now, self.sim.timers.at)
        self.passes()

    @rule(image=st.sampled_from(["one", "two", "three"]))
    def somebody_ships(self, image):
        self.sim.ship(image)

    @rule(kind=st.sampled_from(["promote", "promote-full", "retry"]))
    def somebody_asks(self, kind):
        self.sim.ask(kind)
        self.passes()

    @rule(body=st.sampled_from([{"pauseConditions": None}, {"promoteFull": True}]))
    def a_stock_tool_writes(self, body):
        self.sim.write_status(**body)
        self.passes()

    @rule()
    def somebody_freezes(self):
        if not self.frozen:
            self.rests()
            self.sim.freeze()
            self.frozen = True

    @rule()
    def the_bot_starts_and_nobody_can_say_what_is_frozen(self):
        if not self.frozen:
            self.rests()
            self.unread = lost(self.sim)
            self.frozen = True

    @rule()
    def somebody_unfreezes(self):
        if self.frozen:
            self.thaws()

    def thaws(self):
        self.frozen = False
        if self.unread is not None:
            self.unread.synced.set()
            self.unread = None
        else:
            self.sim.unfreeze()

    @rule()
    def somebody_aborts_and_users_are_back(self):
        if self.sim.status.current_hash == self.sim.status.stable_hash:
            return
        self.rests()
        if self.sim.status.current_hash == self.sim.status.stable_hash:
            return
        self.sim.ask("abort").settle()
        assert self.sim.status.abort
        assert self.sim.weight() == 0
        assert self.sim.status.bot.held is None

    @rule()
    def it_rests(self):
        self.rests()
        writes = len(self.sim.cluster.writes)
        self.sim.once()
        assert len(self.sim.cluster.writes) == writes, self.sim.cluster.writes[writes:]

    @invariant()
    def a_held_rollout_is_paused_and_names_what_holds_it(self):
        if self.sim is None or self.sim.status.bot.held is None:
            return
        status = self.sim.status
        assert status.phase in {"Paused", "Progressing", "Degraded"}
        assert status.bot.held.rule

    def teardown(self):
        """In the end what waited goes on: nothing is held once nothing is frozen."""
        if self.sim is None:
            return
        if self.frozen:
            self.thaws()
        self.sim.settle()
        self.sim.wait(200)
        assert self.sim.status.bot.held is None
        self.sim.loop.close()


TestFrozenMachine = Machine.TestCase
TestFrozenMachine.settings = settings(
    max_examples=20,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
TestFrozenMachine = pytest.mark.filterwarnings("default")(TestFrozenMachine)
