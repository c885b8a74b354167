"""The verb ``look``: what it finds, and what it says where something else stands there."""

import pytest

from tests.conformance import looking

VALUE = {"metadata": {"labels": {"a.b/c": "d"}}, "spec": {"list": [{"x": 1}, {"x": 2}]}}


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("metadata.labels[a.b/c]", "d"),
        ("spec.list.1.x", 2),
        ("spec.list.7.x", None),
        ("spec.nothing.at.all", None),
        ("spec.list.0", {"x": 1}),
    ],
)
def test_place_is_found_when_its_words_are_right(path, wanted):
    assert looking.looked_up(VALUE, path) == wanted


@pytest.mark.parametrize(
    ("given", "found", "fits"),
    [
        ({"is": 3}, 3, True),
        ({"is": 3}, "3", False),
        ({"is": None}, None, True),
        ({"like": "^a.c$"}, "abc", True),
        ({"like": "b$"}, "abc", False),
        ({"like": "a"}, None, False),
    ],
)
def test_value_fits_when_it_is_the_same_or_alike(given, found, fits):
    assert looking.fits(given, found) is fits


def test_order_of_events_is_wrong_when_one_comes_too_early():
    told = ["Normal A", "Normal B", "Normal A"]
    assert looking.out_of_order(told, ["A", "B", "A"]) == ""
    assert "'B'" in looking.out_of_order(told, ["B", "B"])
    assert "'C'" in looking.out_of_order(told, ["A", "C"])


@pytest.mark.parametrize(
    ("seen", "fits"),
    [
        ([(0, 0), (5, 0), (5, 5), (6, 5), (5, 5)], True),
        ([(5, 5), (7, 5)], False),
        ([(5, 5), (6, 4)], False),
        ([(5, 4)], False),
    ],
    ids=["within", "too-many", "too-few", "never-enough"],
)
def test_pods_are_out_of_bounds_when_one_moment_is(seen, fits):
    assert (looking.out_of_bounds(seen, most=6, least=5) == "") is fits
