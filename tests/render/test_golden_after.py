"""After a rollback, word for word: restored or not, what Git wants, what it brought back."""

import pytest

from bot.model import messages as m
from bot.render import alerts, cards, threads
from tests.render import examples as ex
from tests.render.limits import problems
from tests.render.reading import lines, read

STABLE = m.MetricFact(name="success-rate", value_text="99.7 %", bound_text="≥ 99 %")
BAD = m.MetricFact(name="success-rate", value_text="93 %", bound_text="≥ 99 %")


@pytest.mark.parametrize(
    ("kind", "more", "said", "loud"),
    [
        (
            m.ThreadKind.RESTORED,
            dict(metric=STABLE, took_s=31.0),
            "service restored after 31 s, 12:14:36: v41 success-rate 99.7 %",
            False,
        ),
        (
            m.ThreadKind.NOT_RESTORED,
            dict(metric=BAD),
            "not restored: v41 success-rate 93 % since the rollback; "
            "the cause is not (only) v42",
            True,
        ),
        (
            m.ThreadKind.REAPPLIED,
            dict(text="applied by Argo CD (checkout)"),
            "12:14 v42 is back, applied by Argo CD (checkout): it was rolled back before",
            True,
        ),
    ],
)
def test_thread_says_what_came_after(kind, more, said, loud):
    fact = m.ThreadFact(
        kind=kind, at=ex.at(12, 14, 36), revision=ex.V42, stable=ex.V41, **more
    )
    message = threads.line(fact)
    assert (read(message.text), message.broadcast) == (said, loud)
    assert problems(message) == []


@pytest.mark.parametrize("url", ["", "https://argocd.example/applications/checkout"])
def test_alert_says_what_git_still_wants(url):
    message = alerts.alert(ex.alert(git="Argo CD checkout at 3f2a1c", git_url=url))
    assert (
        "Git still wants v42 (Argo CD checkout at 3f2a1c): revert it there, or it comes back."
        in lines(message)
    )
    assert (f"<{url}|" in str(message.blocks)) is bool(url)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (dict(commit="3f2a1c", author="dana"), "3f2a1c by dana"),
        (dict(commit="3f2a1c", author="dana", by=ex.DANA), "shipped by dana · 3f2a1c"),
        (dict(author="dana <d@x>"), "by dana <d@x>"),
    ],
)
def test_card_says_who_wrote_the_commit_where_nobody_else_is_named(change, said):
    shown = lines(cards.card(ex.card(change=m.ChangeFact(**change))))
    assert any(line.endswith(said) for line in shown), shown


def test_commit_is_a_link_where_its_address_is_known():
    change = m.ChangeFact(commit="3f2a1c", commit_url="https://git.example/c/3f2a1c")
    assert "<https://git.example/c/3f2a1c|3f2a1c>" in str(cards.card(ex.card(change=change)).blocks)
    hostile = m.ChangeFact(commit="3f2a1c", commit_url="https://x|<!channel>")
    assert problems(cards.card(ex.card(change=hostile))) == []
