"""The policy file: what it may say, and how a mistake in it is told."""

import pytest

from bot.core.policies import codec
from bot.model import errors, policy

GROUPS = {"sre": {"slack": "S0SRE", "members": ["@lee"]}}


def rule(**body):
    return codec.decode({"groups": GROUPS, "rules": [body]}).rules[0]


def approval(**body):
    return rule(approval=body).approval


@pytest.mark.parametrize("raw", [None, {}, {"rules": []}, {"groups": None, "rules": None}])
def test_policy_without_rules_says_nothing(raw):
    assert codec.decode(raw) == policy.Policy()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("45s", 45), ("30m", 1_800), ("4h", 14_400), ("2d", 172_800), ("1h30m", 5_400)],
)
def test_duration_is_read_in_its_units(text, seconds):
    assert approval(expires=text).expires_s == seconds


def test_approval_is_read_whole():
    found = approval(
        approvers=["group:sre", "U0SAM"],
        quorum=2,
        fourEyes=True,
        expires="4h",
        onTimeout="abort",
        escalations=[{"after": "30m", "to": "thread"}, {"after": "1h", "to": "#ops"}],
    )
    assert found == policy.Approval(
        approvers=("group:sre", "U0SAM"),
        quorum=2,
        four_eyes=True,
        expires_s=14_400,
        on_timeout=policy.OnTimeout.ABORT,
        escalations=(
            policy.Escalation(after_s=1_800, to="thread"),
            policy.Escalation(after_s=3_600, to="#ops"),
        ),
    )
    assert found.named


def test_people_are_read_with_every_way_in():
    raw = [
        {"name": "Sam", "slack": "U0SAM", "user": ["sam@corp", "sam-admin"]},
        {"name": "Lee", "slack": ["U0LEE", "W0LEE"]},
    ]
    assert codec.decode({"people": raw}).people == (
        policy.Identity(name="Sam", slack=("U0SAM",), users=("sam@corp", "sam-admin")),
        policy.Identity(name="Lee", slack=("U0LEE", "W0LEE")),
    )


def test_gate_of_a_step_takes_over_what_it_does_not_say():
    found = rule(
        approval={"approvers": ["group:sre"], "fourEyes": True},
        steps=[{"step": 3, "approvers": ["@quinn"]}, {"gate": "last", "quorum": 2}, {"weight": 50}],
    ).steps
    assert [(one.index, one.name, one.weight) for one in found] == [
        (2, None, None),
        (None, policy.StepName.LAST, None),
        (None, None, 50),
    ]
    assert found[0].approval == policy.Approval(approvers=("@quinn",), four_eyes=True)
    assert found[1].approval == policy.Approval(
        approvers=("group:sre",), four_eyes=True, quorum=2
    )


def test_window_is_read_with_its_zone_and_days():
    found = rule(
        windows=[
            {
                "name": "office hours",
                "zone": "Europe/Berlin",
                "days": ["mon-thu", "sat"],
                "from": "09:00",
                "to": "17:30",
                "steps": [1, 4],
            },
            {"name": "night", "zone": "UTC", "from": "22:00", "to": "06:00", "closed": True},
        ]
    ).windows
    assert (found[0].days, found[0].steps) == ((0, 1, 2, 3, 5), (0, 3))
    assert (found[0].start.isoformat(), found[0].end.isoformat()) == ("09:00:00", "17:30:00")
    assert (found[1].days, found[1].closed) == (tuple(range(7)), True)


def test_days_may_go_over_the_end_of_the_week():
    window = {"name": "w", "zone": "UTC", "days": ["fri-mon"], "from": "00:00", "to": "12:00"}
    assert rule(windows=[window]).windows[0].days == (0, 4, 5, 6)


