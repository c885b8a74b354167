"""One-line bugs, each with the playbook that must notice it. They prove that the tests bite."""

import ast
import importlib
import inspect
import textwrap
from contextlib import contextmanager
from typing import NamedTuple


class Bug(NamedTuple):
    where: str  # module:function
    line: str
    instead: str
    caught_by: str  # a test of test_playbooks or test_faults


BUGS = {
    "pause-forgets-a-person": Bug(
        "bot.core.steps.pause:evaluate", "if ctx.resumed:", "if False:",
        "test_rollout_waits_at_a_gate_and_goes_on_when_it_is_promoted",
    ),
    "timed-pause-never-ends": Bug(
        "bot.core.steps.pause:evaluate", "ctx.now > until", "ctx.now < start",
        "test_rollout_goes_on_by_itself_when_a_timed_pause_is_over",
    ),
    "kubectl-promote-is-ignored": Bug(
        "bot.core.intake:_stock", "d.resumed, d.by = (True,", "d.resumed, d.by = (False,",
        "test_gate_opens_once_when_kubectl_clears_the_pause",
    ),
    "kubectl-retry-is-ignored": Bug(
        "bot.core.intake:_stock", "if not d.before.abort and", "if False and",
        "test_update_starts_again_when_it_is_retried_after_an_abort[kubectl]",
    ),
    "stale-revision-counts": Bug(
        "bot.core.intake:_refusal", "intent.revision !=", "'' !=  '' and '' !=",
        "test_intent_changes_nothing_when_another_revision_rolls_out",
    ),
    "stale-gate-counts": Bug(
        "bot.core.intake:_refusal", "intent.gate != gate", "False",
        "test_intent_changes_nothing_when_its_step_gate_or_time_is_over",
    ),
    "two-clicks-pass-two-gates": Bug(
        "bot.core.intake:_promote", "if d.resumed:", "if False:",
        "test_one_gate_is_passed_when_two_people_promote_at_once",
    ),
    "gate-before-full-is-never-held": Bug(
        "bot.core.weights:held_before_full", "not d.spec.gate_before_full", "True",
        "test_gate_before_full_holds_when_everything_is_skipped",
    ),
    "gate-before-full-counts-a-skipped-wait": Bug(
        "bot.core.weights:_indefinite", "step.duration_s is None", "True",
        "test_gate_before_full_holds_when_a_timed_pause_before_the_end_is_skipped",
    ),
    "first-deployment-takes-the-steps": Bug(
        "bot.core.course:promote", "if not d.status.stable_hash or", "if False or False and",
        "test_first_deployment_skips_all_steps_when_nothing_is_stable",
    ),
    "changed-steps-go-unseen": Bug(
        "bot.core.course:begin", "template_changed or steps_changed", "template_changed",
        "test_update_starts_at_its_first_step_when_the_steps_change",
    ),
    "abort-keeps-the-weight": Bug(
        "bot.core.traffic:_wanted", "d.promoted or d.status.abort", "d.promoted",
        "test_everybody_is_on_the_stable_again_when_a_person_aborts[intent]",
    ),
    "abort-keeps-the-pods": Bug(
        "bot.core.sizing:_canary", "replicas=0, deadline=new.deadline", "replicas=new.replicas",
        "test_everybody_is_on_the_stable_again_when_a_person_aborts[intent]",
    ),
    "failed-analysis-passes": Bug(
        "bot.core.steps.analysis:evaluate", "run.phase == 'Successful'", "True",
        "test_update_is_taken_back_when_its_analysis_ends_badly[Failed]",
    ),
    "left-alone-tells-every-time": Bug(
        "bot.core.refusals:left_alone", "status.bot.not_supported == problem.sentence", "False",
        "test_object_is_left_alone_when_it_uses_what_is_not_supported",
    ),
}  # fmt: skip


@contextmanager
def planted(bug):
    """The function with its one line changed, for as long as the block lasts."""
    module_name, function = bug.where.split(":")
    module = importlib.import_module(module_name)
    sound = getattr(module, function)
    # Printed by ast first: how a line is wrapped or quoted does not matter.
    source = ast.unparse(ast.parse(textwrap.dedent(inspect.getsource(sound))))
    line = bug.line
    assert source.count(line) >= 1, f"{bug.where} has no {line!r} any more:\n{source}"
    code = compile(source.replace(line, bug.instead, 1), f"planted in {module_name}", "exec")
    try:
        exec(code, vars(module))
        yield
    finally:
        setattr(module, function, sound)
