"""What the doctor says of an admission policy that is missing, narrowed, changed or wrong."""

import copy

import pytest
import yaml

from bot.wiring.doctor import admission

USER = "system:serviceaccount:argo-rollouts:rollout-bot"
POLICY, BINDING = yaml.safe_load_all(admission.PLACES[1].read_text())


def said(change=None, *, policy=POLICY, binding=BINDING, user=USER):
    policy, binding = copy.deepcopy(policy), copy.deepcopy(binding)
    if change is not None:
        change(policy["spec"], binding["spec"])
    return admission.problem_of(policy, binding, user)


def test_nothing_is_said_of_what_was_shipped_with_what_an_api_server_adds():
    def filled(spec, _):
        more = {"matchPolicy": "Equivalent", "namespaceSelector": {}, "objectSelector": {}}
        spec["matchConstraints"].update(more)
        spec["matchConstraints"]["resourceRules"][0]["scope"] = "*"

    assert said() == said(filled) == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda spec, _: spec["validations"].pop(), "validations of"),
        (lambda spec, _: spec["variables"][4].update(expression="[]"), "variables of"),
        (lambda spec, _: spec.update(failurePolicy="Ignore"), "failurePolicy of"),
        (
            lambda spec, _: spec["matchConstraints"]["resourceRules"][0].update(
                resources=["rollouts"]
            ),
            "matchConstraints of",
        ),
        (
            lambda spec, _: spec["matchConstraints"].update(
                namespaceSelector={"matchLabels": {"a": "b"}}
            ),
            "matchConstraints of",
        ),
        (
            lambda spec, _: spec["matchConditions"].append({"name": "x", "expression": "false"}),
            "do not exempt",
        ),
        (lambda _, to: to.update(validationActions=["Warn"]), "does not deny"),
        (lambda _, to: to.update(policyName="another"), "does not deny"),
        (lambda _, to: to.update(matchResources={"objectSelector": {}}), "leaves some rollouts"),
    ],
)
def test_each_way_in_which_it_would_not_hold_is_found(change, words):
    assert words in said(change)


def test_account_that_it_does_not_exempt_is_named():
    assert "do not exempt another alone" in said(user="another")
    assert admission.problem_of(None, BINDING, USER).startswith("there is no")
    assert admission.problem_of(POLICY, None, USER).startswith("nothing binds")
