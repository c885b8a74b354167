"""Whom a gate that nobody answers reaches, when, how often, and what happens at its timeout."""

import asyncio
from dataclasses import replace

import pytest

from bot.core import codec_spec, codec_status
from bot.core.notices import approving
from bot.core.notices import scene as scenes
from bot.core.policies import codec, resolve
from bot.model import errors, messenger
from bot.runtime import addressees, anchors, asked, authorize, escalating, feeding, outbox, roster
from tests.runtime import stage as stages
from tests.runtime import virtual

MINUTE = 60
LATER = [
    {"after": "10m", "to": "thread"},
    {"after": "30m", "to": "approvers"},
    {"after": "1h", "to": "group:sre"},
    {"after": "2h", "to": "#incidents"},
]
PEOPLE = {"sre": {"slack": "S0SRE", "members": ["@sam"]}, "qa": {"members": ["U0QUINN", "@lee"]}}
HANDLES = {"sam": "U0SAM", "lee": "U0LEE"}


def policy(*, groups=PEOPLE, **approval):
    usual = {"approvers": ["group:sre"], "escalations": LATER, "expires": "4h"}
    return codec.decode({"groups": groups, "rules": [{"approval": {**usual, **approval}}]})


class Place(stages.Stage):
    """A rollout at its gate under a policy, and the outlet; ``again`` is another process."""

    def __init__(self, known, *, rolls=None):
        super().__init__([{"setWeight": 50}, {"pause": {}}])
        self.known = known
        self.rolls = {"S0SRE": {"U0SAM", "U0LEE"}} if rolls is None else rolls
        self.again()

    def effective(self, rollout):
        return resolve.resolve(
            self.known,
            cluster="prod-eu",
            namespace="shop",
            name="checkout",
            labels={},
            annotations=rollout["metadata"]["annotations"],
        )

    def seen(self):
        return replace(super().seen(), policy=self.effective(self.api.rollout))

    def scene(self, _key):
        rollout = self.api.rollout
        return scenes.build(
            spec=codec_spec.decode(rollout),
            status=codec_status.decode(rollout.get("status")),
            seen=self.seen(),
            reasons=(),
            now=virtual.now(),
        )

    async def members(self, group):
        await self.trouble.gate("group")
        return frozenset(self.rolls[group])

    async def handle(self, name):
        await self.trouble.gate("handle")
        if name not in HANDLES:
            raise errors.NotFound(name)
        return HANDLES[name]

    def again(self):
        box = outbox.Outbox(chat=self.chat, clock=virtual.now)
        places = anchors.Anchors(api=self.api, observe=lambda obj: None)
        outlet = escalating.Escalations(
            box=box,
            kept=asked.Asked(box=box, places=places),
            chat=self.chat,
            rules=authorize.Rules(default_channel="#checkout"),
            roster=roster.Roster(
                ask=self.members, monotonic=lambda: asyncio.get_running_loop().time()
            ),
            effective=self.effective,
            scene=self.scene,
            gate_at=lambda _: messenger.Place(channel="C0CHECKOUT", ts="7.0"),
            addressees=addressees.Addressees(
                handle=self.handle, again=lambda key: self.settle(1)
            ),
        )
        self.announcer = feeding.Feed(
            outlets=[outlet],
            places=anchors.Anchors(api=self.api, observe=lambda obj: None),
            clock=virtual.now,
            look_up=outlet.look_up,
        )

    async def at_gate(self):
        self.settle()
        self.ship("app:v2")
        self.settle()
        assert self.api.rollout["status"]["pauseConditions"]
        return self

    async def wait(self, minutes, *, every=10):
        """Passes at the times of the policy, which are tens of minutes."""
        for _ in range(0, minutes, every):
            await asyncio.sleep(every * MINUTE)
            self.settle(2)
        await asyncio.sleep(1)
        return self

    def said(self):
        """Who was told, and how often."""
        found = {}
        for (channel, _), one in self.chat.messages.items():
            found.setdefault(channel, []).append(one)
        return {channel: len(every) for channel, every in found.items()}

    def texts(self, channel):
        return [
            one["message"].text.replace("\u202f", " ")
            for (place, _), one in self.chat.messages.items()
            if place == channel
        ]


