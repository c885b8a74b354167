"""The session's control plane; its tests are skipped where it cannot be had."""

from collections.abc import Iterator

import pytest

from tests.cluster import binaries
from tests.cluster.control_plane import ControlPlane


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    if reason := binaries.missing():
        pytest.skip(reason)
    with ControlPlane() as plane:
        yield plane
