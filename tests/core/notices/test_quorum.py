"""Who approved, who still must and who may not: on the card, at the gate, in the answer to why."""

import json
from dataclasses import replace

import pytest

from bot.core.notices import card, listing, people, thread
from bot.core.notices import gate as gates
from bot.model import facts, messages
from bot.render import rendering
from tests.core.engine.guarded import ONE, TWO
from tests.core.engine.simulation import KEY
from tests.core.engine.test_guarded import at_gate
from tests.render.limits import problems

SAM, LEE, DANA = "sam (U0SAM)", "lee (U0LEE)", "dana (U0DANA)"
EYES = {"rules": [{"approval": {**TWO["rules"][0]["approval"], "fourEyes": True}}]}


def open_gate(sim):
    (found,) = gates.notices(sim.scene(), {})
    return found


def shown(notice):
    """The message as people read it, after an edit too."""
    return text_of(rendering.render(replace(notice.facts, generation=2)))


def text_of(message):
    assert not [one for one in problems(message) if not one.startswith("mentions <@U0")]
    return json.dumps(message.blocks, ensure_ascii=False).replace("\u202f", " ")


def why(sim):
    scene = replace(sim.scene(), reasons=tuple(sim.reconciler.latest[KEY]))
    return " ".join(listing.why(scene).sentences)


def set_by(sim, who=DANA):
    """As ``/rollout set-image`` leaves it."""
    person = people.decode(who)
    note = {people.SET_BY: people.signature(sim.scene().sheet.spec.template, person)}
    sim.write_raw({"metadata": {"annotations": note}}).settle()
    return sim


def test_card_and_gate_count_the_approvals():
    sim = at_gate()
    assert card.card(sim.scene()).next_what == "60 %, when 2 approve"
    sim.approve(SAM)
    assert card.card(sim.scene()).next_what == "60 %, 1 of 2 approved: sam"
    assert "next: 60 %, 1 of 2 approved: sam" in shown_card(sim)
    assert "may approve: @sam, @lee; 1 of 2 approved: sam" in shown(open_gate(sim))


def test_thread_says_of_each_that_they_approved_when_both_press_at_the_same_moment():
    sim = at_gate()
    sim.put(sim.intent(SAM), sim.intent(LEE)).settle()
    assert sim.weight() == 60
    said = [line.fact for line in thread.lines(sim.scene(), {}) if line.fact.by is not None]
    assert [(one.kind, one.by.name, one.weight) for one in said] == [
        (facts.ThreadKind.APPROVED, "sam", None),
        (facts.ThreadKind.APPROVED, "lee", 60),
    ]


def shown_card(sim):
    return text_of(rendering.render(card.card(sim.scene())))


def test_gate_that_is_closed_names_everybody_who_approved():
    sim = at_gate()
    notice = open_gate(sim)
    sim.approve(SAM).approve(LEE)
    closed = next(
        one for one in gates.notices(sim.scene(), {notice.key: dict(notice.keep)}) if one.settled
    )
    decided = closed.facts.decided
    assert (decided.closing, decided.by.name) == (messages.Closing.APPROVED, "lee")
    assert [one.name for one in decided.others] == ["sam"]
    assert "approved by <@U0SAM> and <@U0LEE>" in shown(closed)


def test_gate_that_nobody_answered_says_that_the_policy_let_it_go_on():
    timed = {"approvers": ["@sam"], "expires": "1h", "onTimeout": "promote"}
    sim = at_gate({"rules": [{"approval": timed}]})
    notice = open_gate(sim)
    sim.wait(seconds=3_700).settle()
    closed = next(
        one for one in gates.notices(sim.scene(), {notice.key: dict(notice.keep)}) if one.settled
    )
    assert "closed: nobody answered in time, and the policy lets it go on" in shown(closed)


