"""For pytest: keeps the tests that carry an asked row, and writes down how each of them ended.

Used as ``-p tests.parity.plugin``; without its options it changes nothing.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parity.verdicts import Outcome, Where

PROPERTY = "parity"
# The stage, its cluster, and the suite that runs against both clusters.
LOCAL = ("tests/e2e/", "tests/local/", "tests/contracts/cluster_api/")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("parity")
    group.addoption("--parity-rows", help="numbers of rows, separated by commas")
    group.addoption("--parity-where", help="only tests that run there: pure, local or real")
    group.addoption("--parity-record", type=Path, help="the JSON file of outcomes to write")


def pytest_configure(config: pytest.Config) -> None:
    if config.option.parity_rows:
        config.pluginmanager.register(Rows(config), "parity-rows")


class Rows:
    """Selects and records for one session."""

    def __init__(self, config: pytest.Config) -> None:
        self._wanted = {int(number) for number in config.option.parity_rows.split(",")}
        self._where = config.option.parity_where
        self._record = config.option.parity_record
        self._found: dict[str, dict[str, object]] = {}

    # Last: plugins and fixtures of others may still mark tests before.
    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        kept, left = [], []
        for item in items:
            rows, where = sorted(self._wanted.intersection(carried(item))), place(item)
            if rows and self._where in (None, where):
                item.user_properties.append((PROPERTY, {"rows": rows, "where": where}))
                kept.append(item)
            else:
                left.append(item)
        items[:] = kept
        config.hook.pytest_deselected(items=left)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        about = dict(report.user_properties).get(PROPERTY)
        if not isinstance(about, dict):
            return
        entry = self._found.setdefault(
            report.nodeid, {"name": report.nodeid, "outcome": Outcome.SKIPPED, "why": ""} | about
        )
        # A failure of set-up or tear-down is one of the test, and nothing takes it back.
        if report.failed:
            entry |= {"outcome": Outcome.FAILED}
        elif report.skipped:
            reason = report.longrepr
            entry["why"] = str(reason[2] if isinstance(reason, tuple) else reason)
        elif report.when == "call" and entry["outcome"] is not Outcome.FAILED:
            entry["outcome"] = Outcome.PASSED

    def pytest_sessionfinish(self) -> None:
        if self._record:
            self._record.write_text(json.dumps(list(self._found.values())))


def carried(item: pytest.Item) -> Iterator[int]:
    for marker in item.iter_markers("row"):
        yield from marker.args


def place(item: pytest.Item) -> Where:
    """Where a test runs, read off what it asks for."""
    fixtures = getattr(item, "fixturenames", ())
    if "control_plane" in fixtures or item.get_closest_marker("cluster"):
        return Where.REAL
    return Where.LOCAL if item.nodeid.startswith(LOCAL) else Where.PURE
