"""What stock tools write past the bot: kept in the status, so that a kill loses no record of it."""

import copy

import pytest

from bot.core import chronicle, codec_block, writers
from bot.core.notices import scene as scenes
from bot.model import past, records, stock
from bot.model.records import Kind
from tests.core.engine import guarded
from tests.core.engine.guarded import ONE, Guarded

PAUSE = {"pause": {}}
STEPS = ({"setWeight": 20}, {"pause": {"duration": "1h"}}, {"setWeight": 60}, PAUSE)
PLUGIN = "kubectl-argo-rollouts"


def waiting(*, policy=None, steps=STEPS):
    """Its canary has not come: no pause holds it."""
    sim = Guarded(policy=policy or {}, steps=steps, routed=True).settle()
    sim.stuck.add("two")
    return sim.ship("two").settle()


def by(sim, manager, *fields):
    return sim.patch(metadata={"managedFields": [guarded.wrote(sim, manager, *fields)]})


def found(sim, *kinds):
    """What a bot that was killed before it recorded anything finds in the object."""
    scene = sim.scene()
    return [one for one in chronicle.derive(scene, scene) if one.kind in kinds]


def test_step_that_a_tool_wrote_is_found_with_the_tool_where_it_came_from_and_where_it_led():
    sim = waiting()
    by(sim, PLUGIN, "currentStepIndex").write_status(currentStepIndex=2).settle()
    (one,) = found(sim, Kind.MOVED)
    assert (one.reason, one.before.step) == ("from step 1 to step 3", 1)
    assert past.sentence(one) == "moved by the Argo Rollouts plugin (field manager)"
    known = one.id
    sim.write_status(currentStepIndex=9).settle()
    first, one = found(sim, Kind.MOVED)
    assert (first.id, first.reason) == (known, "from step 1 to step 3")
    assert one.reason == "from step 3 to the end"


@pytest.mark.parametrize(
    "write",
    [
        lambda sim: sim.write_status(currentStepIndex=2),
        lambda sim: by(sim, PLUGIN, "abort").write_status(currentStepIndex=2),
        lambda sim: by(sim, PLUGIN, "currentStepIndex"),
        lambda sim: _forgotten(by(sim, PLUGIN, "currentStepIndex").write_status(currentStepIndex=2)),
        lambda sim: _of_another(by(sim, PLUGIN, "currentStepIndex")),
        lambda sim: by(sim, PLUGIN, "currentStepIndex").ship("three"),
        lambda sim: by(sim, PLUGIN, "currentStepIndex").ask("abort"),
    ],
    ids=["an earlier bot", "another field", "not moved", "older block", "another controller", "new revision", "abort"],
)
def test_nobody_is_said_to_have_moved_it_where_that_is_not_known(write):
    sim = waiting()
    write(sim)
    sim.settle()
    assert found(sim, Kind.MOVED) == []


def _forgotten(sim):
    """As a bot that knew nothing of this has left it."""
    block = copy.deepcopy(sim.raw["status"]["rolloutBot"])
    del block["stock"]
    return sim.replace_block(block)


def _of_another(sim):
    """As it is after another controller has shipped this revision and taken it to here."""
    course = {"course": {"revision": "former", "step": 0}}
    return sim.write_status(currentStepIndex=2, rolloutBot={"stock": course})


def test_step_that_a_gate_takes_back_is_told_by_the_gate_alone():
    sim = Guarded(policy=ONE, steps=({"setWeight": 20}, PAUSE, {"setWeight": 60}), routed=True)
    sim.settle().ship("two").settle()
    by(sim, PLUGIN, "currentStepIndex").write_status(currentStepIndex=3).settle()
    assert [one.kind for one in found(sim, Kind.MOVED, Kind.GATE_KEPT)] == [Kind.GATE_KEPT]


def test_course_goes_on_as_before_and_nothing_is_written_while_nothing_happens():
    sim = waiting()
    by(sim, PLUGIN, "currentStepIndex").write_status(currentStepIndex=2).settle()
    writes = len(sim.cluster.writes)
    for _ in range(3):
        sim.once()
    assert len(sim.cluster.writes) == writes
    sim.stuck.clear()
    sim.settle()
    assert (sim.weight(), sim.status.step_index) == (60, 3)
    assert len(found(sim, Kind.MOVED)) == 1


def test_pause_of_the_spec_is_found_with_its_begin_and_its_end():
    sim = waiting()
    entry = {"manager": PLUGIN, "time": "2026-11-23T12:00:00Z"}
    entry["fieldsV1"] = {"f:spec": {"f:paused": {}}}
    sim.patch(metadata={"managedFields": [entry]}, spec={"paused": True}).settle()
    begun = sim.now
    sim.wait(seconds=60)
    assert [(one.kind, one.at) for one in found(sim, Kind.HALTED, Kind.RESUMED)] == [
        (Kind.HALTED, begun)
    ]
    sim.patch(metadata={"managedFields": []}, spec={"paused": None}).settle()
    halted, resumed = found(sim, Kind.HALTED, Kind.RESUMED)
    assert past.sentence(halted) == "paused by the Argo Rollouts plugin (field manager)"
    assert (past.sentence(resumed), resumed.at) == ("resumed by somebody (kubectl)", sim.now)


