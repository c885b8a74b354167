"""Why a rollout stands where it stands: each condition, since when, what frees it, which button."""

from datetime import timedelta

import pytest

from bot.core import codec_spec, codec_status, decide
from bot.core.notices import card, listing, standing
from bot.core.notices import scene as scenes
from bot.model import facts, policy, ports
from tests.core.engine.simulation import START, Simulation
from tests.core.gates.test_holds import FRIDAY, HOURS, PAUSE, weight

TEMPLATE = {
    "metadata": {"name": "rate"},
    "spec": {"metrics": [{"name": "m", "provider": {"web": {"url": "http://x"}}}]},
}
ANALYSIS = {"analysis": {"templates": [{"templateName": "rate"}]}}


def frozen(sim):
    sim.freeze(seconds=3600).ship("two").settle()


def frozen_twice(sim):
    sim.freeze("audit", seconds=3600).freeze().ship("two").settle()


def night(sim):
    sim.now, sim.policy = FRIDAY, policy.Effective(windows=(HOURS,))
    sim.ship("two").settle()


def gate(sim):
    sim.ship("two").settle()


def gate_frozen(sim):
    sim.ship("two").settle()
    sim.freeze()


def stuck(sim):
    sim.broken = {"two"}
    sim.ship("two").settle()


def late(sim):
    stuck(sim)
    sim.wait(700)


def paused(sim):
    sim.ship("two").settle()
    sim.patch(spec={"paused": True}).settle()


def steps(*them):
    def shipped(sim):
        sim.cluster.put(ports.TEMPLATE, TEMPLATE)
        sim.patch(spec={"strategy": {"canary": {"steps": list(them)}}}).settle()
        sim.ship("two").settle()

    return shipped


def without_data(sim):
    steps(weight(20), ANALYSIS, PAUSE)(sim)
    away(sim, {"name": "m", "consecutiveError": 2, "measurements": [{"message": "no route"}]})


def away(sim, result):
    for (plural, _), run in list(sim.cluster.objects.items()):
        if plural == "analysisruns":
            status = {"phase": "Running", "metricResults": [result]}
            sim.cluster.put(ports.RUN, {**run, "status": status})


def inconclusive(sim):
    steps(weight(20), ANALYSIS, PAUSE)(sim)
    sim.finish_run("Inconclusive").settle()


def waits_for_its_turn(sim):
    sim.freeze().ship("two").settle()
    since = (START - timedelta(hours=1)).isoformat()
    for number in range(4):
        sim.cluster.objects["rollouts", f"r{number}"] = {
            "metadata": {"name": f"r{number}", "namespace": "shop", "uid": f"r{number}"},
            "status": {"rolloutBot": {"held": {"since": since, "rule": "freeze:incident"}}},
        }
    sim.unfreeze().settle()


ROWS = {
    "freeze": (
        frozen,
        "app v2 holds at 0 %: freeze until 2026-11-23 13:00 UTC by dana: db incident.",
        "It goes on at 2026-11-23 13:00 UTC, or after /rollout unfreeze incident.",
        ["resume", "abort"],
    ),
    "two freezes": (
        frozen_twice,
        "app v2 holds at 0 %: freeze by dana: db incident.",
        "It goes on after /rollout unfreeze audit and /rollout unfreeze incident.",
        ["abort"],
    ),
    "window": (
        night,
        "app v2 holds at 0 %: outside hours, until Mon 2026-11-30 09:00 +01:00 (Europe/Berlin).",
        "It goes on by itself at Mon 2026-11-30 09:00 +01:00 (Europe/Berlin).",
        ["abort"],
    ),
    "turn": (
        waits_for_its_turn,
        "app v2 holds at 0 %: the hold is over; 4 that wait for longer go on first.",
        "It goes on by itself at 2026-11-23 12:00:15 UTC.",
        ["abort"],
    ),
    "approval": (
        gate,
        "app v2 is at 20 % because step 2 is an approval that nobody has given yet.",
        "It moves on to 60 % when somebody approves.",
        ["approve", "abort"],
    ),
    "approval, then a freeze": (
        gate_frozen,
        "app v2 is at 20 % because step 2 is an approval that nobody has given yet.",
        "It moves on to 60 % when somebody approves. "
        "After that it is held: freeze by dana: db incident.",
        ["approve", "abort"],
    ),
    "timed pause": (
        steps(weight(20), {"pause": {"duration": "5m"}}, weight(60)),
        "app v2 is at 20 %: a pause of 300 s.",
        "It goes on by itself at 2026-11-23 12:05 UTC.",
        ["skip_wait", "abort"],
    ),
    "pods": (
        stuck,
        "app v2 is at 20 %: canary 0 of 1 pods available.",
        "It goes on when they are; at 2026-11-23 12:10 UTC it counts as stuck.",
        ["abort"],
    ),
    "deadline": (
        late,
        "app v2 is at 20 %: canary 0 of 1 pods available; its progress deadline has passed.",
        "It goes on when they are.",
        ["abort"],
    ),
    "spec.paused": (
        paused,
        "app v2 holds at 20 %: spec.paused is set.",
        "It moves on when spec.paused is taken away.",
        ["abort"],
    ),
    "analysis": (
        steps(weight(20), ANALYSIS, PAUSE),
        "app v2 is at 20 %: analysis app-",
        "It moves on when the analysis succeeds, and goes back when it fails.",
        ["abort"],
    ),
    "no verdict": (
        inconclusive,
        "app v2 holds at 20 %: an analysis was inconclusive: m.",
        "It moves on when somebody has it measured again, or lets it go on without.",
        ["measure_again", "continue", "abort"],
    ),
}


