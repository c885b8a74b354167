from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.adapters.kubernetes import api as api_module
from bot.adapters.kubernetes import credentials, session
from tests.adapters.kubernetes import scripted


@pytest.fixture
async def server() -> AsyncIterator[scripted.Server]:
    async with scripted.Server() as running:
        yield running


@pytest.fixture
def config_file(server: scripted.Server, tmp_path: Path) -> Path:
    path = tmp_path / "config"
    path.write_text(scripted.kubeconfig(server.url))
    return path


@pytest.fixture
async def api(
    server: scripted.Server, config_file: Path
) -> AsyncIterator[api_module.KubernetesApi]:
    known = credentials.Credentials(kubeconfig=str(config_file))
    async with session.Session(credentials=known) as opened:
        yield api_module.KubernetesApi(session=opened)
