"""What a pass hands to those who tell people of it."""

from datetime import timedelta

from bot.core.notices import scene as scenes
from bot.model import world
from bot.runtime import states
from tests.core.engine.guarded import ONE
from tests.core.engine.test_guarded import at_gate


def test_what_a_pass_left_behind_has_its_reasons_and_its_moment():
    sim = at_gate(ONE)
    seen = sim.scene()
    why = (world.Reason(rule="now:gate", sentence="an approval that nobody has given yet"),)
    later = sim.now + timedelta(hours=1)
    decision = world.Decision(status=seen.status, reasons=why)
    told = states.told(sim.raw, seen.spec, seen.status, seen.seen, decision, at=later)
    assert (told.rollout, told.reasons, told.at) == (sim.raw, why, later)
    scene = states.scene(told)
    assert (scene.reasons, scene.now, scenes.gate(scene)) == (why, later, scenes.gate(seen))
