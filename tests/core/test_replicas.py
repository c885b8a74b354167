"""Pods from weights: every cell of the golden table, the limits, and the sizes with a router."""

from datetime import UTC, datetime

import pytest

from bot.core import replicas, weights
from bot.model import spec, world

WEIGHTS = (1, 5, 10, 20, 25, 33, 40, 50, 60, 75, 90, 99)
NO_SURGE = {
    1: "0/1 0/1 0/1 0/1 0/1 0/1 0/1 1/0 1/0 1/0 1/0 1/0",
    2: "1/1 1/1 1/1 1/1 1/1 1/1 1/1 1/1 1/1 1/1 1/1 1/1",
    3: "1/2 1/2 1/2 1/2 1/2 1/2 1/2 2/1 2/1 2/1 2/1 2/1",
    5: "1/4 1/4 1/4 1/4 1/4 2/3 2/3 3/2 3/2 4/1 4/1 4/1",
    10: "1/9 1/9 1/9 2/8 3/7 3/7 4/6 5/5 6/4 8/2 9/1 9/1",
}
SURGE = {
    1: "1/1 1/1 1/1 1/1 1/1 1/1 1/1 1/1 1/1 1/1 1/1 1/1",
    2: "1/2 1/2 1/2 1/2 1/2 1/2 1/2 1/1 2/1 2/1 2/1 2/1",
    3: "1/3 1/3 1/3 1/3 1/3 1/2 1/2 2/2 2/1 3/1 3/1 3/1",
    4: "1/4 1/4 1/4 1/4 1/3 2/3 2/3 2/2 3/2 3/1 4/1 4/1",
    5: "1/5 1/5 1/5 1/4 1/4 2/4 2/3 3/3 3/2 4/1 5/1 5/1",
    7: "1/7 1/7 1/7 2/6 2/6 2/5 3/5 4/4 5/3 6/2 7/1 7/1",
    10: "1/10 1/10 1/9 2/8 3/8 3/7 4/6 5/5 6/4 8/3 9/1 10/1",
}
CELLS = [
    pytest.param(surge, r, weight, cell, id=f"surge{surge}-r{r}-w{weight}")
    for table, surges in ((NO_SURGE, (0,)), (SURGE, (1, 3)))
    for surge in surges
    for r, row in table.items()
    for weight, cell in zip(WEIGHTS, row.split(), strict=True)
]


def cell(sizes):
    return f"{sizes.canary}/{sizes.stable}"


@pytest.mark.row(10)
@pytest.mark.parametrize(("surge", "r", "weight", "wanted"), CELLS)
def test_split_is_nearest_to_the_weight_when_pods_give_it(surge, r, weight, wanted):
    assert cell(replicas.approximate(r, weight, surge)) == wanted


@pytest.mark.row(11)
@pytest.mark.parametrize(("r", "weight"), [(2, 75), (5, 90), (10, 95), (25, 98), (50, 99)])
def test_one_stable_pod_stays_when_half_a_pod_is_left_and_there_is_no_surge(r, weight):
    assert cell(replicas.approximate(r, weight, 0)) == f"{r - 1}/1"


@pytest.mark.parametrize("surge", [0, 1])
@pytest.mark.parametrize("r", [0, 1, 5])
def test_one_side_is_empty_when_the_weight_is_0_or_100(r, surge):
    assert cell(replicas.approximate(r, 0, surge)) == f"0/{r}"
    assert cell(replicas.approximate(r, 100, surge)) == f"{r}/0"


def pods(name, count, available=None, revision=1):
    return world.ReplicaSet(
        name=name,
        hash=name,
        revision=revision,
        replicas=count,
        current=count,
        available=count if available is None else available,
        created=datetime(2026, 11, 23, tzinfo=UTC),
        template={},
    )


@pytest.mark.row(12)
@pytest.mark.parametrize(
    ("surge", "unavailable", "wanted"),
    [
        pytest.param(3, 0, "3/10", id="surge-3"),
        pytest.param(0, 5, "0/7", id="unavailable-5"),
        pytest.param(1, 1, "1/9", id="one-of-each"),
    ],
)
def test_first_pass_stays_within_the_limits(surge, unavailable, wanted):
    limits = replicas.Limits(replicas=10, surge=surge, unavailable=unavailable)
    target = replicas.approximate(10, 30, surge)
    found = replicas.limited(target, limits, pods("new", 0), pods("old", 10), ())
    assert cell(found) == wanted


@pytest.mark.row(12)
@pytest.mark.parametrize("r", range(12))
@pytest.mark.parametrize("surge", [0, 1, 3])
def test_a_split_always_comes_to_its_end_within_the_limits(r, surge):
    unavailable = min(r, 0 if surge else 1)
    limits = replicas.Limits(replicas=r, surge=surge, unavailable=unavailable)
    for weight in range(0, 101, 3):
        target = replicas.approximate(r, weight, surge)
        new, old = pods("new", 0), pods("old", r)
        for _ in range(40):
            found = replicas.limited(target, limits, new, old, ())
            assert found.canary + found.stable <= limits.most
            kept = min(found.canary, new.available) + min(found.stable, old.available)
            assert kept >= limits.least_available
            new, old = pods("new", found.canary), pods("old", found.stable)
        assert found == target


def test_retired_pods_go_newest_first_when_enough_are_available():
    limits = replicas.Limits(replicas=4, surge=1, unavailable=0)
    old = [pods("a", 2, revision=1), pods("b", 3, available=2, revision=2)]
    assert replicas.retired_down(old, limits, available=5) == {"a": 2, "b": 1}


@pytest.mark.row(24)
@pytest.mark.parametrize(
    ("weight", "r", "explicit", "seen", "wanted"),
    [
        pytest.param(20, 5, None, 0, "1/5", id="exact"),
        pytest.param(1, 10, None, 0, "1/10", id="rounded-up"),
        pytest.param(0, 10, None, 0, "0/10", id="none"),
        pytest.param(100, 10, None, 0, "10/10", id="all"),
        pytest.param(20, 10, 7, 0, "7/10", id="explicit"),
        pytest.param(20, 10, 0, 0, "0/10", id="explicit-none"),
        pytest.param(20, 10, None, 50, "5/10", id="pods-stay-while-traffic-does"),
    ],
)
def test_stable_stays_whole_when_a_router_splits(weight, r, explicit, seen, wanted):
    assert cell(replicas.routed(weight, r, explicit, seen)) == wanted


STEPS = (spec.Pause(), spec.SetWeight(weight=20), spec.Pause(), spec.SetWeight(weight=60))


@pytest.mark.parametrize(("index", "now", "before"), [
    (0, 0, 0), (1, 20, 0), (2, 20, 20), (3, 60, 20), (4, 100, 60), (9, 100, 60),
])  # fmt: skip
def test_weight_is_that_of_the_nearest_step(index, now, before):
    assert weights.at_step(spec.Canary(steps=STEPS), index) == now
    assert weights.before_step(STEPS, index) == before


def test_weight_is_100_when_there_are_no_steps():
    assert weights.at_step(spec.Canary(), 0) == 100
