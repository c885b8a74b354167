"""Asking for a break-glass and answering it: who may, what is told, what is recorded."""

import asyncio

import pytest

from bot.core import chronicle, glass
from bot.core.notices import gate as gates
from bot.core.notices import glassing
from bot.model import buttons, facts, messages, records
from bot.render import rendering
from bot.runtime import authorize, glass_desk, orders, permits
from tests.core.engine.guarded import TWO
from tests.core.engine.test_guarded import at_gate
from tests.render.limits import problems

KEY = "shop/checkout"
LEE, SAM, EVE = (
    facts.Person(name=name, slack_id=f"U0{name.upper()}") for name in ("lee", "sam", "eve")
)
GLASS = {
    "rules": [{**TWO["rules"][0], "breakGlass": {"who": ["@lee"], "second": ["@sam", "@lee"]}}]
}


class View:
    """What the desk sees of the simulated cluster, and where it hands in."""

    def __init__(self, sim):
        self.sim, self.signer = sim, sim.signer

    def of(self, _key):
        return self.sim.scene()

    def rollout(self, _key):
        return self.sim.raw

    async def hand_in(self, _key, _rollout, intent):
        self.sim.put(intent)
        await asyncio.to_thread(self.sim.settle)
        accepted, sentence = self.sim.answers()[-1]
        return orders.Reply(accepted=accepted, sentence=sentence, written=True)


def desk(sim):
    view = View(sim)
    return glass_desk.GlassDesk(
        scenery=view,
        book=view,
        clock=lambda: sim.now,
        permits=permits.Permits(rules=authorize.Rules(default_channel="#releases")),
        new_id=lambda: f"g{len(sim.status.bot.handled)}",
    )


def ask(sim, actor=LEE, reason="orders <!channel> fail"):
    return asyncio.run(desk(sim).ask(KEY, reason, actor))


def notice(sim, said=None):
    (found,) = glassing.notices(sim.scene(), said or {})
    return found


def press(sim, kind, actor, value=None):
    button = next(b for b in notice(sim).facts.buttons if b.kind == kind)
    asked = {buttons.ButtonKind.AGREE: glass.AGREE, buttons.ButtonKind.REFUSE: glass.REFUSE}
    return asyncio.run(desk(sim).answer(value or button.value, asked[kind], actor))


def test_nobody_breaks_the_glass_when_no_policy_lets_them():
    sim = at_gate()
    reply = ask(sim)
    assert (reply.accepted, sim.status.bot.glasses) == (False, ())
    assert reply.sentence == "No rule of the policy lets anybody break the glass here."


def test_stranger_may_neither_ask_nor_agree():
    sim = at_gate(GLASS)
    assert not ask(sim, EVE).accepted
    assert ask(sim).accepted
    reply = press(sim, buttons.ButtonKind.AGREE, EVE)
    assert reply.sentence == "Only @sam, @lee may break the glass."
    assert sim.status.step_index == 1


def test_second_person_lets_it_pass_and_both_are_named_everywhere():
    sim = at_gate(GLASS)
    before = sim.scene()
    gate = next(iter(gates.notices(before, {})))
    assert ask(sim).sentence.startswith("Asked: a second person must agree until ")
    loud = notice(sim)
    message = rendering.render(loud.facts)
    assert not problems(message)
    assert message.text.startswith("break-glass: lee wants app v2 past the policy in test: ")
    assert "<!channel>" not in message.text
    assert not press(sim, buttons.ButtonKind.AGREE, LEE).accepted
    assert sim.status.step_index == 1
    waiting = sim.scene()
    assert press(sim, buttons.ButtonKind.AGREE, SAM).accepted
    assert sim.status.step_index == 3

    after = sim.scene()
    closed = notice(sim, {loud.key: dict(loud.keep)})
    assert closed.settled
    assert "agreed by sam" in rendering.render(closed.facts).text
    ended = [one.facts for one in gates.notices(after, {gate.key: dict(gate.keep)})][-1]
    assert ended.decided.closing is messages.Closing.GLASS
    assert "asked by lee, agreed by sam: orders" in rendering.render(ended).text
    told = [line.fact.text for line in glassing.lines(after)]
    assert told == [
        "break-glass asked by lee: orders <!channel> fail",
        "break-glass agreed by sam",
    ]
    found = {(one.kind, one.actor) for one in chronicle.derive(waiting, after)}
    assert (records.Kind.GLASS_ASKED, "lee") in found
    assert (records.Kind.GLASS_BROKEN, "sam") in found


def test_request_is_closed_when_somebody_refuses():
    sim = at_gate(GLASS)
    ask(sim)
    loud = notice(sim)
    assert press(sim, buttons.ButtonKind.REFUSE, SAM).accepted
    closed = notice(sim, {loud.key: dict(loud.keep)})
    assert "refused by sam" in rendering.render(closed.facts).text
    assert sim.status.step_index == 1


def test_request_is_closed_when_nobody_answers():
    sim = at_gate(GLASS)
    ask(sim)
    loud = notice(sim)
    sim.now += glass.EXPIRES
    closed = notice(sim, {loud.key: dict(loud.keep)})
    assert "Closed: nobody agreed in time" in rendering.render(closed.facts).text


@pytest.mark.parametrize("actor", [facts.Person(name="ops", user="ops")])
def test_terminal_cannot_break_the_glass(actor):
    reply = ask(at_gate(GLASS), actor)
    assert reply.sentence == "Break-glass needs two persons in Slack; nothing was done."
