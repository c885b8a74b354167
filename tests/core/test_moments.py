"""Instants within sentences: written whole, found again, and nothing else taken for one."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import moments

AT = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Etc/GMT+5", "Pacific/Apia")
TIMES = st.datetimes(
    min_value=datetime(1971, 1, 1), max_value=datetime(9998, 1, 1), timezones=st.just(UTC)
)


@given(TIMES, st.sampled_from(ZONES))
def test_instant_is_found_again_whichever_clock_it_was_written_on(at, zone):
    minute, second = at.replace(second=0, microsecond=0), at.replace(microsecond=0)
    for text, wanted in (
        (moments.utc(at), minute),
        (moments.exactly(at), second),
        (moments.local(minute, ZoneInfo(zone)), minute),
    ):
        assert list(moments.parted(f"until {text}.")) == ["until ", wanted, "."]


def test_instant_of_a_doubled_hour_is_the_one_that_was_meant():
    berlin = ZoneInfo("Europe/Berlin")
    for at in (
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    ):
        assert list(moments.parted(moments.local(at, berlin)))[1] == at


@pytest.mark.parametrize(
    "text",
    ["", "18:00 UTC", "2026-02-31 18:00 UTC", "1969-12-31 23:59 UTC", "2026-11-30 18:00",
     "2026-11-30 18:00 UTCX", "9999-12-31 23:59 -14:00 (Mars/Base)", "٢٠٢٦-11-30 18:00 UTC"],
)  # fmt: skip
def test_what_is_no_whole_instant_stays_the_text_that_it_is(text):
    assert list(moments.parted(text)) == [text]


@given(st.text())
def test_parts_of_any_text_make_the_text_again(text):
    assert "".join(one for one in moments.parted(text) if isinstance(one, str)) == text