@pytest.mark.parametrize(
    ("approval", "wanted"),
    [
        (ONE["rules"][0]["approval"], "no time limit: it waits"),
        ({}, "no time limit: it waits"),
        ({"expires": "4h", "onTimeout": "hold"}, "then it goes on waiting"),
        ({"expires": "4h", "onTimeout": "abort"}, "then it is aborted"),
        ({"expires": "4h", "onTimeout": "promote"}, "then it goes on by itself"),
    ],
)
def test_gate_always_says_what_happens_when_nobody_answers(approval, wanted):
    assert wanted in shown(open_gate(at_gate({"rules": [{"approval": approval}]})))


def test_gate_says_not_whoever_set_the_image_through_us():
    sim = set_by(at_gate(EYES))
    found = open_gate(sim).facts
    assert (found.excluded, found.nameless) == ((people.decode(DANA),), False)
    assert ", not dana; 2 must approve" in shown(open_gate(sim))


def test_gate_says_that_nobody_may_where_only_a_tool_is_known_to_have_shipped_it():
    sim = at_gate(EYES)
    fields = {"f:spec": {"f:template": {}}}
    entry = {"manager": "kubectl", "time": "2026-11-23T12:00:00Z", "fieldsV1": fields}
    sim.write_raw({"metadata": {"managedFields": [entry]}}).settle()
    assert open_gate(sim).facts.nameless
    text = shown(open_gate(sim))
    assert "nobody knows who shipped it" in text and "rollout-bot.io/shipped-by" in text
    sim.write_raw({"metadata": {"annotations": {"rollout-bot.io/shipped-by": "dana"}}}).settle()
    assert ", not dana; 2 must approve" in shown(open_gate(sim))


def test_why_counts_the_approvals_and_says_who_is_still_missing():
    sim = set_by(at_gate(EYES))
    assert "It moves on to 60 % when 2 of @sam, @lee approve, not dana." in why(sim)
    sim.approve(SAM)
    told = why(sim)
    assert "1 of 2 approved: sam" in told
    assert "when 1 more of @sam, @lee approves, not sam or dana." in told


def test_words_of_a_crowd_of_approvers_are_not_cut_off():
    many = [f"@person-{number:02d}" for number in range(9)]
    sim = at_gate({"rules": [{"approval": {"approvers": many, "quorum": 9}}]})
    text = shown(open_gate(sim))
    assert all(one in text for one in many) and "9 must approve" in text


PAIR = {"people": [{"name": "Sam", "slack": "U0SAM", "user": "sam@corp"}]}


def short_of(approval, *, groups=None, **more):
    rule = {"approval": approval, **more}
    return at_gate({"groups": groups or {}, **PAIR, "rules": [rule]})


@pytest.mark.parametrize(
    ("approvers", "groups"),
    [
        (["@sam", "@dana"], {}),
        (["U0SAM", "U0DANA"], {}),
        (["group:sre"], {"sre": {"members": ["U0SAM", "@dana"]}}),
        (["@sam", "@dana", "user:sam@corp"], {}),
    ],
    ids=["handles", "ids", "a group of the file", "one of them by two ways"],
)
def test_why_says_that_nobody_is_left_where_four_eyes_and_the_group_are_used_up(approvers, groups):
    sim = set_by(
        short_of({"approvers": approvers, "quorum": 2, "fourEyes": True}, groups=groups)
    ).approve(SAM)
    told = why(sim)
    assert "1 of 2 approved: sam" in told
    assert (
        "Nobody is left to approve: sam approved, dana shipped it and may not. It goes on after "
        "another approver or a smaller quorum in the policy; abort takes it back."
    ) in told
    assert "moves on" not in told
    reasons = replace(sim.scene(), reasons=tuple(sim.reconciler.latest[KEY]))
    assert [button.kind.value for button in listing.why(reasons).buttons] == ["abort"]
    assert "sam; nobody is left to approve: sam approved, dana shipped it" in shown(open_gate(sim))


