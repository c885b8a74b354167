"""Which rule counts for a rollout, and that its own annotations only tighten it."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.core.policies import codec, reading, resolve
from bot.model import policy

ROLLOUT = {"cluster": "prod-eu", "namespace": "shop", "name": "checkout"}


def effective(*rules, labels=None, annotations=None, **changed):
    known = codec.decode({"groups": {"sre": {"members": ["@lee"]}}, "rules": list(rules)})
    where = {**ROLLOUT, **changed}
    return resolve.resolve(known, **where, labels=labels or {}, annotations=annotations or {})


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({}, True),
        ({"clusters": ["prod-*"]}, True),
        ({"clusters": ["test", "stage"]}, False),
        ({"namespaces": ["sh?p"], "names": ["check*"]}, True),
        ({"namespaces": ["shop"], "names": ["cart"]}, False),
        ({"labels": {"tier": "crit*"}}, True),
        ({"labels": {"tier": "low"}}, False),
        ({"labels": {"team": "*"}}, False),
    ],
)
def test_rule_counts_where_each_of_its_lists_fits(match, fits):
    found = effective({"match": match, "requireAnalysis": True}, labels={"tier": "critical"})
    assert found.require_analysis is fits


def test_first_rule_that_says_a_setting_counts_for_it():
    found = effective(
        {"match": {"names": ["cart"]}, "messageBudget": 1},
        {"may": {"undo": ["@lee"]}},
        {"may": {"undo": ["anyone"], "retry": ["channel"]}, "messageBudget": 7},
        {"messageBudget": 9, "onMetricError": "hold"},
    )
    assert found.may == {"undo": ("@lee",), "retry": ("channel",)}
    assert (found.message_budget, found.on_metric_error) == (7, policy.OnMetricError.HOLD)
    assert found.sources == {
        "may.undo": "rules[1]",
        "may.retry": "rules[2]",
        "message_budget": "rules[2]",
        "on_metric_error": "rules[3]",
    }


def test_annotations_tighten_every_gate():
    found = effective(
        {"approval": {"approvers": ["group:sre"]}, "steps": [{"step": 1, "quorum": 3}]},
        annotations={
            "rollout-bot.io/approvers": "@dana, @sam",
            "rollout-bot.io/quorum": "2",
            "rollout-bot.io/four-eyes": "true",
            "rollout-bot.io/require-analysis": "true",
        },
    )
    assert found.approval == policy.Approval(
        approvers=("group:sre",), also=("@dana", "@sam"), quorum=2, four_eyes=True
    )
    assert found.steps[0].approval.quorum == 3
    assert found.require_analysis
    assert found.sources["approval"] == "rules[0]"


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("quorum", "0"),
        ("quorum", "many"),
        ("quorum", "²"),
        ("four-eyes", "no"),
        ("approvers", "dana"),
        ("approvers", "group:nobody"),
        ("on-timeout", "never"),
    ],
)
def test_annotation_that_is_nonsense_changes_nothing_and_is_named(key, text):
    body = {"approval": {"approvers": ["group:sre"], "quorum": 2}}
    found = effective(body, annotations={f"rollout-bot.io/{key}": text})
    assert found.approval == effective(body).approval
    assert len(found.problems) == 1
    assert f"rollout-bot.io/{key}" in found.problems[0]


_WHO = st.sampled_from(["@a", "@b", "U0SAM", "group:sre", "channel", "anyone"])
_APPROVALS = st.fixed_dictionaries(
    {},
    optional={
        "approvers": st.lists(_WHO, min_size=1, max_size=3),
        "quorum": st.integers(1, 10),
        "fourEyes": st.booleans(),
    },
)
_TIMED = st.fixed_dictionaries(
    {"expires": st.just("1h"), "onTimeout": st.sampled_from(list(policy.OnTimeout))}
)
_RULES = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "approval": st.builds(lambda a, b: {**a, **b}, _APPROVALS, _TIMED | st.just({})),
            "requireAnalysis": st.booleans(),
            "steps": st.lists(
                st.builds(lambda body: {"step": 1, **body}, _APPROVALS), max_size=2
            ),
            "may": st.dictionaries(
                st.sampled_from(codec.ACTIONS), st.lists(_WHO, min_size=1), max_size=3
            ),
            "onMetricError": st.sampled_from(list(policy.OnMetricError)),
            "accessReview": st.booleans(),
            "breakGlass": st.just({"who": ["@a"], "second": ["@b"]}),
        },
    ),
    max_size=3,
)
_NOTES = st.dictionaries(
    st.sampled_from([f"rollout-bot.io/{word}" for word in (
        "approvers", "quorum", "four-eyes", "on-timeout", "require-analysis", "expires", "may",
        "break-glass", "windows", "policy", "access-review", "on-metric-error", "channel",
    )]),
    st.one_of(
        st.text(max_size=12),
        st.sampled_from(
            ["anyone", "@a", "@mallory", "1", "0", "-1", "9", "true", "false", "promote", "hold"]
        ),
    ),
)  # fmt: skip
_SEVERITY = {"promote": 0, "hold": 1, "abort": 2}


def _at_least(after, before):
    assert after.approvers == before.approvers
    assert not before.also or after.also == before.also
    assert after.quorum >= before.quorum
    assert after.four_eyes >= before.four_eyes
    assert after.named >= before.named
    assert (after.expires_s, after.escalations) == (before.expires_s, before.escalations)
    assert _SEVERITY[after.on_timeout] >= _SEVERITY[before.on_timeout]


@given(rules=_RULES, notes=_NOTES)
def test_annotations_never_loosen_a_policy(rules, notes):
    try:
        before = effective(*rules)
    except reading.Mistake as mistake:  # one that says more than these lists can see to
        assume("nobody opens it" not in str(mistake))
        raise
    after = effective(*rules, annotations=notes)
    _at_least(after.approval, before.approval)
    for one, other in zip(after.steps, before.steps, strict=True):
        assert (one.index, one.weight, one.name) == (other.index, other.weight, other.name)
        _at_least(one.approval, other.approval)
    assert after.require_analysis >= before.require_analysis
    for kept in ("may", "windows", "break_glass", "access_review", "on_metric_error", "groups"):
        assert getattr(after, kept) == getattr(before, kept)
