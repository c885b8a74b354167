"""Gates of several approvals: by two ways in, with nobody left; and small answers of these days."""

from collections.abc import Iterator
from dataclasses import replace

from bot.core.notices import approving, listing
from bot.model import facts
from bot.model import messages as m
from bot.runtime import stopping
from tests.core.engine.guarded import Guarded
from tests.core.engine.simulation import KEY
from tests.gallery.sample import Sample, of
from tests.render import examples as ex

SAM, ANNA = "sam (U0SAM)", "anna@corp (terminal)"
BY_BOTH = {
    "approvers": ["@sam", "@lee", "user:anna@corp"],
    "quorum": 2,
}
USED_UP = {"approvers": ["@sam", "@dana"], "quorum": 2, "fourEyes": True}
KEYS = ("payments/api", "shop/checkout", "shop/checkout-worker")


def quorums() -> Iterator[Sample]:
    """As the rules themselves say it, so that a picture cannot show what no code says."""
    yield from MADE


def _made() -> Iterator[Sample]:
    yield from _both_ways()
    yield from _used_up()
    yield from _absent()
    try:
        stopping.meant(("shop/chekout", "orders", "are", "lost"), KEYS)
    except stopping.Unclear as problem:
        yield of("answer-nothing-stopped", m.SentenceFacts(sentences=problem.lines))


def _gate(approval: dict[str, object], *, by: str = "") -> Guarded:
    steps = ({"setWeight": 20}, {"pause": {}}, {"setWeight": 60})
    sim = Guarded(policy={"rules": [{"approval": approval}]}, steps=steps, routed=True).settle()
    sim.ship("two").settle()
    if by:
        note = {"rollout-bot.io/shipped-by": by}
        sim.write_raw({"metadata": {"annotations": note}}).settle()
    return sim


def _both_ways() -> Iterator[Sample]:
    """One approval in Slack and one at a terminal, of people whom the policy does not know."""
    sim = _gate(BY_BOTH).approve(SAM).approve(ANNA)
    answer = sim.answers()[-1][1]
    yield of("answer-maybe-the-same-person", m.SentenceFacts(sentences=(answer,)))
    yield from _shown(sim, "maybe-the-same-person")


def _used_up() -> Iterator[Sample]:
    yield from _shown(_gate(USED_UP, by="dana (U0DANA)").approve(SAM), "nobody-is-left")


def _shown(sim: Guarded, name: str) -> Iterator[Sample]:
    scene = replace(sim.scene(), reasons=tuple(sim.reconciler.latest[KEY]))
    fields = approving.facts_of(scene)
    said = {key: fields[key] for key in ("approvers", "quorum")}
    yield of(f"gate-quorum-{name}", ex.gate(**said))
    yield of(f"why-{name}", listing.why(scene))
    sim.close()


def _absent() -> Iterator[Sample]:
    text = (
        "I am not in #incidents: its message went to #checkout. Invite me with "
        "/invite @rollout in #incidents, or correct its name in the policy"
    )
    fact = m.ThreadFact(kind=facts.ThreadKind.OTHER, at=ex.at(12, 14), text=text)
    yield of("thread-escalation-without-the-bot", fact)


MADE = tuple(_made())
"""At the import: a simulation has a loop of its own, and photographs are taken in another."""
