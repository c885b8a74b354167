"""Facts with the worst strings and numbers that anybody could put into a manifest."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from bot.model import messages as m

NASTY = (
    "<!channel>",
    "<@U0AAAAAA1>",
    "<!subteam^S1>",
    "<https://evil.example|checkout>",
    "`rm -rf`",
    "*bold* _it_ ~no~",
    "\u202egpj.exe",
    "a\u0000b\nc\u2028d",
    "&amp;&lt;!here&gt;",
    "&" * 4000,
    "<" * 4000,
    "x" * 5000,
    "💥" * 3000,
    "\u200d\ufeff",
    "",
    " ",
    ":fire: :100:",
    "> quoted",
    "\ud800",
    "%",
    "100 % of 5%",
    "https://x.example/" + "a" * 5000,
    "|^<!date^1^{time}|x>",
)
TEXT = (
    st.sampled_from(NASTY)
    | st.text(max_size=40)
    | st.lists(st.sampled_from(NASTY), max_size=4).map("".join)
)
TIMES = st.datetimes(
    min_value=datetime(1971, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)
)
FLOATS = st.floats() | st.sampled_from([0.0, -0.0, 1e300, -1e300, 1e-300, 99.6, 1240.0])
INTS = st.integers(-3, 10**9)

st.register_type_strategy(str, TEXT)
st.register_type_strategy(datetime, TIMES)
st.register_type_strategy(float, FLOATS)
st.register_type_strategy(int, INTS)


def _people():
    known = st.builds(m.Person, name=st.just("sam"), slack_id=st.just("U0SAM"))
    return known | st.builds(m.Person)


st.register_type_strategy(m.Person, _people())
st.register_type_strategy(
    m.Button,
    st.builds(m.Button, url=st.sampled_from(("https://x.slack.com/p1?a=1&b=2", *NASTY))),
)


def facts(kind):
    """Any facts of this kind; every field may be anything that its type allows."""
    if kind in (m.WaitingFacts, m.ListFacts):
        rows = st.lists(st.builds(m.RowFact), max_size=3).flatmap(
            lambda some: st.sampled_from([1, 30]).map(lambda n: tuple(some * n))
        )
        names = ("waiting", "moving") if kind is m.WaitingFacts else ("rows",)
        return st.builds(kind, **dict.fromkeys(names, rows))
    if kind is m.CardFacts:
        steps = st.lists(st.builds(m.StepFact), max_size=30).map(tuple)
        return st.builds(kind, steps=steps)
    return st.builds(kind)
