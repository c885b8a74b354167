"""What follows from how a rollout stands: news, gates and how they end, alerts, totality."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core import codec_spec, codec_status, revisions
from bot.core.notices import card, gate, listing, standing, table, thread
from bot.core.notices import scene as scenes
from bot.model import errors, facts, messages, world
from bot.model.facts import Closing, News
from bot.render import rendering

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
START = NOW - timedelta(minutes=10)
STEPS = [{"setWeight": 25}, {"pause": {"duration": "60s"}}, {"setWeight": 50}, {"pause": {}}]
BACK = {"at": NOW.isoformat(), "weight": 25, "step": 1, "cause": "x"}


def manifest(image="app:v2", steps=STEPS, full=False):
    note = {codec_spec.GATE: "true"} if full else {}
    return {
        "metadata": {"name": "checkout", "namespace": "shop", "annotations": note},
        "spec": {
            "replicas": 4,
            "selector": {"matchLabels": {"app": "checkout"}},
            "template": {
                "metadata": {"labels": {"app": "checkout"}},
                "spec": {"containers": [{"name": "app", "image": image}]},
            },
            "strategy": {"canary": {"steps": steps}},
        },
    }


def replica_set(image, number, pods, failure=None):
    template = manifest(image)["spec"]["template"]
    pod_hash = revisions.digest(template)
    return world.ReplicaSet(
        name=f"checkout-{pod_hash}", hash=pod_hash, revision=number, replicas=pods, current=pods,
        ready=pods, available=pods, created=START, template=template, failure=failure,
    )  # fmt: skip


V1, V2 = replica_set("app:v1", 1, 3), replica_set("app:v2", 2, 1)


def seen(*sets, runs=()):
    return world.Seen(
        cluster="prod-eu", namespace="shop", name="checkout", uid="u-1", generation=2,
        created=START, revision=2, annotations={}, labels={}, replica_sets=sets or (V1, V2),
        services={}, routes=(), runs=tuple(runs), templates={}, raw={},
    )  # fmt: skip


def pauses(reason="CanaryPauseStep"):
    return [{"reason": reason, "startTime": "2026-11-23T12:24:00Z"}]


def scene(raw=None, *, sets=(), reasons=(), problem=None, **more):
    status = {
        "currentPodHash": V2.hash,
        "stableRS": V1.hash,
        "currentStepIndex": 1,
        "rolloutBot": {"started": START.isoformat()},
        **(raw or {}),
    }
    status["rolloutBot"] = {"started": START.isoformat(), **status.get("rolloutBot", {})}
    return scenes.build(
        spec=problem or codec_spec.decode(manifest(**more)),
        status=codec_status.decode(status),
        seen=seen(*sets),
        reasons=reasons,
        now=NOW,
    )


INVALID = (world.Reason(rule="invalid-spec", sentence="weight 101"),)


@pytest.mark.parametrize(
    ("here", "news"),
    [
        (scene(), News.MOVES),
        (scene({"pauseConditions": pauses()}), News.MOVES),
        (scene({"currentStepIndex": 3, "pauseConditions": pauses()}), News.WAITS),
        (scene({"pauseConditions": pauses("InconclusiveAnalysisRun")}), News.HOLDS),
        (scene({"abort": True, "rolloutBot": {"abort": BACK}}), News.ROLLING_BACK),
        (
            scene({"abort": True, "rolloutBot": {"abort": {**BACK, "safeAt": NOW.isoformat()}}}),
            News.ROLLED_BACK,
        ),
        (scene({"stableRS": V2.hash}), News.DONE),
        (scene({"stableRS": V2.hash}, sets=(V2,)), News.MOVES),
        (scene(sets=(V1, dataclasses.replace(V2, failure={"message": "quota"}))), News.NOT_READY),
        (scene(reasons=INVALID), News.INVALID),
        (scene(problem=errors.NotSupported("no apisix")), News.NOT_RUN),
        (
            scene({"currentStepIndex": 4, "pauseConditions": pauses()}, full=True),
            News.WAITS,
        ),
    ],
    ids=str,
)
def test_standing_tells_the_news(here, news):
    assert standing.news(here) is news


def opened(**more):
    return scene({"currentStepIndex": 3, "pauseConditions": pauses()}, **more)


def closing(after):
    """How the gate that was open ends in ``after``."""
    here = opened()
    notice = next(iter(gate.notices(here, {})))
    record = {"channel": "C", "ts": "1", **notice.keep}
    found = [n for n in gate.notices(after, {notice.key: record}) if n.key == notice.key]
    assert found[0].settled and not found[0].fresh
    return found[0].facts.decided


WITH = {"at": "2026-11-23T12:29:00+00:00", "revision": V2.hash, "step": 3}
HANDLED = {"kind": "promote-full", "accepted": True, "actor": "sam (U0SAM)", "at": WITH["at"]}


@pytest.mark.parametrize(
    ("raw", "wanted", "by"),
    [
        (
            {"rolloutBot": {"opened": {**WITH, "by": "sam (U0SAM)", "how": "slack"}}},
            Closing.APPROVED,
            "sam",
        ),
        (
            {
                "rolloutBot": {
                    "opened": {**WITH, "by": "kubectl (no name known)", "how": "kubectl"}
                }
            },
            Closing.PROMOTED_ELSEWHERE,
            None,
        ),
        ({"rolloutBot": {"handled": {"h": HANDLED}}}, Closing.APPROVED, "sam"),
        ({"currentStepIndex": 4}, Closing.PROMOTED_ELSEWHERE, None),
        (
            {"abort": True, "rolloutBot": {"abort": {**BACK, "by": "sam (U0SAM)"}}},
            Closing.ABORTED,
            "sam",
        ),
        ({"abort": True, "rolloutBot": {"abort": BACK}}, Closing.ROLLED_BACK, None),
        (
            {"abort": True, "rolloutBot": {"abort": {**BACK, "cause": ""}}},
            Closing.ABORTED_ELSEWHERE,
            None,
        ),
        ({"currentStepIndex": 2}, Closing.OVER, None),
    ],
)
def test_gate_says_how_it_ended(raw, wanted, by):
    decided = closing(scene({"currentStepIndex": 3, **raw}))
    assert decided.closing is wanted
    assert (decided.by.name if decided.by else None) == by


def test_gate_is_superseded_when_another_revision_was_shipped():
    v3 = replica_set("app:v3", 3, 0)
    after = scene({"currentPodHash": v3.hash}, sets=(V1, V2, v3), image="app:v3")
    assert closing(after).closing is Closing.SUPERSEDED


def test_gate_before_full_goes_to_100_and_stands_as_a_step_of_its_own():
    here = scene({"currentStepIndex": 4, "pauseConditions": pauses()}, full=True)
    facts_now = next(iter(gate.notices(here, {}))).facts
    assert (facts_now.weight_from, facts_now.weight_to) == (50, 100)
    states = [(s.text, s.state.value) for s in card.card(here).steps][-2:]
    assert states == [("approval", "current"), ("100 %", "coming")]


def test_card_marks_the_present_step_and_names_the_next_move():
    found = card.card(scene({"pauseConditions": pauses()}))
    assert [s.state.value for s in found.steps] == [
        "done",
        "current",
        "coming",
        "coming",
        "coming",
    ]
    assert found.next_what == "50 %"
    assert found.next_at == datetime(2026, 11, 23, 12, 25, tzinfo=UTC)
    assert (found.weight, found.share.percent) == (25, 25.0)
    assert [b.kind.value for b in found.buttons] == ["skip_wait", "abort", "why"]


@pytest.mark.parametrize("last", [[], [{"setWeight": 100}]])
@pytest.mark.parametrize(("full", "wanted"), [(True, "approval"), (False, "100 %")])
def test_card_promises_no_traffic_that_somebody_must_approve_first(last, full, wanted):
    steps = [{"setWeight": 50}, {"pause": {"duration": "60s"}}, *last]
    found = card.card(scene({"pauseConditions": pauses()}, steps=steps, full=full))
    assert (found.next_what, found.next_at) == (wanted, datetime(2026, 11, 23, 12, 25, tzinfo=UTC))


def test_card_of_an_earlier_revision_is_closed():
    here = scene()
    old = {"card:abc:1": {"ts": "1"}, "card:def:7": {"ts": "2", "end": "over"}}
    found = {n.key: n for n in card.notices(here, old)}
    assert set(found) == {card.key(here), "card:abc:1"}
    assert found["card:abc:1"].facts.news is News.SUPERSEDED


@pytest.mark.parametrize(
    ("thread", "says"),
    [
        ({"ts": "9"}, "it was rolled back; v2 was shipped"),
        ({"ts": "9", "done": "2026-11-23T12:00:00+00:00"}, "it was done; v2 was shipped"),
        ({"ts": "1"}, "v2 was shipped"),
        ({}, "v2 was shipped"),
    ],
)
def test_card_of_an_earlier_revision_goes_on_saying_what_it_came_to(thread, says):
    said = {"card:abc:1": {"ts": "1"}, "thread:abc:1": thread, "alert:abc:x": {"ts": "9"}}
    found = {n.key: n for n in card.notices(scene(), said)}
    assert found["card:abc:1"].facts.because == says


def test_alert_of_a_rollout_that_was_taken_over_is_not_posted():
    raw = {"abort": True, "abortedAt": "2026-11-22T12:00:00Z", "rolloutBot": {"abort": BACK}}
    assert not any(n.fresh for n in table.of(scene(raw), {}))


def test_notices_do_not_change_while_the_world_does_not():
    raw = {"currentStepIndex": 3, "pauseConditions": pauses()}
    first = table.of(scene(raw), {})
    later = dataclasses.replace(scene(raw), now=NOW + timedelta(hours=1))
    assert [n.facts for n in table.of(later, {})] == [n.facts for n in first]


def test_rolled_back_says_in_one_phrase_that_it_was_by_itself(monkeypatch):
    raw = {"abort": True, "rolloutBot": {"abort": {**BACK, "safeAt": NOW.isoformat()}}}
    here = scene(raw)
    assert card.card(here).canary_pods is None
    monkeypatch.setattr(standing, "because", lambda _: "by itself: success-rate 92.1 %")
    assert listing.row(here).what == "rolled back by itself: success-rate 92.1 %"
    assert listing.why(here).sentences[0] == (
        "checkout v2 was rolled back by itself: success-rate 92.1 %."
    )


def test_thread_says_done_but_not_100_percent_before_it():
    here = scene({"currentStepIndex": 1}, steps=[{"setWeight": 100}, {"pause": {}}])
    assert not [line for line in thread.lines(here, {}) if line.id.startswith("w")]
    there = scene({"currentStepIndex": 1})
    assert [line for line in thread.lines(there, {}) if line.id.startswith("w25")]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 200)
    | st.text(max_size=8)
    | st.sampled_from(
        [V1.hash, V2.hash, NOW.isoformat(), "2026-11-23T12:00:00Z", "CanaryPauseStep"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)
STATUS = st.fixed_dictionaries(
    {},
    optional={
        "abort": st.booleans(),
        "abortedAt": JSON,
        "currentPodHash": JSON,
        "stableRS": JSON,
        "currentStepIndex": st.integers(-1, 9) | st.none(),
        "pauseConditions": JSON | st.just(pauses()) | st.just(pauses("InconclusiveAnalysisRun")),
        "promoteFull": st.booleans(),
        "canary": JSON,
        "conditions": JSON,
        "rolloutBot": st.fixed_dictionaries(
            {},
            optional={
                "abort": st.dictionaries(
                    st.sampled_from(["at", "weight", "step", "cause", "by", "reason", "safeAt"]),
                    JSON,
                ),
                "opened": JSON | st.just({**WITH, "by": "x"}),
                "handled": JSON | st.just({"h": HANDLED}),
                "said": JSON,
            },
        ),
    },
)
SAID = st.dictionaries(
    st.sampled_from(["card:a:1", "card:::", "gate:x", "alert:x", "thread:x"]),
    st.dictionaries(st.sampled_from(["ts", "end", "n", "step", "since", "from"]), JSON),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STATUS, SAID, st.booleans())
def test_notices_are_total_whatever_stands_in_the_status(raw, said, full):
    here = scene(raw, full=full)
    found = table.of(here, said)
    lines = [line.fact for line in thread.lines(here, {})]
    row = messages.ListFacts(cluster="c", namespace="", rows=(listing.row(here),))
    for one in (*(n.facts for n in found), *lines, row, listing.why(here)):
        assert rendering.render(one).text
    assert listing.useless(here, "promote") is not None


assert facts