def test_pause_that_an_earlier_bot_has_seen_begin_has_begun_then():
    sim = waiting()
    sim.patch(spec={"paused": True}).settle()
    begun = sim.now
    sim.wait(seconds=600)
    _forgotten(sim).settle()
    assert [one.at for one in found(sim, Kind.HALTED)] == [begun]


def test_pause_of_the_spec_outlasts_the_revision_it_began_with():
    sim = waiting()
    sim.patch(spec={"paused": True}).settle()
    (first,) = found(sim, Kind.HALTED)
    sim.ship("three").settle()
    (again,) = found(sim, Kind.HALTED)
    assert (again.id, again.hash, again.revision) == (first.id, "", 0)


def test_retry_of_a_tool_is_found_after_a_kill_and_once():
    sim = waiting()
    sim.ask("abort").settle()
    before = sim.scene()
    by(sim, PLUGIN, "abort").write_status(abort=None).settle()
    (one,) = found(sim, Kind.RETRIED)
    assert past.sentence(one) == "retried by the Argo Rollouts plugin (field manager)"
    told = [r for r in chronicle.derive(before, sim.scene()) if r.kind is Kind.RETRIED]
    assert [r.id for r in told] == [one.id]
    sim.ship("three").settle()
    assert found(sim, Kind.RETRIED) == []


def test_each_retry_and_pause_of_a_tool_is_found_by_a_bot_that_recorded_none():
    sim = waiting()
    retries, halts = [], []
    for _ in range(2):
        sim.ask("abort").settle().wait(seconds=60)
        by(sim, PLUGIN, "abort").write_status(abort=None).settle()
        retries.append(sim.now)
        for paused in (True, None):
            sim.wait(seconds=60).patch(spec={"paused": paused}).settle()
            halts.append(sim.now)
    assert [one.at for one in found(sim, Kind.RETRIED)] == retries
    assert [one.at for one in found(sim, Kind.HALTED, Kind.RESUMED)] == halts


def test_few_of_what_tools_wrote_before_are_kept():
    sim = waiting()
    for turn in range(20):
        sim.wait(seconds=60).patch(spec={"paused": turn % 2 == 0}).settle()
    assert len(sim.status.bot.stock.earlier) == stock.EARLIER_KEPT
    kept = len(found(sim, Kind.HALTED, Kind.RESUMED))
    assert stock.EARLIER_KEPT < kept <= stock.EARLIER_KEPT + 2
    writes = len(sim.cluster.writes)
    sim.once()
    assert len(sim.cluster.writes) == writes


@pytest.mark.parametrize("raw", [7, [7], [{"sort": "moved"}], [{"sort": [], "at": "2026-11-23"}]])
def test_what_was_kept_of_earlier_writes_is_read_in_any_shape(raw):
    assert codec_block.decode({"stock": {"earlier": raw}}).stock.earlier == ()


def test_retry_of_a_person_is_not_taken_for_that_of_a_tool():
    sim = waiting()
    sim.ask("abort").settle()
    by(sim, PLUGIN, "abort").ask("retry", actor="sam (U0SAM)").settle()
    (one,) = found(sim, Kind.RETRIED)
    assert past.sentence(one) == "retried by sam"


@pytest.mark.parametrize("name", ["policy", "slack", "terminal", "itself", "break-glass"])
def test_tool_that_calls_itself_as_another_way_in_is_not_taken_for_it(name):
    sim = Guarded(policy={}, steps=({"setWeight": 20}, PAUSE), routed=True).settle()
    sim.ship("two").settle()
    by(sim, name, "controllerPause").kubectl_promote().settle()
    (one,) = found(sim, Kind.PROMOTED)
    assert past.sentence(one) == f"promoted by a tool called {name} (field manager)"
    assert writers.tool(sim.raw, *writers.COURSE) == f"a tool called {name}"


def test_what_a_newer_bot_kept_of_tools_stays():
    raw = {"stock": {"tomorrow": 1, "moved": {"at": "never"}, "course": {"step": True}}}
    assert codec_block.encode(codec_block.decode(raw))["stock"] == {"tomorrow": 1}


def test_record_without_a_tool_names_nobody():
    sim = waiting()
    sim.write_status(abort=True).settle()
    (one,) = found(sim, Kind.ABORTED)
    assert (one.actor, one.way) == ("", records.Way.STOCK)
    assert past.sentence(one) == "aborted by somebody (kubectl)"
    assert scenes.gate(sim.scene()) == ""
