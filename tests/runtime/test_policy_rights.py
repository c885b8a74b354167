"""Who may do what where a policy says so: groups, four eyes, action rules, the terminal."""

import asyncio

import pytest

from bot.core.policies import codec, resolve
from bot.model import errors, facts, policy
from bot.runtime import authorize, permits, roster, whom
from bot.runtime.authorize import Action

ROLLOUT = {"metadata": {"namespace": "shop", "name": "checkout"}}
RULES = authorize.Rules(approvers={"shop/*": ("U0OLD",)}, default_channel="#releases")
SRE, SAM, EVE, DANA = (
    facts.Person(name=name, slack_id=f"U0{name.upper()}") for name in ("lee", "sam", "eve", "dana")
)
OPS = facts.Person(name="ops", user="ops")


def effective(*, annotations=None, **rule):
    known = codec.decode(
        {
            "groups": {"sre": {"slack": "S0SRE", "members": ["@lee"]}, "qa": {"slack": "S0QA"}},
            "rules": [rule],
        }
    )
    return resolve.resolve(
        known,
        cluster="c",
        namespace="shop",
        name="checkout",
        labels={},
        annotations=annotations or {},
    )


def asked(actor, action, found, *, groups=None, members=frozenset({"U0SAM"}), **case):
    known = whom.Known(groups=groups or {}, home=frozenset({"U0SAM"}), channel="#releases")
    return authorize.authorize(
        actor=actor,
        action=action,
        rollout=ROLLOUT,
        rules=RULES,
        members=members,
        case=authorize.Case(effective=found, approval=found.approval, known=known, **case),
    )


NAMED = {"approval": {"approvers": ["group:sre"]}}
IN_SLACK = {"S0SRE": frozenset({"U0SAM"})}


@pytest.mark.parametrize(
    ("actor", "groups", "allowed"),
    [
        (SAM, IN_SLACK, True),
        (SRE, IN_SLACK, False),  # Slack's word counts, not the list
        (SRE, {"S0SRE": None}, True),  # the list, where Slack cannot say
        (EVE, {"S0SRE": None}, False),
        (SAM, {}, False),
    ],
)
def test_group_is_who_slack_says_else_the_list_of_the_file(actor, groups, allowed):
    answer = asked(actor, Action.PROMOTE, effective(**NAMED), groups=groups)
    assert isinstance(answer, authorize.Allowed) is allowed


def test_group_that_nobody_can_read_opens_no_gate_and_stops_no_abort():
    found = effective(approval={"approvers": ["group:qa"]})
    denied = asked(EVE, Action.PROMOTE, found, groups={"S0QA": None})
    assert "Slack does not say who that is now" in denied.sentence
    assert isinstance(asked(EVE, Action.ABORT, found, groups={"S0QA": None}), authorize.Allowed)


def test_denial_names_the_rule_who_may_and_whom_to_ask():
    answer = asked(EVE, Action.PROMOTE, effective(**NAMED), groups=IN_SLACK)
    assert answer == authorize.Denied(
        sentence="Only sre may approve this.", ask=("U0SAM",), rule="rules[0]"
    )


def test_whoever_shipped_it_may_not_approve_it():
    found = effective(approval={"approvers": ["channel", "@dana"], "fourEyes": True})
    answer = asked(DANA, Action.PROMOTE, found, shippers=(facts.Person(name="Dana"),))
    assert answer.sentence == (
        "Only #releases, @dana may approve this, and not dana, who shipped it."
    )
    assert answer.ask == ("U0SAM",)
    other = asked(SAM, Action.PROMOTE, found, shippers=(facts.Person(name="dana"),))
    assert isinstance(other, authorize.Allowed)


def test_four_eyes_hold_where_nobody_knows_who_shipped_it():
    found = effective(approval={"approvers": ["anyone"], "fourEyes": True})
    answer = asked(SAM, Action.PROMOTE, found)
    assert "rollout-bot.io/shipped-by" in answer.sentence


def test_annotation_narrows_who_may_approve():
    found = effective(**NAMED, annotations={"rollout-bot.io/approvers": "@sam"})
    both = {"S0SRE": frozenset({"U0SAM", "U0LEE"})}
    assert isinstance(asked(SAM, Action.PROMOTE, found, groups=both), authorize.Allowed)
    assert asked(SRE, Action.PROMOTE, found, groups=both).sentence == "Only @sam may approve this."


def test_channel_of_a_policy_is_not_the_one_of_the_annotation():
    found = effective(approval={"approvers": ["channel"]})
    answer = asked(EVE, Action.PROMOTE, found, members=frozenset({"U0EVE"}))
    assert isinstance(answer, authorize.Denied)


