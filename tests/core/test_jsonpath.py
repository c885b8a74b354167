"""Answers are those of kubectl's own engine, with missing keys as errors as Argo has them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core import jsonpath

DOCUMENT = {
    "health": {"status": "ok"},
    "average.duration": 12.5,
    "list": [{"n": "a", "v": 1}, {"n": "b", "v": 2}, {"n": "c", "v": 3}],
    "m": {"x": 1, "y": 2},
    "nul": None,
    "t": True,
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("{$.health.status}", ["ok"]),
        ("{ .health.status }", ["ok"]),
        ("{.health}", [{"status": "ok"}]),
        ("{['health']['status']}", ["ok"]),
        ("{.health['status']}", ["ok"]),
        ("{@.t}", [True]),
        ("{.nul}", [None]),
        ("{.average\\.duration}", [12.5]),
        ("{$}", [DOCUMENT]),
        ("{}", [DOCUMENT]),
        ("{.list[0].n}", ["a"]),
        ("{.list[-1].n}", ["c"]),
        ("{.list[0:2].n}", ["a", "b"]),
        ("{.list[::2].n}", ["a", "c"]),
        ("{.list[-2:].n}", ["b", "c"]),
        ("{.list[0:-1].n}", ["a", "b"]),
        ("{.list[3:]}", []),
        ("{.list[*].v}", [1, 2, 3]),
        ("{.m.*}", [1, 2]),
        ("{..v}", [1, 2, 3]),
        ("{.list..n}", ["a", "b", "c"]),
        ("{.list[*]['n','v']}", ["a", "b", "c", 1, 2, 3]),
        ("{.list[0,2].n}", ["a", "c"]),
        ("{.list[?(@.v>1)].n}", ["b", "c"]),
        ("{.list[?(@.v>1.5)].n}", ["b", "c"]),
        ("{.list[?(@.v>9)]}", []),
        ('{.list[?(@.n=="b")].v}', [2]),
        ("{.list[?(1==@.v)].n}", ["a"]),
        ("{.list[?(@.n)].v}", [1, 2, 3]),
        ("{.list[?(@.z)]}", []),
        ("{range .list[*]}{.n}{end}", ["a", "b", "c"]),
        ("{range .list[*]}{.n},{end}", ["a", ",", "b", ",", "c", ","]),
        ("{range .list[*]}{.n}", ["a", "b", "c"]),
        ("{range .list[*]}{range $}{.n}{end}{end}!", ["a", "b", "c", "!"]),
        ("a{.t}b", ["a", True, "b"]),
        ("$.health", ["$.health"]),
        ('{"x"}', ["x"]),
        ("{true}", [True]),
        ("{1}", [1]),
        ("", []),
    ],
)
def test_find_gives_what_kubectl_gives(path, found):
    assert jsonpath.find(path, DOCUMENT) == found


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("{$.missing}", "missing is not found"),
        ("{$['average.duration']}", "average is not found"),
        ("{.health.status.x}", "x is not found"),
        ("{.nul.x}", "x is not found"),
        ("{..zz}", "zz is not found"),
        ("{.list[?(@.v>9)].n}", "n is not found"),
        ("{.list[5]}", "array index out of bounds: index 5, length 3"),
        ("{.list[-5]}", "array index out of bounds: index -2, length 3"),
        ("{.list[10:20]}", "array index out of bounds: index 10, length 3"),
        ("{.list[2:1]}", "starting index 2 is greater than ending index 1"),
        ("{.list[::0]}", "step must be > 0"),
        ("{.m[0]}", "map[string]interface {} is not array or slice"),
        ("{.m[*]}", "map[string]interface {} is not array or slice"),
        ("{.t[0]}", "bool is not array or slice"),
        ("{.m[?(@.x)]}", "cannot be filtered"),
        ('{.list[?(@.v>="x")].v}', "incompatible types for comparison"),
        ("{.list[?(@.n=='a' && @.v==1)].v}", "unrecognized character in action: U+0026 '&'"),
        ("{.health", "unclosed action"),
        ("{.list[a]}", "invalid array index a"),
        ("{.list[0}", "unterminated array"),
        ("{'x}", "unterminated quoted string"),
        ("{health.status}", "unrecognized identifier health"),
        ("{end}", "not in range, nothing to end"),
        ("{" + ".." * 40 + "v}", "too many values"),
        ("{" + ".a" * 4000 + "}", "longer than"),
    ],
)
def test_find_refuses_with_the_words_of_client_go(path, words):
    document = DOCUMENT if ".." * 40 not in path else {"a": [[[{"v": [1]}] * 9] * 9] * 9}
    with pytest.raises(jsonpath.JsonPathError) as caught:
        jsonpath.find(path, document)
    assert words in str(caught.value)


values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(
    path=st.text(max_size=30)
    | st.text(alphabet="{}$@.[]*?()ab01:,-'\"\\ <>=!range end", max_size=40),
    value=values,
)
def test_find_raises_only_its_error_when_given_any_path(path, value):
    try:
        jsonpath.find(path, value)
        jsonpath.find("{" + path + "}", value)
    except jsonpath.JsonPathError:
        pass
