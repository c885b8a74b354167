"""The Home tab and the digest: as they read, and within Slack's limits whatever they are given."""

import dataclasses
import json

import pytest
from hypothesis import HealthCheck, given, settings

from bot.model import home as model
from bot.model import messages as m
from bot.model import policy
from bot.render import digests, home
from tests.render import examples as ex
from tests.render import nasty
from tests.render.limits import _block, _markup, _mrkdwn
from tests.render.reading import lines

RELAXED = settings(
    max_examples=40, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def row(name, news, what, **more):
    rollout = dataclasses.replace(ex.ROLLOUT, name=name)
    return m.RowFact(rollout=rollout, news=m.News(news), revision=ex.V42, what=what, **more)


GATE = tuple(map(ex.button, ("approve", "abort")))
WAITS = row("checkout", "waits", "approval at 50 %", since_s=360, buttons=GATE)
MOVES = row("search", "moves", "25 %, step 3 of 7", next_at=ex.at(12, 9))
BACK = row("cart", "rolled-back", "rolled back: success-rate 92.1 %", since_s=7_200,
           buttons=tuple(map(ex.button, ("retry", "undo", "why"))))
FREEZE = policy.Freeze(
    id="f1", scope=policy.Scope(namespace="shop"), reason="incident 42", by="sam (U0SAM)", at=ex.at(12, 0),
    until=ex.at(14, 0),
)


def facts(**more):
    base = dict(cluster="prod-eu", at=ex.at(12, 5), waiting=(WAITS,), moving=(MOVES,), failed=(BACK,),
                freezes=(FREEZE,), subscriptions=("shop/checkout", "cart"))
    return model.HomeFacts(**{**base, **more})


def view_problems(view):
    """What ``views.publish`` would refuse."""
    found = [] if len(view.blocks) <= 100 else [f"{len(view.blocks)} blocks"]
    if len(json.dumps(list(view.blocks))) > 250_000:
        found.append("view too large")
    ids = [block["block_id"] for block in view.blocks]
    found += [] if len(ids) == len(set(ids)) else ["block_id twice"]
    known = [block for block in view.blocks if block["type"] != "divider"]
    found += [p for block in known for p in _block(block)]
    return found + [p for text in [view.text, *_mrkdwn(known)] for p in _markup(text, ())]


def test_home_reads_as_written():
    assert lines(home.home(facts())) == [
        "1 waits for you in prod-eu",
        "⏸ checkout v42 · approval at 50 % · 6 min",
        "[ Approve ] [ Abort ]",
        "Moving",
        "▶ search v42 · 25 %, step 3 of 7, next at 12:09",
        "Failed, and not mended yet",
        "✗ cart v42 · rolled back: success-rate 92.1 % · 2 h ago",
        "[ Retry ] [ Undo ] [ Why ]",
        "Frozen: nothing moves forward, aborts pass",
        "⏸ shop/∗ until 14:00: incident 42 (sam)",
        "You are told in private of",
        "shop/checkout",
        "cart",
        "as of 12:05:00; kept up to date for 15 min after you open it or act",
    ]


def test_home_says_that_freezes_are_not_known_where_their_list_would_be():
    why = "The freezes cannot be read yet, so nothing moves forward: <!channel> no answer"
    assert lines(home.home(facts(freezes=(), freezes_unknown=why)))[-6:-4] == [
        "Freezes",
        "⏸ The freezes cannot be read yet, so nothing moves forward: <!channel> no answer",
    ]
    assert "<!channel>" not in json.dumps(home.home(facts(freezes_unknown=why)).blocks)


def test_home_of_nobodys_rollouts_says_so():
    view = home.home(facts(waiting=(), moving=(), failed=(), freezes=(), subscriptions=()))
    assert view.text == "Nothing waits for you in prod-eu."
    assert "no subscriptions: /rollout subscribe NAME sends its news to you" in lines(view)


@pytest.mark.parametrize("count", [11, 60, 3_000])
def test_home_turns_pages_and_shows_each_row_once(count):
    waiting = tuple(dataclasses.replace(WAITS, rollout=dataclasses.replace(ex.ROLLOUT, name=f"app-{at:04}"))
                    for at in range(count))
    whole = facts(waiting=waiting)
    seen = []
    for page in range(home.pages(whole)):
        view = home.home(dataclasses.replace(whole, page=page))
        assert view_problems(view) == []
        seen += [line.split()[1] for line in lines(view) if "app-" in line]
    assert seen == [f"app-{at:04}" for at in range(min(count, home.WAITING * home.PAGES_LIMIT))]
    turned = home.home(dataclasses.replace(whole, page=99_999))
    assert "Earlier page" in str(turned.blocks) and "Next page" not in str(turned.blocks)


def test_home_shows_the_answer_to_the_last_press_first():
    note = m.Message(text="Approved: v2 goes on.")
    assert lines(home.home(facts(note=note)))[1:3] == ["Approved: v2 goes on.", "Waits for you"]


@RELAXED
@given(nasty.facts(m.WaitingFacts), nasty.facts(m.WaitingFacts), nasty.TEXT)
def test_home_stays_within_the_limits_whatever_the_facts(one, two, text):
    freeze = policy.Freeze(id=text, scope=policy.Scope(namespace=text, name=text), reason=text,
                           by=text, at=ex.at(12, 0))
    found = facts(cluster=text, waiting=one.waiting * 30, moving=one.moving * 30,
                  failed=two.waiting * 30, freezes=(freeze,) * 30, freezes_unknown=text,
                  subscriptions=(text,) * 50)
    view = home.home(found)
    assert view_problems(view) == []
    assert home.home(found) == view


def digest(cause, rows, what=""):
    return digests.digest(m.DigestFacts(cluster="prod-eu", cause=m.DigestCause(cause), what=what, rows=rows))


def test_digest_reads_as_written():
    message = digest("image", (MOVES, BACK, WAITS), "registry/shop/checkout:v42")
    assert lines(message) == [
        "checkout:v42 goes to 3 more rollouts · prod-eu",
        "1 waits for approval, 1 was rolled back, 1 moves",
        "⏸ checkout v42 · approval at 50 % · 6 min",
        "✗ cart v42 · rolled back: success-rate 92.1 % · 2 h ago",
        "▶ search v42 · 25 %, step 3 of 7, next at 12:09",
        "approvals and rollbacks still come one by one",
    ]
    assert message.text == (
        "checkout:v42 goes to 3 more rollouts in prod-eu: "
        "1 waits for approval, 1 was rolled back, 1 moves."
    )


def test_digest_opens_the_card_of_a_row_for_whoever_asks():
    sections = [b for b in digest("burst", (MOVES,)).blocks if "accessory" in b]
    assert [b["accessory"]["action_id"] for b in sections] == ["rollout:open"]
    assert "url" not in sections[0]["accessory"]
