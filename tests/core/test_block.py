"""``status.rolloutBot``: what the bot remembers comes back as it was, and strangers' words stay."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.core import codec_block, codec_status
from bot.model import status, stock

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TEXT = st.text(max_size=20)
INTENTS = st.builds(
    status.Intent,
    id=st.text("abcdef0123456789", min_size=1, max_size=8),
    kind=st.sampled_from(["promote", "promote-full", "abort", "retry"]),
    revision=TEXT,
    step=st.none() | st.integers(0, 40),
    actor=TEXT,
    at=st.just(AT),
    gate=TEXT,
    reason=TEXT,
    expires=st.none() | st.just(AT),
)
HANDLED = st.builds(
    status.Handled,
    id=st.text("abcdef0123456789", min_size=1, max_size=8),
    kind=st.just("abort"),
    accepted=st.booleans(),
    sentence=TEXT,
    actor=TEXT,
    at=st.just(AT),
    outcome=st.sampled_from(list(status.Outcome)) | TEXT,
)
WRITE = st.builds(
    stock.Write,
    at=st.just(AT),
    how=TEXT,
    revision=TEXT,
    start=st.none() | st.integers(0, 40),
    to=st.none() | st.integers(0, 40),
)
WRITES = st.none() | WRITE
STOCK = st.builds(
    stock.Stock,
    earlier=st.lists(st.tuples(st.sampled_from(stock.SORTS), WRITE), max_size=8).map(tuple),
    retried=WRITES,
    moved=WRITES,
    halted=WRITES,
    resumed=WRITES,
    course=st.none() | st.builds(stock.Course, revision=st.just("a"), step=st.integers(0, 40)),
    extra=st.just({}),
)
BLOCKS = st.builds(
    status.BotBlock,
    intents=st.lists(INTENTS, max_size=4, unique_by=lambda one: one.id).map(tuple),
    handled=st.lists(HANDLED, max_size=4, unique_by=lambda one: one.id).map(tuple),
    full_gate_since=st.none() | st.just(AT),
    started=st.none() | st.just(AT),
    shipped_by=TEXT,
    previous_stable=TEXT,
    not_supported=TEXT,
    stock=STOCK,
)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)


@given(BLOCKS)
def test_block_comes_back_as_it_was_when_it_is_read_again(block):
    again = codec_block.decode(codec_block.encode(block))
    assert {one.id: one for one in again.intents} == {one.id: one for one in block.intents}
    assert {one.id: one for one in again.handled} == {one.id: one for one in block.handled}
    names = ("full_gate_since", "started", "shipped_by", "previous_stable", "not_supported")
    for name in (*names, "stock"):
        assert getattr(again, name) == getattr(block, name)


@given(JUNK)
def test_block_of_any_shape_is_read_without_an_error(raw):
    found = codec_status.decode({"rolloutBot": raw, "phase": "Healthy"})
    assert found.phase == "Healthy"
    assert codec_block.encode(found.bot) is not None


def test_block_keeps_what_a_newer_bot_wrote_when_this_one_writes():
    raw = codec_block.encode(status.BotBlock(shipped_by="sam")) | {"tomorrow": {"is": "new"}}
    assert codec_block.encode(codec_block.decode(raw))["tomorrow"] == {"is": "new"}
