"""The Home tab: what one person sees there, and that its buttons are the same as everywhere."""

import asyncio
import dataclasses
import json

import pytest

from bot.local.workspace import arguments
from bot.model import home as model
from bot.model import messages as m
from bot.runtime import first_reading, freeze_desk
from handlers import asking
from handlers import home as tabs
from handlers import tabs as keeping
from tests.render import examples as ex
from tests.runtime import test_freezes, virtual


def home(office, user="alice"):
    known = office.workspace.state.user(user).id
    return office.workspace.state.homes.get(known)


def shown(office, user="alice"):
    found = home(office, user)
    return json.dumps(found.body["blocks"], ensure_ascii=False).replace("\u202f", " ") if found else ""


async def open_tab(office, user="alice"):
    before = home(office, user)
    assert (await office.workspace.interactions.open_home(user=user))["acked"]
    await office.until(lambda: home(office, user) is not before)
    return shown(office, user)


async def press(office, action, user="alice", **more):
    before = home(office, user)
    wanted = arguments.Args({"action": action, **more})
    assert (await office.workspace.interactions.click_home(user=user, wanted=wanted))["acked"]
    await office.until(lambda: home(office, user) is not before)
    return shown(office, user)


async def test_home_shows_what_waits_for_whoever_may_approve_it(office):
    text = await open_tab(office)
    assert "1 waits for you in prod-eu" in text
    assert "approval at 50 %" in text
    assert "rollout:approve" in text and "rollout:abort" in text


async def test_home_leaves_out_what_the_reader_may_not_approve(office):
    text = await open_tab(office, "dave")
    assert "Nothing waits for you in prod-eu" in text
    assert "rollout:approve" not in text


async def test_home_of_a_guest_shows_one_sentence_and_no_rollout(office):
    text = await open_tab(office, "guest")
    assert asking.GUEST in text and "checkout" not in text
    assert "rollout:" not in text


async def test_press_on_home_does_what_the_same_button_does_and_is_answered_there(office):
    await open_tab(office)
    text = await press(office, "rollout:approve")
    assert "Approved: v2 goes on." in text
    assert "Nothing waits for you" in text
    assert office.asked() == ["promote"]


async def test_press_on_home_is_authorized_like_any_other(office):
    await open_tab(office)
    office.workspace.state.homes[office.workspace.state.user("dave").id] = home(office)
    text = await press(office, "rollout:approve", "dave")
    assert "may" in text and "Approved" not in text
    assert office.asked() == []


async def test_home_shows_a_freeze_that_holds_nothing_now_and_ends_it_for_whoever_may(office):
    book = test_freezes.shelf()
    office.desk.freezing = freeze_desk.FreezeDesk(
        freezes=book,
        scenery=office.desk.scenery,
        clock=virtual.now,
        rules=office.desk.rules,
        permits=office.desk.permits,
        new_id=lambda: "f1",
    )
    await office.command('freeze payments/* 2h "database incident"')
    text = await open_tab(office)
    assert "payments/∗ until" in text and "database incident (alice)" in text
    office.workspace.state.homes[office.workspace.state.user("dave").id] = home(office)
    refused = await press(office, "rollout:resume", "dave")
    assert "may" in refused and "Over" not in refused
    assert len(book.in_force()) == 1
    await open_tab(office)
    text = await press(office, "rollout:resume")
    assert "Over: payments/∗." in text and "database incident" not in text
    assert book.in_force() == ()


class Unread:
    """The cache of the freezes: nothing came into it yet."""

    def __init__(self):
        self.synced, self.problem, self.refusals = asyncio.Event(), "no answer within 5 s", 0


async def test_home_says_that_freezes_are_not_read_yet_until_they_are(office):
    source = Unread()
    book = test_freezes.shelf()
    book.reading = first_reading.FirstReading(
        source=source, what="freezes", since=virtual.now(), known=lambda: None
    )
    office.desk.freezing = freeze_desk.FreezeDesk(
        freezes=book,
        scenery=office.desk.scenery,
        clock=virtual.now,
        rules=office.desk.rules,
        permits=office.desk.permits,
    )
    said = "The freezes cannot be read yet, so nothing moves forward: no answer within 5 s"
    assert said in await open_tab(office)
    source.synced.set()
    await office.until(lambda: "cannot be read" not in shown(office), seconds=60)


async def test_home_answers_why_in_its_place(office):
    await open_tab(office)
    text = await press(office, "rollout:why") if "rollout:why" in shown(office) else ""
    assert text == "" or "because" in text


