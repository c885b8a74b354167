"""What a pass hands to those who tell people of it."""

from bot.core.notices import scene as scenes
from bot.model import world
from bot.runtime import states
from tests.core.engine.guarded import ONE
from tests.core.engine.test_guarded import at_gate


def test_what_a_pass_left_behind_has_its_reasons_and_its_moment():
    sim = at_gate(ONE)
    seen = sim.scene()
    why = (world.Reason(rule="now:gate", sentence="an approval that nobody has given yet"),)
    decision = world.Decision(status=seen.status, reasons=why)
    told = states.told(sim.raw, seen.spec, seen.status, seen.seen, decision, at=sim.now)
    assert (told.rollout, told.reasons, told.at) == (sim.raw, why, sim.now)
    scene = states.scene(told)
    assert (scene.reasons, scene.now, scenes.gate(scene)) == (why, sim.now, scenes.gate(seen))
