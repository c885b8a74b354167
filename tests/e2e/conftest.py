"""The demo as somebody starts it: a command, its exit code, what it left."""

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MISSING = 3


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One story that was played to its end."""

    code: int
    said: str
    out: Path

    def read(self, name):
        return json.loads((self.out / name).read_text())

    @property
    def wrong(self):
        return {c["id"]: c["evidence"] for c in self.read("summary.json")["checks"] if not c["ok"]}


class Demo:
    """A running demo; ``facts`` waits for the ready file."""

    def __init__(self, *arguments, folder):
        self.out, self.ready = folder / "out", folder / "ready.json"
        self._log = folder / "demo.log"
        command = [sys.executable, "-m", "bot.local.demo", *map(str, arguments)]
        command += ["--out", str(self.out), "--ready-file", str(self.ready)]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )

    @property
    def said(self):
        return self._log.read_text(errors="replace")

    def facts(self, *, timeout_s=180.0, other_than=0):
        """Once it is ready, with a bot that has not this process id."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                self.skip_if_missing()
                raise AssertionError(f"ended with {self.process.returncode}: {self.said}")
            with contextlib.suppress(FileNotFoundError):
                found = json.loads(self.ready.read_text())
                if found["bot"]["pid"] != other_than:
                    return found
            time.sleep(0.005)
        raise AssertionError(f"not ready: {self.said}")

    def until_said(self, text, *, timeout_s=60.0):
        deadline = time.monotonic() + timeout_s
        while text not in self.said:
            assert time.monotonic() < deadline, self.said
            time.sleep(0.01)

    def end(self, *, timeout_s):
        self.process.wait(timeout_s)
        self.skip_if_missing()
        return Played(code=self.process.returncode, said=self.said, out=self.out)

    def skip_if_missing(self):
        """A part that is not here is a skip with its name, and with REQUIRE_ALL a failure."""
        if self.process.returncode == MISSING:
            pytest.skip(self.said.strip().splitlines()[-1])

    def kill(self):
        """What a failed test leaves: this demo's own session, nothing else."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


@pytest.fixture
def demo(tmp_path):
    started = []

    def start(*arguments):
        started.append(Demo(*arguments, folder=tmp_path))
        return started[-1]

    yield start
    for one in started:
        one.kill()
