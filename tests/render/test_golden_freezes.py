"""What is said of a freeze, of a stopped line and of their end, word for word."""

import dataclasses

from bot.model import buttons
from bot.model import messages as m
from bot.render import rendering
from tests.render import examples as ex
from tests.render.limits import problems
from tests.render.reading import lines, read
from tests.render.test_golden import dialogs

FROZEN = m.FreezeFacts(
    cluster="prod-eu",
    id="f1",
    scope="shop/*",
    reason="db incident <!channel>",
    by=ex.DANA,
    until=ex.at(18, 0),
    rollouts=("checkout", "cart"),
    count=2,
)


def test_freeze_says_who_what_until_when_why_and_what_holds():
    message = rendering.render(FROZEN)
    assert not problems(message)
    assert lines(message) == [
        "dana froze shop/∗ in prod-eu until 18:00",
        "db incident <!channel>",
        "2 rollouts hold: checkout, cart",
        "Aborts and rollbacks go through all the same.",
        "it ends with /rollout unfreeze f1",
    ]
    assert "<!channel>" not in message.text
    assert read(message.text).startswith("dana froze shop/∗ in prod-eu until 18:00. db incident")


def test_stopped_line_has_one_button_that_asks_once_more():
    button = m.Button(
        kind=m.ButtonKind.RESUME, value=dataclasses.replace(ex.VALUE, namespace="", name="f1")
    )
    stopped = dataclasses.replace(
        FROZEN, stop=True, until=None, scope="all", count=14, buttons=(button,)
    )
    message = rendering.render(stopped)
    assert lines(message)[0] == "dana stopped the line: everything in prod-eu holds"
    assert "14 rollouts hold: checkout, cart and 12 more" in lines(message)
    assert lines(message)[-1] == "[ Resume ]"
    assert dialogs(message)["rollout:resume"]["title"] == "Let the line move?"


def test_dialog_before_the_end_of_a_freeze_says_what_it_covers():
    button = buttons.resume(cluster="prod-eu", freeze="f1", scope="shop/*")
    message = rendering.render(dataclasses.replace(FROZEN, buttons=(button,)))
    said = dialogs(message)["rollout:resume"]["text"]
    assert said == "prod-eu, shop/*: what waited goes on, one after the other."


def test_end_of_a_freeze_says_who_ended_it_and_what_goes_on():
    over = dataclasses.replace(FROZEN, over=True, ended_by=ex.SAM)
    assert lines(rendering.render(over)) == [
        "the freeze is over: shop/∗ in prod-eu, by sam",
        "2 rollouts go on, one after the other: checkout, cart",
    ]