async def test_subscriber_sees_the_subscription_at_home_when_it_is_opened_again(office):
    mine = "shop/∗, quiet 22∶00-07:00 Europe/Berlin"  # no mark that Slack takes for markup
    said = await office.command("subscribe shop/* --quiet 22:00-07:00 Europe/Berlin")
    assert said.startswith(f"You get news of {mine} in private")
    assert mine in await open_tab(office)
    assert await office.command("subscribe") == f"You get news of {mine}."
    assert await office.command("unsubscribe shop/*") == "No more news of shop/∗."
    assert "no subscriptions" in await open_tab(office)


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("subscribe", "You have no subscriptions. /rollout subscribe NAME sends you its news in private."),
        ("subscribe shop/* --quit", "This command knows only --quiet, not --quit. Nothing was done."),
        ("subscribe a b", "subscribe takes one NAME, namespace/NAME or namespace/∗."),
        ("subscribe shop/* --quiet", 'Name the hours: --quiet "22∶00-07:00 Europe/Berlin".'),
        ("unsubscribe checkout", "You had no subscription of checkout: nothing was changed."),
        ("subscribe shop/chekout",
         'No rollout "shop/chekout" in shop. Did you mean checkout, checkout-worker?'),
        ("subscribe chekout", 'No rollout "chekout". Did you mean checkout, checkout-worker?'),
    ],
)
async def test_person_is_told_how_subscriptions_are_made(office, typed, answer):
    assert await office.command(typed) == answer


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("shop/*", "what is done."),
        ("*/check*", "what is done."),
        ("new/*", "what is done. No rollout is in new/∗ now."),
        ("shpo/*", "No rollout is in shpo/∗ now. Did you mean shop/∗? /rollout unsubscribe shpo/∗ ends this one."),
    ],
)
async def test_subscriber_to_what_may_come_yet_is_told_that_nothing_is_there_now(office, what, told):
    said = await office.command(f"subscribe {what}")
    assert said.startswith("You get news of ") and said.endswith(told)
    shown = what.replace("*", "∗")
    assert await office.command("subscribe") == f"You get news of {shown}."
    assert await office.command(f"unsubscribe {shown}") == f"No more news of {shown}."


async def test_subscription_to_a_name_is_to_that_rollout(office):
    for typed in ("checkout", "shop/checkout"):
        said = await office.command(f"subscribe {typed}")
        assert said.startswith("You get news of shop/checkout in private")


@pytest.mark.parametrize("typed", ["check*", "*/checkout", "s*/*", "shop/∗"])
async def test_subscription_to_a_pattern_is_taken_where_a_rollout_fits_it(office, typed):
    assert (await office.command(f"subscribe {typed}")).startswith("You get news of ")


def test_press_is_known_to_come_from_a_home_tab():
    assert tabs.is_home({"view": {"type": "home"}})
    assert not tabs.is_home({"view": {"type": "modal"}}) and not tabs.is_home({})


def views(office):
    return [one["method"] for one in office.workspace.state.calls].count("views.publish")


@pytest.mark.parametrize("fault", [{"error": "internal_error"}, {"error": "ratelimited"}])
async def test_tab_is_drawn_when_slack_took_it_not_at_its_opening(office, fault, monkeypatch):
    monkeypatch.setattr(keeping, "AGAIN_S", 0.1)
    before = views(office)
    office.workspace.faults.change({"refuse": {**fault, "methods": ["views.publish"], "times": 2}})
    assert (await office.workspace.interactions.open_home(user="bob"))["acked"]
    await office.until(lambda: "rollout:approve" in shown(office, "bob"), seconds=60)
    assert views(office) == before + 3


async def test_newest_look_is_what_stays_when_a_redraw_is_slow_on_its_way(office):
    """The redraw looked before the gate was decided, and Slack takes it after the opening's."""
    user = office.workspace.state.user("alice").id
    screen, arrived, go = [], asyncio.Event(), asyncio.Event()

    async def publish(_user, view):
        slow = not arrived.is_set() and bool(screen)
        arrived.set() if slow else None
        if slow:
            await go.wait()
        screen.append(view.text + json.dumps(list(view.blocks)))

    home_tab = office.tab
    home_tab.publish = publish
    await home_tab.show(user)
    home_tab.open_tabs._open[user].shown = SHOWN
    await office.until(arrived.is_set, seconds=60)
    await office.command("abort checkout wrong prices")
    again = asyncio.create_task(home_tab.show(user))
    await asyncio.wait({again}, timeout=1)
    go.set()
    await again
    await office.until(lambda: len(screen) == 3, seconds=60)
    assert ["rollout:approve" in one for one in screen] == [True, True, False]


