"""Each bug planted in who is who is noticed by the test that is named beside it."""

import pytest

from bot.model import facts
from tests.core.engine.planted import Bug, planted
from tests.runtime import test_people as the


BUGS = {
    "ways-add-up-blindly": (Bug(
        "bot.core.tally:adding_up", "if _entry(one, known) is not None", "",
        "test_neither_way_blocks_the_other_when_nobody_is_listed"), ()),
    "known-people-do-not-add-up": (Bug(
        "bot.core.tally:adding_up", "(*ways.values(), named)", "(*ways.values(), [])",
        "test_slack_and_terminal_add_up_when_the_policy_knows_both"), ((the.SAM, the.ANNA_T),)),
    "entry-does-not-matter": (Bug(
        "bot.core.persons:key", "of(person, known)", "None",
        "test_two_ways_of_one_person_count_once_when_the_file_says_so_later"), ()),
    "name-makes-a-person": (Bug(
        "bot.core.persons:key", "'slack', person.slack_id", "'slack', actor",
        "test_person_whose_name_slack_does_not_say_counts_once_where_nobody_is_listed"), ()),
    "entries-are-not-compared": (Bug(
        "bot.core.persons:same", "return first is second", "return False",
        "test_four_eyes_compare_persons_by_whichever_name_they_are_known"),
        (the.SAM_C, the.SAM_S, False)),
    "user-is-no-slack-account": (Bug(
        "bot.core.persons:_words", "_entries(person, known)", "()",
        "test_four_eyes_compare_persons_by_whichever_name_they_are_known"),
        (facts.Person(name="sam@corp"), the.SAM_S, False)),
    "anybody-is-told-apart": (Bug(
        "bot.core.four_eyes:_not_told_apart", "if unsure is None", "if True",
        "test_four_eyes_compare_persons_by_whichever_name_they_are_known"),
        (the.EVE_S, the.BEN_C, False)),
    "asking-again-is-refused": (Bug(
        "bot.core.gatekeeping:approve", "len(after) < rule.quorum and len(after)", "len(after)",
        "test_approvals_that_did_not_add_up_do_when_the_file_says_so_and_one_asks_again"), ()),
    "second-account-agrees": (Bug(
        "bot.core.glass:_same", "persons.key(first, known) == persons.key(second, known)",
        "ids[0] == ids[1]",
        "test_second_person_of_a_break_glass_is_no_second_account_of_the_first"), ()),
    "asked-all-the-same": (Bug(
        "bot.core.persons:ways", "entry.slack", "()",
        "test_whoever_approved_at_a_terminal_is_not_asked_in_slack"), ()),
}  # fmt: skip


@pytest.mark.parametrize(("bug", "values"), BUGS.values(), ids=list(BUGS))
def test_planted_bug_is_noticed(bug, values):
    with planted(bug), pytest.raises(AssertionError):
        getattr(the, bug.caught_by)(*values)
