"""Whoever writes whatever: no named gate is passed without enough approvals that were given."""

import copy

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.model import errors, ports
from tests.core.engine.guarded import TWO, Guarded
from tests.core.engine.test_guarded_traffic import led, ready, weights

STEPS = ({"setWeight": 20}, {"pause": {}}, {"setWeight": 60}, {"pause": {"duration": 30}})
PEOPLE = ("sam (U0SAM)", "lee (U0LEE)", "kim (U0KIM)")
PERSON = st.sampled_from(PEOPLE)
FIELD = st.sampled_from(["approvals", "passes", "shut", "opened", "intents"])


class Machine(RuleBasedStateMachine):
    """One gate at 20 %, perhaps one before 100 %; two of three people needed.

    ``given`` are the approvals really given in this try, ``good`` the images that may be stable;
    ``last`` is whom the canary's Service led to, and the traffic that it had.
    """

    sim = None

    @initialize(routed=st.booleans(), full=st.booleans(), dynamic=st.booleans())
    def start(self, routed, full, dynamic):
        notes = {"rollout-bot.io/gate-before-full": "true"} if full else {}
        more = {"dynamicStableScale": True} if routed and dynamic else {}
        self.sim = Guarded(
            policy=TWO, steps=STEPS, routed=routed, annotations=notes, **more
        ).settle()
        self.given, self.images, self.recorded, self.good = {}, 0, [], {"one"}
        self.newest, self.full, self.last = "one", full, ("", 0)
        self.ship()

    @rule()
    def ship(self):
        self.images += 1
        self.ship_one(f"v{self.images}")

    @rule(which=st.integers(0, 9))
    def ship_an_earlier_one(self, which):
        self.ship_one(f"v{which % (self.images + 1)}" if which % (self.images + 1) else "one")

    def ship_one(self, image):
        if image != self.newest:
            self.given.clear()
        self.newest = image
        self.sim.ship(image).settle(check=self.holds)

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
        if self.sim.status.abort:
            self.given.clear()

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

    @rule(which=st.one_of(st.sampled_from(["", "nobody"]), st.integers(0, 9)), alone=st.booleans())
    def write_the_stable(self, which, alone):
        sets = sorted(rs["metadata"]["name"] for rs in self.sim.sets())
        named = sets[which % len(sets)].removeprefix("app-") if isinstance(which, int) else which
        if not alone:
            self.sim.replace_block({})
        self.sim.write_status(stableRS=named).settle(check=self.holds)

    @precondition(lambda self: self.sim is not None and self.sim.status.weights)
    @rule(canary=st.sampled_from([0, 40, 100]), abort=st.booleans())
    def write_the_weights(self, canary, abort):
        if abort:
            self.given.clear()
        body = {"abort": True} if abort else {}
        self.sim.write_status(**body, **weights(self.sim, canary)).settle(check=self.holds)

    @precondition(lambda self: self.sim is not None and self.sim.routed)
    @rule(count=st.integers(0, 5))
    def pods_of_the_stable_are_lost(self, count):
        image = self.sim.stable_image()
        pods = {one: n for one, n in self.sim.sized().items() if one == image}
        if image:
            ready(self.sim, image, min(count, pods.get(image, 0))).settle(check=self.holds)

    @rule(what=st.sampled_from(["ship", "abort", "full"]))
    def write_the_weights_while_pods_are_lost(self, what):
        """The places where a weight of the status could be more than a gate lets through."""
        if what != "abort":
            for person in PEOPLE[:2]:
                self.approve(person)
        if self.sim.routed:
            self.pods_of_the_stable_are_lost(2 if what != "full" else 5)
        body = weights(self.sim, 100) if self.sim.status.weights else {}
        if what == "full":
            body["promoteFull"] = True
        elif what == "abort":
            self.given.clear()
            body["abort"] = True
        self.sim.write_status(**body)
        if what == "ship":
            self.ship()
        self.sim.settle(check=self.holds)

    @rule()
    def pods_come_back(self):
        self.sim.stuck.clear()
        self.sim.settle(check=self.holds)

    @rule()
    def record_the_status(self):
        self.recorded.append(copy.deepcopy(self.sim.raw["status"]))

    @precondition(lambda self: self.recorded)
    @rule(which=st.integers(0, 9), stable=st.booleans())
    def put_a_whole_status_back(self, which, stable):
        old = copy.deepcopy(self.recorded[which % len(self.recorded)])
        if stable:
            old["stableRS"] = self.sim.status.current_hash
        self.sim.cluster.put(ports.ROLLOUT, {**self.sim.raw, "status": old})
        self.sim.settle(check=self.holds)
        self.sim.kubectl_promote().settle(check=self.holds)

    @rule(again=st.booleans())
    def put_an_opened_gate_back_after_an_abort(self, again):
        for person in PEOPLE[:2]:
            self.approve(person)
        self.record_the_status()
        self.time_passes(1)
        self.ask_for_anything("abort")
        if again:
            self.time_passes(1)
            self.ask_for_anything("retry")
        self.put_a_whole_status_back(len(self.recorded) - 1, stable=False)

    @precondition(lambda self: self.recorded)
    @rule(field=FIELD, which=st.integers(0, 9))
    def copy_a_record_back(self, field, which):
        """Of this try or an earlier one."""
        old = self.recorded[which % len(self.recorded)].get("rolloutBot") or {}
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
        newest, status = self.newest, self.sim.status
        revision = next(
            (
                rs["metadata"]["labels"]["rollouts-pod-template-hash"]
                for rs in self.sim.sets()
                if rs["spec"]["template"]["spec"]["containers"][0]["image"] == newest
            ),
            "",
        )
        gates = [20, 60] if self.full else [20]
        most = next((w for w, at in zip(gates, (1, -1)) if not self.enough(revision, at)), None)
        if revision and most is None:
            self.good.add(newest)
        stable = self.sim.stable_image()
        assert not stable or stable in self.good
        if self.sim.routed:
            self.no_more_traffic_than(most, stable)
        elif revision and most == 20 and stable != newest:
            assert self.sim.sized().get(newest, 0) <= 2

    def no_more_traffic_than(self, most, stable):
        """It may keep what it had, until the stable has the pods to take that."""
        image, weight = led(self.sim, "canary"), self.sim.weight()
        if image == self.newest != stable and most is not None:
            assert weight <= max(most, self.last[1] if self.last[0] == image else 0)
        self.last = (image, weight)


TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestMachine = pytest.mark.timeout(600)(TestMachine)
