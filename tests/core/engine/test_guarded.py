"""Gates whose approvers a policy names: only enough signed approvals open them."""

import copy
from dataclasses import replace

import pytest

from bot.core import codec_block, unmeasured
from bot.core.notices import approving, card, degraded, gate, listing
from bot.core.policies import codec
from bot.model import facts, ports
from bot.runtime import signing
from tests.core.engine import guarded
from tests.core.engine.guarded import KEY, ONE, TWO, Guarded

STEPS = ({"setWeight": 20}, {"pause": {}}, {"setWeight": 60}, {"pause": {}})
SAM, LEE = "sam (U0SAM)", "lee (U0LEE)"


def at_gate(policy=TWO, *, steps=STEPS, routed=True, **more):
    sim = Guarded(policy=policy, steps=steps, routed=routed, **more).settle()
    sim.ship("two").settle()
    assert sim.status.pause_conditions
    return sim


def started(sim):
    return sim.status.pause_conditions[0].start


def test_gate_opens_with_the_last_approval_that_is_needed():
    sim = at_gate()
    sim.approve(SAM)
    assert (sim.weight(), sim.answers()[-1]) == (20, (True, "Recorded: 1 of 2 approved: sam."))
    sim.approve(LEE)
    assert (sim.weight(), sim.status.step_index) == (60, 3)
    assert sim.answers()[-1] == (True, "Approved: v2 goes on.")
    assert sim.status.bot.approvals == ()
    assert [(one.step, one.by) for one in sim.status.bot.passes] == [(1, (SAM, LEE))]


def test_the_same_person_counts_once():
    sim = at_gate().approve(SAM).approve(SAM)
    assert sim.weight() == 20
    assert sim.answers()[-1] == (False, "You have approved this already: 1 of 2 approved: sam.")


def test_approvals_of_one_gate_do_not_open_the_next():
    sim = at_gate().approve(SAM).approve(LEE)
    sim.approve(SAM)
    assert (sim.weight(), sim.status.step_index) == (60, 3)


def test_two_approvals_in_one_pass_open_one_gate():
    sim = at_gate()
    sim.put(sim.intent(SAM), sim.intent(LEE)).settle()
    assert (sim.weight(), sim.status.step_index) == (60, 3)


def test_idle_gate_writes_nothing():
    sim = at_gate().approve(SAM)
    before = len(sim.cluster.writes)
    for _ in range(3):
        sim.once()
    assert len(sim.cluster.writes) == before


@pytest.mark.parametrize(
    "write",
    [
        {"status": {"pauseConditions": None}},
        {"status": {"pauseConditions": None, "controllerPause": None}},
        {"status": {"currentStepIndex": 2, "pauseConditions": None}},
        {"status": {"currentStepIndex": 4, "pauseConditions": None, "controllerPause": False}},
        {"status": {"promoteFull": True}},
        {"status": {"promoteFull": True, "pauseConditions": None, "currentStepIndex": 3}},
    ],
    ids=["promote", "no controller pause", "moved", "to the end", "full", "everything"],
)
def test_write_of_a_stock_tool_is_taken_back(write):
    sim = at_gate()
    since = started(sim)
    sim.wait(seconds=60)
    sim.write_raw(write)
    sim.settle(check=lambda: _never_above(sim, 20))
    assert (sim.status.step_index, started(sim)) == (1, since)
    assert not sim.status.promote_full
    assert [kind for kind, reason, _ in sim.events if reason == "GateKept"] == ["Warning"]
    assert "gate stays shut" in next(text for _, reason, text in sim.events if reason == "GateKept")
    assert sim.status.bot.kept["what"]


@pytest.mark.parametrize("routed", [True, False])
def test_order_written_at_an_earlier_step_opens_no_gate_further_on(routed):
    sim = at_gate(routed=routed)
    back = {"pauseConditions": None, "controllerPause": True, "currentStepIndex": 0}
    sim.write_raw({"status": back}).settle(check=lambda: _never_above(sim, 20))
    assert (sim.status.step_index, sim.status.bot.passes) == (1, ())
    assert [one.reason for one in sim.status.pause_conditions] == ["CanaryPauseStep"]