def test_gate_that_nobody_answers_reaches_people_then_the_group_then_a_channel_once_each():
    async def story():
        place = await Place(policy()).at_gate()
        seen = []
        for minutes in (20, 20, 30, 60, 60):
            seen.append((await place.wait(minutes)).said())
        return place, seen

    place, seen = virtual.run(story())
    people = {"DU0SAM": 1, "DU0LEE": 1}
    group = {**people, "C0CHECKOUT": 1}
    everybody = {**group, "#incidents": 1}
    assert seen == [{}, people, group, everybody, everybody]
    assert place.texts("DU0SAM") == [
        "checkout v2 still waits for approval to go from 50 % to 100 % in prod-eu: 30 min by now."
    ]
    mention = next(m for (c, _), m in place.chat.messages.items() if c == "C0CHECKOUT")
    assert mention["thread"] == "7.0"
    assert "<!subteam^S0SRE>" in str(mention["message"].blocks)
    assert "<!" not in mention["message"].text


@pytest.mark.parametrize(
    ("on_timeout", "phase"), [("abort", "Degraded"), ("promote", "Healthy"), ("hold", "Paused")]
)
def test_gate_ends_as_the_policy_says_though_slack_takes_nothing_at_all(on_timeout, phase):
    async def story():
        # Nobody is named: there is no key here for the seals that a named gate wants.
        place = await Place(policy(approvers=None, onTimeout=on_timeout)).at_gate()
        place.trouble.fail = lambda name, number: (
            None if name in {"write", "get"} else errors.Unavailable("down")
        )
        await place.wait(230)
        before = place.api.rollout["status"]["phase"]
        await asyncio.sleep(30 * MINUTE)
        place.settle()
        return before, place.api.rollout["status"]["phase"], place.said()

    assert virtual.run(story()) == ("Paused", phase, {})


def test_nobody_is_told_twice_when_another_process_takes_over():
    async def story():
        place = await (await Place(policy()).at_gate()).wait(40)
        first = place.said()
        await place.announcer.drain(timeout_s=1)
        place.again()
        return first, (await place.wait(10)).said(), (await place.wait(20)).said()

    first, second, third = virtual.run(story())
    assert first == second == {"DU0SAM": 1, "DU0LEE": 1}
    assert third == {**first, "C0CHECKOUT": 1}


def test_what_slack_refused_for_a_time_comes_once_it_answers_and_only_what_is_still_true():
    async def story(*, answered):
        place = await (await Place(policy()).at_gate()).wait(20)
        place.trouble.fail = lambda name, number: (
            errors.Unavailable("down") if name in {"direct", "post"} else None
        )
        await place.wait(20)
        nothing = place.said()
        if answered:
            place.patch(abort=True)
            place.settle()
        place.trouble.fail = lambda name, number: None
        await asyncio.sleep(10 * MINUTE)
        return nothing, place.said()

    assert virtual.run(story(answered=False)) == ({}, {"DU0SAM": 1, "DU0LEE": 1})
    assert virtual.run(story(answered=True)) == ({}, {})


def test_one_who_cannot_be_written_to_keeps_nobody_else_from_hearing():
    async def story():
        place = await Place(policy()).at_gate()
        direct = place.chat.direct

        async def picky(user):
            if user == "U0SAM":
                raise errors.Refused("user_not_found")
            return await direct(user)

        place.chat.direct = picky
        return (await place.wait(40)).said()

    assert virtual.run(story()) == {"DU0LEE": 1}


def test_late_bot_tells_each_receiver_once_however_much_is_due():
    twice = [{"after": "10m", "to": "approvers"}, {"after": "20m", "to": "approvers"}]

    async def story():
        place = await Place(policy(escalations=twice)).at_gate()
        await asyncio.sleep(60 * MINUTE)
        place.settle()
        await asyncio.sleep(1)
        return place

    place = virtual.run(story())
    assert place.said() == {"DU0SAM": 1, "DU0LEE": 1}
    assert "20 min by now" in place.texts("DU0SAM")[0]


