"""What a person wants stopped, as it is typed in an emergency, and what a mistyped name comes to."""

import shlex

import pytest

from bot.core.gates import freeze_codec
from bot.runtime import stopping

KEYS = ("payments/api", "shop/checkout", "shop/checkout-worker", "web/api", "web/search")


@pytest.mark.parametrize(
    ("typed", "scope", "reason"),
    [
        ("", "all", ""),
        ("all", "all", ""),
        ("ALL orders are lost", "all", "orders are lost"),
        ("orders are lost", "all", "orders are lost"),
        ("what? no idea", "all", "what? no idea"),
        ("shop", "shop", ""),
        ("Shop orders", "shop", "orders"),
        ("shop/* orders", "shop/*", "orders"),
        ("shop/check* orders", "shop/check*", "orders"),
        ("*/api orders", "*/api", "orders"),
        ("search", "web/search", ""),
        ("search is slow", "all", "search is slow"),
        ("api is down", "all", "api is down"),
        ("shpo orders are lost", "all", "shpo orders are lost"),
        ("stop everything", "all", "stop everything"),
        ("**database down**", "all", "**database down**"),
        ("outage", "all", "outage"),
        ("shop/checkout", "shop/checkout", ""),
    ],
)
def test_person_stops_what_they_name_and_everything_where_they_name_nothing(typed, scope, reason):
    assert stopping.meant(tuple(typed.split()), KEYS) == (scope, reason)


@pytest.mark.parametrize(
    ("typed", "start", "copies"),
    [
        ("shpo", '"shpo" names no namespace and no rollout', ["shop", "all shpo"]),
        ("paymnets", '"paymnets" names no namespace and no rollout', ["payments", "all paymnets"]),
        ("serach", '"serach" names no namespace and no rollout', ["web/search", "all serach"]),
        ("api", 'There are 2 rollouts "api"', ["payments/api", "web/api", "all api"]),
        ("shop/chekout it's bad", "No rollout is in shop/chekout",
         ['shop/checkout "it\'s bad"', 'shop/checkout-worker "it\'s bad"', 'all "it\'s bad"']),
        ("shpo/checkout", "No rollout is in shpo/checkout", ["shop/checkout", "all"]),
        ("shpo/*", "No rollout is in shpo/*", ["shop/*", "all"]),
        ("shop/ x", '"shop/" is no scope', ["shop/* x", "all x"]),
        ("nosuch/thing", "No rollout is in nosuch/thing", ["all"]),
    ],
)  # fmt: skip
def test_mistyped_name_stops_nothing_and_is_answered_with_what_to_copy(typed, start, copies):
    with pytest.raises(stopping.Unclear) as raised:
        stopping.meant(tuple(typed.split()), KEYS)
    first, *commands, last = raised.value.lines
    assert first == f"{start}; nothing was stopped. Copy one of these:"
    assert commands == [f"/rollout stop-the-line {copy}" for copy in copies]
    assert last == "A scope is all, NAMESPACE, NAMESPACE/* or NAMESPACE/NAME."


@pytest.mark.parametrize("typed", ["shpo", "api", "shop/chekout", "shpo/*", 'shpo/* it\'s "$HOME" `x`'])
def test_each_command_of_the_answer_stops_something_when_it_is_copied(typed):
    with pytest.raises(stopping.Unclear) as raised:
        stopping.meant(tuple(typed.split(" ")), KEYS)
    for command in raised.value.lines[1:-1]:
        assert not set("$`\\!") & set(command)
        words = tuple(shlex.split(command.removeprefix("/rollout stop-the-line ")))
        scope, _ = stopping.meant(words, KEYS)
        assert freeze_codec.scope(scope)


def test_answer_stays_short_whatever_is_typed():
    crowd = [f"n{number}/api" for number in range(500)]
    for words in (("api",), ("n7/aip", "x" * 5_000), ("n7/aip", *("y " * 900).split())):
        with pytest.raises(stopping.Unclear) as raised:
            stopping.meant(words, crowd)
        assert len(raised.value.lines) <= 8
        assert len(raised.value.sentence) < 900