PAST = {"status": {"pauseConditions": None, "currentStepIndex": 2}}


def test_writer_is_named_where_the_cluster_knows_it():
    sim = at_gate()
    entries = [
        guarded.wrote(sim, "rollouts-controller", "phase", "conditions", ago_s=-1),
        guarded.wrote(sim, "argocd-server", "currentStepIndex"),
    ]
    sim.write_raw({"metadata": {"managedFields": entries}, **PAST}).settle()
    assert sim.status.bot.kept["by"] == "Argo CD"


@pytest.mark.parametrize(
    ("fields", "ago_s"),
    [(("currentStepIndex",), 3600), (("phase", "conditions"), 0), ((), 0)],
    ids=["before the gate", "another field", "only cleared"],
)
def test_nobody_is_named_for_what_another_may_have_written(fields, ago_s):
    """As the controller that had the rollout before, and still owns what we never change."""
    sim = at_gate()
    entry = guarded.wrote(sim, "rollouts-controller", *fields, ago_s=ago_s)
    sim.write_raw({"metadata": {"managedFields": [entry]}, **PAST}).settle()
    assert sim.status.bot.kept["by"] == "somebody (no name known)"
    assert sim.status.bot.kept["what"] == "currentStepIndex, pauseConditions"


def test_stable_that_somebody_wrote_is_taken_back():
    sim = at_gate()
    sim.write_status(stableRS=sim.status.current_hash)
    sim.settle(check=lambda: _never_above(sim, 20))
    assert (sim.stable_image(), sim.status.step_index) == ("one", 1)
    sim.approve(SAM).approve(LEE)
    assert sim.weight() == 60


def test_abort_of_a_stock_tool_always_counts():
    sim = at_gate()
    sim.write_status(abort=True).settle()
    assert (sim.weight(), sim.status.phase) == (0, "Degraded")


def test_abort_without_a_signature_counts_too():
    sim = at_gate()
    sim.ask("abort").settle()
    assert sim.weight() == 0


def _never_above(sim, most):
    assert sim.weight() <= most


def test_retry_makes_another_gate_that_the_former_approvals_do_not_open():
    sim = at_gate().approve(SAM).approve(LEE)
    block = copy.deepcopy(sim.raw["status"]["rolloutBot"])
    sim.ask("abort").settle()
    sim.now = sim.now.replace(minute=30)
    sim.ask("retry").settle()
    assert sim.status.step_index == 1
    copied = {**sim.raw["status"]["rolloutBot"], "passes": block["passes"]}
    sim.replace_block(copied).settle()
    sim.kubectl_promote().settle()
    assert (sim.weight(), sim.status.step_index) == (20, 1)


def test_unsigned_approval_counts_for_nothing():
    sim = at_gate(ONE)
    sim.ask("promote", gate=sim.intent().gate, actor=SAM).settle()
    assert sim.weight() == 20
    assert "signature" in sim.answers()[-1][1]


FORGED = {
    "another key": lambda sim, one: signing.Signer(cluster="test", key=lambda: b"x" * 32),
    "foreign cluster": lambda sim, one: signing.Signer(cluster="other", key=lambda: KEY),
}


@pytest.mark.parametrize("case", FORGED)
def test_approval_sealed_elsewhere_counts_for_nothing(case):
    sim = at_gate(ONE)
    mine = sim.signer
    sim.signer = FORGED[case](sim, None)
    forged = sim.intent()
    sim.signer = mine
    sim.put(forged).settle()
    assert sim.weight() == 20


@pytest.mark.parametrize(
    "change",
    [
        {"actor": LEE},
        {"id": "other"},
        {"kind": "promote-full"},
        {"reason": "because"},
        {"gate": ""},
        {"revision": ""},
    ],
    ids=lambda change: next(iter(change)),
)
def test_approval_that_was_changed_after_it_was_sealed_counts_for_nothing(change):
    sim = at_gate(ONE)
    sim.put(replace(sim.intent(), **change)).settle()
    assert sim.weight() == 20


