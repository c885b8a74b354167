"""The real Argo controller and its kubectl plugin. Built beside the control plane.

Standard library only: it runs before anything is installed.
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

CACHE = Path(__file__).parents[2] / ".cache" / "plane" / "bin"
MODULE, VERSION = "github.com/argoproj/argo-rollouts", "v1.9.1"
CONTROLLER, PLUGIN = "rollouts-controller", "kubectl-argo-rollouts"
PROGRAMS = (CONTROLLER, PLUGIN)
ENABLE = "python3 dev.py plane"
STARTED = "Started rollout workers"
START_S, STOP_S = 60.0, 10.0


def path(program: str = CONTROLLER) -> Path:
    """The program; only there after ``build``."""
    return CACHE / f"{program}-{VERSION}"


def missing(program: str = CONTROLLER) -> str | None:
    """Why it cannot be started here, in one line; None if it can."""
    if path(program).exists():
        return None
    return f"{program}, the control plane's peer, is not built: {ENABLE}"


def build() -> None:
    """Build what is missing of it: about two minutes on two cores, once.

    In a copy of its module, because ``go install`` refuses modules that replace others.
    """
    absent = [program for program in PROGRAMS if not path(program).exists()]
    if not absent:
        return
    print(f"building the peer, {MODULE} {VERSION} …", flush=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        source = Path(scratch) / "source"
        _fetch(source)
        for program in absent:
            _build_one(program, source=source, out=Path(scratch) / program)


def _fetch(source: Path) -> None:
    """A copy of the module that can be written to, with a page for the dashboard's server."""
    found = subprocess.run(
        ["go", "mod", "download", "-json", f"{MODULE}@{VERSION}"],
        cwd=source.parent,
        env=_environment(),
        check=True,
        capture_output=True,
    )
    shutil.copytree(json.loads(found.stdout)["Dir"], source)
    for folder, _, _ in os.walk(source):
        Path(folder).chmod(0o755)
    for name in ("go.mod", "go.sum"):
        (source / name).chmod(0o644)
    # The real page is built with another tool; only what the server answers is of interest.
    page = source / "server" / "static" / "index.html"
    page.parent.mkdir(exist_ok=True)
    page.write_text("<html></html>")


def _build_one(program: str, *, source: Path, out: Path) -> None:
    command = ["go", "build", "-trimpath", "-ldflags", "-s -w", "-o", str(out)]
    done = subprocess.run(
        [*command, f"./cmd/{program}"], cwd=source, env=_environment(), check=False
    )
    if done.returncode:
        raise SystemExit(f"go build of {program} of {MODULE} ended with {done.returncode}")
    out.rename(path(program))


def _environment() -> dict[str, str]:
    return os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=mod -buildvcs=false"}


class Peer:
    """``with Peer(...)``: the controller at work in one namespace until the block ends."""

    def __init__(
        self, *, kubeconfig: Path, namespace: str, folder: Path, ports: list[int]
    ) -> None:
        self._log = folder / f"peer-{namespace}.log"
        self._command = [
            str(path()),
            "--kubeconfig",
            str(kubeconfig),
            "--namespaced",
            "--namespace",
            namespace,
            "--leader-elect=false",
            f"--metricsPort={ports[0]}",
            f"--healthzPort={ports[1]}",
        ]

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        deadline = time.monotonic() + START_S
        while STARTED not in self._log.read_text(errors="replace"):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the peer did not start: {self._log.read_text()[-2000:]}")
            time.sleep(0.2)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