def test_why_says_so_of_a_lone_approver_who_shipped_it_and_names_the_break_glass():
    glass = {"who": ["@lee"], "second": ["@ann"]}
    sim = set_by(short_of({"approvers": ["@dana"], "fourEyes": True}, breakGlass=glass))
    assert (
        "Nobody is left to approve: dana shipped it and may not. It goes on after another "
        "approver in the policy; /rollout break-glass app REASON passes it; abort takes it back."
    ) in why(sim)


def test_why_counts_who_is_left_where_they_are_too_few():
    asked = {"approvers": ["@sam", "@lee", "@dana"], "quorum": 3, "fourEyes": True}
    sim = set_by(short_of(asked))
    assert "Too few are left to approve, 2 for 3: dana shipped it and may not." in why(sim)


@pytest.mark.parametrize(
    "approval",
    [
        {"approvers": ["@sam", "@lee", "@dana"], "quorum": 2, "fourEyes": True},
        {"approvers": ["@sam", "group:sre"], "quorum": 2, "fourEyes": True},
        {"approvers": ["@sam", "channel"], "quorum": 2, "fourEyes": True},
        {"quorum": 2, "fourEyes": True},
    ],
    ids=["one is left", "a group of Slack", "a channel", "nobody is named"],
)
def test_why_goes_on_naming_who_may_where_somebody_may_be_left(approval):
    groups = {"sre": {"slack": "S0SRE"}}
    sim = set_by(short_of(approval, groups=groups)).approve(SAM)
    assert "left to approve" not in why(sim)
    assert "It moves on to 60 % when 1 more of " in why(sim)


def test_why_says_nothing_of_it_where_the_policy_lets_it_go_on_by_itself():
    timed = {"expires": "4h", "onTimeout": "promote"}
    sim = set_by(short_of({"approvers": ["@dana"], "fourEyes": True, **timed}))
    assert "left to approve" not in why(sim)


@pytest.mark.parametrize(
    ("roll", "over"), [({"U0SAM", "U0DANA"}, True), ({"U0SAM", "U0LEE"}, False)]
)
def test_why_knows_it_of_a_group_of_slack_whose_members_are_known(roll, over):
    asked = {"approvers": ["group:sre"], "quorum": 2, "fourEyes": True}
    sim = set_by(short_of(asked, groups={"sre": {"slack": "S0SRE"}})).approve(SAM)
    scene = replace(sim.scene(), reasons=tuple(sim.reconciler.latest[KEY]))
    said = listing.why(scene, rolls={"S0SRE": frozenset(roll)})
    assert ("Nobody is left to approve: sam approved" in said.sentences[1]) is over
    kinds = [button.kind.value for button in said.buttons]
    assert kinds == (["abort"] if over else ["approve", "abort"])


@pytest.mark.parametrize("people", [(), PAIR["people"]], ids=["nobody is known", "sam is known"])
def test_why_says_whom_to_name_where_two_approvals_may_be_one_persons(people):
    rule = {"approval": {"approvers": ["@sam", "user:anna@corp"], "quorum": 2}}
    sim = at_gate({"people": list(people), "rules": [rule]})
    sim.approve(SAM).approve("anna@corp (terminal)")
    told = why(sim)
    assert "1 of 2 approved: sam; maybe the same person: anna@corp." in told
    strangers = "anna@corp" if people else "sam, anna@corp"
    assert told.endswith(f", or once people: of the policy names {strangers}.")


@pytest.mark.parametrize(
    "known",
    [
        [{"name": "sam", "slack": "U0SAM"}, {"name": "lee", "slack": "U0LEE", "user": "sam"}],
        [{"name": "sam", "slack": "U0LEE", "user": "lee@corp"}],
    ],
)
def test_somebody_is_left_whose_handle_is_the_name_of_another_elsewhere(known):
    approval = {"approvers": ["@sam", "@lee"], "quorum": 2}
    sim = at_gate({"people": known, "rules": [{"approval": approval}]})
    sim.approve(LEE)
    assert "obody is left" not in why(sim) + shown(open_gate(sim))
    sim.approve(SAM)
    assert sim.weight() == 60
