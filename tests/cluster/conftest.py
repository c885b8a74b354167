"""The control plane for modules elsewhere that import the fixture by name; see tests/conftest.py."""

import pytest

from tests.cluster import binaries
from tests.cluster import control_plane as planes


@pytest.fixture(scope="session")
def control_plane() -> planes.ControlPlane:
    if reason := binaries.missing():
        pytest.skip(reason)
    return planes.shared()
