"""A loop whose time jumps to the next timer when nothing else is left to do."""

import asyncio
import selectors
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class _Selector(selectors.SelectSelector):
    def __init__(self):
        super().__init__()
        self.skipped = 0.0

    def select(self, timeout=None):
        found = super().select(0)
        if not found and timeout:
            self.skipped += timeout
        return found


class Loop(asyncio.SelectorEventLoop):
    def __init__(self):
        self._jumps = _Selector()
        super().__init__(self._jumps)

    def time(self):
        return self._jumps.skipped


def now():
    return START + timedelta(seconds=asyncio.get_running_loop().time())


def run(main, *, limit_s=100_000):
    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(asyncio.wait_for(main, limit_s))
