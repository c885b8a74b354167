"""Anybody does anything to the other strategies: blue-green, ping-pong, a stable that shrinks.

As ``test_machine``, and beyond it: after every single pass traffic has the pods that it needs, no
step is left out, no gate is passed unasked; and a pass of which only some writes arrive, in any
order, heals.
"""

import copy

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from bot.core import revisions
from bot.model import errors, ports
from tests.core.engine import simulation, test_blue_green
from tests.core.engine.test_ping_pong import BY_TURNS, take_turns

STEP = st.one_of(
    st.builds(lambda w: {"setWeight": w}, st.sampled_from([10, 25, 50, 75, 100])),
    st.builds(lambda d: {"pause": {"duration": d}}, st.sampled_from([1, 30])),
    st.just({"pause": {}}),
)
FAULT = st.sampled_from([errors.Conflict("c"), errors.Unavailable("u"), errors.NotFound("n")])


class Anybody(RuleBasedStateMachine):
    """What may happen to a rollout of any strategy. ``asked`` are the revisions let through."""

    sim = None

    def begin(self, sim):
        self.sim, self.asked, self.full = sim, set(), False
        sim.settle(check=self.holds)
        self.index = sim.status.step_index
        self.been_stable = {sim.status.stable_hash}

    def holds(self):
        """What must be so after every pass and every move of a pod."""
        self.been_stable = getattr(self, "been_stable", set()) | {self.sim.status.stable_hash}

    def once(self):
        self.sim.once()
        self.holds()

    @rule()
    def pass_once(self):
        self.once()

    @rule()
    def pods_move(self):
        self.sim.kubelet()
        self.holds()

    @rule(at=st.integers(1, 5), fault=FAULT, lost=st.booleans())
    def pass_with_a_fault(self, at, fault, lost):
        cluster = self.sim.cluster
        nth = cluster.calls + at
        name = "after" if lost else "before"
        error = errors.Unavailable("lost") if lost else fault
        setattr(cluster, name, lambda number, write: error if number == nth else None)
        self.once()
        setattr(cluster, name, lambda number, write: None)

    @rule(arrive=st.lists(st.booleans(), min_size=8, max_size=8), order=st.randoms())
    def pass_arrives_in_part_and_out_of_order(self, arrive, order):
        cluster, held = self.sim.cluster, []
        sound = cluster.write

        async def hold(write):
            held.append(write)
            return _as_if(cluster, write)

        cluster.write = hold
        self.sim.once()
        cluster.write = sound
        there = [write for write, here in zip(held, arrive * 9, strict=False) if here]
        order.shuffle(there)
        for write in there:
            self._arrives(write)

    def _arrives(self, write):
        try:
            self.sim.cluster._write(write)
        except errors.RolloutBotError:
            return  # it was bound to a version that is not the present one
        self.holds()

    @rule()
    def time_passes(self):
        if self.sim.timers.at is not None:
            self.sim.now = max(self.sim.now, self.sim.timers.at)

    @rule(image=st.sampled_from(["one", "two", "three"]))
    def somebody_ships(self, image):
        self.sim.ship(image)

    @rule(kind=st.sampled_from(["abort", "retry"]))
    def somebody_asks(self, kind):
        self.sim.ask(kind)

    @rule(kind=st.sampled_from(["promote", "promote-full"]))
    def somebody_promotes(self, kind):
        self.asked.add(self.sim.status.current_hash)
        self.full = self.full or kind == "promote-full"
        self.sim.ask(kind)

    @rule()
    def somebody_promotes_with_kubectl(self):
        if self.sim.status.pause_conditions:
            self.asked.add(self.sim.status.current_hash)
            self.sim.write_status(pauseConditions=None)

    @rule(image=st.sampled_from(["two", "three"]))
    def an_image_breaks_before_it_has_pods(self, image):
        if not self.sim.available(image):
            self.sim.broken ^= {image}

    @rule()
    def it_rests(self):
        self.sim.settle(check=self.holds)
        writes, before = len(self.sim.cluster.writes), self.sim.raw
        self.sim.once()
        assert len(self.sim.cluster.writes) == writes, self.sim.cluster.writes[writes:]
        assert self.sim.raw == before
        assert not self.sim.status.bot.intents

    def kept(self, pod_hash):
        """Available pods of a revision that are still asked for."""
        return sum(
            min(rs["spec"]["replicas"], rs.get("status", {}).get("availableReplicas", 0))
            for rs in self.sim.sets()
            if simulation._hash(rs) == pod_hash
        )

    def selected(self, service):
        found = self.sim.cluster.objects["services", service]["spec"]["selector"]
        return found.get(revisions.HASH, "")

    def teardown(self):
        if self.sim is None:
            return
        self.sim.settle(check=self.holds)
        self.sim.wait(200, check=self.holds)
        self.it_rests()
        self.sim.loop.close()


