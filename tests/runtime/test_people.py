"""The policy's ``people``: one person by several ways in, at gates that named people open.

Requests from a terminal are written as a terminal writes them, unsealed and vouched for.
"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import persons, tally
from bot.core.notices import approving, people, reminding
from bot.core.policies import codec
from bot.model import facts, policy, sealed
from bot.runtime import authorize
from tests.core.engine.guarded import Guarded
from tests.core.engine.test_glass import asked as glass_asked
from tests.core.engine.test_glass import at_gate as glass_gate
from tests.core.engine.test_guarded import STEPS
from tests.runtime.test_admitted import ask, shut

SAM, LEE, EVE = "sam (U0SAM)", "lee (U0LEE)", "eve (U0EVE)"
SAM_T, ANNA_T, BEN_T = "sam@corp (terminal)", "anna@corp (terminal)", "ben@corp (terminal)"
WHO = [
    {"name": "Sam", "slack": ["U0SAM", "U0SAM2"], "user": "sam@corp"},
    {"name": "Anna", "slack": "U0ANNA", "user": ["anna@corp", "anna-admin"]},
    {"name": "Ben", "user": "ben@corp"},
    {"name": "Lee", "slack": "U0LEE"},
]
NAMED = ["@sam", "@lee", "@eve", "U0SAM2", "user:sam@corp", "user:anna@corp", "user:ben@corp"]


def rules(*, who=WHO, quorum=2, **more):
    rule = {"approval": {"approvers": NAMED, "quorum": quorum, **more}, "terminalApprovals": True}
    return {"people": who, "rules": [rule]}


def at_gate(raw):
    sim = Guarded(policy=raw, steps=STEPS, routed=True).settle()
    sim.ship("two").settle()
    assert sim.status.pause_conditions
    return sim


def approve(sim, *actors):
    """Each by their own way in."""
    for actor in actors:
        if people.way_of(actor) == "terminal":
            ask(sim, actor)
        else:
            sim.approve(actor)
    return sim


def reload(sim, raw):
    sim.rules = codec.decode(raw)
    return sim.settle()


def opened(sim):
    return sim.status.step_index == 3


# -- one quorum from both ways in ------------------------------------------------------------


@pytest.mark.parametrize("actors", [(SAM, ANNA_T), (ANNA_T, SAM)])
def test_slack_and_terminal_add_up_when_the_policy_knows_both(actors):
    first, second = actors
    sim = approve(at_gate(rules()), first)
    assert shut(sim) and "1 of 2 approved" in sim.answers()[-1][1]
    approve(sim, second)
    assert opened(sim)
    assert sim.status.bot.passes[0].by == actors


@pytest.mark.parametrize(
    ("first", "second"), [(SAM, SAM_T), (SAM_T, SAM), (SAM, "sammy (U0SAM2)"), (SAM, "x (U0SAM)")]
)
def test_one_person_counts_once_whichever_ways_they_come(first, second):
    sim = approve(at_gate(rules()), first, second)
    assert shut(sim)
    accepted, sentence = sim.answers()[-1]
    assert (accepted, sentence[:32]) == (False, "You have approved this already: ")
    assert opened(approve(sim, ANNA_T))


def test_person_whose_name_slack_does_not_say_counts_once_where_nobody_is_listed():
    """As the bot names somebody while users.info does not answer."""
    sim = approve(at_gate(rules(who=None)), "U0SAM (U0SAM)", SAM)
    assert shut(sim)
    assert opened(approve(sim, LEE))


def test_approval_by_another_way_is_kept_and_says_whom_to_list_when_one_is_not_known():
    sim = approve(at_gate(rules()), EVE, ANNA_T)
    assert shut(sim)
    accepted, sentence = sim.answers()[-1]
    assert (accepted, sentence) == (
        True,
        "Recorded: 1 of 2 approved: eve. Somebody has approved this by another way in, and may be "
        "you, so yours does not add up with that. To have all added up, name eve under people: in "
        "the policy file.",
    )
    told = approving.facts_of(sim.scene())
    assert told["quorum"] == "1 of 2 approved: eve; maybe the same person: anna@corp"
    assert opened(approve(sim, BEN_T)), "two users of the cluster are two"


def test_neither_way_blocks_the_other_when_nobody_is_listed():
    sim = approve(at_gate(rules(who=None)), ANNA_T, SAM)
    assert shut(sim)
    assert "name anna@corp, sam under people: in the policy" in sim.answers()[-1][1]
    assert opened(approve(sim, LEE))
    assert sim.status.bot.passes[0].by == (SAM, LEE)


def test_whoever_is_told_of_others_hears_which_do_not_add_up():
    sim = approve(at_gate(rules(who=None, quorum=3)), ANNA_T, SAM, LEE)
    assert sim.answers()[-1][1].startswith(
        "Recorded: 2 of 3 approved: sam, lee. anna@corp came by another way in and may be one of "
    )


# -- the file changes while a gate waits -----------------------------------------------------


def test_gate_that_was_opened_stays_open_when_people_are_taken_out_of_the_file():
    sim = approve(at_gate(rules()), SAM, ANNA_T)
    assert opened(sim)
    reload(sim, rules(who=None))
    sim.once()
    assert opened(sim) and len(sim.status.bot.passes) == 1


def test_two_ways_count_as_one_again_when_people_are_taken_out_of_the_file():
    sim = approve(at_gate(rules(quorum=3)), SAM, ANNA_T)
    reload(sim, rules(who=None, quorum=2))
    assert shut(sim)
    approve(sim, SAM)
    assert shut(sim)
    assert opened(approve(sim, LEE))


def test_two_ways_of_one_person_count_once_when_the_file_says_so_later():
    sim = approve(at_gate(rules(who=None, quorum=3)), SAM_T, ANNA_T, SAM)
    assert shut(sim)
    reload(sim, rules(quorum=3))
    approve(sim, SAM)
    assert shut(sim) and "2 of 3 approved: sam@corp, anna@corp" in sim.answers()[-1][1]
    assert opened(approve(sim, LEE))


def test_approvals_that_did_not_add_up_do_when_the_file_says_so_and_one_asks_again():
    sim = approve(at_gate(rules(who=None)), SAM, ANNA_T)
    assert shut(sim)
    reload(sim, rules())
    assert shut(sim), "no file opens a gate by itself"
    approve(sim, ANNA_T)
    assert opened(sim)
    assert sim.status.bot.passes[0].by == (SAM, ANNA_T)


ACTORS = (SAM, LEE, EVE, "sammy (U0SAM2)", SAM_T, ANNA_T, BEN_T, "anna-admin (terminal)")
NEVER_MORE = {  # who could be behind them: as the file says, and at worst one human for two ways
    SAM: "sam", "sammy (U0SAM2)": "sam", SAM_T: "sam", LEE: "lee", EVE: "anna", ANNA_T: "anna",
    "anna-admin (terminal)": "anna", BEN_T: "lee",
}  # fmt: skip
KNOWN = codec.decode({"people": WHO}).people


def votes(actors):
    body = {"revision": "r", "step": 1, "gate": "g", "at": None, "signed": True}
    return tuple(sealed.Approved(id=str(i), actor=one, **body) for i, one in enumerate(actors))


@given(st.lists(st.sampled_from(ACTORS), max_size=10), st.sets(st.sampled_from(KNOWN)))
def test_no_more_add_up_than_there_are_people_whoever_is_listed(actors, listed):
    """Where the file leaves out who is the same, what it does not say must not be counted on."""
    known = tuple(one for one in KNOWN if one in listed and one.name != "Ben")
    several = {"sammy (U0SAM2)", "anna-admin (terminal)"}  # a second account of one way
    if len(known) < 3:
        actors = [one for one in actors if one not in several]
    counted = tally.adding_up(votes(actors), known)
    assert len(counted) <= len({NEVER_MORE[one.actor] for one in votes(actors)})
    assert set(counted) <= set(votes(actors))


# -- four eyes -------------------------------------------------------------------------------


def shipped(sim, who):
    signature = people.signature(sim.scene().sheet.spec.template, who)
    return sim.write_raw({"metadata": {"annotations": {people.SET_BY: signature}}}).settle()


def may(sim, actor):
    """What the one function says of somebody who is named."""
    scene = sim.scene()
    sheet = scene.sheet
    return authorize.authorize(
        actor=actor,
        action=policy.Action.PROMOTE,
        rollout=dict(sim.raw),
        rules=authorize.Rules(),
        members=frozenset(),
        case=authorize.Case(
            effective=scene.seen.policy,
            approval=scene.seen.policy.approval,
            shippers=(people.signed(scene.seen.annotations, sheet.spec.template),),
        ),
    )


SAM_S = facts.Person(name="sam", slack_id="U0SAM")
SAM_C = facts.Person(name="sam@corp", user="sam@corp")
ANNA_C = facts.Person(name="anna@corp", user="anna@corp")
BEN_C = facts.Person(name="ben@corp", user="ben@corp")
LEE_S = facts.Person(name="lee", slack_id="U0LEE")
EVE_S = facts.Person(name="eve", slack_id="U0EVE")


@pytest.mark.parametrize(
    ("shipper", "actor", "allowed"),
    [
        (SAM_C, SAM_S, False),
        (SAM_S, SAM_C, False),
        (facts.Person(name="sam@corp"), SAM_S, False),
        (facts.Person(name="Sam"), SAM_C, False),
        (facts.Person(name="sammy", slack_id="U0SAM2"), SAM_S, False),
        (SAM_S, ANNA_C, True),
        (LEE_S, BEN_C, True),
        (SAM_C, LEE_S, True),
        (facts.Person(name="Lee"), BEN_C, True),
        (EVE_S, BEN_C, False),
        (facts.Person(name="somebody"), BEN_C, False),
        (SAM_C, EVE_S, True),
    ],
)
def test_four_eyes_compare_persons_by_whichever_name_they_are_known(shipper, actor, allowed):
    sim = shipped(at_gate(rules(quorum=1, fourEyes=True)), shipper)
    answer = may(sim, actor)
    assert isinstance(answer, authorize.Allowed) is allowed, answer
    if actor.user:
        assert shut(ask(sim, people.encode(actor))) is not allowed


def test_four_eyes_say_by_which_name_somebody_is_known_to_have_shipped_it():
    sim = shipped(at_gate(rules(quorum=1, fourEyes=True)), SAM_C)
    assert may(sim, SAM_S).sentence.endswith(
        "may approve this, and not sam, who shipped it as sam@corp."
    )


def test_four_eyes_say_whom_to_list_where_nobody_can_tell_them_apart():
    sim = shipped(at_gate(rules(quorum=1, fourEyes=True)), EVE_S)
    assert may(sim, BEN_C).sentence == (
        "eve shipped it, and nobody can tell whether that is you: name eve and ben@corp under "
        "people: in the policy file, or approve in Slack."
    )


# -- elsewhere -------------------------------------------------------------------------------


def test_whoever_approved_at_a_terminal_is_not_asked_in_slack():
    sim = approve(at_gate(rules(escalations=[{"after": "1m", "to": "approvers"}])), SAM_T)
    assert {one.slack_id for one in reminding.barred(sim.scene())} >= {"U0SAM", "U0SAM2"}


def test_second_person_of_a_break_glass_is_no_second_account_of_the_first():
    sim = glass_gate()
    sim.rules = replace(
        sim.rules, people=(policy.Identity(name="Lee", slack=("U0LEE", "U0SAM")),)
    )
    glass_asked(sim)
    (one,) = sim.status.bot.glasses
    sim.put(sim.intent("sam (U0SAM)", kind="glass-agree", gate=one.id)).settle()
    assert "You asked for it yourself" in sim.answers()[-1][1]
    assert sim.status.step_index == 1


def test_being_listed_lets_nobody_in():
    sim = shipped(at_gate(rules()), SAM_C)
    stranger = facts.Person(name="anna", slack_id="U0ANNA")
    assert isinstance(may(sim, stranger), authorize.Denied)
    assert isinstance(may(sim, ANNA_C), authorize.Allowed)


def test_names_that_are_alike_do_not_make_two_entries_one():
    alike = (
        policy.Identity(name="sam", slack=("U0SAM",)),
        policy.Identity(name="Samantha", users=("sam",)),
    )
    other = facts.Person(name="sam", user="sam")
    assert not persons.same(SAM_S, other, alike)
    assert persons.same(SAM_S, other), "without the file words are all there is"
    assert not persons.comparable(other, facts.Person(name="sam"), alike), "either may be meant"
