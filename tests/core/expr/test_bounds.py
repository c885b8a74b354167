"""No text does harm: only ExprError comes out, and the budgets bite. No clock is read here."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core import expr
from bot.core.expr import budget, cursor, parser, shapes

json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["a", "b", "c"]) | st.text(max_size=3), inner, max_size=4
        )
    ),
    max_leaves=8,
)
NAMES = sorted(parser.BUILTINS | {"asInt", "asFloat", "isNaN", "isInf", "isNil", "default"})
OPERATORS = [*parser._BINARY, "not in", "not matches", "?:"]
atoms = st.sampled_from(
    ["0", "1", "2.5", "1e9", "'a'", "'('", "true", "false", "nil", "result", "result.a", "#", ".b",
     "result[0]", "[]", "[1, 'x']", "{a: 1}", "1..3", "now()", "duration('1h')", "#acc", "$env",
     "9223372036854775807", "'\\u00e9'", "result?.a?.b", "-1"]
)  # fmt: skip


def grown(inner):
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(OPERATORS), inner),
        st.builds("{} {} {}".format, inner, st.sampled_from(OPERATORS), inner),
        st.builds("{}({})".format, st.sampled_from(NAMES), inner),
        st.builds("{}({}, {})".format, st.sampled_from(NAMES), inner, inner),
        st.builds("{}({}, {}, {})".format, st.sampled_from(NAMES), inner, inner, inner),
        st.builds("{}{}".format, st.sampled_from(["-", "!", "not ", "+"]), inner),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("{}[{}:{}]".format, inner, inner, inner),
        st.builds("{} ? {} : {}".format, inner, inner, inner),
        st.builds("let x = {}; x == {}".format, inner, inner),
        st.builds("{} | {}()".format, inner, st.sampled_from(NAMES)),
        st.builds("{}.{}()".format, inner, st.sampled_from(["Hours", "Year", "Add", "x"])),
    )


def answers(source, result, shape="any"):
    """Evaluate; anything but a value or an ExprError fails the test."""
    try:
        return expr.evaluate_any(source, result, shape=shape)
    except expr.ExprError as error:
        return str(error)


@settings(max_examples=200, deadline=None)
@given(source=st.text(max_size=60), result=json_values)
def test_evaluate_raises_only_its_error_when_given_any_text(source, result):
    answers(source, result)


@settings(max_examples=200, deadline=None)
@given(
    source=st.text(alphabet="result[0]()>=&|!#.?:'\"`\\{},;+-*/%^ inotadf19_", max_size=60),
    result=json_values,
)
def test_evaluate_raises_only_its_error_when_given_likely_text(source, result):
    answers(source, result)


@settings(max_examples=500, deadline=None)
@given(source=st.recursive(atoms, grown, max_leaves=8), result=json_values)
def test_evaluate_raises_only_its_error_when_given_grammatical_text(source, result):
    answers(source, result)


@settings(max_examples=200, deadline=None)
@given(source=st.recursive(atoms, grown, max_leaves=6), result=json_values)
def test_evaluate_gives_the_same_answer_twice(source, result):
    assert repr(answers(source, result)) == repr(answers(source, result))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("(" * 2000, "nests too deeply"),
        ("-" * 3000 + "1", "nests too deeply"),
        ("[" * 2000 + "]" * 2000, "nests too deeply"),
        ("+".join(["1"] * 2000), "nests too deeply"),
        ("true ? " * 500 + "1", "nests too deeply"),
        ("1 " * parser.MAX_SOURCE, "longer than"),
        ("1..2000000", "memory budget exceeded"),
        ("repeat('a', 2000000)", "memory budget exceeded"),
        ("repeat(repeat('a', 1000), 1000000)", "memory budget exceeded"),
        ("map(1..3000, map(1..3000, # + 1))", "budget exceeded"),
        ("reduce(1..200, #acc + #acc, 'a')", "budget exceeded"),
        ("uniq(1..20000)", "evaluation budget exceeded"),
        ("sort(map(1..9000, -#))", "evaluation budget exceeded"),
        ("repeat('a', 400000) matches '(a+)+$'", "evaluation budget exceeded"),
        ("map(1..1000, upper(repeat('a', 9000)))", "budget exceeded"),
        ("'a' matches '((a{1,900}){1,900}){1,900}'", "error parsing regexp"),
        ("fromJSON(repeat('[', 40000))", "e"),
    ],
)
def test_evaluate_stops_when_a_budget_is_used_up(source, words):
    with pytest.raises(expr.ExprError) as caught:
        expr.evaluate_any(source, [1])
    assert words in str(caught.value)


def test_parse_counts_nodes(monkeypatch):
    monkeypatch.setattr(cursor, "MAX_NODES", 10)
    parser.parse.cache_clear()
    with pytest.raises(expr.ExprError, match="maximum allowed nodes"):
        expr.evaluate_any("[1,2,3,4,5,6,7,8,9,10]", None)


def test_evaluator_takes_one_step_a_node_and_element(monkeypatch):
    """``all`` over n elements: 4 nodes an element and 2 for the call."""
    for steps, enough in ((4 * 50 + 2, True), (4 * 50 + 1, False)):
        monkeypatch.setattr(budget, "MAX_STEPS", steps)
        found = answers("all(result, # > 0)", [1.0] * 50)
        assert found is True if enough else found == "evaluation budget exceeded"


def test_evaluate_refuses_a_value_that_is_too_large_or_too_deep():
    deep = json.loads("[" * 300 + "]" * 300)
    assert answers("true", deep) == "value nests too deeply"
    assert answers("true", [0] * (shapes.MAX_VALUES + 1)) == "memory budget exceeded"


@pytest.mark.parametrize("name", ["__class__", "__dict__", "append", "keys", "real", "format"])
@pytest.mark.parametrize("result", [1.5, "s", [1], None, True])
def test_evaluate_knows_no_python_attributes(name, result):
    assert isinstance(answers(f"result.{name}", result), str)
    assert answers(f"result.{name}", {"a": 1}) is None
