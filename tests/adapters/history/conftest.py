"""Both databases: a file, and a real PostgreSQL."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters import history
from bot.model import records
from tests.adapters.history import server as servers

START = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgres():
    if reason := servers.missing():
        pytest.skip(reason)
    server = servers.Server()
    server.start()
    yield server
    server.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request, tmp_path):
    """Where an empty history can be."""
    if request.param == "sqlite":
        return str(tmp_path / "history.db")
    return request.getfixturevalue("postgres").url()


@pytest.fixture
async def opened(address):
    """Opens the history; each call is another process's."""
    found = []

    def open_one(**more):
        found.append(history.SqlHistory(address, **more))
        return found[-1]

    yield open_one
    for one in found:
        await one.close()


@pytest.fixture
def record():
    def made(number, **more):
        values = {
            "id": f"record-{number}",
            "kind": records.Kind.APPROVED,
            "at": START + timedelta(minutes=number),
            "cluster": "prod-eu",
            "namespace": "shop",
            "rollout": "checkout",
            "uid": "u-1",
            "revision": 42,
            "hash": "abc",
            "actor": "sam",
            "actor_id": "U0SAM",
            "way": records.Way.SLACK,
            "reason": "looks good",
            "before": records.Stand(phase="Paused", weight=50, step=4),
            "after": records.Stand(phase="Progressing", weight=50, step=5),
            "channel": "C1",
            "ts": "1.2",
            "permalink": "https://x.example/archives/C1/p12",
            "gate": "g1",
            "update": records.Update(commit="3f2a1c", shipped_at=START),
        }
        return records.Record(**{**values, **more})

    return made
