"""Who may do what."""

import pytest

from bot.model import facts
from bot.runtime import authorize
from bot.runtime.authorize import Action

ROLLOUT = {"metadata": {"namespace": "shop", "name": "checkout"}}
MEMBER = facts.Person(name="sam", slack_id="U0SAM")
STRANGER = facts.Person(name="eve", slack_id="U0EVE")
NOBODY = facts.Person(name="sam")
MEMBERS = frozenset({"U0SAM"})
OPEN = authorize.Rules(default_channel="#releases")
NAMED = authorize.Rules(approvers={"shop/*": ("U0LEE", "@dana")}, default_channel="#releases")


@pytest.mark.parametrize(
    ("actor", "action", "rules", "members", "allowed"),
    [
        (STRANGER, Action.READ, OPEN, None, True),
        (MEMBER, Action.PROMOTE, OPEN, MEMBERS, True),
        (STRANGER, Action.PROMOTE, OPEN, MEMBERS, False),
        (NOBODY, Action.PROMOTE, OPEN, MEMBERS, False),
        (MEMBER, Action.PROMOTE, OPEN, None, False),
        (MEMBER, Action.ABORT, OPEN, MEMBERS, True),
        (STRANGER, Action.ABORT, OPEN, MEMBERS, False),
        (STRANGER, Action.ABORT, OPEN, None, True),
        (NOBODY, Action.ABORT, OPEN, None, False),
        (MEMBER, Action.PROMOTE, NAMED, MEMBERS, False),
        (MEMBER, Action.ABORT, NAMED, MEMBERS, True),
        (facts.Person(name="x", slack_id="U0LEE"), Action.PROMOTE, NAMED, MEMBERS, True),
        (facts.Person(name="x", slack_id="U0LEE"), Action.ABORT, NAMED, MEMBERS, True),
        (facts.Person(name="Dana", slack_id="U0D"), Action.UNDO, NAMED, None, True),
        (facts.Person(name="", slack_id=""), Action.PROMOTE, NAMED, MEMBERS, False),
    ],
)
def test_authorize_decides_by_approvers_else_members(actor, action, rules, members, allowed):
    answer = authorize.authorize(
        actor=actor, action=action, rollout=ROLLOUT, rules=rules, members=members
    )
    assert isinstance(answer, authorize.Allowed) is allowed
    if not allowed:
        assert answer.sentence.endswith((".", "again."))


def test_rules_prefer_annotation_then_namespace_then_default():
    rules = authorize.Rules(channels={"sh*": "#shop"}, default_channel="#releases")
    note = {"annotations": {authorize.CHANNEL: "#mine"}}
    assert rules.channel({"metadata": {**ROLLOUT["metadata"], **note}}) == "#mine"
    assert rules.channel(ROLLOUT) == "#shop"
    assert rules.channel_of("other") == "#releases"
