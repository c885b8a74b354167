"""Every time that Slack shows is shown on its reader's clock: a date token, never bare digits."""

import dataclasses
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import bot
from bot.core import moments
from bot.model import home as home_model
from bot.model import messages as m
from bot.model import policy
from bot.render import answers, home, rendering, words
from tests.render import examples as ex
from tests.render import nasty  # noqa: F401 - its strategies of all parts
from tests.render.limits import problems

AT = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
SAID = f"shut until {moments.utc(AT)}"
TOKEN = re.compile(r"<!date\^\d+\^[^<>|]*\|[^<>|]*>")
CLOCK = re.compile(r"\d\d?[:∶]\d\d")
SENTENCES = [
    m.SentenceFacts(sentences=(SAID,)),
    m.ListFacts(cluster="c", namespace="", rows=(ex.row(m.News.HOLDS, "cart", 17, SAID),)),
    m.WaitingFacts(cluster="c", waiting=(ex.row(m.News.HOLDS, "cart", 17, SAID),)),
    m.DigestFacts(
        cluster="c", cause=m.DigestCause.BURST, rows=(ex.row(m.News.HOLDS, "cart", 17, SAID),)
    ),
    m.SlackWasAway(since=AT, until=AT, lines=(f"cart holds: {SAID}",)),
    m.ThreadFact(kind=m.ThreadKind.OTHER, at=AT, text=SAID),
    ex.card(news=m.News.HOLDS, because=SAID),
    ex.card(news=m.News.HOLDS, warnings=(SAID,)),
    m.PlanFacts(
        rollout=ex.ROLLOUT,
        revision=None,
        now=AT,
        stages=(m.StageFact(text="10 %", weight=10, canary=1, stable=9, at=AT, held=SAID),),
    ),
]


def shown(message):
    """All mrkdwn of a message, and its text."""
    parts = [message.text]
    for block in message.blocks:
        held = [block.get("text"), *block.get("elements", [])]
        parts += [one["text"] for one in held if (one or {}).get("type") == "mrkdwn"]
    return parts


def bare_clocks(message):
    return [hit for text in shown(message) for hit in CLOCK.findall(TOKEN.sub("", text))]


@pytest.mark.parametrize("facts", SENTENCES, ids=lambda one: type(one).__name__)
def test_instant_in_a_sentence_is_shown_on_the_readers_clock(facts):
    message = rendering.render(facts)
    said = "\n".join(shown(message))
    token = f"<!date^{int(AT.timestamp())}^{{date_short_pretty}} {{time}}|{moments.utc(AT)}>"
    assert token in said
    assert bare_clocks(message) == []
    assert problems(message) == []


@pytest.mark.parametrize("kind", m.Facts.__args__, ids=lambda kind: kind.__name__)
def test_no_message_says_a_bare_clock_time_whatever_its_facts(kind):
    texts = st.sampled_from(("cart", SAID, f"{SAID}, or later", moments.exactly(AT)))

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def check(data):
        facts = data.draw(st.builds(kind, **_sentences(kind, texts)))
        given_texts = repr(facts).replace(moments.utc(AT), "").replace(moments.exactly(AT), "")
        assume(not CLOCK.search(given_texts))  # a name may look like one
        assert bare_clocks(rendering.render(facts)) == []

    check()


def _sentences(kind, texts):
    """Of each field that holds one text or several: such as have an instant in them."""
    types = {field.name: field.type for field in dataclasses.fields(kind)}
    one = {name: texts for name, type_ in types.items() if type_ is str}
    many = {
        name: st.lists(texts, max_size=3).map(tuple)
        for name, type_ in types.items()
        if type_ == tuple[str, ...]
    }
    return one | many


def test_home_tab_and_refusals_show_instants_on_the_readers_clock():
    freeze = policy.Freeze(
        id="f", scope=policy.Scope(), reason=SAID, by="dana", at=AT, until=AT, stop=False
    )
    row = ex.row(m.News.HOLDS, "cart", 17, SAID)
    facts = home_model.HomeFacts(
        cluster="c", at=AT, waiting=(row,), failed=(row,), freezes=(freeze,)
    )
    for message in (home.home(facts), answers.denied(SAID, ask=())):
        assert str(int(AT.timestamp())) in "".join(shown(message))
        assert bare_clocks(message) == []


def test_no_token_stands_within_a_link():
    said = words.link("https://x.example/p1", words.plain(SAID))
    assert said == f"<https://x.example/p1|{SAID}>"


# Text that Slack does not draw: a chart, a file, a console, a webhook, a clock without a day.
OF_THEIR_OWN = {
    "core/moments.py", "render/words.py", "render/scales.py", "render/postmortem.py",
    "render/feed.py", "model/subscriptions.py", "model/chain.py", "core/codec_status.py",
    "core/hashing/go_json.py", "core/links.py",
}  # fmt: skip
CONSOLES = ("cli/", "local/", "adapters/")


def test_only_moments_write_a_clock_time_into_a_sentence():
    root = Path(bot.__file__).parent
    places = [*root.rglob("*.py"), *(root.parent / "handlers").rglob("*.py")]
    found = {
        place.relative_to(root if root in place.parents else root.parent).as_posix()
        for place in places
        if "%H:%M" in place.read_text()
    }
    assert {one for one in found if not one.startswith(CONSOLES)} <= OF_THEIR_OWN
