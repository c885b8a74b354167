"""``policy check`` and ``can``, as people and pipelines run them."""

import json

import pytest
from click.testing import CliRunner

from bot import __main__ as program

POLICY = """
groups:
  sre: {slack: S0SRE0001, members: ["@lee", U0SAM]}
rules:
  - match: {clusters: ["prod-*"], namespaces: [shop], labels: {tier: critical}}
    may: {undo: ["group:sre"], abort: ["user:oncall"]}
    approval: {approvers: ["group:sre"], fourEyes: true}
    steps: [{step: 2, approvers: ["@quinn"]}]
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    return str(path)


def run(*arguments):
    return CliRunner().invoke(program.main, arguments)


def test_policy_check_is_content_with_a_good_file(file):
    done = run("policy", "check", file)
    assert (done.exit_code, done.output) == (0, "good: 1 rule, 1 group\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules:\n- approval: {quorum: 0}", "rules[0].approval.quorum"),
        ("rules:\n- match: {namespace: [shop]}", "rules[0].match.namespace: there is no such"),
        ("rules: [", "no YAML"),
        ("rules:\n- terminalApprovals: 1", "rules[0].terminalApprovals: 1 must be true or false"),
        ("rules:\n- terminalApproval: true", "rules[0].terminalApproval: there is no such"),
        (
            "rules:\n- approval: {escalations: [{after: 1h, to: approver}]}",
            "rules[0].approval.escalations[0].to: 'approver' is nobody's. Allowed: thread, approvers",
        ),
        (
            "rules:\n- approval: {escalations: [{after: 1h, to: approvers}, {after: 1h, to: thread}]}",
            "rules[0].approval.escalations[1].after: must be later",
        ),
        (
            "rules:\n- steps: [{gate: last, escalations: [{to: approvers}]}]",
            "rules[0].steps[0].escalations[0].after",
        ),
    ],
)
def test_policy_check_exits_2_with_the_path_of_a_mistake(tmp_path, text, said):
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    done = run("policy", "check", str(path))
    assert done.exit_code == 2
    assert said in done.output


@pytest.mark.parametrize(
    "text",
    [
        "rules: [{terminalApprovals: true}]",
        "rules: [{approval: {escalations: [{after: 1h, to: approvers}]}}]",
        "rules: [{steps: [{gate: last, escalations: [{after: 1h, to: approvers}]}]}]",
    ],
)
def test_policy_check_is_content_with_what_may_be_said(tmp_path, text):
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    done = run("policy", "check", str(path))
    assert (done.exit_code, done.output) == (0, "good: 1 rule, 0 groups\n")


def test_policy_check_counts_the_people(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text("people: [{name: Sam, slack: U0SAM, user: sam}, {name: Lee, user: lee}]")
    done = run("policy", "check", str(path))
    assert (done.exit_code, done.output) == (0, "good: 0 rules, 0 groups, 2 people\n")


EYES = """
people:
- {name: Sam, slack: U0SAM, user: sam@corp}
- {name: Anna, user: anna@corp}
rules:
- approval: {approvers: [U0SAM, U0EVE, "user:sam@corp", "user:anna@corp"], fourEyes: true}
  terminalApprovals: true
