"""Each bug planted in the gates of a policy is noticed by the test that is named beside it."""

import pytest

from tests.core.engine import (
    test_guarded,
    test_guarded_ahead,
    test_guarded_honest,
    test_guarded_ping_pong,
    test_guarded_replays,
    test_guarded_stables,
    test_guarded_traffic,
)
from tests.core.engine.planted import Bug, planted

BUGS = {
    "one-approval-is-enough": Bug(
        "bot.core.gatekeeping:approve", "if len(after) < rule.quorum:", "if False:",
        "test_gate_opens_with_the_last_approval_that_is_needed",
    ),
    "one-person-counts-twice": Bug(
        "bot.core.tally:_one_each", "persons.key(one.actor, known), one", "(one.id, ''), one",
        "test_the_same_person_counts_once",
    ),
    "unsigned-approval-counts": Bug(
        "bot.core.gatekeeping:approve", "not intent.signed", "False",
        "test_unsigned_approval_counts_for_nothing",
    ),
    "approval-of-another-gate-counts": Bug(
        "bot.core.tally:recorded", "one.gate == gate", "True",
        "test_approval_record_copied_to_another_gate_counts_for_nothing",
    ),
    "unsealed-record-counts": Bug(
        "bot.core.tally:recorded", "one.signed and", "True and",
        "test_record_of_an_approval_that_somebody_wrote_counts_for_nothing",
    ),
    "pass-of-the-try-before-counts": Bug(
        "bot.core.approvals:passed", "one.at >= started", "True",
        "test_pass_of_the_try_before_counts_for_nothing_without_a_guard",
    ),
    "cleared-pause-opens-a-named-gate": Bug(
        "bot.core.gatekeeping:guard", "*_pause(d, gate)", "*[]",
        "test_write_of_a_stock_tool_is_taken_back[promote]",
    ),
    "moved-step-passes-a-named-gate": Bug(
        "bot.core.gatekeeping:_course", "d.index > gate", "False",
        "test_write_of_a_stock_tool_is_taken_back[moved]",
    ),
    "promote-full-passes-a-named-gate": Bug(
        "bot.core.gatekeeping:_course", "d.status.promote_full and", "False and",
        "test_write_of_a_stock_tool_is_taken_back[full]",
    ),
    "pause-begins-anew": Bug(
        "bot.core.gatekeeping:_pause", "start = known.start if known is not None else",
        "start = d.now if known is not None else",
        "test_write_of_a_stock_tool_is_taken_back[promote]",
    ),
    "written-stable-counts": Bug(
        "bot.core.stables:_held_back", "known.stable_hash != held.revision", "True",
        "test_seal_alone_keeps_the_stable_without_a_guard",
    ),
    "written-stable-counts-before-the-gate": Bug(
        "bot.core.stables:keep", "if not shut or", "if True or",
        "test_seal_alone_keeps_the_stable_before_the_gate_without_a_guard",
    ),
    "earlier-status-counts": Bug(
        "bot.core.tries:_of_now", "r.at >= floors[r.revision][0]", "True",
        "test_status_of_the_try_before_an_abort_opens_nothing_when_it_is_put_back[retry]",
    ),
    "guard-stays-behind-an-abort": Bug(
        "bot.core.tries:_times", "(rs.revision, d.status.abort)", "(rs.revision, former.aborted)",
        "test_status_of_the_try_before_an_abort_opens_nothing_when_it_is_put_back[abort only]",
    ),
    "earlier-shipping-counts": Bug(
        "bot.core.tries:_shipped_now", "there.revision != new.revision", "False",
        "test_status_of_an_earlier_shipping_of_a_revision_opens_nothing_when_it_is_put_back"
        "[before its first pass]",
    ),
    "guard-forgets-an-earlier-begin": Bug(
        "bot.core.tries:_times", "if former is None:", "if True:",
        "test_status_of_the_try_before_an_abort_opens_nothing_when_it_is_put_back[abort only]",
    ),
    "unsealed-time-of-a-record": Bug(
        "bot.core.tries:at", "max(d.now, floor[0])", "d.now",
        "test_bot_whose_clock_runs_behind_that_of_the_bot_before_opens_the_gate",
    ),
    "no-stable-is-a-first-deployment": Bug(
        "bot.core.stables:_missing", "known.stable_hash in sets", "True",
        "test_no_other_stable_is_believed_as_an_update_begins[nobody, no mark]",
    ),
    "guarded-revision-may-be-the-stable": Bug(
        "bot.core.stables:_never_passed", "found is None or", "True or",
        "test_revision_that_never_passed_its_gate_is_not_believed_to_be_the_stable[no mark]",
    ),
    "completed-update-is-taken-back": Bug(
        "bot.core.stables:_serves", "there.replicas > 0", "True",
        "test_update_that_another_controller_completed_stays_when_the_former_is_gone[block left]",
    ),
    "earlier-stable-counts-between-updates": Bug(
        "bot.core.stables:_marked", "len(found) != 1", "True",
        "test_no_earlier_stable_is_believed_between_updates[routed]",
    ),
    "mark-of-an-earlier-time-promotes": Bug(
        "bot.core.stables:_marked", "not claimed.replicas", "True",
        "test_mark_of_an_earlier_time_promotes_no_canary_of_another_controller[False]",
    ),
    "mark-stays-behind": Bug(
        "bot.core.stables:marks", "{revisions.STABLE: None} if there else {}", "{}",
        "test_mark_is_on_the_stable_alone_and_nothing_is_written_when_idle[routed]",
    ),
    "mark-comes-before-the-status": Bug(
        "bot.core.stables:marks", "rs.hash == d.before.stable_hash", "True",
        "test_promotion_is_made_and_marked_though_the_bot_is_killed_anywhere[before]",
    ),
    "edited-steps-end-what-holds": Bug(
        "bot.core.tries:_times", "else now, former.begun", "else now, now",
        "test_gate_whose_steps_are_edited_later_holds_on[fewer]",
    ),
    "guard-follows-the-clock": Bug(
        "bot.core.tries:_times", "if former is None:", "if d.status.bot.started is None:",
        "test_rollout_that_is_taken_over_in_mid_flight_comes_to_rest_and_opens",
    ),
    "window-brings-back-anything": Bug(
        "bot.core.revisions:in_window", "GUARD in kin.new.annotations", "False",
        "test_window_brings_no_revision_back_that_never_passed_its_gate",
    ),
    "warm-preview-goes-round-its-gate": Bug(
        "bot.core.blue_green:way_back", "revisions.GUARD in d.family.new.annotations", "False",
        "test_preview_that_is_still_warm_is_no_way_round_its_gate[taken back]",
    ),
    "service-does-not-tell": Bug(
        "bot.core.stables:_serves", "led or", "False or",
        "test_stable_without_pods_is_kept_while_its_service_leads_to_it[no mark]",
    ),
    "edited-steps-pass-a-named-gate": Bug(
        "bot.core.approvals:prepare", "held.steps != d.status.step_hash", "False",
        "test_gate_holds_though_its_steps_are_edited_away[other steps]",
    ),
    "edited-steps-give-more-traffic": Bug(
        "bot.core.traffic:_wanted", "d.cap is not None", "False",
        "test_gate_holds_though_its_steps_are_edited_away[all at once]",
    ),
    "written-weight-counts": Bug(
        "bot.core.giving:believed", "min(written, seen)", "written",
        "test_abort_gives_the_canary_no_more_than_it_had_whatever_weight_is_written[True]",
    ),
    "written-weight-counts-after-an-abort": Bug(
        "bot.core.traffic:_only_what_stable_cannot_take", "giving.believed(d, known.canary)",
        "known.canary",
        "test_aborted_canary_gets_nothing_again_whatever_weight_is_written",
    ),
    "abort-that-is-taken-back-keeps-the-weight": Bug(
        "bot.core.traffic:decide", "_as_pods_return(d, desired_weight(d))", "desired_weight(d)",
        "test_abort_that_is_taken_back_keeps_nobody_on_the_canary_while_pods_return[put back]",
    ),
    "service-brings-its-traffic-along": Bug(
        "bot.core.giving:keeps_service", "seen > weights.of_size(d)", "False",
        "test_next_revision_does_not_inherit_the_traffic_of_the_one_before[False]",
    ),
    "written-turn-counts": Bug(
        "bot.core.turn:_crossed", "said == known.stable_hash", "False and said",
        "test_turn_that_somebody_writes_gives_the_canary_no_more_than_its_gate[with an abort]",
    ),
    "routes-are-seen-from-the-other-side": Bug(
        "bot.core.turn:_other_side", "view.weight is None", "True",
        "test_abort_gives_no_more_whatever_turn_and_weight_are_written_beside_it",
    ),
    "service-brings-its-traffic-along-by-turns": Bug(
        "bot.core.traffic:_by_turns", "giving.keeps_service(d)", "False",
        "test_next_revision_does_not_inherit_the_turn_of_the_one_before",
    ),
    "promote-full-gives-all-before-the-gate": Bug(
        "bot.core.traffic:_wanted", "min(most, weights.of_size(d))", "most",
        "test_promote_full_gives_no_more_while_the_gate_before_full_is_shut[full and weights]",
    ),
    "pods-to-spare-go-past-the-gate": Bug(
        "bot.core.traffic:_wanted", "min(most, weights.of_size(d))", "most",
        "test_promote_full_gives_no_more_while_the_gate_before_full_is_shut"
        "[dynamic with pods to spare]",
    ),
    "forged-opening-counts": Bug(
        "bot.core.weights:held_before_full", "d.full_passed is not None", "False",
        "test_forged_pass_of_the_gate_before_full_opens_nothing",
    ),
    "key-does-not-matter": Bug(
        "bot.runtime.signing:_fits", "hmac.compare_digest(", "bool(",
        "test_approval_sealed_elsewhere_counts_for_nothing[another key]",
    ),
    "cluster-does-not-matter": Bug(
        "bot.core.codec_seals:text", "[1, cluster, uid,", "[1, uid,",
        "test_approval_sealed_elsewhere_counts_for_nothing[foreign cluster]",
    ),
    "rollout-does-not-matter": Bug(
        "bot.core.codec_seals:text", "[1, cluster, uid,", "[1, cluster,",
        "test_approval_copied_from_another_rollout_counts_for_nothing",
    ),
    "actor-does-not-matter": Bug(
        "bot.core.codec_seals:text", "record.step, record.actor,", "record.step,",
        "test_approval_that_was_changed_after_it_was_sealed_counts_for_nothing[actor]",
    ),
    "timeout-never-comes": Bug(
        "bot.core.gate_limits:deadline", "d.now < end", "True",
        "test_gate_that_nobody_answers_ends_as_the_policy_says[abort]",
    ),
    "nobody-is-reminded": Bug(
        "bot.core.gate_limits:deadline", "d.wake(at if at > d.now else None)", "pass",
        "test_gate_wakes_for_each_reminder",
    ),
    "unmeasured-canary-goes-on": Bug(
        "bot.core.unmeasured:held", "not d.seen.policy.require_analysis", "True",
        "test_canary_that_nothing_measures_is_held_where_the_policy_wants_a_metric",
    ),
    "error-of-a-metric-aborts-all-the-same": Bug(
        "bot.core.unmeasured:errors_as_no_verdict", "run.phase == 'Error'", "False",
        "test_metric_that_cannot_be_measured_holds_where_the_policy_says_so",
    ),
}  # fmt: skip