def test_approval_copied_from_another_rollout_counts_for_nothing():
    sim, other = at_gate(ONE), at_gate(ONE)
    mine = sim.intent()
    other.raw["metadata"]["uid"] = "another"
    sim.put(sim.signer.intent(replace(mine, seal=""), other.raw)).settle()
    assert sim.weight() == 20


def test_approval_that_comes_too_late_counts_for_nothing():
    sim = at_gate(ONE)
    late = sim.intent(expires=sim.now)
    sim.now = sim.now.replace(second=sim.now.second + 30)
    sim.put(late).settle()
    assert sim.weight() == 20


def test_record_of_an_approval_that_somebody_wrote_counts_for_nothing():
    sim = at_gate()
    gate = sim.intent().gate
    record = {
        "revision": sim.status.current_hash,
        "step": 1,
        "gate": gate,
        "actor": LEE,
        "at": sim.now.isoformat(),
        "seal": "0" * 64,
    }
    sim.write_status(rolloutBot={"approvals": {"x": record}}).settle()
    sim.approve(SAM)
    assert sim.weight() == 20


def test_approval_record_copied_to_another_gate_counts_for_nothing():
    sim = at_gate().approve(SAM)
    record = sim.raw["status"]["rolloutBot"]["approvals"]
    sim.approve(LEE)
    assert sim.status.step_index == 3
    sim.write_status(rolloutBot={"approvals": record}).settle()
    sim.approve(LEE)
    assert (sim.weight(), sim.status.step_index) == (60, 3)


def test_gate_stays_shut_when_the_whole_block_is_deleted():
    sim = at_gate().approve(SAM)
    sim.replace_block({}).settle()
    sim.approve(LEE)
    assert sim.weight() == 20
    sim.kubectl_promote().settle(check=lambda: _never_above(sim, 20))
    assert sim.status.step_index == 1


def test_forged_pass_of_the_gate_before_full_opens_nothing():
    sim = at_gate(
        ONE, steps=[{"setWeight": 50}], annotations={"rollout-bot.io/gate-before-full": "true"}
    )
    opened = {
        "revision": sim.status.current_hash, "step": -1, "by": SAM, "how": "slack",
        "at": sim.now.isoformat(),
    }  # fmt: skip
    sim.write_status(rolloutBot={"opened": opened}).settle(check=lambda: _never_above(sim, 50))
    assert sim.weight() == 50
    sim.approve(SAM).settle()
    assert sim.stable_image() == "two"


@pytest.mark.parametrize(
    "steps",
    [
        [{"setWeight": 100}],
        [],
        [{"setWeight": 80}, {"pause": {"duration": 1}}],
        [{"setWeight": 80}, {"pause": {}}],
    ],
    ids=["all at once", "none", "timed", "other steps"],
)
def test_gate_holds_though_its_steps_are_edited_away(steps):
    sim = at_gate()
    sim.patch(spec={"strategy": {"canary": {"steps": steps}}})
    since = started(sim)
    sim.settle(check=lambda: _never_above(sim, 20))
    sim.wait(seconds=600, check=lambda: _never_above(sim, 20))
    sim.kubectl_promote().settle(check=lambda: _never_above(sim, 20))
    assert (sim.stable_image(), started(sim)) == ("one", since)
    sim.approve(SAM).approve(LEE)
    sim.wait(seconds=600)
    assert sim.weight() == 80 or sim.stable_image() == "two"


def test_gate_holds_though_its_annotation_is_taken_away():
    sim = at_gate(
        ONE, steps=[{"setWeight": 50}], annotations={"rollout-bot.io/gate-before-full": "true"}
    )
    sim.patch(metadata={"annotations": {"rollout-bot.io/gate-before-full": None}})
    sim.settle(check=lambda: _never_above(sim, 50))
    assert sim.stable_image() == "one"
    sim.approve(SAM).settle()
    assert sim.stable_image() == "two"


def test_another_revision_begins_its_own_course():
    sim = at_gate().approve(SAM)
    sim.ship("three").settle()
    sim.approve(LEE)
    assert (sim.weight(), sim.status.step_index) == (20, 1)


