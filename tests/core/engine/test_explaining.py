"""The reason of an abort that is given afterwards, on every surface that tells of the abort."""

import pytest

from bot.core import chronicle, explaining
from bot.core.notices import degraded, gate, postmortem, standing, thread
from bot.model import records
from bot.model.records import Kind
from bot.render import gates
from bot.render import postmortem as rendering
from tests.core.engine.guarded import Guarded

SAM, LEE = "sam (U0SAM)", "lee (U0LEE)"


def aborted(**more):
    steps = ({"setWeight": 20}, {"pause": {}})
    sim = Guarded(policy={}, steps=steps, routed=True).settle()
    sim.ship("two").settle().wait(seconds=1)
    sim.opened = {"revision": sim.status.current_hash, "since": sim.now.isoformat()}
    return sim.ask("abort", actor=SAM, **more).settle().wait(seconds=1)


def explain(sim, actor=SAM, text="blank page", **more):
    return sim.ask(explaining.KIND, actor=actor, reason=text, **more).settle()


def questions(sim):
    return [line.id for line in thread.lines(sim.scene(), {}) if line.id.startswith("why:")]


def test_reason_is_asked_for_until_it_is_given_and_then_told_everywhere():
    sim = aborted()
    assert len(questions(sim)) == 1
    (asked,) = [one.facts for one in gate.notices(sim.scene(), {"gate:g": sim.opened})]
    assert gates.decision(asked, asked.decided).endswith("· asked in the thread for the reason")
    explain(sim)
    assert sim.answers()[-1] == (True, "The reason is kept with the abort.")
    assert questions(sim) == []
    scene = sim.scene()
    assert standing.because(scene) == "aborted by sam: blank page"
    assert degraded.alert(scene, {}).because == "blank page"
    (line,) = [one.fact for one in thread.lines(scene, {}) if one.id.startswith("abort:")]
    assert line.text == "blank page"
    told = gate.notices(scene, {"gate:g": {**sim.opened, "gate": "g"}})
    assert [one.facts.decided.because for one in told] == ["blank page"]


def test_post_mortem_has_the_reason_at_the_abort_and_when_it_was_given():
    sim = aborted().wait(seconds=60)
    explain(sim)
    bundle = postmortem.bundle(sim.scene(), {}, None)
    told = {line.what: line.why for line in bundle.timeline}
    assert told["aborted by sam"] == "blank page (said afterwards)"
    assert told["reason given by sam"] == "blank page"
    assert bundle.actors == ("sam: aborted, reason given",)
    assert "aborted by sam | blank page" in rendering.markdown(bundle)


def test_nobody_is_asked_in_a_thread_where_they_cannot_be_known():
    sim = aborted()
    at_a_terminal = sim.raw["status"]["rolloutBot"]["handled"]
    for one in at_a_terminal.values():
        one["actor"] = "lee@example.com (terminal)"
    sim.write_status(rolloutBot={"handled": at_a_terminal, "abort": {"by": one["actor"]}})
    assert questions(sim) == []
    told = gate.notices(sim.scene(), {"gate:g": {**sim.opened, "gate": "g"}})
    (facts,) = [one.facts for one in told]
    assert gates.decision(facts, facts.decided).endswith("· no reason given")


@pytest.mark.parametrize(
    ("start", "actor", "text"),
    [
        (aborted, LEE, "blank page"),
        (aborted, SAM, "  "),
        (lambda: aborted(reason="errors"), SAM, "blank page"),
        (lambda: explain(aborted()), SAM, "another"),
        (lambda: explain(aborted().ask("retry").settle(), text="x"), SAM, "too late"),
    ],
    ids=["another person", "nothing said", "had one", "second", "retried"],
)
def test_what_nobody_waits_for_is_refused_and_changes_nothing(start, actor, text):
    sim = start()
    known = dict(sim.status.bot.abort)
    explain(sim, actor, text)
    assert sim.answers()[-1][0] is False
    assert sim.status.bot.abort == known


def test_abort_of_a_tool_waits_for_no_reason():
    sim = Guarded(policy={}, steps=({"setWeight": 20}, {"pause": {}}), routed=True).settle()
    sim.ship("two").settle().write_status(abort=True).settle()
    explain(sim, actor="")
    assert explaining.later(sim.status.bot.abort) is None


def test_record_of_the_abort_stays_as_it_was_and_the_reason_is_another():
    sim = aborted()
    first = {one.id: one for one in found(sim) if one.kind is Kind.ABORTED}
    explain(sim)
    again = {one.id: one for one in found(sim)}
    (kept,) = first
    assert (again[kept].reason, again[kept].at) == ("", first[kept].at)
    (said,) = [one for one in again.values() if one.kind is Kind.EXPLAINED]
    assert (said.about, said.actor_id, said.way) == (kept, "U0SAM", records.Way.SLACK)


def found(sim):
    return chronicle.derive(sim.scene(), sim.scene())


@pytest.mark.parametrize("raw", [None, 7, {"at": "x", "text": "y"}, {"at": "2026-11-23T12:00:00Z"}])
def test_reason_of_any_shape_is_read_without_an_error(raw):
    assert explaining.later({"later": raw}) is None
    assert explaining.reason({"later": raw, "reason": "r"}) == "r"