def explained(sim):
    spec = codec_spec.decode(sim.raw)
    status = codec_status.decode(sim.raw["status"])
    seen = sim.reconciler.reader.see(sim.raw, spec)
    decision = decide.decide(spec, status, seen, (), sim.now)
    return scenes.build(spec=spec, status=status, seen=seen, reasons=decision.reasons, now=sim.now)


def played(play):
    sim = Simulation(steps=[weight(20), PAUSE, weight(60), PAUSE]).settle()
    play(sim)
    sim.loop.close()
    return explained(sim)


@pytest.mark.parametrize(("play", "stands", "frees", "acts"), ROWS.values(), ids=list(ROWS))
def test_asker_is_told_what_holds_it_and_what_frees_it(play, stands, frees, acts):
    answer = listing.why(played(play))
    assert answer.sentences[0].startswith(stands)
    assert answer.sentences[1] == frees
    assert [button.kind.value for button in answer.buttons] == acts


def test_button_that_ends_a_freeze_names_it_and_what_it_covers():
    (resume, _) = listing.why(played(frozen)).buttons
    assert (resume.value.name, resume.value.namespace) == ("incident", "all")


@pytest.mark.parametrize("play", [row[0] for row in ROWS.values()], ids=list(ROWS))
def test_asker_is_told_since_when(play):
    assert " It has been so since " in listing.why(played(play)).sentences[0]


def test_asker_is_told_that_a_metric_cannot_be_measured():
    answer = listing.why(played(without_data))
    assert " measures; m cannot be measured: no route." in answer.sentences[0]


def test_approvers_are_named_where_they_are_known():
    answer = listing.why(played(gate), approvers="#checkout")
    assert answer.sentences[1] == "It moves on to 60 % when one of #checkout approves."


@pytest.mark.parametrize("play", [frozen, night, waits_for_its_turn])
def test_card_of_a_held_rollout_says_so_and_keeps_its_buttons(play):
    scene = played(play)
    shown = card.card(scene)
    assert standing.news(scene) is facts.News.HOLDS
    assert shown.because == explained_hold(scene)
    assert [button.kind.value for button in shown.buttons] == ["abort", "why"]


def explained_hold(scene):
    return next(one.sentence for one in scene.reasons if one.rule == "now:held")


def near_the_evening(sim):
    sim.now, sim.policy = FRIDAY - timedelta(minutes=20), policy.Effective(windows=(HOURS,))
    steps(weight(20), {"pause": {"duration": "10m"}}, weight(60), {"pause": {"duration": "1h"}})(
        sim
    )


def test_card_says_that_it_will_miss_its_window_before_it_does():
    left = card.card(played(near_the_evening)).eta
    assert left.misses == "outside hours, until Mon 2026-11-30 09:00 +01:00 (Europe/Berlin)"
    assert left.done_at is None


def test_card_promises_its_end_where_the_windows_let_it():
    def noon(sim):
        sim.now = FRIDAY - timedelta(hours=5)
        sim.policy = policy.Effective(windows=(HOURS,))
        steps(weight(20), {"pause": {"duration": "10m"}}, weight(60), {"pause": {"duration": "1h"}})(
            sim
        )

    left = card.card(played(noon)).eta
    assert (left.misses, left.done_at) == ("", FRIDAY - timedelta(hours=5) + timedelta(minutes=70))


def test_card_names_a_freeze_before_it_holds_anything():
    scene = played(gate_frozen)
    assert standing.news(scene) is facts.News.WAITS
    assert "freeze by dana: db incident" in card.card(scene).warnings
