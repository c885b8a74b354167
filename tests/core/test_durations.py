"""Durations: every form that Go and a pause accept, and what they refuse."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import durations


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("0", 0, id="bare-zero"),
        pytest.param("-0", 0, id="negative-zero"),
        pytest.param("1s", 1, id="second"),
        pytest.param("+1s", 1, id="plus"),
        pytest.param("-3s", -3, id="minus"),
        pytest.param("1m30s", 90, id="two-units"),
        pytest.param("1h1m1s", 3661, id="three-units"),
        pytest.param("0.5h", 1800, id="fraction"),
        pytest.param(".5s", 0.5, id="no-digit-before-point"),
        pytest.param("1.s", 1, id="no-digit-after-point"),
        pytest.param("10ms", 0.01, id="milliseconds"),
        pytest.param("5us", 0.000005, id="microseconds"),
        pytest.param("5µs", 0.000005, id="micro-sign"),
        pytest.param("5μs", 0.000005, id="greek-mu"),
        pytest.param("1s1h", 3601, id="any-order"),
    ],
)
def test_go_duration_is_read_when_go_reads_it(text: str, seconds: float) -> None:
    assert durations.parse_go(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        ".",
        "10",
        "1d",
        "1w",
        "s",
        "1 s",
        " 1s",
        "1s ",
        "1e3s",
        "1h-1m",
        "abc",
        "--1s",
        "٣s",
        "3000000h",
        "9223372037s",
    ],
)
def test_go_duration_is_refused_when_go_refuses_it(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        durations.parse_go(text)


@pytest.mark.row(16)
@pytest.mark.parametrize(
    ("raw", "seconds"),
    [
        pytest.param(None, None, id="absent-is-indefinite"),
        pytest.param(0, 0, id="zero"),
        pytest.param(5, 5, id="integer"),
        pytest.param("5", 5, id="digits"),
        pytest.param("1m", 60, id="go"),
        pytest.param("1.9s", 1, id="truncated"),
        pytest.param("999ms", 0, id="truncated-to-zero"),
        pytest.param(2**31 - 1, 2**31 - 1, id="largest"),
        pytest.param(2**31, -1, id="beyond-int32"),
        pytest.param("2147483648", -1, id="digits-beyond-int32"),
        pytest.param("99999999999", -1, id="many-digits"),
        pytest.param(-1, -1, id="negative"),
        pytest.param("-5s", -1, id="negative-go"),
        pytest.param("1d", -1, id="day"),
        pytest.param("abc", -1, id="word"),
        pytest.param("", -1, id="empty"),
        pytest.param(True, -1, id="boolean"),
        pytest.param(1.5, -1, id="float"),
        pytest.param("٣", -1, id="foreign-digit"),
    ],
)
def test_pause_is_whole_seconds_or_minus_one_when_it_is_none(
    raw: object, seconds: int | None
) -> None:
    assert durations.parse_pause(raw) == seconds


@given(st.text(max_size=30))
def test_parsers_raise_nothing_else_when_given_any_text(text: str) -> None:
    try:
        durations.parse_go(text)
    except ValueError:
        pass
    found = durations.parse_pause(text)
    assert found is not None
    assert -1 <= found < 2**31


@given(st.integers(0, 10**4), st.integers(0, 59), st.integers(0, 59))
def test_go_duration_adds_its_parts_when_it_has_several(h: int, m: int, s: int) -> None:
    expected = timedelta(hours=h, minutes=m, seconds=s)
    assert durations.parse_go(f"{h}h{m}m{s}s") == expected