"""


@pytest.mark.parametrize(
    ("user", "shipper", "said"),
    [
        ("U0SAM", "user:sam@corp", "and not U0SAM, who shipped it as sam@corp"),
        ("user:sam@corp", "U0SAM", "and not sam@corp, who shipped it as U0SAM"),
        ("user:anna@corp", "U0SAM", ""),
        ("user:anna@corp", "", ""),
        ("user:anna@corp", "U0EVE", "name U0EVE and anna@corp under people: in the policy file"),
        ("U0SAM", "user:anna@corp", ""),
    ],
)
def test_can_compares_persons_where_four_eyes_are_wanted(tmp_path, user, shipper, said):
    path = tmp_path / "policy.yaml"
    path.write_text(EYES)
    asked = ("can", user, "promote", "shop/checkout", "--policy", str(path), "--json")
    done = run(*asked, "--shipped-by", shipper)
    assert done.exit_code == (1 if said else 0), done.output
    assert said in json.loads(done.output)["sentence"]


def test_policy_check_exits_2_where_there_is_no_file():
    assert run("policy", "check", "nowhere.yaml").exit_code == 2


HERE = ("--cluster", "prod-eu", "--label", "tier=critical")


@pytest.mark.parametrize(
    ("user", "action", "more", "code", "rule"),
    [
        ("@lee", "promote", HERE, 0, "rules[0]"),
        ("U0SAM", "undo", HERE, 0, "rules[0]"),
        ("@eve", "promote", HERE, 1, "rules[0]"),
        ("@quinn", "promote", (*HERE, "--step", "2"), 0, "rules[0]"),
        ("@lee", "promote", (*HERE, "--step", "2"), 1, "rules[0]"),
        ("@lee", "promote", (*HERE, "--shipped-by", "@lee"), 1, "rules[0]"),
        ("@lee", "promote", (*HERE, "--shipped-by", "dana"), 0, "rules[0]"),
        ("@lee", "abort", HERE, 0, "approvers"),
        ("@eve", "abort", HERE, 1, "channel"),
        ("@lee", "undo", ("--cluster", "test"), 1, "channel"),
        ("@lee", "break-glass", HERE, 1, ""),
    ],
)
def test_can_says_yes_or_no_with_the_rule(file, user, action, more, code, rule):
    done = run("can", user, action, "shop/checkout", "--policy", file, "--json", *more)
    assert done.exit_code == code, done.output
    said = json.loads(done.output)
    assert (said["allowed"], said["rule"]) == (code == 0, rule)
    assert bool(said["sentence"]) is (code == 1)


@pytest.mark.parametrize(
    ("action", "key", "said"),
    [("promot", "shop/checkout", "no action"), ("promote", "checkout", "namespace/name")],
)
def test_can_exits_2_where_the_question_is_wrong(file, action, key, said):
    done = run("can", "@lee", action, key, "--policy", file)
    assert done.exit_code == 2
    assert said in done.output


TERMINALS = """
rules:
- match: {namespaces: [shop]}
  approval: {approvers: ["user:anna", "@lee"], escalations: [{after: 1h, to: approvers}]}
  steps: [{step: 4, approvers: ["user:bert"]}]
- match: {names: [checkout]}
  terminalApprovals: true
- match: {names: [cart]}
  terminalApprovals: false
"""


@pytest.mark.parametrize(
    ("user", "action", "key", "more", "code", "rule"),
    [
        ("user:anna", "promote", "shop/checkout", (), 0, "rules[0]"),
        ("user:eve", "promote", "shop/checkout", (), 1, "rules[0]"),
        ("user:bert", "promote", "shop/checkout", ("--step", "4"), 0, "rules[0]"),
        ("user:anna", "promote", "shop/checkout", ("--step", "4"), 1, "rules[0]"),
        ("user:anna", "promote", "shop/other", (), 1, "rules[0]"),
        ("user:anna", "promote", "shop/cart", (), 1, "rules[2]"),
        ("@lee", "promote", "shop/cart", (), 0, "rules[0]"),
        ("user:anna", "abort", "shop/cart", (), 0, "abort"),
        ("user:anna", "promote", "pay/other", (), 0, "the cluster's rights"),
    ],
)
def test_can_says_whether_an_approval_from_a_terminal_counts(
    tmp_path, user, action, key, more, code, rule
):
    path = tmp_path / "policy.yaml"
    path.write_text(TERMINALS)
    done = run("can", user, action, key, "--policy", str(path), "--json", *more)
    assert done.exit_code == code, done.output
    said = json.loads(done.output)
    assert (said["allowed"], said["rule"]) == (code == 0, rule)


def test_can_says_how_an_approval_from_a_terminal_would_count(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text(TERMINALS)
    done = run("can", "user:anna", "promote", "shop/other", "--policy", str(path))
    assert done.exit_code == 1
    assert "apply manifests/admission and set terminalApprovals: true in the policy" in done.output


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("rules: [{terminalApprovals: sometimes}]", "rules[0].terminalApprovals"),
        (
            "rules: [{approval: {escalations: [{after: 1h, to: aprovers}]}}]",
            "rules[0].approval.escalations[0].to",
        ),
    ],
)
def test_can_exits_2_with_the_path_where_the_file_is_wrong(tmp_path, text, where):
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    done = run("can", "user:anna", "promote", "shop/a", "--policy", str(path))
    assert done.exit_code == 2
    assert where in done.output