@pytest.mark.parametrize(
    ("actor", "action", "allowed"),
    [
        (SRE, Action.UNDO, True),
        (SAM, Action.UNDO, False),
        (facts.Person(name="x", slack_id="U0OLD"), Action.UNDO, False),
        (facts.Person(name="x", slack_id="U0OLD"), Action.RETRY, True),  # the settings count
        (SRE, Action.RETRY, False),
        (SRE, Action.ABORT, True),  # whoever may promote
        (SAM, Action.ABORT, True),
        (EVE, Action.ABORT, False),
    ],
)
def test_action_rule_counts_before_the_settings(actor, action, allowed):
    found = effective(may={"undo": ["@lee"], "promote": ["@lee"]})
    assert isinstance(asked(actor, action, found), authorize.Allowed) is allowed


@pytest.mark.parametrize(
    ("action", "rule", "review", "allowed"),
    [
        (Action.PROMOTE, {}, True, True),
        (Action.PROMOTE, {}, False, False),
        (Action.PROMOTE, {}, None, False),
        (Action.ABORT, {}, None, True),
        (Action.ABORT, {}, False, False),
        (Action.PROMOTE, {"approval": {"approvers": ["user:ops"]}}, None, True),
        (Action.PROMOTE, {"approval": {"approvers": ["@ops"]}}, True, False),
        (
            Action.PROMOTE,
            {"approval": {"approvers": ["user:ops"]}, "accessReview": True},
            False,
            False,
        ),
        (
            Action.PROMOTE,
            {"approval": {"approvers": ["user:ops"]}, "accessReview": True},
            True,
            True,
        ),
    ],
)
def test_person_at_a_terminal_is_who_the_cluster_says(action, rule, review, allowed):
    answer = asked(OPS, action, effective(**rule), review=review)
    assert isinstance(answer, authorize.Allowed) is allowed


def test_glass_is_broken_by_those_who_are_named_for_it_alone():
    found = effective(breakGlass={"who": ["@lee"], "second": ["@sam"]})
    assert isinstance(asked(SRE, Action.BREAK_GLASS, found), authorize.Allowed)
    assert isinstance(asked(SAM, Action.BREAK_GLASS, found), authorize.Denied)
    assert isinstance(asked(SAM, Action.BREAK_GLASS, found, second=True), authorize.Allowed)
    assert "No rule" in asked(SRE, Action.BREAK_GLASS, policy.Effective()).sentence


class Groups:
    """Slack's user groups: answers, errors, and how often it was asked."""

    def __init__(self):
        self.answer = frozenset({"U0SAM"})
        self.asked = 0
        self.now = 0.0

    async def ask(self, group):
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def test_roster_remembers_for_five_minutes_but_not_when_somebody_decides():
    slack = Groups()
    made = roster.Roster(ask=slack.ask, monotonic=lambda: slack.now)
    for _ in range(2):
        await made.of(frozenset({"S1"}), deciding=False)
    assert slack.asked == 1
    slack.answer = frozenset()
    assert await made.of(frozenset({"S1"}), deciding=True) == {"S1": frozenset()}
    slack.now = 301
    await made.of(frozenset({"S1"}), deciding=False)
    assert slack.asked == 3


@pytest.mark.parametrize(
    ("problem", "after_s", "known"),
    [
        (errors.Unavailable("down"), 3_599, True),
        (errors.Unavailable("down"), 3_601, False),
        (errors.Refused("usergroups.users.list: plan_upgrade_required"), 1, False),
        (errors.Forbidden("usergroups.users.list: missing_scope"), 1, False),
    ],
)
async def test_roster_keeps_what_it_knew_for_an_hour_at_most(problem, after_s, known):
    slack = Groups()
    made = roster.Roster(ask=slack.ask, monotonic=lambda: slack.now)
    await made.of(frozenset({"S1"}), deciding=True)
    slack.answer, slack.now = problem, after_s
    found = await made.of(frozenset({"S1"}), deciding=True)
    assert found == {"S1": frozenset({"U0SAM"}) if known else None}


async def test_permits_let_an_abort_through_though_slack_hangs(monkeypatch):
    monkeypatch.setattr(permits, "MEMBERS_TIMEOUT_S", 0.01)
    monkeypatch.setattr(roster, "TIMEOUT_S", 0.01)

    async def never(*_):
        await asyncio.Event().wait()

    made = permits.Permits(rules=RULES, members=never, roster=roster.Roster(ask=never))
    found = effective(**NAMED)
    assert isinstance(await made.ask(EVE, Action.ABORT, ROLLOUT, effective=found), authorize.Allowed)
    assert isinstance(await made.ask(EVE, Action.RETRY, ROLLOUT, effective=found), authorize.Denied)
