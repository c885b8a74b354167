"""How soon a gate and its card say what was decided, while many cards only move on.

On the virtual clock and with the rate tiers of ``chat``: what is measured is whose edit waits.
"""

import asyncio
from dataclasses import dataclass, field

from tests.benchmarks import chat, measures
from tests.runtime import virtual

PACE_S = 3.0
CHANGE_S = 50
OTHERS = 60
"""More than one change a second together: their cards alone are above what Slack takes."""
BETWEEN_S = 15


@dataclass
class Decided:
    """Of one rollout: when a gate was decided, when its message and its card said so."""

    gates: list = field(default_factory=list)
    cards: list = field(default_factory=list)
    open: dict = field(default_factory=dict)

    def at(self, weight):
        now = asyncio.get_running_loop().time()
        self.open["gate", weight] = self.open["card", weight] = now

    def seen(self, text):
        """The first that says it; an overtaken one is as late as the one that came after it."""
        name, _, rest = text.replace("\u202f", " ").partition(" v2 ")
        if name != "app-000":
            return
        now = asyncio.get_running_loop().time()
        start = rest.partition(" % → ")[0].rpartition(" ")[2]
        if "approved by" in rest and ("gate", int(start)) in self.open:
            self.gates.append(now - self.open.pop(("gate", int(start))))
        waits = rest.partition("waits for approval at ")[2].partition(" ")[0]
        if "waits for approval in" in rest or "approved by" in rest:
            return
        for key in [one for one in self.open if one[0] == "card" and str(one[1]) != waits]:
            self.cards.append(now - self.open.pop(key))


async def _decided(others, count):
    gated = [step for at in range(1, count + 2) for step in ({"setWeight": at}, {"pause": {}})]
    moving = [
        step for at in range(1, 99)
        for step in ({"setWeight": at}, {"pause": {"duration": f"{CHANGE_S}s"}})
    ]  # fmt: skip
    crowd, workspace = chat.tiered(others + 1, moving)
    first, *rest = crowd.members
    first.api.rollout["spec"]["strategy"]["canary"]["steps"] = gated
    for at, one in enumerate(rest):
        one.api.rollout["metadata"]["annotations"]["rollout-bot.io/channel"] = f"#team-{at}"
    crowd.quietly()
    found = Decided()
    workspace.seen = found.seen
    end = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for at, one in enumerate(rest):
            group.create_task(_moves(one, at * CHANGE_S / max(1, others), end))
        group.create_task(_decides(first, count, found, end))
    return found, workspace


async def _moves(one, offset, end):
    await asyncio.sleep(offset)
    one.ship(f"{one.name}:v2")
    while not end.is_set():
        one.settle(4)
        await asyncio.sleep(CHANGE_S + 1)


async def _decides(one, count, found, end):
    one.ship(f"{one.name}:v2")
    one.settle(6)
    await asyncio.sleep(CHANGE_S * 4)
    for weight in range(1, count + 1):
        who = {"kind": "promote", "actor": "sam (U0SAM)", "at": virtual.now().isoformat()}
        one.patch(rolloutBot={"version": 1, "intents": {f"i{weight}": who}})
        found.at(weight)
        one.settle(6)
        await asyncio.sleep(PACE_S)
    end.set()
    await asyncio.sleep(60)


def rows(size):
    """A row for the gate and one for the card."""
    count, others = (60, OTHERS) if size.few >= measures.Size().few else (20, OTHERS)
    found, workspace = virtual.run(_decided(others, count))
    notes = (
        f"{count} gates of one rollout, one decided every {PACE_S:.0f} s while {others} others "
        f"change every {CHANGE_S} s: decided → its "
    )
    counts = f"; at most {workspace.peak('chat.update')} edits a minute, "
    counts += f"{sum(workspace.refused.values())} times 429"
    lost = f", {len(found.open)} never said"
    return [
        measures.Row(name="gate-busy", seconds=found.gates, notes=notes + "message" + counts),
        measures.Row(name="card-busy", seconds=found.cards, notes=notes + "card" + counts + lost),
    ]