@pytest.mark.parametrize(
    ("to", "approvers", "wanted"),
    [
        ("@lee", ["@sam"], {"DU0LEE": 1}),
        ("U0ANN", ["@sam"], {"DU0ANN": 1}),
        ("@nobody", ["@sam"], {}),
        ("group:qa", ["@sam"], {"DU0QUINN": 1, "DU0LEE": 1}),
        ("approvers", ["@lee", "user:anna", "group:qa"], {"DU0LEE": 1, "DU0QUINN": 1}),
        ("approvers", ["channel"], {"#checkout": 1}),
        ("approvers", ["anyone"], {"#checkout": 1}),
        ("channel", ["@sam"], {"#checkout": 1}),
        ("thread", ["@sam"], {}),
    ],
)
def test_escalation_reaches_whom_it_names(to, approvers, wanted):
    later = [{"after": "10m", "to": to}]

    async def story():
        place = await Place(policy(escalations=later, approvers=approvers)).at_gate()
        return (await place.wait(20)).said()

    assert virtual.run(story()) == wanted


@pytest.mark.parametrize("channel", ["#cart", "cart", "C0CART"])
def test_channel_is_reached_however_the_rollout_writes_it(channel):
    later = [{"after": "10m", "to": "approvers"}]

    async def story():
        place = Place(policy(escalations=later, approvers=["channel"]))
        place.api.rollout["metadata"]["annotations"]["rollout-bot.io/channel"] = channel
        return (await (await place.at_gate()).wait(20)).said()

    assert virtual.run(story()) == {f"#{channel.lstrip('#')}": 1}


@pytest.mark.parametrize("named", ["sam", "@sam", "U0SAM"])
def test_approvers_of_the_settings_hear_of_it_where_the_policy_names_nobody(named):
    later = [{"after": "10m", "to": "approvers"}]

    async def story():
        place = Place(policy(escalations=later, approvers=None))
        outlet = place.announcer.outlets[0]
        outlet.rules = authorize.Rules(approvers={"shop/*": (named,)}, default_channel="#checkout")
        return (await (await place.at_gate()).wait(20)).said()

    assert virtual.run(story()) == {"DU0SAM": 1}


@pytest.mark.parametrize(
    ("groups", "wanted"),
    [(PEOPLE, {"DU0SAM": 1}), ({"sre": {"slack": "S0SRE"}}, {"C0CHECKOUT": 1})],
    ids=["the list of the file", "the group is called"],
)
def test_approvers_hear_of_it_though_slack_does_not_say_who_is_in_their_group(groups, wanted):
    later = [{"after": "10m", "to": "approvers"}]

    async def story():
        place = await Place(policy(escalations=later, groups=groups)).at_gate()
        place.trouble.fail = lambda name, number: (
            errors.Refused("plan_upgrade_required") if name == "group" else None
        )
        return (await place.wait(30)).said()

    assert virtual.run(story()) == wanted


def test_no_more_people_are_written_to_than_is_promised():
    crowd = {f"U{number:04d}X" for number in range(40)}

    async def story():
        place = await Place(policy(), rolls={"S0SRE": crowd}).at_gate()
        return (await place.wait(40)).said()

    assert len(virtual.run(story())) == escalating.PEOPLE_MOST


def test_whoever_shipped_it_is_not_asked_to_approve_it():
    async def story():
        place = Place(policy(fourEyes=True))
        place.api.rollout["metadata"]["annotations"]["rollout-bot.io/shipped-by"] = "lee (U0LEE)"
        return (await (await place.at_gate()).wait(40)).said()

    assert virtual.run(story()) == {"DU0SAM": 1}


def test_channel_that_the_bot_is_not_in_does_not_swallow_an_escalation():
    later = [{"after": "10m", "to": "#incidents"}]

    async def story():
        place = await Place(policy(escalations=later)).at_gate()
        place.chat.absent = {"#incidents"}
        return (await place.wait(20)).said()

    assert virtual.run(story()) == {"#checkout": 1}