async def test_open_tab_follows_what_somebody_else_does(office):
    await open_tab(office, "alice")
    await open_tab(office, "bob")
    said = await press(office, "rollout:approve", "alice")
    assert "Nothing waits for you" in said
    await office.until(lambda: "Nothing waits for you" in shown(office, "bob"), seconds=60)
    assert "Approved: v2 goes on." not in shown(office, "bob"), "the answer is for who pressed"
    assert "Approved: v2 goes on." in shown(office, "alice"), "a redraw keeps the answer"


class Clock:
    """Time that passes only while somebody pauses."""

    def __init__(self):
        self.now = 0.0
        self.change = {}

    def __call__(self):
        return self.now

    async def pause(self, seconds):
        self.now += seconds
        for at in [at for at in self.change if at <= self.now]:
            self.change.pop(at)()


def watched(clock, *, fails=0, costs_s=0.0, waits=()):
    """Tabs over one fact that a test changes; what was drawn for whom, and when."""
    drawn, world = [], {"marks": 0, "fails": fails, "looks": 0, "waits": waits}

    async def look(user, tab):
        clock.now += costs_s
        world["looks"] += 1
        return dataclasses.replace(SHOWN, page=1 + world["marks"], waiting=world["waits"])

    async def draw(user, facts):
        drawn.append((user, clock.now))
        world["fails"] -= 1
        return world["fails"] < 0

    made = keeping.Tabs(
        marks=lambda: (world["marks"], world["waits"]),
        look=look,
        draw=draw,
        clock=clock,
        worked=clock,
        pause=clock.pause,
    )
    return made, drawn, world


SHOWN = model.HomeFacts(cluster="prod-eu", at=model.NEVER)


def left_open(made, user):
    made.seen(made.opened(user), SHOWN)


async def over(made):
    await made._task


async def test_tab_is_let_go_after_its_time_and_costs_nothing_while_nothing_changes():
    clock = Clock()
    made, drawn, world = watched(clock)
    clock.change[600.0] = lambda: world.update(marks=1)
    clock.change[1_000.0] = lambda: world.update(marks=2)
    left_open(made, "U1")
    await over(made)
    assert [user for user, _ in drawn] == ["U1", "U1"], "once to be sure, once for the change"
    assert 600 <= drawn[1][1] <= 601
    assert model.FRESH_S <= clock.now <= model.FRESH_S + 5


async def test_tabs_together_stay_within_what_slack_takes_a_minute():
    clock = Clock()
    made, drawn, world = watched(clock)
    clock.change.update({at / 2: lambda: world.update(marks=world["marks"] + 1) for at in range(1_800)})
    for number in range(30):
        left_open(made, f"U{number}")
    await over(made)
    busiest = max(sum(start <= at < start + 60 for _, at in drawn) for _, start in drawn)
    assert busiest <= 61
    assert len({user for user, _ in drawn}) == keeping.TABS_LIMIT
    assert "U0" not in {user for user, _ in drawn} and "U29" in {user for user, _ in drawn}


async def test_drawing_takes_a_small_share_of_the_time_where_there_is_much_to_draw():
    clock = Clock()
    made, drawn, world = watched(clock, costs_s=0.5)
    clock.change.update({float(at): lambda: world.update(marks=world["marks"] + 1) for at in range(900)})
    left_open(made, "U1")
    await over(made)
    assert len(drawn) <= world["looks"] and world["looks"] * 0.5 <= 0.06 * clock.now


async def test_tab_is_drawn_again_when_slack_did_not_take_it():
    clock = Clock()
    made, drawn, _ = watched(clock, fails=2)
    left_open(made, "U1")
    await over(made)
    assert len(drawn) == 3
    assert drawn[-1][1] < 60


async def test_tab_that_is_opened_anew_is_drawn_though_nothing_changed_when_its_opening_failed():
    clock = Clock()
    made, drawn, _ = watched(clock)
    left_open(made, "U1")
    clock.change[300.0] = lambda: made.opened("U1")
    await over(made)
    assert [at for _, at in drawn if 300 <= at <= 301]


