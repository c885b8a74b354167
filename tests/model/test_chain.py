"""The hash chain: any change of any one row is found, and which row it was."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import chain, records

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TEXTS = [f.name for f in fields(records.Record) if f.type in {"str", str}]


def made(count):
    entries, previous = [], chain.START
    for number in range(1, count + 1):
        record = records.Record(
            id=f"id-{number}",
            kind=records.Kind.WEIGHT,
            at=START + timedelta(minutes=number),
            cluster="prod-eu",
            rollout="checkout",
            reason=f"step {number}",
            after=records.Stand(phase="Progressing", weight=number, step=1),
            update=records.Update(commit="3f2a1c", shipped_at=START),
        )
        entries.append(chain.entry(record, seq=number, previous=previous, written_at=START))
        previous = entries[-1].digest
    return entries


def first_bad(entries, head, noted=None):
    walker = chain.Walker(head=head, noted=noted)
    return walker.follow(entries) or walker.end()


def head(entries):
    return records.Head(seq=entries[-1].seq, digest=entries[-1].digest)


def test_whole_chain_is_intact():
    entries = made(5)
    assert first_bad(entries, head(entries)) is None
    assert first_bad([], records.Head(seq=0, digest=chain.START)) is None


stands = st.builds(
    records.Stand,
    phase=st.text(max_size=5),
    weight=st.none() | st.integers(0, 100),
    step=st.none() | st.integers(0, 9),
)
times = st.none() | st.datetimes(
    min_value=datetime(2020, 1, 1), max_value=datetime(2030, 1, 1), timezones=st.just(UTC)
)
changes = st.one_of(
    st.tuples(st.sampled_from(TEXTS), st.text(max_size=8)),
    st.tuples(st.just("at"), times.filter(bool)),
    st.tuples(st.just("revision"), st.integers(0, 99)),
    st.tuples(st.just("kind"), st.sampled_from(records.Kind)),
    st.tuples(st.sampled_from(["before", "after"]), stands),
    st.tuples(st.just("update"), st.builds(records.Update, commit=st.text(max_size=5), bad_since=times)),
)


@settings(max_examples=300, deadline=None)
@given(place=st.integers(0, 5), change=changes)
def test_any_changed_value_is_found_at_its_row(place, change):
    entries = made(6)
    kept, (name, value) = head(entries), change
    record = replace(entries[place].record, **{name: value})
    same = record == entries[place].record
    entries[place] = replace(entries[place], record=record)
    broken = first_bad(entries, kept)
    assert (broken is None) == same
    if broken is not None:
        assert (broken.seq, broken.id) == (place + 1, record.id)


@settings(max_examples=100, deadline=None)
@given(place=st.integers(0, 5), name=st.sampled_from(["digest", "previous", "written_at"]))
def test_any_changed_link_is_found(place, name):
    entries = made(6)
    kept = head(entries)
    value = START + timedelta(seconds=1) if name == "written_at" else "f" * 64
    entries[place] = replace(entries[place], **{name: value})
    assert first_bad(entries, kept).seq == place + 1


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_removed_and_reordered_rows_are_found(data):
    entries = made(6)
    kept = head(entries)
    order = data.draw(st.permutations(range(6)))
    count = data.draw(st.integers(0, 6))
    found = [entries[place] for place in order[:count]]
    intact = [e.seq for e in found] == [1, 2, 3, 4, 5, 6]
    assert (first_bad(found, kept) is None) == intact


@pytest.mark.parametrize("place", range(5))
def test_removed_row_is_named_by_the_one_after_it(place):
    entries = made(6)
    kept = head(entries)
    del entries[place]
    broken = first_bad(entries, kept)
    assert broken.id == f"id-{place + 2}"
    assert broken.sentence == f"entry {place + 1} is gone before it"


@pytest.mark.parametrize("place", range(6))
def test_row_that_was_rewritten_with_its_digest_is_found_by_the_next(place):
    """Whoever changes one row can compute its digest, too: the row after it still names the old."""
    entries = made(6)
    kept, old = head(entries), entries[place]
    record = replace(old.record, actor="lee")
    entries[place] = chain.entry(
        record, seq=old.seq, previous=old.previous, written_at=old.written_at
    )
    broken = first_bad(entries, kept)
    assert broken.seq == min(place + 2, 6)
    assert "follow" in broken.sentence or "head" in broken.sentence


def test_chain_that_was_made_anew_lacks_the_entry_that_was_noted():
    entries = made(4)
    noted = head(entries)
    anew = made(3)
    record = replace(entries[3].record, reason="another")
    anew.append(chain.entry(record, seq=4, previous=anew[-1].digest, written_at=START))
    assert first_bad(anew, head(anew)) is None
    assert first_bad(anew, head(anew), noted).seq == 4
    assert "gone from the end" in first_bad(anew[:3], head(anew[:3]), noted).sentence


@pytest.mark.parametrize("value", ["text", b"bytes", 1.5, None, [1]])
def test_value_of_another_kind_is_a_change_and_no_error(value):
    entries = made(2)
    kept = head(entries)
    entries[1] = replace(entries[1], record=replace(entries[1].record, revision=value))
    assert first_bad(entries, kept).seq == 2


def test_digest_is_what_it_was_when_the_first_histories_were_written():
    """A change here makes every history that exists look forged."""
    assert made(1)[0].digest == "25128547b488eeee20ba8b563be4d1996605f3bcf5da6ffcc69b22aa3501550e"
