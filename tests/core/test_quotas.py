"""Whether more pods fit into the quotas of a namespace."""

import pytest

from bot.core import quotas

TEMPLATE = {
    "spec": {
        "containers": [
            {"name": "a", "resources": {"requests": {"cpu": "500m"}, "limits": {"memory": "1Gi"}}},
            {"name": "b", "resources": {"requests": {"cpu": "1"}}},
        ]
    }
}


def quota(hard, used, **spec):
    return {
        "metadata": {"name": "team"},
        "spec": {"hard": hard, **spec},
        "status": {"hard": hard, "used": used},
    }


@pytest.mark.parametrize(
    ("found", "more", "said"),
    [
        ([], 4, ""),
        ([quota({"pods": "20"}, {"pods": "12"})], 4, "fits: quota team has 20 pods, 12 used"),
        ([quota({"pods": "20"}, {"pods": "16"})], 4, "fits: quota team has 20 pods, 16 used"),
        (
            [quota({"pods": "20"}, {"pods": "17"})],
            4,
            "does not fit: quota team has 20 pods, 17 used",
        ),
        (
            [quota({"pods": "20", "requests.cpu": "8"}, {"pods": "1", "requests.cpu": "2500m"})],
            4,
            "does not fit: quota team has 8 requests.cpu, 2500m used",
        ),
        (
            [quota({"requests.memory": "4Gi"}, {"requests.memory": "1Gi"})],
            4,
            "does not fit: quota team has 4Gi requests.memory, 1Gi used",
        ),
        ([quota({"services": "1"}, {"services": "1"})], 4, ""),
        ([quota({"pods": "1"}, {"pods": "1"}, scopes=["BestEffort"])], 4, ""),
        ([quota({"pods": "many"}, {})], 4, ""),
        ([{"spec": 7}], 4, ""),
    ],
)
def test_room_is_said_by_the_tightest_quota(found, more, said):
    assert quotas.room(found, TEMPLATE, more) == said
