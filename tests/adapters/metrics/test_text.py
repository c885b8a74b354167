"""Number and JSON text as Go writes it."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.metrics import text


@pytest.mark.parametrize(
    ("value", "plain", "in_json"),
    [
        (1.0, "1", "1"),
        (0.5, "0.5", "0.5"),
        (-0.0, "-0", "-0"),
        (100.0, "100", "100"),
        (1e21, "1000000000000000000000", "1e+21"),
        (1.5e300, "15" + "0" * 299, "1.5e+300"),
        (1e-7, "0.0000001", "1e-7"),
        (1e-6, "0.000001", "0.000001"),
        (0.1 + 0.2, "0.30000000000000004", "0.30000000000000004"),
        (math.nan, "NaN", "NaN"),
        (-math.inf, "-Inf", "-Inf"),
    ],
)
def test_number_is_written_as_go_writes_it(value, plain, in_json):
    assert text.number(value) == plain
    assert text.compact_json(value) == in_json


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_number_gives_the_same_number_back(value):
    assert float(text.number(value)) == value
    assert json.loads(text.compact_json(value), parse_int=float) == value
    assert "e" not in text.number(value)


def test_compact_json_sorts_keys_and_escapes_as_go():
    assert text.compact_json({"b": [1.0, None], "a": "<&>\u2028"}) == (
        '{"a":"\\u003c\\u0026\\u003e\\u2028","b":[1,null]}'
    )