def test_skipping_everything_goes_as_far_as_the_gate():
    sim = at_gate(
        {"rules": [{"steps": [{"step": 4, "approvers": ["@sam"]}]}]},
    )
    sim.ask("promote-full").settle(check=lambda: _never_above(sim, 60))
    assert (sim.weight(), sim.status.step_index) == (60, 3)
    sim.ask("promote-full").settle()
    assert sim.answers()[-1] == (
        False,
        "Its gate is opened by its approvers alone; nothing was skipped.",
    )
    assert sim.weight() == 60


def test_named_gate_of_one_step_leaves_the_others_to_kubectl():
    sim = at_gate({"rules": [{"steps": [{"gate": "last", "approvers": ["@sam"]}]}]})
    sim.kubectl_promote().settle()
    assert (sim.weight(), sim.status.step_index) == (60, 3)
    sim.kubectl_promote().settle()
    assert (sim.weight(), sim.status.step_index) == (60, 3)
    sim.approve(SAM)
    assert sim.stable_image() == "two"


def test_policy_that_comes_in_mid_flight_sends_nothing_back():
    sim = at_gate({})
    sim.kubectl_promote().settle()
    assert sim.status.step_index == 3
    sim.rules = codec.decode(TWO)
    sim.settle()
    assert (sim.weight(), sim.status.step_index) == (60, 3)
    sim.kubectl_promote().settle()
    assert sim.weight() == 60


def test_without_a_key_no_named_gate_opens_and_an_abort_works():
    sim = at_gate(ONE, key=None)
    sim.approve(SAM)
    assert sim.weight() == 20
    sim.kubectl_promote().settle()
    assert sim.weight() == 20
    sim.write_status(abort=True).settle()
    assert sim.weight() == 0


def test_seals_survive_the_object():
    sim = at_gate().approve(SAM)
    again = codec_block.encode(codec_block.decode(sim.raw["status"]["rolloutBot"]))
    assert again == sim.raw["status"]["rolloutBot"]


TIMED = {"approvers": ["@sam"], "expires": "1h"}


@pytest.mark.parametrize(
    ("on_timeout", "weight", "phase"),
    [("hold", 20, "Paused"), ("abort", 0, "Degraded"), ("promote", 60, "Paused")],
)
def test_gate_that_nobody_answers_ends_as_the_policy_says(on_timeout, weight, phase):
    sim = at_gate({"rules": [{"approval": {**TIMED, "onTimeout": on_timeout}}]})
    sim.wait(seconds=3_590)
    assert sim.weight() == 20
    sim.wait(seconds=20)
    assert (sim.weight(), sim.status.phase) == (weight, phase)


def test_gate_that_expired_on_hold_can_still_be_approved():
    sim = at_gate({"rules": [{"approval": {**TIMED, "onTimeout": "hold"}}]})
    sim.wait(seconds=4_000)
    sim.approve(SAM)
    assert sim.weight() == 60


def test_gate_wakes_for_each_reminder():
    escalations = [{"after": "10m", "to": "thread"}, {"after": "30m", "to": "@lee"}]
    sim = at_gate({"rules": [{"approval": {**TIMED, "escalations": escalations}}]})
    woken = []
    while sim.timers.at is not None and (sim.timers.at - started(sim)).total_seconds() <= 3_600:
        woken.append(round((sim.timers.at - started(sim)).total_seconds()))
        sim.wait()
    assert woken == [600, 1_800, 3_600]


UNMEASURED = {"rules": [{"requireAnalysis": True}]}


def test_canary_that_nothing_measures_is_held_where_the_policy_wants_a_metric():
    sim = Guarded(policy=UNMEASURED, steps=STEPS, routed=True).settle()
    sim.ship("two").settle(check=lambda: _never_above(sim, 0))
    assert (sim.status.phase, sim.status.step_index) == ("Paused", 0)
    assert "Unmeasured" in sim.reasons()
    sim.kubectl_promote().settle(check=lambda: _never_above(sim, 0))
    sim.ask("promote-full").settle(check=lambda: _never_above(sim, 0))
    assert "The policy wants a metric" in sim.answers()[-1][1]
    sim.write_status(abort=True).settle()
    assert sim.status.phase == "Degraded"


