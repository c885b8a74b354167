#!/usr/bin/env python3
"""The commands of this project, from a bare checkout: `python3 dev.py COMMAND`.

  demo         the bot on the local stage, with a page to look at; --help for its options
  test         all tests; ends with what was skipped, why, and what would enable it
  check        lint, types, import contracts and the fast tests: for every commit
  bench        the benchmark tables, on the real control plane
  conformance  the recorded scenarios, on the real control plane
  parity       each row of the feature table: does it work, and where was that tested
  gallery      photographs of every message, phone width, light and dark (needs chromium)
  plane        build the real control plane (needs Go, about four minutes, once)

Standard library only: it makes .venv and installs the locked packages before anything else can
run. What the commands do is in the modules that they start, not here.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "installed-for"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
OLDEST = (3, 11)

MODULES = {
    "demo": "bot.local.demo",
    "bench": "tests.benchmarks",
    "conformance": "tests.conformance",
    "parity": "tests.parity",
    "gallery": "tests.gallery",
    "plane": "tests.cluster.binaries",
}
# The folders whose tests need nothing but Python, in the order in which they fail usefully.
FAST = ("architecture", "model", "core", "render", "contracts")
SLOW = "cluster or e2e or browser"
ALONE = "(e2e or browser) and not patient"
NO_TESTS = 5


def main(arguments: list[str]) -> int:
    """Run one command; the exit code is that of what it started."""
    if sys.version_info < OLDEST:
        found = ".".join(str(part) for part in sys.version_info[:3])
        return _say(f"This needs Python 3.11 or newer; this is {found}. Install it, or uv.")
    command, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if command in {"", "-h", "--help", "help"}:
        print(__doc__)
        return 0 if command else 2
    if command not in {*MODULES, "test", "check"}:
        return _say(f"There is no command {command!r}.\n\n{__doc__}")
    os.chdir(ROOT)
    ensure_installed()
    if command == "check":
        return check(rest)
    if command == "test":
        return test(rest)
    return replace_by([str(PYTHON), "-m", MODULES[command], *rest])


def replace_by(command: list[str]) -> int:
    """Become the command where the system can: signals and the exit code are then its own."""
    if os.name == "nt":
        return subprocess.call(command)
    sys.stdout.flush()
    return os.execv(command[0], command)  # noqa: S606 - no shell is wanted


# Installation


def ensure_installed() -> None:
    """Make .venv and install the locked packages, unless the stamp says that it was done."""
    if PYTHON.exists() and STAMP.exists() and STAMP.read_text() == _wanted():
        return
    started = time.monotonic()
    uv = shutil.which("uv")
    if not _runs(PYTHON):
        print("making .venv …", flush=True)
        shutil.rmtree(VENV, ignore_errors=True)
        make_venv(uv)
    print("installing the locked packages …", flush=True)
    install(uv)
    STAMP.write_text(_wanted())
    print(f"installed in {time.monotonic() - started:.0f} s", flush=True)


def make_venv(uv: str | None) -> None:
    if uv:
        _run([uv, "venv", "--quiet", "--python", sys.executable, str(VENV)])
        return
    if importlib.util.find_spec("ensurepip") is None:
        install_ensurepip()
    _run([sys.executable, "-m", "venv", str(VENV)])


def install_ensurepip() -> None:
    """On Debian the module is a package of its own."""
    package = "python3-venv"
    if shutil.which("apt-get") is None:
        raise SystemExit("This Python has neither uv nor ensurepip: install one of them.")
    if os.name == "nt" or os.geteuid() != 0:
        raise SystemExit(f"Once, as root:  apt-get install --yes {package}")
    print(f"This Python cannot make a venv: apt-get install {package}", flush=True)
    _run(["apt-get", "update", "--quiet"])
    _run(["apt-get", "install", "--yes", "--quiet", package])


def install(uv: str | None) -> None:
    """The locked packages with their hashes, then the project itself without any other."""
    if uv:
        pip = [uv, "pip", "install", "--quiet", "--python", str(PYTHON)]
    else:
        if not _runs(PYTHON, "-m", "pip", "--version"):
            _run([str(PYTHON), "-m", "ensurepip"])
        pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "--require-hashes", "-r", "requirements.lock"])
    # hatchling is in the lock: nothing is fetched for the build.
    _run([*pip, "--no-deps", "--no-build-isolation", "-e", "."])


def _wanted() -> str:
    """What was installed for which Python; any change of it installs again."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "requirements.lock", ".venv/pyvenv.cfg"):
        path = ROOT / name
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()


