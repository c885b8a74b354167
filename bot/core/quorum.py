"""How far the approval of the present gate has come: who has, who still may, who may not.

For what people read; what opens a gate is ``gatekeeping``.
"""

from dataclasses import dataclass, replace

from bot.core import approvals, gate_ids, shippers, tally
from bot.core import draft as draft_module
from bot.model import facts, policy

NAMES_MOST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """``approved`` are those whose approvals count; ``shipped`` may not approve.

    ``apart`` have approved by another way in: nobody can tell whether they are among these, as
    long as the policy does not know the ``strangers`` of both.

    ``nameless``: only a tool is known to have shipped it, so nobody may.
    """

    rule: policy.Approval
    approved: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    strangers: str = ""
    shipped: tuple[facts.Person, ...] = ()
    nameless: bool = False

    @property
    def left(self) -> int:
        """How many more must approve."""
        return max(0, self.rule.quorum - len(self.approved))

    @property
    def so_far(self) -> str:
        """As in "1 of 2 approved: sam"; empty where one is enough or nobody has."""
        if self.rule.quorum < 2 or not self.approved:
            return ""
        said = f"{len(self.approved)} of {self.rule.quorum} approved: {', '.join(self.approved)}"
        return f"{said}; maybe the same person: {', '.join(self.apart)}" if self.apart else said


def of(d: draft_module.Draft) -> Standing | None:
    """Of the gate that it stands at; None where it stands at none."""
    rule = approvals.now(d)
    if rule is None:
        return None
    here = gate_ids.present_gate(d.seen.cluster, d.seen.uid, d.status)
    names = tuple(tally.name(one.actor) for one in tally.counted(d, here))
    apart = tuple(tally.name(one.actor) for one in tally.apart(d, here))
    strangers = tally.strangers(tally.recorded(d, here), d.seen.policy.people) if apart else ""
    found = Standing(rule=rule, approved=names, apart=apart, strangers=strangers)
    if not rule.four_eyes:
        return found
    shipped = shippers.named(d.seen, d.status, d.spec.template)
    return replace(found, shipped=shipped[:NAMES_MOST], nameless=not shipped)


def who(rule: policy.Approval) -> str:
    """Whom the policy names, as people call them; empty where it names nobody."""
    listed = ", ".join(_word(one) for one in rule.approvers[:NAMES_MOST])
    if not rule.also:
        return listed
    also = ", ".join(_word(one) for one in rule.also[:NAMES_MOST])
    return f"{listed or 'whoever may promote'} if among {also}"


def missing(stands: Standing) -> str:
    """As in "one of sre approves, not dana" and "1 more of sre approves, not sam or dana"."""
    if stands.nameless:
        return "rollout-bot.io/shipped-by says who shipped it, and somebody else approves"
    named, rule = who(stands.rule), stands.rule
    approved = (*stands.approved, *stands.apart)
    barred = dict.fromkeys((*approved, *(one.name for one in stands.shipped)))
    unless = f", not {' or '.join(barred)}" if barred else ""
    if rule.quorum > 1:
        more = f"{stands.left} more" if stands.approved else str(rule.quorum)
        verb = "approves" if stands.left == 1 else "approve"
        known = f", or once people: of the policy names {stands.strangers}"
        mend = known if stands.strangers else ""
        return f"{more} of {named or 'its channel'} {verb}{unless}{mend}"
    return f"{f'one of {named}' if named else 'somebody'} approves{unless}"


def _word(one: str) -> str:
    if one in {"channel", "anyone"}:
        return {"channel": "the channel", "anyone": "anyone"}[one]
    return one.removeprefix("group:").removeprefix("user:")
