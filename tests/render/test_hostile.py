"""Hostile text in every field of every fact at once, through every door that a text leaves by.

The fields are found by reflection: a new one is covered by itself, and a new class of facts that
no door leads to fails a test of its own.
"""

import dataclasses
import datetime as dt
import enum
import functools
import itertools
import json
import re
import types
import typing
from xml.etree import ElementTree

import pytest

from bot.adapters import pager
from bot.model import (
    chart_data,
    facts,
    feed,
    freeze_facts,
    glass_facts,
    home,
    messages,
    notice_facts,
    past,
    plan_facts,
    postmortem,
    trial_facts,
)
from bot.render import answers, chart_words, charts, past as past_words, rendering
from bot.render import feed as feed_words
from bot.render import home as home_view
from bot.render import postmortem as file
from tests.render import nasty
from tests.render.limits import problems
from tests.render.test_home import view_problems
from tests.render.test_postmortem import outside_of_code

AT = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
TEXTS = (
    *nasty.NASTY,
    "<!channel> " * 1_000,
    "<@U0AAAAAA1>" * 1_000,
    "<http://x.example|approve here>",
    "\u202e\u2066right to left\u2069\u200f",
    "=HYPERLINK(\"http://x.example\")",
    "x\r\n## heading\n| a | b |\n```\n<script>",
)
INVISIBLE = re.compile("[\u0000-\u0008\u200b-\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]")


@functools.cache
def asked(kind):
    """What a class of facts asks for: each name with its type."""
    hints = typing.get_type_hints(kind)
    return tuple((f.name, hints[f.name]) for f in dataclasses.fields(kind) if f.init)


def filled(kind, text, turn=0, deep=0):
    """A value of ``kind`` in which every text is ``text``; of an enum another one each turn."""
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        real = [one for one in inside if one is not type(None)]
        return filled(real[turn % len(real)], text, turn, deep)
    if origin is tuple:
        if len(inside) == 2 and inside[1] is Ellipsis:
            return tuple(filled(inside[0], text, turn + n, deep + 1) for n in range(3))
        return tuple(filled(one, text, turn, deep) for one in inside)
    if origin in (dict, typing.Mapping) or str(origin).endswith("Mapping'>"):
        return {text: filled(inside[1], text, turn, deep)}
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return list(kind)[turn % len(kind)]
    if dataclasses.is_dataclass(kind):
        return kind(**{
            name: filled(inside, text, turn, deep + 1) for name, inside in asked(kind)
        })  # fmt: skip
    plain = {
        str: text, int: 1, float: 1.5, bool: bool(turn % 2), dt.datetime: AT,
        dt.timedelta: dt.timedelta(minutes=1), object: text, typing.Any: text,
    }  # fmt: skip
    return plain[kind]


def slack(message):
    return problems(message, may_mention=MAY_MENTION)


MAY_MENTION = tuple(f"<@{text}>" for text in TEXTS if re.fullmatch("[UW][A-Z0-9]{2,20}", text))


def markdown(bundle):
    lines, ended = outside_of_code(file.markdown(bundle))
    found = [] if ended else ["a block of code has no end"]
    found += [line for line in lines if "<" in line or re.search(r"(?<!\\)[`*\[\]]", line)]
    found += [file.title(bundle)] * bool(INVISIBLE.search(file.title(bundle)))
    return found + [file.filename(bundle)] * (not re.fullmatch(r"[\w.-]{1,120}", file.filename(bundle)))


def paged(event):
    sent = json.loads(json.dumps(
        pager.Pager(url="https://x.example", routing_key="k")._body(event)
    ))  # fmt: skip
    found = [] if len(sent["dedup_key"]) <= 255 else ["dedup_key"]
    if event.kind is feed.Kind.RECOVERED:
        return found
    summary = sent["payload"]["summary"]
    found += ["summary"] * (len(summary) > 1_024 or bool(INVISIBLE.search(summary)))
    return found


def hooked(event):
    body = json.loads(json.dumps(feed_words.body(event)))
    return ["text"] * bool(INVISIBLE.search(body["text"]) or "\n" in body["text"])


def shown(tab):
    """With a note as it is made: an answer, rendered."""
    note = answers.denied(tab.cluster, ask=(tab.cluster,))
    return dataclasses.replace(tab, page=0, note=note)


def drawn(chart):
    ElementTree.fromstring(charts.chart_svg(chart))
    said = chart_words.alt(chart)
    return ["alt"] * (len(said) > 2_000 or bool(INVISIBLE.search(said)))


DOORS = (
    *((kind, lambda one: slack(rendering.render(one))) for kind in messages.Facts.__args__),
    (home.HomeFacts, lambda one: view_problems(home_view.home(shown(one)))),
    (past.PastFacts, lambda one: slack(past_words.listing(one))),
    (feed.Event, lambda one: slack(feed_words.message([one], buttons=True))),
    (feed.Event, lambda one: slack(feed_words.message([one] * 40, since=feed_words.QUIET))),
    (feed.Event, paged),
    (feed.Event, hooked),
    (postmortem.Bundle, markdown),
    (chart_data.ChartData, drawn),
    (messages.SentenceFacts, lambda one: slack(answers.denied(one.sentences[0], ask=one.sentences))),
    (messages.SentenceFacts, lambda one: slack(answers.usage(one.sentences))),
    (messages.SentenceFacts, lambda one: slack(
        answers.unknown_word(known=one.sentences, near=one.sentences))),
)  # fmt: skip


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: repr(text[:16]))
@pytest.mark.parametrize(
    ("kind", "check"), DOORS, ids=[f"{n}-{kind.__name__}" for n, (kind, _) in enumerate(DOORS)]
)
def test_hostile_text_in_every_field_does_nothing_outside(kind, check, text):
    for turn in range(12):
        assert check(filled(kind, text, turn)) == []


FACTS = (
    facts, feed, freeze_facts, glass_facts, home, messages, notice_facts, past, plan_facts,
    postmortem, trial_facts, chart_data,
)  # fmt: skip


def reached(kind, found):
    """Every dataclass that a value of ``kind`` can hold."""
    if dataclasses.is_dataclass(kind) and kind not in found:
        found.add(kind)
        for one in typing.get_type_hints(kind).values():
            reached(one, found)
    for one in typing.get_args(kind):
        reached(one, found)
    return found


def test_every_class_of_facts_leaves_by_some_door():
    known = set(itertools.chain.from_iterable(reached(kind, set()) for kind, _ in DOORS))
    every = {
        one
        for module in FACTS
        for one in vars(module).values()
        if dataclasses.is_dataclass(one) and one.__module__ == module.__name__
    }
    assert {one.__name__ for one in every - known} <= {"Message"}  # what a door makes
