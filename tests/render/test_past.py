"""The past in Slack: short lines within the limits, whatever somebody wrote into a reason."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import past, records
from bot.render import past as rendered
from tests.render import limits, nasty

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
foreign = st.sampled_from(nasty.NASTY) | st.text(max_size=40)


def record(**more):
    values = {
        "id": "a",
        "kind": records.Kind.APPROVED,
        "at": START,
        "cluster": "prod-eu",
        "namespace": "shop",
        "rollout": "checkout",
        "revision": 42,
        "actor": "sam",
        "actor_id": "U0SAM",
        "way": records.Way.SLACK,
        "reason": "looks good",
        "before": records.Stand(phase="Paused", weight=50, step=4),
        "after": records.Stand(phase="Progressing", weight=50, step=5),
        "permalink": "https://x.example/archives/C1/p12",
    }
    return records.Record(**{**values, **more})


def shown(*entries, **more):
    facts = past.PastFacts(
        cluster="prod-eu", name="checkout", age="30d", entries=entries, **more
    )
    return rendered.listing(facts)


def test_audit_line_says_when_who_what_and_why():
    line = shown(record(), audit=True).blocks[1]["text"]["text"].replace("\u202f", " ")
    assert line == (
        "<!date^1795435200^{date_short_pretty} {time}|12:00 UTC> · "
        "<https://x.example/archives/C1/p12|checkout v42 approved by sam> · "
        "Paused 50 % → Progressing 50 % · looks good"
    )


def test_history_says_how_long_it_took_and_where_the_rest_is():
    done = record(
        kind=records.Kind.DONE,
        at=START + timedelta(minutes=14),
        actor="",
        way=records.Way.ITSELF,
        reason="",
        update=records.Update(shipped_at=START),
    )
    said = str(shown(done, more=True).blocks).replace("\\u202f", " ").replace("\u202f", " ")
    assert "checkout v42 done after 14 min" in said
    assert "rollout-bot audit export" in said
    assert "nothing is recorded" in shown().text


def test_actor_of_a_stock_tool_has_no_name():
    tool = record(actor="", actor_id="", way=records.Way.STOCK, kind=records.Kind.ABORTED)
    assert past.sentence(tool) == "aborted by somebody (kubectl)"


@settings(max_examples=150, deadline=None)
@given(
    data=st.lists(
        st.builds(
            record,
            kind=st.sampled_from(records.Kind),
            way=st.sampled_from(records.Way),
            reason=foreign,
            actor=foreign,
            rollout=foreign,
            cluster=foreign,
            permalink=foreign,
        ).map(records.cleaned),
        max_size=20,
    ),
    audit=st.booleans(),
)
def test_no_listing_exceeds_a_limit_or_calls_anybody(data, audit):
    assert limits.problems(shown(*data, audit=audit, more=True)) == []