class NoSuchTestError(Exception):
    """A name in the table above leads nowhere."""


def play(name):
    function, _, case = name.partition("[")
    places = (
        test_guarded, test_guarded_ahead, test_guarded_honest, test_guarded_replays,
        test_guarded_stables, test_guarded_traffic, test_guarded_ping_pong,
    )  # fmt: skip
    test = next(getattr(one, function) for one in places if hasattr(one, function))
    marks = [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
    if not marks:
        test()
        return
    names, values = marks[0].args
    names = (names,) if isinstance(names, str) and "," not in names else names
    ids = marks[0].kwargs.get("ids")
    for i, value in enumerate(values):
        label = ids[i] if isinstance(ids, list) else ids(value) if ids else None
        first = value[0] if len(names) > 1 else value
        if (label or str(first)) == case.rstrip("]"):
            test(*value) if len(names) > 1 else test(value)
            return
    raise NoSuchTestError(name)


@pytest.mark.parametrize("name", sorted({bug.caught_by for bug in BUGS.values()}))
def test_gate_passes_its_test_when_nothing_is_planted(name):
    play(name)


@pytest.mark.parametrize("bug", BUGS.values(), ids=list(BUGS))
def test_gate_fails_its_test_when_a_bug_is_planted(bug):
    caught = False
    with planted(bug):
        try:
            play(bug.caught_by)
        except NoSuchTestError:
            raise
        except Exception:
            caught = True
    assert caught, f"{bug.caught_by} does not notice it"