def test_alert_of_an_abort_by_a_stock_tool_says_that_it_was_an_order():
    sim = at_gate()
    sim.write_status(abort=True).settle()
    told = degraded.alert(sim.scene(), {})
    assert (told.ordered, told.by) == (True, None)
    assert told.because == "aborted with kubectl (no name known)"


@pytest.mark.parametrize("steps", [STEPS, ({"pause": {}}, {"setWeight": 60})])
def test_canary_that_is_held_because_nothing_measures_it_says_so_and_asks_nobody(steps):
    """No approval would be taken, so none may be asked for, wherever people look."""
    sim = Guarded(policy=UNMEASURED, steps=steps, routed=True).settle()
    sim.ship("two").settle()
    (reasons,) = sim.reconciler.latest.values()
    scene = replace(sim.scene(), reasons=reasons)
    shown, row = card.card(scene), listing.row(scene)
    assert (shown.news, shown.because) == (facts.News.HOLDS, unmeasured.BECAUSE)
    assert shown.measured, "that time alone decides would be wrong"
    assert row.what == f"holds at 0 %: {unmeasured.BECAUSE}" and row.buttons == ()
    assert [one.kind for one in gate.notices(scene, {})] == []
    why = listing.why(scene)
    assert why.sentences[0].startswith(f"app v2 holds at 0 %: {unmeasured.BECAUSE}.")
    assert why.sentences[1] == unmeasured.FREES
    assert [one.kind.value for one in why.buttons] == ["abort"]


@pytest.mark.parametrize(("on_error", "phase"), [("abort", "Degraded"), ("hold", "Paused")])
def test_metric_that_cannot_be_measured_does_as_the_policy_says(on_error, phase):
    sim = _measured({"rules": [{"onMetricError": on_error}]})
    assert sim.status.phase == phase


def test_metric_that_cannot_be_measured_holds_where_the_policy_says_so():
    sim = _measured({"rules": [{"onMetricError": "hold"}]})
    assert sim.status.phase == "Paused"
    assert sim.weight() == 20


def _measured(policy):
    steps = [{"setWeight": 20}, {"analysis": {"templates": [{"templateName": "rate"}]}}]
    sim = Guarded(policy=policy, steps=steps, routed=True)
    metric = {"name": "rate", "provider": {"prometheus": {"address": "http://p", "query": "1"}}}
    template = {
        "metadata": {"name": "rate", "namespace": "shop"},
        "spec": {"metrics": [{**metric, "successCondition": "result[0] > 0", "count": 1}]},
    }
    sim.cluster.put(ports.TEMPLATE, template)
    sim.settle()
    sim.ship("two").settle()
    sim.finish_run("Error").settle()
    return sim


@pytest.mark.parametrize(
    ("writes", "whose"),
    [(("currentStepIndex",), " (its step was written by Argo Rollouts)"), ((), "")],
    ids=["from Argo", "nobody is known"],
)
def test_rollout_taken_over_in_mid_flight_goes_back_to_its_first_named_gate(writes, whose):
    """Its steps cannot be told from forged ones: no pass stands under the seal."""
    sim = at_gate({}, key=None)
    sim.kubectl_promote().settle()
    assert (sim.weight(), sim.status.bot.passes) == (60, ())
    sim.key, sim.rules = KEY, codec.decode(TWO)
    entry = guarded.wrote(sim, "rollouts-controller", *writes)
    sim.write_raw({"metadata": {"managedFields": [entry]}}).settle()
    assert (sim.weight(), sim.status.step_index) == (20, 1)
    told = [text for _, reason, text in sim.events if reason == "GateKept"]
    assert told == [
        f"It was past the gate of step 2 without an approval under the bot's seal{whose}, as a rollout "
        "that is taken over in mid-flight: it is back there and waits for its approvers"
    ]
    (line,) = approving.lines(sim.scene())
    assert f"It {line.fact.text}" == told[0]
    sim.approve(SAM).approve(LEE)
    assert (sim.weight(), sim.status.step_index) == (60, 3)
    assert "GateKept" in sim.reasons()
