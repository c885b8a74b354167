"""The demo's verdicts: each must call the wrong thing wrong. No stage is needed for this."""

import types

import pytest

from bot.local.demo import checks, witness


def moves(*pairs):
    return [witness.Sight(at=float(at), kind="weight", value=value) for at, value in pairs]


def answers(*, canary, stable, start=0.0, length=10.0, status=200):
    total = canary + stable
    return [
        types.SimpleNamespace(
            t=start + length * index / total,
            revision="new" if index < canary else "old",
            status=status,
        )
        for index in range(total)
    ]


def failed(at):
    return witness.Sight(at=at, kind="run", value=("run-1", "Failed"))


def said(text, *, ts="1", **more):
    whole = {"ts": ts, "user": checks.BOT, "text": text, "is_ephemeral": False, "edits": 0}
    return whole | more


@pytest.mark.parametrize(
    ("weights", "ok"),
    [
        ([0, 10, 25, 50], True),
        ([0, 10, 25, 50, 0], True),
        ([0, 10, 25, 0, 50], False),
        ([0, 10, 25, 50, 0, 50, 0], False),
        ([0, 10, 50], False),
        ([0, 25, 10, 50], False),
        ([0, 10, 25, 50, 10], False),
        ([], False),
    ],
    ids=str,
)
def test_weights_are_right_only_in_their_order(weights, ok):
    seen = moves(*enumerate(weights))
    assert checks.weights_in_order(seen, (10, 25, 50)).ok is ok


@pytest.mark.parametrize(
    ("canary", "stable", "ok"),
    [(60, 540, True), (0, 600, False), (150, 450, False), (89, 511, True), (90, 510, False),
     (2, 20, False)],
)  # fmt: skip
def test_share_is_right_within_four_sigma_and_with_enough_requests(canary, stable, ok):
    (found,) = checks.shares(
        moves((-1, 10)), answers(canary=canary, stable=stable), canary="new", until=11.0
    )
    assert found.ok is ok, found.evidence


def test_share_counts_nothing_before_the_proxy_can_have_heard():
    early = answers(canary=600, stable=0, start=0.0, length=checks.SETTLE_S * 0.9)
    late = answers(canary=60, stable=540, start=1.0)
    (found,) = checks.shares(moves((0, 10)), early + late, canary="new", until=12.0)
    assert found.ok, found.evidence


@pytest.mark.parametrize(
    ("sights", "ok"),
    [
        ([*moves((0, 25), (10.5, 0)), failed(10)], True),
        ([*moves((0, 25), (9.9, 0)), failed(10)], True),
        ([*moves((0, 25), (13, 0)), failed(10)], False),
        ([*moves((0, 25)), failed(10)], False),
        (moves((0, 25), (10, 0)), False),
    ],
    ids=["soon", "watches crossed", "late", "never", "without a verdict"],
)
def test_rollback_is_right_only_soon_after_a_verdict(sights, ok):
    assert checks.rollback_was_fast(sights).ok is ok


@pytest.mark.parametrize(
    ("after", "ok"),
    [
        (answers(canary=0, stable=100, start=1), True),
        (answers(canary=1, stable=99, start=1), False),
        (answers(canary=0, stable=100, start=1, status=503), False),
        ([], False),
        (
            answers(canary=0, stable=99, start=1)
            + answers(canary=0, stable=1, start=2, status=500),
            True,
        ),
        (
            answers(canary=0, stable=95, start=1)
            + answers(canary=0, stable=5, start=2, status=500),
            False,
        ),
    ],
    ids=["all", "one on the canary", "errors", "none at all", "one failed", "too many failed"],
)
def test_users_are_on_the_stable_only_if_all_are(after, ok):
    assert checks.users_on_stable(after, stable="old", since=0).ok is ok


GOOD = "checkout v2 was rolled back in demo, users are on v1: success-rate 70.1 %, must be at least 95 %."


@pytest.mark.parametrize(
    ("text", "ok"),
    [
        (GOOD, True),
        (GOOD.replace("success-rate", "latency"), False),
        (GOOD.replace(" 70.1 %", ""), False),
        (GOOD.replace(", must be at least 95 %", ""), False),
        (GOOD.replace("on v1", "on v0"), False),
        (GOOD.replace(" v2 ", " v9 "), False),
    ],
    ids=["whole", "metric", "value", "bound", "to", "from"],
)
def test_alert_is_right_only_if_it_says_everything(text, ok):
    told = {"alert": [said(text)]}
    assert checks.alert_says_why(told, metric="success-rate", old="v1", new="v2").ok is ok


def test_alert_is_wrong_when_there_is_none():
    assert not checks.alert_says_why({"alert": []}, metric="m", old="a", new="b").ok


def test_messages_are_told_apart_by_their_first_words():
    log = [
        said("checkout v2 was rolled back in demo", ts="1"),
        said("checkout v2 waits for approval in demo to go from 50 % to 100 %", ts="2"),
        said("checkout v2 was rolled back in demo, users are on v1: x.", ts="3"),
        said("checkout v2: 10 %", ts="4", thread_ts="1"),
        said("search v2 is at 10 %", ts="5"),
        said("checkout for you alone", ts="6", is_ephemeral=True),
    ]
    first = {"1": (0.0, "checkout v2 is at 10 % in demo")}
    told = checks.loud(log, first, name="checkout")
    assert {kind: [m["ts"] for m in found] for kind, found in told.items()} == {
        "card": ["1"], "gate": ["2"], "alert": ["3"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("edits", "ok"), [([3], True), ([0], False), ([3, 1], False), ([], False)]
)
def test_card_is_right_only_as_one_that_was_edited(edits, ok):
    told = {"card": [said("x", edits=count) for count in edits]}
    assert checks.one_card_edited(told).ok is ok


def test_pictures_count_only_in_the_thread_and_only_as_png():
    file, other = {"id": "F1", "mimetype": "image/png"}, {"id": "F2", "mimetype": "text/csv"}
    log = [
        said("", ts="2", thread_ts="1", files=[file, other]),
        said("", ts="3", thread_ts="9", files=[file]),
    ]
    assert [f["id"] for f in checks.charts(log, thread="1")] == ["F1"]
