"""Whoever writes whatever: no named gate is passed without enough approvals that were given."""

import copy

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.model import errors
from tests.core.engine.guarded import TWO, Guarded

STEPS = ({"setWeight": 20}, {"pause": {}}, {"setWeight": 60}, {"pause": {"duration": 30}})
PEOPLE = ("sam (U0SAM)", "lee (U0LEE)", "kim (U0KIM)")
PERSON = st.sampled_from(PEOPLE)
FIELD = st.sampled_from(["approvals", "passes", "shut", "opened", "intents"])


class Machine(RuleBasedStateMachine):
    """One gate at 20 %, two of three people needed; ``given`` are the approvals really given."""

    sim = None

    @initialize(routed=st.booleans(), full=st.booleans())
    def start(self, routed, full):
        notes = {"rollout-bot.io/gate-before-full": "true"} if full else {}
        self.sim = Guarded(policy=TWO, steps=STEPS, routed=routed, annotations=notes).settle()
        self.given, self.images, self.recorded = {}, 0, []
        self.ship()

    @rule()
    def ship(self):
        self.images += 1
        self.sim.ship(f"v{self.images}").settle(check=self.holds)

    @rule(person=PERSON)
    def approve(self, person):
        one = self.sim.intent(person)
        if one.gate and self.sim.gate() is not None:
            key = (one.revision, self.sim.gate())
            self.given.setdefault(key, {}).setdefault(one.gate, set()).add(person)
        self.sim.put(one).settle(check=self.holds)

    @rule(person=PERSON)
    def ask_without_a_signature(self, person):
        gate = self.sim.intent(person).gate
        self.sim.ask("promote", gate=gate, actor=person).settle(check=self.holds)

    @rule(kind=st.sampled_from(["promote", "promote-full", "retry", "abort"]))
    def ask_for_anything(self, kind):
        self.sim.ask(kind).settle(check=self.holds)

    @rule(
        paused=st.booleans(),
        index=st.one_of(st.none(), st.integers(0, 5)),
        full=st.booleans(),
        clear=st.booleans(),
    )
    def write_the_course(self, paused, index, full, clear):
        body = {"controllerPause": paused, "promoteFull": full or None}
        if index is not None:
            body["currentStepIndex"] = index
        if clear:
            body["pauseConditions"] = None
        self.sim.write_status(**body).settle(check=self.holds)

    @precondition(lambda self: self.sim.status.bot.shut is not None)
    @rule()
    def write_the_stable(self):
        hash_now = self.sim.status.current_hash
        self.sim.write_status(stableRS=hash_now).settle(check=self.holds)

    @rule()
    def record_the_block(self):
        self.recorded.append(copy.deepcopy(self.sim.raw["status"].get("rolloutBot") or {}))

    @precondition(lambda self: self.recorded)
    @rule(field=FIELD, which=st.integers(0, 9))
    def copy_a_record_back(self, field, which):
        """Of this try or an earlier one; a whole try is not played back."""
        old = self.recorded[which % len(self.recorded)]
        if field in old:
            block = {**self.sim.raw["status"].get("rolloutBot", {}), field: old[field]}
            self.sim.replace_block(block).settle(check=self.holds)

    @rule(person=PERSON, seal=st.sampled_from(["", "0" * 64]))
    def forge_records(self, person, seal):
        status = self.sim.status
        at = self.sim.now.isoformat()
        base = {"revision": status.current_hash, "step": 1, "at": at, "seal": seal}
        block = {
            "approvals": {"x": {**base, "gate": self.sim.intent(person).gate, "actor": person}},
            "passes": [{**base, "by": [person], "how": "slack"}, {**base, "step": -1}],
            "opened": {**base, "step": -1, "by": person, "how": "slack"},
        }
        self.sim.write_status(rolloutBot=block).settle(check=self.holds)

    @rule()
    def delete_the_block(self):
        self.sim.replace_block({}).settle(check=self.holds)

    @rule(seconds=st.sampled_from([1, 40, 600]))
    def time_passes(self, seconds):
        self.sim.wait(seconds=seconds, check=self.holds)

    @rule(at=st.integers(1, 4), lost=st.booleans())
    def pass_with_a_fault(self, at, lost):
        cluster = self.sim.cluster
        nth, name = cluster.calls + at, "after" if lost else "before"
        error = errors.Unavailable("lost") if lost else errors.Conflict("c")
        setattr(cluster, name, lambda number, write: error if number == nth else None)
        self.sim.once()
        setattr(cluster, name, lambda number, write: None)
        self.holds()

    def enough(self, revision, step):
        gates = self.given.get((revision, step), {})
        return any(len(people) >= 2 for people in gates.values())

    @invariant()
    def holds(self):
        if self.sim is None or self.images == 0:
            return
        newest, status = f"v{self.images}", self.sim.status
        revision = next(
            (
                rs["metadata"]["labels"]["rollouts-pod-template-hash"]
                for rs in self.sim.sets()
                if rs["spec"]["template"]["spec"]["containers"][0]["image"] == newest
            ),
            "",
        )
        if not revision or self.enough(revision, 1):
            return
        assert self.sim.stable_image() != newest or status.bot.shut is not None
        if self.sim.routed:
            assert self.sim.weight() <= 20
        else:
            assert self.sim.sized().get(newest, 0) <= 2


TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestMachine = pytest.mark.timeout(600)(TestMachine)