# Checks and tests


def check(rest: list[str]) -> int:
    """Run every step even after a failure: one round tells all."""
    folders = [f"tests/{name}" for name in FAST if (ROOT / "tests" / name).is_dir()]
    fast = ["pytest", "-q", *_workers(), "-m", f"not ({SLOW})", *folders, *rest]
    steps = [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy"],
        [str(PYTHON.parent / "lint-imports")],
        fast,
    ]
    failed = [step[0] for step in steps if _step(step) not in {0, NO_TESTS}]
    return _verdict(failed)


def test(rest: list[str]) -> int:
    """All tests, from those that need least to those that need the whole machine."""
    if rest:
        return replace_by([str(PYTHON), "-m", "pytest", *rest])
    record = ROOT / ".cache" / "skipped.txt"
    record.parent.mkdir(exist_ok=True)
    record.unlink(missing_ok=True)
    os.environ["SKIPPED_RECORD"] = str(record)
    phases = {
        "the tests that need only Python": ["pytest", "-q", *_workers(), "-m", f"not ({SLOW})"],
        # Two files at a time: they mostly wait. Each process has a control plane of its own.
        "the tests on the real control plane": [
            *("pytest", "-q", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"),
            *("-m", f"({SLOW}) and not ({ALONE})"),
        ],
        "the tests of the whole bot": ["pytest", "-q", "-m", ALONE],
    }
    failed = [name for name, step in phases.items() if _step(step) not in {0, NO_TESTS}]
    _report_skipped(record)
    return _verdict(failed)


def _report_skipped(record: Path) -> None:
    """Written by tests/conftest.py, one test and its reason a line."""
    lines = record.read_text().splitlines() if record.exists() else []
    print(f"\nSkipped: {len(lines) or 'nothing'}")
    reasons: dict[str, int] = {}
    for line in lines:
        reason = line.split("\t", 1)[1]
        reasons[reason] = reasons.get(reason, 0) + 1
    for reason, count in reasons.items():
        print(f"  {count} × {reason}")


def _workers() -> list[str]:
    return ["-n", str(min(4, os.cpu_count() or 1))]


def _step(step: list[str]) -> int:
    started = time.monotonic()
    print(f"\n== {' '.join(step[:3])}", flush=True)
    command = step if Path(step[0]).is_absolute() else [str(PYTHON), "-m", *step]
    code = subprocess.call(command)
    print(f"   {time.monotonic() - started:.1f} s", flush=True)
    return code


def _verdict(failed: list[str]) -> int:
    print(f"\nFAILED: {', '.join(failed)}" if failed else "\nAll good.")
    return 1 if failed else 0


# Small things


def _say(text: str) -> int:
    print(text, file=sys.stderr)
    return 2


def _runs(python: Path, *arguments: str) -> bool:
    """Whether that Python is there and new enough."""
    probe = arguments or ("-c", f"import sys; sys.exit(sys.version_info < {OLDEST})")
    if not python.exists():
        return False
    return subprocess.run([str(python), *probe], capture_output=True, check=False).returncode == 0


def _run(command: list[str]) -> None:
    code = subprocess.call(command)
    if code:
        raise SystemExit(f"{' '.join(command)} ended with {code}")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
