"""A tiny API server, objects of a shop, and a stage on it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.local.traffic import Traffic, envoy, errors
from tests.local.traffic import server as servers


@pytest.fixture
async def server() -> AsyncIterator[servers.Server]:
    one = servers.Server()
    await one.start()
    yield one
    await one.stop()


@pytest.fixture
async def traffic(server: servers.Server, tmp_path: Path) -> AsyncIterator[Traffic]:
    """No load of its own, pods without latency of getting ready, the embedded metrics."""
    try:
        envoy.program()
    except errors.PartMissing as missing:
        pytest.skip(str(missing))
    one = Traffic()
    await one.start(
        kubeconfig=server.kubeconfig(tmp_path / "kubeconfig"),
        namespace="shop",
        directory=tmp_path / "stage",
        rate=None,
        ready_s=0.0,
        embedded_only=True,
    )
    yield one
    await one.stop()
