"""Every answer here is what expr-lang 1.17.8 gave with Argo's environment."""

import json
import math
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.core import expr

NOW = datetime(2026, 11, 23, tzinfo=UTC)
CASES = json.loads(Path(__file__).with_name("expr-cases.json").read_text())
# Rows that we answer differently, by number, with the reason. There are none.
DIFFERENT: dict[int, str] = {}


def plain(value):
    if isinstance(value, dict):
        if set(value) == {"$float"}:
            return float(value["$float"])
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


def ask(case):
    try:
        return expr.evaluate(case["expr"], plain(case["result"]), shape=case["shape"], now=NOW)
    except expr.ExprError as error:
        return str(error)


@pytest.mark.row(89)
@pytest.mark.parametrize(
    "number", range(len(CASES)), ids=[f"{i}-{case['expr']}" for i, case in enumerate(CASES)]
)
def test_evaluate_answers_as_expr_does(number):
    case = CASES[number]
    wanted = case["expected"]
    if wanted == "error":
        wanted = case["message"].removeprefix("compile: ").removeprefix("run: ")
    if number not in DIFFERENT:
        assert ask(case) == wanted


def test_evaluate_counts_no_row_twice():
    assert len(CASES) == 99
    assert set(DIFFERENT) <= set(range(len(CASES)))


@pytest.mark.parametrize(
    ("source", "result", "wanted"),
    [
        ("isNil(result) || result > 1", None, "mismatched types unknown and int"),
        ("result.a and 'x'", {"a": True}, "mismatched types interface {} and string"),
        ("result.a in 'abc'", {"a": "a"}, 'operator "in" not defined on string'),
        ("result.a in ['x', 'y']", {"a": 1}, "not assignable to type string"),
        ("result ?? 0 < 1", 3, "coalesce expressions (??) cannot be mixed"),
        ("result.a % 2 == 0", {"a": 3}, "invalid operation: float64 % int"),
        ("1 % 0 == 1", None, "integer divide by zero"),
        ("nosuch > 1", {}, "unknown name nosuch"),
        ("", None, "unexpected token EOF"),
        ("1 == ", None, "unexpected token EOF"),
        ("result == 10 10", 10, 'unexpected token Number("10")'),
        ("'open", None, "literal not terminated"),
        ("result matches '('", "a", "error parsing regexp"),
        ("all(result.x, # > 1)", {}, "zero Value"),
        ("result.x()", {"x": 1}, "cannot call non-function of type float64"),
        ("let len = 1; true", None, "cannot redeclare builtin len"),
        ("duration('1d') > duration('1h')", None, 'invalid duration "1d"'),
        ("upper(result.x) == 'A'", {"x": 1}, "interface {} is float64, not string"),
        ("result", {"a": 1}, "expected bool, but got map[string]interface {}"),
        ("result[0] > 1", [], "reflect: slice index out of range"),
        ("result and", True, "unexpected token EOF"),
        ("len(1..3, 4)", None, "invalid number of arguments (expected 1, got 2)"),
        ("[1] < [2]", None, "mismatched types []interface {} and []interface {}"),
        ("now() > now()", None, "now() is not available here"),
        ("result.x.y == 1", {"x": "s"}, "invalid operation: int(string)"),
        ("asFloat(1) > 0", None, "asFloat() not supported on type int"),
        ("isNaN(nil)", None, "cannot use nil as argument (type float64) to call isNaN"),
    ],
)
def test_evaluate_refuses_with_the_words_of_expr(source, result, wanted):
    with pytest.raises(expr.ExprError) as caught:
        expr.evaluate(source, result)
    assert wanted in str(caught.value)


@pytest.mark.parametrize(
    ("source", "result", "wanted"),
    [
        ("default(result, 5)", None, 5),
        ("result.b?.c.d", {}, None),
        ("result.b ?? 3", {}, 3),
        ("-2 ** 2", None, -4.0),
        ("2 ** 3 ** 2", None, 512.0),
        ("5 / 0", None, math.inf),
        ("-7 % 3", None, -1),
        ("9223372036854775807 + 1", None, -9223372036854775808),
        ("1 < 2 < 3", None, True),
        ("{a: 1} == {a: 1.0}", None, False),
        ("[1, 2] == [1.0, 2.0]", None, True),
        ("isNaN(1 + 1)", None, False),
        ("result.s and true", {"s": "q"}, "q"),
        ("result[1:]", [1, 2, 3], [2.0, 3.0]),
        ("findIndex(result, # > 9)", [1], None),
        ("reduce(result, #acc + #, 0)", [1, 2], 3.0),
        ("map(result, {.a})", [{"a": 1}], [1.0]),
        ("sortBy(result, -#)", [1, 2], [2.0, 1.0]),
        ("len(groupBy(result, # > 1)[true])", [1, 2, 3], 2),
        ("if result > 5 {1} else if result > 3 {2} else {3}", 4, 2),
        ("result ?: 3", True, True),
        ("string(result)", [1, 2.5, "x", None], "[1 2.5 x <nil>]"),
        ("string(1e21)", None, "1e+21"),
        ("type(result)", {}, "map"),
        ("round(-2.5)", None, -3.0),
        ("median(result)", [3, 1, 2], 2.0),
        ("split('a,b,c', ',', 2)", None, ["a", "b,c"]),
        ("fromJSON('{\"a\": [1]}').a[0]", None, 1.0),
        ("fromBase64(toBase64('né'))", None, "né"),
        ("bitushr(-1, 60)", None, 15),
        ("1 not in [2]", None, True),
        ("`a``b`", None, "a`b"),
        ('"\\u00e9\\x41"', None, "éA"),
        ("1 /* one */ + 1 // two", None, 2),
        ("string(duration('90m'))", None, "1h30m0s"),
        ("date('2020-01-01T00:00:00Z').Year()", None, 2020),
        ("'abcabc' matches '^(abc)+$'", None, True),
        ("asFloat('1e3')", None, 1000.0),
        ("asInt(-2.9)", None, -2),
        ("max(1, 2.5, [3])", None, 3),
        ("+result.f", {"f": True}, True),
        ("sort(result, 'desc')", [1, 3, 2], [3.0, 2.0, 1.0]),
    ],
)
def test_evaluate_any_gives_the_value(source, result, wanted):
    found = expr.evaluate_any(source, result)
    assert (type(found) is type(wanted) or isinstance(found, list)) and found == wanted


def test_evaluate_compares_a_nan_with_nothing():
    assert expr.evaluate("result[0] >= 0.95", [math.nan], shape="[]float64") is False
    assert expr.evaluate("result == result", math.nan, shape="float64") is False


@pytest.mark.parametrize(
    ("result", "shape"),
    [("x", "float64"), ([1, "x"], "[]float64"), (None, "float64"), ({1, 2}, "any"), (1, "int")],
)
def test_evaluate_refuses_a_value_of_another_shape(result, shape):
    with pytest.raises(expr.ExprError):
        expr.evaluate_any("true", result, shape=shape)
