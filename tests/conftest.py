"""What all tests share: the real control plane, and that no skip goes unnoticed.

A run ends with what was skipped, why, and the one line that enables it. With REQUIRE_ALL=1 a
skip is a failure.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.cluster import binaries
from tests.cluster import control_plane as planes

# Machines are shared and noisy: how long an example took says nothing of what is tested.
hypothesis.settings.register_profile(
    "shared machine",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("shared machine")

# A word of the reason, and what makes it untrue.
ENABLE = {
    "control plane": "python3 dev.py plane",
    "chrom": "apt-get install chromium chromium-driver fonts-dejavu-core",
    "prometheus": "apt-get install prometheus",
    "envoy": "python3 dev.py test (installs it)",
    "openssl": "apt-get install openssl",
    "postgresql": "apt-get install postgresql",
}


@pytest.fixture(scope="session")
def control_plane() -> planes.ControlPlane:
    """One for the whole session, started when the first test asks for it."""
    if reason := binaries.missing():
        pytest.skip(reason)
    return planes.shared()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that wait for minutes begin first: others run beside them."""
    items.sort(key=lambda item: item.get_closest_marker("patient") is None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if hasattr(terminalreporter.config, "workerinput"):
        return  # a worker of a parallel run: its leader tells of all
    skipped = list(_skipped(terminalreporter))
    if record := os.environ.get("SKIPPED_RECORD"):
        with Path(record).open("a") as lines:
            lines.writelines(f"{test}\t{reason}\n" for test, reason in skipped)
    if not skipped:
        return
    terminalreporter.section("skipped, and what enables it")
    for reason in dict.fromkeys(reason for _, reason in skipped):
        terminalreporter.line(reason)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("REQUIRE_ALL") != "1" or reporter is None:
        return
    if any(_skipped(reporter)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _skipped(reporter: pytest.TerminalReporter) -> Iterator[tuple[str, str]]:
    """Each skipped test with its reason; where nothing better is known, the reason alone."""
    for report in reporter.stats.get("skipped", []):
        text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reason = text.removeprefix("Skipped: ").splitlines()[0]
        line = next((line for word, line in ENABLE.items() if word in reason.lower()), "")
        enable = f"  →  {line}" if line and line not in reason else ""
        yield report.nodeid, reason + enable
