"""The bot as a process of its own, as somebody would start it against that cluster."""

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster import processes

READY_S = 120.0
STOP_S = 60.0
ROOT = Path(__file__).parents[2]


@contextmanager
def running(*, kubeconfig: Path, log: Path, arguments: tuple[str, ...] = ()) -> Iterator[int]:
    """Yield its process id once it is ready. What it says goes to ``log``."""
    port = processes.free_port()
    command = [
        *(sys.executable, "-m", "bot", "run"),
        *("--kubeconfig", str(kubeconfig)),
        *("--healthzPort", str(port)),
        *("--metricsPort", str(processes.free_port())),
        *arguments,
    ]
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out)
    try:
        _until_ready(process, url=f"http://127.0.0.1:{port}/readyz", log=log)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_S)


def _until_ready(process: subprocess.Popen[bytes], *, url: str, log: Path) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"the bot ended with {process.returncode}:\n{_tail(log)}")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise SystemExit(f"the bot is not ready after {READY_S:.0f} s:\n{_tail(log)}")


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-3000:]
