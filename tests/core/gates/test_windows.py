"""When windows are open, on the clocks of their zones; each row is an instant and its answer."""

from datetime import UTC, date, datetime, time

import pytest

from bot.core.gates import windows
from bot.model import policy

WORK = (0, 1, 2, 3, 4)
ALL = (0, 1, 2, 3, 4, 5, 6)


def window(start, end, *, zone="Europe/Berlin", days=WORK, name="hours", **more):
    begin, over = time.fromisoformat(start), time.fromisoformat(end)
    return policy.Window(name=name, zone=zone, days=days, start=begin, end=over, **more)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


HOURS = window("09:00", "17:00")
NIGHT = window("22:00", "02:00", name="night")
LUNCH = window("12:00", "13:00", name="lunch", closed=True)
TOKYO = window("09:00", "17:00", zone="Asia/Tokyo", name="tokyo")
THIRD = window("09:00", "17:00", steps=(2,))
SPRING = window("02:30", "05:00", days=ALL)
EARLY = window("01:00", "02:30", days=ALL)
NO_EARLY = window("01:00", "02:30", days=ALL, closed=True)
WHOLE = window("00:00", "00:00", days=(5,), closed=True)

OPEN = "open"
ROWS = [
    # Europe/Berlin is UTC+1 in winter, UTC+2 in summer
    ("before the morning", (HOURS,), 0, "2026-11-27T07:59:59", "2026-11-27T08:00"),
    ("at its first instant", (HOURS,), 0, "2026-11-27T08:00", OPEN),
    ("a moment before its end", (HOURS,), 0, "2026-11-27T15:59:59.999", OPEN),
    ("at its end on a Friday", (HOURS,), 0, "2026-11-27T16:00", "2026-11-30T08:00"),
    ("on a Sunday", (HOURS,), 0, "2026-11-29T12:00", "2026-11-30T08:00"),
    ("in summer", (HOURS,), 0, "2026-07-03T15:00", "2026-07-06T07:00"),
    ("over the spring change", (HOURS,), 0, "2026-03-27T16:30", "2026-03-30T07:00"),
    ("over the autumn change", (HOURS,), 0, "2026-10-23T15:00", "2026-10-26T08:00"),
    ("over midnight, evening", (NIGHT,), 0, "2026-11-27T22:30", OPEN),
    ("over midnight, of Friday", (NIGHT,), 0, "2026-11-28T00:30", OPEN),
    ("over midnight, Saturday has none", (NIGHT,), 0, "2026-11-28T21:30", "2026-11-30T21:00"),
    ("two windows: the second is open", (HOURS, TOKYO), 0, "2026-11-27T00:30", OPEN),
    ("two windows: none is open", (HOURS, TOKYO), 0, "2026-11-26T20:00", "2026-11-27T00:00"),
    ("closed wins over open", (HOURS, LUNCH), 0, "2026-11-27T11:30", "2026-11-27T12:00"),
    ("closed alone leaves the rest open", (LUNCH,), 0, "2026-11-29T03:00", OPEN),
    ("closed a whole Saturday", (WHOLE,), 0, "2026-11-28T10:00", "2026-11-28T23:00"),
    ("closed ends when the other is shut", (HOURS, WHOLE), 0, "2026-11-28T10:00",
     "2026-11-30T08:00"),
    ("a window of another step", (THIRD,), 1, "2026-11-29T12:00", OPEN),
    ("a window of this step", (THIRD,), 2, "2026-11-29T12:00", "2026-11-30T08:00"),
    ("no window at all", (), 0, "2026-11-29T12:00", OPEN),
    # 2026-03-29 in Berlin: the clock goes from 02:00 to 03:00 at 01:00 UTC
    ("a skipped begin is the jump", (SPRING,), 0, "2026-03-29T00:59:59", "2026-03-29T01:00"),
    ("after the jump it is open", (SPRING,), 0, "2026-03-29T01:00", OPEN),
    ("it ends by the new clock", (SPRING,), 0, "2026-03-29T03:00", "2026-03-30T00:30"),
    # 2026-10-25 in Berlin: 02:00 to 03:00 comes twice, at 00:00 and again at 01:00 UTC
    ("a doubled end: open till the first", (EARLY,), 0, "2026-10-25T00:29:59", OPEN),
    ("a doubled end: shut from the first", (EARLY,), 0, "2026-10-25T00:30", "2026-10-26T00:00"),
    ("a doubled end: closed to the last", (NO_EARLY,), 0, "2026-10-25T00:45",
     "2026-10-25T01:30"),
]  # fmt: skip


@pytest.mark.parametrize(("every", "index", "now", "wanted"), [r[1:] for r in ROWS],
                         ids=[r[0] for r in ROWS])  # fmt: skip
def test_window_answers_by_its_own_clock(every, index, now, wanted):
    hold = windows.closed_at(every, index, utc(now))
    assert (OPEN if hold is None else hold.until) == (OPEN if wanted == OPEN else utc(wanted))


def test_hold_names_the_window_and_its_opening_in_its_own_zone():
    hold = windows.closed_at((HOURS,), 0, utc("2026-11-27T16:00"))
    assert hold.sentence == "outside hours, until Mon 2026-11-30 09:00 +01:00 (Europe/Berlin)"
    assert hold.frees == "It goes on by itself at Mon 2026-11-30 09:00 +01:00 (Europe/Berlin)."


def test_hold_says_never_when_no_window_can_open():
    always = window("00:00", "00:00", days=ALL, closed=True, name="never")
    hold = windows.closed_at((always,), 0, utc("2026-11-27T16:00"))
    assert hold.until is None
    assert hold.frees.startswith("It never goes on")


def test_unknown_zone_opens_nothing():
    hold = windows.closed_at((window("00:00", "00:00", zone="Mars/Base"),), 0, utc("2026-11-27"))
    assert hold is not None
    assert hold.until is None


def test_every_instant_of_a_year_is_open_or_has_an_exact_opening():
    """At the opening it is open, a microsecond before it is not."""
    now = utc("2026-01-01T00:10")
    every = (HOURS, NIGHT, LUNCH, EARLY)
    for _ in range(2_000):
        hold = windows.closed_at(every, 0, now)
        if hold is not None:
            assert windows.closed_at(every, 0, hold.until) is None
            before = hold.until.replace(microsecond=0) - datetime.resolution
            assert windows.closed_at(every, 0, before) is not None
        now += datetime(2026, 1, 1, 4, 21) - datetime(2026, 1, 1)


@pytest.mark.parametrize(
    ("day", "at", "last", "wanted"),
    [
        (date(2026, 3, 29), "02:30", False, "2026-03-29T01:00"),
        (date(2026, 10, 25), "02:30", False, "2026-10-25T00:30"),
        (date(2026, 10, 25), "02:30", True, "2026-10-25T01:30"),
        (date(2026, 11, 25), "02:30", True, "2026-11-25T01:30"),
    ],
    ids=["skipped", "twice, first", "twice, last", "plain"],
)
def test_instant_is_found_on_days_whose_clock_changes(day, at, last, wanted):
    zone = windows.ZoneInfo("Europe/Berlin")
    assert windows.instant(day, time.fromisoformat(at), zone, last=last) == utc(wanted)