_WINDOW = {"name": "w", "zone": "UTC", "from": "09:00", "to": "17:00"}
MISTAKES = [
    ({"rulez": []}, "rulez", "Did you mean rules?"),
    ([], "", "must be a mapping"),
    ({"rules": {}}, "rules", "must be a list"),
    ({"rules": [{"require_analysis": True}]}, "rules[0].require_analysis", "requireAnalysis?"),
    ({"rules": [{"requireAnalysis": "yes"}]}, "rules[0].requireAnalysis", "true or false"),
    ({"rules": [{"may": {"promot": ["U0SAM"]}}]}, "rules[0].may.promot", "Did you mean promote?"),
    ({"rules": [{"may": {"read": ["U0SAM"]}}]}, "rules[0].may.read", "there is no such setting"),
    ({"rules": [{"may": {"promote": []}}]}, "rules[0].may.promote", "nobody is named"),
    ({"rules": [{"may": {"promote": ["sam"]}}]}, "rules[0].may.promote[0]", "is nobody"),
    ({"rules": [{"may": {"undo": ["group:sre"]}}]}, "rules[0].may.undo[0]", "no group 'sre'"),
    ({"rules": [{"approval": {"quorum": 0}}]}, "rules[0].approval.quorum", "from 1 to 10"),
    ({"rules": [{"approval": {"quorum": 2, "approvers": ["@lee"]}}]},
     "rules[0].approval.quorum", "2 must approve and 1 is named: nobody opens it"),
    ({"rules": [{"approval": {"quorum": 2}, "steps": [{"step": 1, "approvers": ["@lee"]}]}]},
     "rules[0].steps[0].quorum", "2 must approve and 1 is named: nobody opens it"),
    ({"rules": [{"approval": {"approvers": ["@\u202elee"]}}]},
     "rules[0].approval.approvers[0]", "is nobody. Allowed: a user id"),
    ({"rules": [{"approval": {"quorum": True}}]}, "rules[0].approval.quorum", "from 1 to 10"),
    ({"rules": [{"approval": {"expires": "soon"}}]}, "rules[0].approval.expires", "like 30m"),
    ({"rules": [{"approval": {"expires": "0m"}}]}, "rules[0].approval.expires", "between 1s"),
    ({"rules": [{"approval": {"onTimeout": "abort"}}]}, "rules[0].approval.onTimeout", "expires"),
    (
        {"rules": [{"approval": {"expires": "1h", "onTimeout": "promotes"}}]},
        "rules[0].approval.onTimeout",
        "Did you mean promote?",
    ),
    (
        {"rules": [{"approval": {"escalations": [{"after": "1h", "to": "anyone"}]}}]},
        "rules[0].approval.escalations[0].to",
        "cannot reach",
    ),
    (
        {"rules": [{"approval": {"escalations": [{"after": "1h", "to": "approver"}]}}]},
        "rules[0].approval.escalations[0].to",
        "Did you mean approvers?",
    ),
    (
        {"rules": [{"steps": [{"gate": "last", "escalations": [{"after": "1h", "to": "sre"}]}]}]},
        "rules[0].steps[0].escalations[0].to",
        "Allowed: thread, approvers, channel, #channel",
    ),
    (
        {"rules": [{"approval": {"escalations": [{"to": "approvers"}]}}]},
        "rules[0].approval.escalations[0].after",
        "like 30m",
    ),
    (
        {"rules": [{}, {"terminalApprovals": "yes"}]},
        "rules[1].terminalApprovals",
        "true or false",
    ),
    (
        {
            "rules": [
                {
                    "approval": {
                        "escalations": [
                            {"after": "2h", "to": "thread"},
                            {"after": "1h", "to": "channel"},
                        ]
                    }
                }
            ]
        },
        "rules[0].approval.escalations[1].after",
        "later than the one before",
    ),
    ({"rules": [{"steps": [{"quorum": 2}]}]}, "rules[0].steps[0]", "exactly one of step"),
    ({"rules": [{"steps": [{"step": 0}]}]}, "rules[0].steps[0].step", "from 1 to"),
    ({"rules": [{"steps": [{"gate": "frist"}]}]}, "rules[0].steps[0].gate", "last, preview"),
    ({"rules": [{"breakGlass": {"who": ["@a"]}}]}, "rules[0].breakGlass.second", "two persons"),
    ({"rules": [{"match": {"labels": {"a": 1}}}]}, "rules[0].match.labels.a", "must be a text"),
    (
        {"rules": [{"windows": [{**_WINDOW, "zone": "Europe/Brelin"}]}]},
        "rules[0].windows[0].zone",
        "no time zone",
    ),
    (
        {"rules": [{"windows": [{**_WINDOW, "from": 540}]}]},
        "rules[0].windows[0].from",
        "in quotes",
    ),
    (
        {"rules": [{"windows": [{**_WINDOW, "days": ["mo-fr"]}]}]},
        "rules[0].windows[0].days[0]",
        "is no day",
    ),
    ({"rules": [{"windows": [{**_WINDOW, "to": "09:00"}]}]}, "rules[0].windows[0].to", "empty"),
    ({"groups": {"qa": {}}}, "groups.qa", "nobody is in it"),
    ({"groups": {"qa": {"slack": "qa-team"}}}, "groups.qa.slack", "no id of a user group"),
    ({"groups": {"qa": {"members": ["group:sre"]}}}, "groups.qa.members[0]", "must be a user id"),
    ({"people": {"sam": {}}}, "people", "must be a list"),
    ({"people": [{"slack": "U0SAM"}]}, "people[0].name", "must be a text"),
    ({"people": [{"name": "Sam"}]}, "people[0]", "give slack (U…), user or both"),
    ({"people": [{"name": "Sam", "slack": "@sam"}]}, "people[0].slack", "no id of a person"),
    (
        {"people": [{"name": "Sam", "slack": ["U0SAM", "S0SRE"]}]},
        "people[0].slack[1]",
        "'S0SRE' is no id",
    ),
    ({"people": [{"name": "Sam", "user": "user:sam"}]}, "people[0].user", "the user alone: 'sam'"),
    ({"people": [{"name": "Sam", "user": "s" * 121}]}, "people[0].user", "longer than 120"),
    ({"people": [{"name": "Sam", "users": ["sam"]}]}, "people[0].users", "Did you mean user?"),
    (
        {"people": [{"name": "Sam", "slack": "U0SAM"}, {"name": "Lee", "slack": ["U0SAM"]}]},
        "people[1].slack",
        "'U0SAM' stands at people[0] (Sam) too: one entry is one person",
    ),
    (
        {"people": [{"name": "Sam", "user": ["a", "sam"]}, {"name": "Lee", "user": "Sam"}]},
        "people[1].user",
        "'Sam' stands at people[0] (Sam) too",
    ),
    (
        {"people": [{"name": "Sam", "user": "a"}, {"name": "sam", "user": "b"}]},
        "people[1].name",
        "'sam' stands at people[0]",
    ),
    ({"people": [{"name": "x", "user": "x"}] * 2001}, "people", "more than 2000"),
    ({"rules": [{}] * 201}, "rules", "more than 200"),
    ({1: 2}, "", "write it in quotes"),
]


@pytest.mark.parametrize(("raw", "path", "said"), MISTAKES, ids=[one[2] for one in MISTAKES])
def test_mistake_is_told_with_its_path_and_what_is_allowed(raw, path, said):
    with pytest.raises(errors.UserError) as found:
        codec.decode(raw)
    assert found.value.path == path
    assert said in found.value.sentence
    assert found.value.sentence.startswith(path or "the file")


def test_gate_that_too_few_are_named_for_is_taken_where_it_opens_by_itself():
    one = {"quorum": 2, "approvers": ["@lee"], "expires": "1h", "onTimeout": "promote"}
    assert codec.decode({"rules": [{"approval": one}]}).rules[0].approval.quorum == 2