async def test_tab_is_left_to_whoever_opens_it_while_they_draw_it():
    clock = Clock()
    made, drawn, world = watched(clock)
    tab = made.opened("U1")
    await tab.turn.acquire()
    clock.change[5.0] = lambda: (made.seen(tab, dataclasses.replace(SHOWN, page=1)), tab.turn.release())
    await over(made)
    assert not drawn and world["looks"] == 1


async def test_tab_that_is_opened_while_its_redraw_waits_is_not_drawn_over():
    """What the redraw looked at is older than what the opening has shown."""
    clock, opened = Clock(), []
    made, drawn, world = watched(clock)
    looked = made.look

    async def look(user, tab):
        facts = await looked(user, tab)
        if clock.now >= 300 and not opened:
            opened.append(made.opened(user))
            await opened[0].turn.acquire()
            made.seen(opened[0], facts)
            asyncio.get_running_loop().call_soon(opened[0].turn.release)
            return dataclasses.replace(facts, cluster="as it was")
        return facts

    made.look = look
    left_open(made, "U1")
    clock.change[300.0] = lambda: world.update(marks=1)
    await over(made)
    assert opened and not [at for _, at in drawn if at >= 300]


async def test_tab_is_drawn_anew_when_slack_took_it_and_its_answer_was_lost():
    clock = Clock()
    made, drawn, world = watched(clock)
    left_open(made, "U1")
    clock.change[300.0] = lambda: world.update(marks=1, fails=1)
    clock.change[300.6] = lambda: world.update(marks=0)
    await over(made)
    assert [at >= 300 for _, at in drawn] == [False, True, True], "it shows again what it showed"


ROW = m.RowFact(rollout=ex.ROLLOUT, news=m.News.WAITS, revision=ex.V42, what="approval", since_s=1)


async def test_every_open_tab_is_redrawn_at_once_when_a_gate_is_decided():
    clock = Clock()
    made, drawn, world = watched(clock, waits=(ROW,))
    for number in range(keeping.TABS_LIMIT):
        left_open(made, f"U{number}")
    clock.change[300.0] = lambda: world.update(waits=())
    await over(made)
    after = sorted(at for _, at in drawn if at >= 300)
    assert len(after) == keeping.TABS_LIMIT and after[-1] <= 301


async def test_decided_gate_is_shown_at_once_though_much_else_moves_all_the_time():
    """What only moves on has used up what Slack takes: what asks a reader goes before it."""
    clock = Clock()
    made, drawn, world = watched(clock, waits=(ROW,))
    moves = {at / 2: lambda: world.update(marks=world["marks"] + 1) for at in range(1_200)}
    clock.change.update(moves)
    for number in range(keeping.TABS_LIMIT):
        left_open(made, f"U{number}")
    seen = []
    made.draw = _noting(made.draw, seen, clock)
    clock.change[300.25] = lambda: world.update(waits=())
    await over(made)
    told = [at for facts, at in seen if not facts.waiting and at >= 300]
    assert sum(at <= 302 for at in told) >= 8, "as many as the reserve is for"
    assert sum(250 <= at < 300 for _, at in drawn) < 40, "the others were short of turns"


def _noting(draw, seen, clock):
    async def noted(user, facts):
        seen.append((facts, clock.now))
        return await draw(user, facts)

    return noted


async def test_one_tab_that_slack_does_not_take_keeps_no_other_from_being_redrawn():
    clock = Clock()
    made, drawn, world = watched(clock)
    draw = made.draw

    async def picky(user, facts):
        await draw(user, facts)
        return user != "U0"

    made.draw = picky
    for number in range(3):
        left_open(made, f"U{number}")
    clock.change[20.2] = lambda: world.update(marks=1)
    await over(made)
    assert {user for user, at in drawn if 20 <= at <= 21} >= {"U1", "U2"}
    mine = [at for user, at in drawn if user == "U0"]
    assert len(mine) > 3 and all(b - a >= keeping.AGAIN_S for a, b in zip(mine, mine[1:]))


def test_redraw_is_not_needed_for_the_passing_of_time():
    row = m.RowFact(rollout=ex.ROLLOUT, news=m.News.WAITS, revision=ex.V42, what="approval", since_s=1)
    one = dataclasses.replace(SHOWN, at=ex.at(12, 0), waiting=(row,))
    two = dataclasses.replace(one, at=ex.at(12, 1), waiting=(dataclasses.replace(row, since_s=61),))
    assert keeping.lasting(one) == keeping.lasting(two)
    other = dataclasses.replace(two, waiting=(dataclasses.replace(row, what="25 %"),))
    assert keeping.lasting(two) != keeping.lasting(other)