def _as_if(cluster, write):
    """The answer to a write that has not arrived yet."""
    old = copy.deepcopy(cluster.objects.get((write.ref.kind.plural, write.ref.name)))
    body = copy.deepcopy(dict(write.body))
    if write.verb is ports.Verb.CREATE:
        meta = {"uid": "u", "resourceVersion": "0", "generation": 1, **body["metadata"]}
        return {**body, "metadata": meta}
    if old is None:
        raise errors.NotFound(write.ref.name)
    return simulation.merge(old, body) if write.verb is ports.Verb.PATCH else old


class Canary(Anybody):
    """What holds for every canary with a router, however it sizes its pods."""

    def once(self):
        before = self.sim.status
        super().once()
        self.walked(before)

    def walked(self, before):
        """One step a pass: further only where somebody skips, or all is over, or anew."""
        after = self.sim.status
        moved = (before.step_index or 0, after.step_index or 0)
        if before.current_hash != after.current_hash or self.full:
            return
        steps = len(self.sim.raw["spec"]["strategy"]["canary"].get("steps") or ())
        over = after.stable_hash == after.current_hash and moved[1] == steps
        assert moved[1] in {moved[0], moved[0] + 1, 0} or over, moved

    def served(self, weights):
        """Each side has the pods that its share of the traffic needs, rounded down."""
        total = self.sim.raw["spec"]["replicas"]
        for service, weight in weights.items():
            pod_hash = self.selected(service)
            if weight and pod_hash:
                assert self.kept(pod_hash) >= weight * total // 100, (service, weights)

    @invariant()
    def nothing_is_promoted_past_its_gates(self):
        if self.sim is None or self.full:
            return
        steps = self.sim.raw["spec"]["strategy"]["canary"].get("steps") or ()
        gated = any("pause" in step and not step["pause"] for step in steps)
        new = self.sim.status.stable_hash
        if gated and new and self.sim.stable_image() != "one":
            assert new in self.asked


class Dynamic(Canary):
    @initialize(
        steps=st.lists(STEP, max_size=5),
        replicas=st.integers(1, 10),
        least=st.sampled_from([None, 2]),
        delay=st.sampled_from([None, 30]),
    )
    def start(self, steps, replicas, least, delay):
        more = {} if least is None else {"minPodsPerReplicaSet": least}
        more |= {} if delay is None else {"abortScaleDownDelaySeconds": delay}
        self.begin(
            simulation.Simulation(
                steps=steps, replicas=replicas, routed=True, dynamicStableScale=True, **more
            )
        )

    def holds(self):
        super().holds()
        weight = self.sim.weight()
        self.served({"canary": weight, "stable": 100 - weight})

    @invariant()
    def spare_pods_are_few(self):
        """All pods that are asked for: never a whole second fleet beside the first two."""
        if self.sim is not None:
            assert sum(self.sim.sized().values()) <= 3 * self.sim.raw["spec"]["replicas"] + 2


class PingPong(Canary):
    @initialize(steps=st.lists(STEP, max_size=5), replicas=st.integers(1, 6))
    def start(self, steps, replicas):
        sim = simulation.Simulation(steps=steps, replicas=replicas, **BY_TURNS)
        self.begin(take_turns(sim))

    def holds(self):
        super().holds()
        route = self.sim.cluster.objects["virtualservices", "web"]["spec"]["http"][0]["route"]
        weights = {entry["destination"]["host"]: entry["weight"] for entry in route}
        assert sum(weights.values()) == 100
        self.served(weights)


class BlueGreen(Anybody):
    @initialize(
        replicas=st.integers(1, 4),
        by_hand=st.booleans(),
        small=st.sampled_from([None, 1]),
        delays=st.fixed_dictionaries(
            {},
            optional={
                "scaleDownDelaySeconds": st.sampled_from([0, 30]),
                "abortScaleDownDelaySeconds": st.sampled_from([0, 30]),
            },
        ),
    )
    def start(self, replicas, by_hand, small, delays):
        more = {} if small is None else {"previewReplicaCount": small}
        self.by_hand = by_hand
        self.begin(
            test_blue_green.BlueGreen(
                replicas=replicas, autoPromotionEnabled=not by_hand, **more, **delays
            )
        )

    def holds(self):
        super().holds()
        pod_hash, total = self.selected("active"), self.sim.raw["spec"]["replicas"]
        if pod_hash:
            assert self.kept(pod_hash) >= total, "all users are there, with all the pods they need"

    @precondition(lambda self: self.sim is not None and self.by_hand)
    @invariant()
    def nobody_is_switched_unasked(self):
        # What was promoted once may come back at once while its pods are warm.
        allowed = self.asked | self.been_stable | {""}
        assert self.selected("active") in allowed
        if self.sim.stable_image() != "one":
            assert self.sim.status.stable_hash in self.asked | {""}


def machine(kind):
    found = kind.TestCase
    found.settings = settings(
        max_examples=60,
        stateful_step_count=25,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    return pytest.mark.filterwarnings("default")(found)


TestDynamic = pytest.mark.row(26, 27, 28)(machine(Dynamic))
TestPingPong = pytest.mark.row(62)(machine(PingPong))
TestBlueGreen = pytest.mark.row(63, 64)(machine(BlueGreen))