def test_thread_asks_to_be_invited_where_an_escalation_went_elsewhere():
    later = [{"after": "10m", "to": "#incidents"}]

    async def story(*, absent):
        place = await Place(policy(escalations=later)).at_gate()
        place.chat.absent = absent
        await place.wait(30)
        lines = [one.fact.text for one in approving.lines(place.scene(""))]
        ids = [one.id for one in approving.lines(place.scene(""))]
        (message,) = place.chat.messages.values()
        drawn = str(message["message"].blocks)
        place.patch(abort=True)
        place.settle(2)
        await asyncio.sleep(5)
        return lines, ids, drawn, asking(place)

    reminder = "still waits for approval, 10 min by now: #incidents"
    lines, ids, drawn, left = virtual.run(story(absent={"#incidents"}))
    assert lines == [
        reminder,
        "I am not in #incidents: its message went to #checkout. Invite me with "
        "/invite @rollout in #incidents, or correct its name in the policy",
    ]
    assert len(set(ids)) == 2
    assert "/invite @rollout in #incidents" in drawn
    assert left == []
    lines, _, drawn, _ = virtual.run(story(absent=set()))
    assert lines == [reminder]
    assert "/invite" not in drawn


def test_rollout_without_escalations_is_not_followed():
    place = virtual.run(_made(policy(escalations=[])))
    assert not place.announcer.outlets[0].follows(place.api.rollout)


async def _made(known):
    return Place(known)


@pytest.mark.parametrize("to", ["#incidents", "group:sre", "@sam"])
def test_message_that_was_held_up_is_not_sent_once_the_gate_is_over(to):
    later = [{"after": "10m", "to": to}]

    async def story(*, over):
        place = await Place(policy(escalations=later)).at_gate()
        place.trouble.fail = lambda name, number: (
            errors.Unavailable("down") if name == "post" else None
        )
        await place.wait(20)
        if over:
            place.patch(abort=True)
            place.settle()
        place.trouble.fail = lambda name, number: None
        await asyncio.sleep(10 * MINUTE)
        return sum(place.said().values())

    assert (virtual.run(story(over=False)), virtual.run(story(over=True))) == (1, 0)


def shown(place):
    """What stands with each receiver, and what they could press."""
    return {
        channel: (
            said["message"].text.replace("\u202f", " "),
            [
                element["action_id"].removeprefix("rollout:")
                for block in said["message"].blocks
                for element in block.get("elements", ())
                if element.get("type") == "button"
            ],
        )
        for (channel, _), said in place.chat.messages.items()
    }


def asking(place):
    return [key for key in place.api.rollout["status"]["rolloutBot"]["said"] if "asked:" in key]


@pytest.mark.parametrize("restarted", [False, True], ids=["the same bot", "another process"])
def test_whoever_was_asked_reads_how_it_ended_and_can_press_nothing_any_more(restarted):
    async def story():
        place = await (await Place(policy()).at_gate()).wait(130)
        before, asked_for = shown(place), asking(place)
        if restarted:
            await place.announcer.drain(timeout_s=1)
            place.again()
        place.patch(abort=True)
        place.settle(2)
        await asyncio.sleep(5)
        return before, asked_for, shown(place), asking(place)

    before, asked_for, after, left = virtual.run(story())
    pressed = {channel: buttons for channel, (_, buttons) in before.items()}
    mine = ["approve", "abort", "open"]
    assert pressed == {"DU0SAM": mine, "DU0LEE": mine, "C0CHECKOUT": ["open"], "#incidents": mine}
    assert len(asked_for) == 1
    assert left == []
    assert set(after) == set(before)
    for text, buttons in after.values():
        assert text.startswith("checkout v2 in prod-eu, 50 % → 100 %: closed: aborted with"), text
        assert buttons == []


def test_gate_that_goes_on_waiting_keeps_what_was_asked_as_it_is():
    async def story():
        place = await (await Place(policy()).at_gate()).wait(130)
        before = shown(place)
        await place.wait(60)
        return before, shown(place), asking(place)

    before, after, left = virtual.run(story())
    assert before == after
    assert len(left) == 1


def test_one_message_that_may_not_be_edited_any_more_keeps_no_other_from_being_closed():
    async def story():
        place = await (await Place(policy()).at_gate()).wait(130)
        place.chat.locked = {where for where in place.chat.messages if where[0] == "DU0LEE"}
        place.patch(abort=True)
        place.settle(2)
        await asyncio.sleep(5)
        return {channel: len(buttons) for channel, (_, buttons) in shown(place).items()}

    assert virtual.run(story()) == {"DU0SAM": 0, "DU0LEE": 3, "C0CHECKOUT": 0, "#incidents": 0}
