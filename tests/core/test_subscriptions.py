"""What people may type to be told in private, and when they are left in peace."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import argo_subscriptions, subscriptions
from bot.model import errors, feed
from bot.model import subscriptions as model

NIGHT = subscriptions.quiet("22:00-07:00 Europe/Berlin")


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "end"),
    [
        ("2026-11-23T20:59", None),
        ("2026-11-23T21:00", "2026-11-24T06:00"),
        ("2026-11-23T23:30", "2026-11-24T06:00"),
        ("2026-11-24T05:59", "2026-11-24T06:00"),
        ("2026-11-24T06:00", None),
        ("2026-07-01T20:30", "2026-07-02T05:00"),  # summer: two hours before UTC
        ("2026-03-28T22:30", "2026-03-29T05:00"),  # the night that loses an hour
        ("2026-10-24T21:30", "2026-10-25T06:00"),  # and the one that gains it
    ],
)
def test_quiet_hours_end_on_the_readers_own_clock(at, end):
    found = subscriptions.quiet_end(NIGHT, utc(at))
    assert found == (utc(end) if end else None)


def test_quiet_hours_within_a_day_and_none_at_all():
    noon = subscriptions.quiet("12:00-13:00")
    assert subscriptions.quiet_end(noon, utc("2026-11-23T12:30")) == utc("2026-11-23T13:00")
    assert subscriptions.quiet_end(noon, utc("2026-11-23T13:00")) is None
    assert subscriptions.quiet_end(None, utc("2026-11-23T12:30")) is None


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("night", '"night" is no span of hours'),
        ("22:00", "is no span of hours"),
        ("25:00-07:00", "is no time of the day"),
        ("22:00-22:00", "would never end"),
        ("22:00-07:00 Mars/Olympus", 'no time zone "Mars/Olympus"'),
        ("22:00-07:00 ../../etc/passwd", "no time zone"),
    ],
)
def test_quiet_hours_that_are_wrong_are_refused_with_how_they_are_written(text, named):
    with pytest.raises(errors.UserError) as raised:
        subscriptions.quiet(text)
    assert named in raised.value.sentence and "22:00-07:00 Europe/Berlin" in raised.value.sentence


@pytest.mark.parametrize(
    ("text", "full"), [("checkout", "*/checkout"), ("shop/*", "shop/*"), ("shop/checkout", "shop/checkout")]
)
def test_name_is_a_pattern_of_namespace_and_name(text, full):
    assert subscriptions.what(text) == full


def test_what_was_copied_from_our_own_message_is_understood():
    assert subscriptions.what("shop/∗") == "shop/*"
    assert subscriptions.quiet("22∶00-07:00 Europe/Berlin") == NIGHT


@pytest.mark.parametrize("text", ["", "<!channel>", "a b", "shop/", "/x", "shop/[a-z]", "x" * 400])
def test_name_that_names_nothing_is_refused(text):
    with pytest.raises(errors.UserError):
        subscriptions.what(text)


def test_subscriptions_come_back_as_they_were_written():
    mine = (
        model.Subscription(user="U0SAM", what="shop/*", quiet=NIGHT),
        model.Subscription(user="U0SAM", what="shop/checkout"),
    )
    assert subscriptions.decode({"U0SAM": subscriptions.encode(mine)}) == mine


@given(st.dictionaries(st.text() | st.just("U0SAM"), st.text() | st.none() | st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)).map(str)))
def test_object_that_somebody_broke_counts_for_nothing_and_raises_nothing(data):
    assert all(one.user == "U0SAM" for one in subscriptions.decode(data))


@pytest.mark.parametrize(
    "raw",
    ["[1]", '[{"what": 3}]', '[{"what": "shop/*", "quiet": "soon"}]', "{}", "[[[", '[{"quiet": null}]'],
)
def test_entry_that_cannot_be_read_is_left_out(raw):
    assert subscriptions.decode({"U0SAM": raw}) == ()


NOTES = {
    "notifications.argoproj.io/subscribe.on-rollout-completed.slack": "releases; #ops ;releases;",
    "notifications.argoproj.io/subscribe.on-rollout-aborted.slack": "alerts",
    "notifications.argoproj.io/subscribe.on-rollout-aborted.email": "a@example.com",
    "notifications.argoproj.io/subscribe.on-something-else.slack": "x",
}


def test_argo_annotation_names_channels_for_its_trigger():
    assert argo_subscriptions.channels(NOTES, feed.Kind.DONE) == ("releases", "ops")
    assert argo_subscriptions.channels(NOTES, feed.Kind.ROLLED_BACK) == ("alerts",)
    assert argo_subscriptions.channels(NOTES, feed.Kind.SHIPPED) == ()
    assert argo_subscriptions.any_of(NOTES) and not argo_subscriptions.any_of({"a": "b"})


def test_every_trigger_of_argo_has_its_event():
    assert set(argo_subscriptions.TRIGGERS) == {
        "on-rollout-completed", "on-rollout-step-completed", "on-rollout-updated",
        "on-scaling-replica-set", "on-rollout-aborted", "on-rollout-paused",
        "on-analysis-run-running", "on-analysis-run-error", "on-analysis-run-failed",
    }
