"""Nothing that people are shown is missing in the gallery, and Slack would take all of it."""

import importlib
import inspect
import pkgutil
import re
import sys

import pytest

import bot.render
from bot.model import messages as m
from bot.render import blocks
from tests.gallery import samples
from tests.render import examples as ex
from tests.render.limits import problems
from tests.render.reading import read

MADE = samples.all_of_them()
MENTIONS = ("<@UALICE0001>", "<@UBOB000001>", "<@UCAROL0001>", "<!subteam^SSRE000001>")


def facts_of(kind):
    return [one.facts for one in MADE if isinstance(one.facts, kind)]


@pytest.mark.parametrize("kind", m.Facts.__args__, ids=lambda kind: kind.__name__)
def test_gallery_has_every_kind_of_facts(kind):
    assert facts_of(kind)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (m.News, {one.news for one in facts_of(m.CardFacts)}),
        (m.Closing, {one.decided.closing for one in facts_of(m.GateFacts) if one.decided}),
        (m.ThreadKind, {one.kind for one in facts_of(m.ThreadFact)}),
        (m.DigestCause, {one.cause for one in facts_of(m.DigestFacts)}),
        (
            {kind for kind in m.ButtonKind if blocks.ask(ex.button(kind)) is not None},
            {one.press.removeprefix(m.ACTION_PREFIX) for one in MADE if one.press},
        ),
    ],
    ids=["phases", "endings", "lines", "digests", "dialogs"],
)
def test_gallery_has_every(wanted, found):
    assert set(wanted) == found


def renderers():
    """Every function of ``bot.render`` that makes a message, by its code."""
    for info in pkgutil.iter_modules(bot.render.__path__):
        module = importlib.import_module(f"bot.render.{info.name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            made = function.__annotations__.get("return") is m.Message
            if made and function.__module__ == module.__name__:
                yield f"{info.name}.{name}", function.__code__


def test_gallery_calls_every_renderer():
    called = set()
    before = sys.getprofile()
    sys.setprofile(lambda frame, event, _: called.add(frame.f_code))
    try:
        samples.all_of_them()
    finally:
        sys.setprofile(before)
    known = dict(renderers())
    assert len(known) > 20
    assert [name for name, code in known.items() if code not in called] == []


@pytest.mark.parametrize("sample", MADE, ids=lambda sample: sample.name)
def test_slack_would_take(sample):
    if not sample.is_home:
        assert problems(sample.message, may_mention=MENTIONS) == []


@pytest.mark.parametrize("sample", MADE, ids=lambda sample: sample.name)
def test_text_says_the_news_alone(sample):
    """A notification and a screen reader have nothing else: no block, no button, no picture."""
    if sample.is_home or sample.press:
        return
    text = read(sample.message.text).replace("\u202f", " ")
    assert len(text) <= 700
    assert not re.search(
        r"[*`_]{1}\w+[*`_]{1}|:[a-z]\w+:|\bpress\b|\bclick|\bbelow\b|\babove\b", text
    ), text
    rollout = getattr(sample.facts, "rollout", None)
    if isinstance(rollout, m.RolloutId) and not isinstance(sample.facts, m.ThreadFact):
        assert rollout.name in text and rollout.cluster in text
    metric = getattr(sample.facts, "metric", None)
    if isinstance(metric, m.MetricFact) and isinstance(sample.facts, m.AlertFacts):
        assert metric.value_text in text
