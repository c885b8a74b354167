"""Whatever stands in a manifest, Slack takes the message and nobody is called by it."""

import dataclasses
import re
import sys

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.model import errors
from bot.model import messages as m
from bot.render import alerts, answers, blocks, cards, gates, rendering, words
from tests.render import examples as ex
from tests.render import nasty
from tests.render.limits import problems
from tests.render.reading import lines, read

KINDS = m.Facts.__args__
RELAXED = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
MAY_MENTION = ("<@U0SAM>",)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_renderer_stays_within_the_limits_whatever_the_facts(kind):
    @RELAXED
    @given(nasty.facts(kind))
    def check(facts):
        message = rendering.render(facts)
        assert problems(message, may_mention=MAY_MENTION) == []
        assert rendering.render(facts) == message

    check()


@pytest.mark.parametrize("text", nasty.NASTY, ids=lambda text: repr(text[:12]))
def test_renderer_stays_within_the_limits_when_every_text_is_the_same_nasty_one(text):
    bad = dict(cluster=text, namespace=text, name=text, uid=text)
    rollout = m.RolloutId(**bad)
    button = [
        m.Button(kind=kind, value=m.ButtonValue(**bad, revision=text), url=text)
        for kind in m.ButtonKind
    ]
    metric = m.MetricFact(
        name=text, value_text=text, bound_text=text, stable_text=text, message=text, taken=1
    )
    label = m.RevisionLabel(number=42, hash=text, images=(text,) * 20)
    change = m.ChangeFact(
        by=m.Person(name=text, slack_id=text), commit=text, subject=text, changes=(text,) * 20
    )
    common = dict(rollout=rollout, revision=label, stable=ex.V41, buttons=tuple(button))
    card = ex.card(
        **common,
        metrics=(metric,) * 20,
        change=change,
        because=text,
        closing=text,
        warnings=(text,) * 9,
        next_what=text,
        steps=ex.steps(*[text] * 30, done=10),
        canary_pods=m.PodsFact(ready=0, wanted=1, trouble=text),
        header_route=text,
    )
    for news in m.News:
        message = cards.card(dataclasses.replace(card, news=news))
        assert problems(message) == []
    gate = ex.gate(**common, metrics=(metric,) * 20, change=change, approvers=text)
    assert problems(gates.gate(gate)) == []
    alert = ex.alert(**common, metric=metric, git=text, trouble=text, safe=False)
    assert problems(alerts.alert(alert)) == []
    assert problems(answers.no_such(wanted=text, namespace=text, near=(text,) * 9)) == []
    assert problems(answers.usage([text] * 100)) == []


def test_checker_finds_what_slack_would_refuse():
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_001}}
    broken = m.Message(text="<!channel> " + "x" * 4_000, blocks=(section,) * 51)
    found = " ".join(problems(broken))
    for word in ("4,000", "50 blocks", "block_id", "3000", "mentions", "verbatim"):
        assert word in found


@given(nasty.TEXT)
@example("a*b_c_d~e`f")
def test_foreign_text_cannot_format_mention_or_reorder(text):
    said = words.plain(text)
    assert not re.search(r"[<>`*~\n\u200b-\u200f\u202a-\u202e\u2066-\u2069]", said)
    assert len(words.bare(text, 40)) <= 40


def test_foreign_text_keeps_names_whole():
    assert words.plain("env +PAYMENT_RETRIES my-app.shop") == "env +PAYMENT_RETRIES my-app.shop"
    assert words.plain("prometheus:9090 at 12:14") == "prometheus:9090 at 12:14"
    assert words.plain("a < b & c") == "a &lt; b &amp; c"


@given(
    st.lists(st.sampled_from(["<!date^1^{time}|12:01 UTC>", "&amp;", "ab ", "&lt;"])),
    st.integers(1, 60),
)
def test_cut_never_tears_markup_apart(parts, limit):
    cut = words.cut_markup("".join(parts), limit)
    assert len(cut) <= limit
    left = cut.removesuffix("…")
    for whole in ("<!date^1^{time}|12:01 UTC>", "&amp;", "&lt;"):
        left = left.replace(whole, "")
    assert not re.search("[<&;>]", left)


@given(st.builds(m.ButtonValue, step=st.none() | st.integers(0, 99)))
def test_button_value_comes_back_as_it_was(value):
    try:
        text = m.encode_value(value)
    except errors.UserError:
        return
    assert len(text) <= m.VALUE_LIMIT
    assert m.decode_value(text) == value


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(str))
@example("[" * 100_000)
@example("{}")
@example('{"c":1,"n":"","r":"","u":"","h":"","s":null,"g":""}')
@example('{"c":"","n":"","r":"","u":"","h":"","s":true,"g":""}')
@example('{"c":"","n":"","r":"","u":"","h":"","s":-1,"g":""}')
def test_forged_button_value_is_refused_with_a_sentence(text):
    with pytest.raises(errors.UserError):
        m.decode_value(text)


def test_button_is_left_out_when_slack_could_not_carry_it():
    huge = dataclasses.replace(ex.VALUE, gate_id="g" * 3_000)
    item = m.Button(kind=m.ButtonKind.APPROVE, value=huge)
    assert blocks.actions([item], blocks.Stakes()) == []


def test_every_kind_of_button_has_a_label_that_a_phone_shows_whole():
    for kind in m.ButtonKind:
        assert len(blocks.LABELS[kind]) <= 15


def test_abort_always_asks_once_more_and_names_no_reason():
    item = m.Button(kind=m.ButtonKind.ABORT, value=ex.VALUE)
    (row,) = blocks.actions([item], blocks.Stakes())
    assert row["elements"][0]["confirm"]["style"] == "danger"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.4, "0.4 s"),
        (30, "30 s"),
        (99.6, "2 min"),
        (120, "2 min"),
        (3900, "1 h 5 min"),
        (7200, "2 h"),
        (259200, "3 d"),
        (float("nan"), "some time"),
        (-5, "some time"),
    ],
)
def test_duration_is_said_in_one_unit_people_use(seconds, said):
    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(1240, "1,240"), (212.4, "212"), (99.64, "99.6"), (99.0, "99"), (0.0421, "0.042")],
)
def test_number_has_as_many_digits_as_say_something(value, said):
    assert words.number(value) == said


def test_card_shows_the_worst_metric_when_there_are_too_many():
    bad = dataclasses.replace(ex.SUCCESS, name="the-bad-one", failed=1)
    many = (*[dataclasses.replace(ex.SUCCESS, name=f"m{n}") for n in range(9)], bad)
    shown = "\n".join(lines(cards.card(ex.card(metrics=many))))
    assert "the-bad-one" in shown
    assert "+ 4 metrics" in read(shown)


def test_line_loses_just_what_nobody_sees_for_every_character_there_is():
    for char in map(chr, range(sys.maxunicode + 1)):
        assert char.isprintable() == (words._visible(char) == char), hex(ord(char))
