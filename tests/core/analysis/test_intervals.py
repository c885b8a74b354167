"""When the next measurement is due (spec §5.3)."""

from datetime import timedelta

import pytest

from bot.model import analysis, ports
from tests.core.analysis.talking import START, Talk, metric


@pytest.mark.row(86)
def test_interval_begins_when_the_measurement_ends() -> None:
    talk = Talk(metric(interval="10s", count=2))
    assert talk.decide().due
    ended = START + timedelta(seconds=7)
    sample = ports.Sample(value=1, shape="any", text="1")
    talk.now = ended
    talk.decide({"ok": analysis.Outcome(started=START, finished=ended, sample=sample)})
    talk.now = START + timedelta(seconds=16)
    waiting = talk.decide()
    assert (waiting.due, waiting.wake_at) == ((), ended + timedelta(seconds=10))
    talk.now = ended + timedelta(seconds=10, milliseconds=1)
    assert [due.metric for due in talk.decide().due] == ["ok"]
