"""What a channel hears of many rollouts: few messages, and nothing critical is held back."""

import asyncio
import re
from datetime import timedelta

from bot.model import errors, messages, messenger, policy
from bot.runtime import tasks
from tests.render.limits import problems
from tests.render.reading import read
from tests.runtime import crowd as crowds
from tests.runtime import stage as stages
from tests.runtime import virtual

WAITS = [{"setWeight": 25}, {"pause": {}}]
MOVES = [{"setWeight": 25}, {"pause": {"duration": "10m"}}, {"setWeight": 50}]


def plain(text):
    return text.replace("\u202f", " ")


def digests(chat):
    return [plain(text) for text in chat.top() if "more rollout" in text]


def cards(chat):
    return [plain(text) for text in chat.top() if "is at" in text and "more rollout" not in text]


def tell(count, image, steps=MOVES, **more):
    async def story():
        crowd = crowds.Crowd(count, steps, **more)
        crowd.quietly()
        crowd.ship(image)
        await asyncio.sleep(120)
        return crowd

    return virtual.run(story())


def test_channel_hears_of_the_fourth_rollout_with_one_image_as_a_row():
    chat = tell(12, "shared:v2").chat
    assert len(cards(chat)) == 3
    assert digests(chat) == ["shared:v2 goes to 9 more rollouts in prod-eu: 9 move."]


def test_channel_hears_who_wrote_past_a_gate_also_of_a_row():
    async def story():
        crowd = crowds.Crowd(5, MOVES)
        crowd.quietly()
        crowd.ship("shared:v2")
        await asyncio.sleep(120)
        last = crowd.members[-1]
        assert not any(last.name in text for text in cards(crowd.chat)), "it is a row"
        kept = {"at": virtual.now().isoformat(), "by": "argocd-server", "what": "promoteFull"}
        last.patch(rolloutBot={"kept": kept})
        last.settle()
        await asyncio.sleep(60)
        return [plain(text) for text in crowd.chat.lines()]

    said = [text for text in virtual.run(story()) if "argocd-server" in text]
    assert len(said) == 1 and said[0].startswith("app-004: "), said
    assert said[0].endswith("wrote promoteFull: taken back, only its approvers open this gate")


def test_channel_gets_a_card_each_where_few_rollouts_begin():
    chat = tell(5, "{}:v2").chat
    assert len(cards(chat)) == 5 and digests(chat) == []


def test_channel_hears_of_a_burst_without_a_common_image_in_one_message():
    chat = tell(40, "{}:v2").chat
    assert len(cards(chat)) == 5
    assert digests(chat) == ["35 more rollouts within minutes in prod-eu: 35 move."]
    (found,) = [m["message"] for m in chat.messages.values() if "more rollouts" in m["message"].text]
    assert len(found.blocks) <= 20
    assert "and 20 more: /rollout list" in str(found.blocks)


def frozen():
    until = virtual.START + timedelta(hours=6)
    return policy.Freeze(
        id="f1", scope=policy.Scope(), reason="db incident", by="dana (U0DANA)",
        at=virtual.START, until=until,
    )  # fmt: skip


def test_channel_hears_of_what_one_freeze_holds_in_one_message():
    """They come minutes apart and have nothing else in common; before it ends and after."""

    async def story():
        crowd = crowds.Crowd(7, MOVES)
        crowd.quietly()
        crowd.freezes = (frozen(),)
        for one in crowd.members:
            crowd.ship(only=[one])
            await asyncio.sleep(240)
        under = digests(crowd.chat)
        crowd.freezes = ()
        for _ in range(4):
            crowd.settle()
            await asyncio.sleep(600)
        return crowd.chat, under

    chat, under = virtual.run(story())
    said = "4 more rollouts held: freeze until 2026-11-23 18:00 UTC by dana: db incident"
    assert [read(text) for text in under] == [
        said.replace(" UTC", "") + " in prod-eu: 4 hold."
    ]
    assert len(chat.top()) == 3 + 1
    assert [read(text) for text in digests(chat)] == [
        said.replace(" UTC", "") + " in prod-eu: 4 are done."
    ]


def test_row_of_a_digest_links_to_the_message_that_stands_for_it_alone():
    async def story():
        crowd = crowds.Crowd(5, WAITS, link=lambda at: f"https://x.example/{at.channel}/{at.ts}")
        crowd.quietly()
        crowd.ship("shared:v2")
        await asyncio.sleep(120)
        crowd.settle()
        await asyncio.sleep(120)
        waiting = digest_of(crowd.chat), gates_of(crowd.chat)
        crowd.members[4].patch(
            abort=True,
            abortedAt=virtual.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            pauseConditions=None,
            rolloutBot={"abort": {"cause": "by hand"}},
        )
        for _ in range(3):
            crowd.settle()
            await asyncio.sleep(60)
        return crowd.chat, waiting

    chat, (waiting, gates) = virtual.run(story())
    (alert,) = [ts for (_, ts), m in chat.messages.items() if "app-004 v2 was" in m["message"].text]
    linked = set(re.findall(r"<https://x.example/[^/|]+/([^|]+)\|app-00[34] v2>", waiting))
    assert len(linked) == 2 and linked <= gates
    assert f"/{alert}|app-004 v2>" in digest_of(chat)
    assert not problems(next(m["message"] for m in chat.messages.values()
                             if "more rollouts" in m["message"].text))


def gates_of(chat):
    return {ts for (_, ts), m in chat.messages.items() if "to go from" in m["message"].text}


def digest_of(chat):
    return next(str(m["message"].blocks) for m in chat.messages.values()
                if "more rollouts" in m["message"].text)


def test_channel_that_has_had_its_messages_gets_rows_but_every_approval():
    async def story():
        crowd = crowds.Crowd(9, WAITS, limit=4)
        crowd.quietly()
        for one in crowd.members:
            crowd.ship(only=[one])
            await asyncio.sleep(90)
        return crowd.chat

    chat = virtual.run(story())
    gates = [text for text in chat.top() if "to go from" in text]
    assert len(gates) == 9
    assert len(digests(chat)) == 1
    assert "beyond this hour's messages in prod-eu" in digests(chat)[0]


def test_channel_is_free_again_when_the_hour_is_over():
    async def story():
        crowd = crowds.Crowd(4, MOVES, limit=2)
        crowd.quietly()
        for one in crowd.members[:3]:
            crowd.ship(only=[one])
            await asyncio.sleep(90)
        early = len(cards(crowd.chat)), len(digests(crowd.chat))
        await asyncio.sleep(3_600)
        crowd.ship(only=crowd.members[3:])
        await asyncio.sleep(60)
        return early, (len(cards(crowd.chat)), len(digests(crowd.chat)))

    assert virtual.run(story()) == ((2, 1), (3, 1))


def test_digest_follows_its_rows_in_place_and_few_edits_show_them_all():
    async def story():
        crowd = crowds.Crowd(12, WAITS)
        crowd.quietly()
        crowd.ship("shared:v2")
        await asyncio.sleep(120)
        (ts,) = [ts for (_, ts), m in crowd.chat.messages.items() if "more rollouts" in m["message"].text]
        before = len([one for one in crowd.chat.edits if one[0] == ts])
        for one in crowd.members:
            one.patch(promoteFull=True)
        crowd.settle()
        crowd.settle()
        await asyncio.sleep(120)
        return crowd, ts, before

    crowd, ts, before = virtual.run(story())
    assert digests(crowd.chat) == ["shared:v2 goes to 9 more rollouts in prod-eu: 9 are done."]
    assert len([one for one in crowd.chat.edits if one[0] == ts]) - before <= 4


def test_digest_goes_on_in_place_after_a_restart():
    async def story():
        crowd = crowds.Crowd(12, WAITS)
        crowd.quietly()
        crowd.ship("shared:v2")
        await asyncio.sleep(120)
        posted = len(crowd.chat.messages)
        crowd.start()
        crowd.settle()
        await asyncio.sleep(60)
        for one in crowd.members:
            one.patch(promoteFull=True)
        crowd.settle()
        crowd.settle()
        await asyncio.sleep(120)
        return crowd, posted

    crowd, posted = virtual.run(story())
    tops = len([m for m in crowd.chat.messages.values() if not m["thread"]])
    assert digests(crowd.chat) == ["shared:v2 goes to 9 more rollouts in prod-eu: 9 are done."]
    assert tops == 3 + 1 + 12


def test_digest_that_somebody_deleted_gives_its_rollouts_cards_of_their_own():
    async def story():
        crowd = crowds.Crowd(6, WAITS)
        crowd.quietly()
        crowd.ship("shared:v2")
        await asyncio.sleep(120)
        for place, found in list(crowd.chat.messages.items()):
            if "more rollouts" in found["message"].text:
                del crowd.chat.messages[place]
        for one in crowd.members:
            one.patch(rolloutBot={"started": virtual.now().isoformat()}, controllerPause=False, pauseConditions=None)
        crowd.settle()
        await asyncio.sleep(60)
        crowd.settle()
        await asyncio.sleep(60)
        return crowd

    crowd = virtual.run(story())
    shown = {text.split()[0] for text in crowd.chat.top() if "prod-eu" in text}
    assert shown >= {one.name for one in crowd.members}


def test_digest_that_cannot_be_posted_keeps_nobody_from_a_card():
    async def story():
        crowd = crowds.Crowd(8, MOVES)
        crowd.quietly()
        crowd.ship("shared:v2", only=crowd.members[:3])
        await asyncio.sleep(30)
        posts = iter([errors.Refused("invalid_blocks")])
        crowd.trouble.fail = lambda name, n: next(posts, None) if name == "post" else None
        crowd.ship("shared:v2", only=crowd.members[3:])
        await asyncio.sleep(120)
        return crowd.chat

    chat = virtual.run(story())
    assert len(cards(chat)) + 4 >= 8 and len(digests(chat)) == 1


def test_rollback_of_a_row_is_as_loud_as_any():
    async def story():
        crowd = crowds.Crowd(8, MOVES)
        crowd.quietly()
        crowd.ship("shared:v2")
        await asyncio.sleep(60)
        for one in crowd.members:
            one.patch(
                abort=True,
                abortedAt=virtual.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
                pauseConditions=None,
                rolloutBot={"abort": {"cause": "Step-based analysis phase error/failed: x"}},
            )
        crowd.settle()
        await asyncio.sleep(120)
        return crowd.chat

    chat = virtual.run(story())
    alerts = [m["message"] for m in chat.messages.values()
              if "rolled back" in m["message"].text and "more rollouts" not in m["message"].text
              and any(b["type"] == "actions" and "retry" in str(b) for b in m["message"].blocks)]
    assert len(alerts) == 8
    assert "5 were rolled back" in digests(chat)[0]


def test_good_release_costs_its_channel_one_card_one_approval_one_result():
    """The whole story: shipped, measured, approved, done. The result is the card's own end."""

    async def story():
        stage = stages.Stage(stages.STEPS)
        stage.settle()
        stage.start()
        stage.ship("app:v2")
        stage.settle()
        await asyncio.sleep(61)
        stage.settle()
        await asyncio.sleep(30)
        stage.patch(
            rolloutBot={
                "version": 1,
                "intents": {
                    "i1": {"kind": "promote", "actor": "sam (U0SAM)", "at": virtual.now().isoformat()}
                },
            }
        )
        stage.settle()
        await asyncio.sleep(60)
        stage.settle()
        await asyncio.sleep(3_600)
        stage.settle()
        await asyncio.sleep(60)
        return stage.chat

    chat = virtual.run(story())
    tops = [plain(text) for text in chat.top()]
    assert len(tops) == 2, tops
    card, gate = tops
    assert "is done" in card
    assert "approved by" in gate
    assert len(chat.lines()) <= 5


def test_channel_hears_after_an_outage_what_the_readme_promises():
    """Slack is away while 50 rollouts change 20 times each: one message for all of it."""

    async def story():
        steps = []
        for weight in range(2, 42, 2):
            steps += [{"setWeight": weight}, {"pause": {"duration": "60s"}}]
        crowd = crowds.Crowd(50, [*steps, {"pause": {}}])
        crowd.quietly()
        for one in crowd.members:
            crowd.ship(only=[one])
            await asyncio.sleep(61)
        await asyncio.sleep(300)
        indices = [one.api.rollout["status"]["currentStepIndex"] for one in crowd.members]
        crowd.trouble.fail = lambda name, n: errors.Unavailable("down") if name in CHAT else None
        posted, edited = len(crowd.chat.messages), len(crowd.chat.edits)
        waited = sum("to go from" in text for text in crowd.chat.top())
        for _ in range(21):
            await asyncio.sleep(61)
            crowd.settle()
        moved = [
            one.api.rollout["status"]["currentStepIndex"] - before
            for one, before in zip(crowd.members, indices, strict=True)
        ]
        assert len(crowd.chat.messages) == posted
        crowd.trouble.fail = lambda name, n: None
        await asyncio.sleep(600)
        return crowd, posted, edited, waited, moved

    crowd, posted, edited, waited, moved = virtual.run(story())
    assert sum(steps >= 20 for steps in moved) >= 25, moved
    fresh = list(crowd.chat.messages.values())[posted:]
    tops = [m["message"].text for m in fresh if not m["thread"]]
    gates = [text for text in tops if "to go from" in text]
    waiting = sum(bool(one.api.rollout["status"].get("pauseConditions")) and
                  one.api.rollout["status"]["currentStepIndex"] == 40 for one in crowd.members)
    caught_up = [text for text in tops if text.startswith("Slack was unreachable")]
    assert len(caught_up) == 1
    assert len(gates) == waiting - waited
    assert len(tops) == 1 + len(gates)
    assert [m for m in fresh if m["thread"]] == []
    assert len(crowd.chat.edits) - edited <= 50


CHAT = {"post", "update", "whisper", "upload"}


def test_row_says_what_was_decided_before_what_only_moves_on():
    """Edits are short: others wait, and the decided row waits for no spacing either."""

    async def story():
        crowd = crowds.Crowd(10, [*WAITS, *MOVES, {"pause": {"duration": "10m"}}])
        crowd.quietly()
        crowd.ship("shared:v2")
        await asyncio.sleep(120)
        box, place = crowd.announcer.box, messenger.Place(channel="#releases", ts="0001.0")
        others = [
            tasks.spawn(box.update(place=place, content=lambda: messages.Message(text="moves")), name=str(at))
            for at in range(1_200)
        ]
        waits = []
        for one in crowd.members[4:]:
            await asyncio.sleep(0.2)
            if one is crowd.members[-1]:
                await asyncio.sleep(601)
                crowd.members[4].settle(6)  # only moves on: its edit stands in the line
                await asyncio.sleep(3)
            who = {"kind": "promote", "actor": "sam (U0SAM)", "at": virtual.now().isoformat()}
            one.patch(rolloutBot={"version": 1, "intents": {"i1": who}})
            began, before = virtual.now(), len(crowd.chat.edits)
            one.settle(6)
            while not any("more rollout" in text for _, text, _ in crowd.chat.edits[before:]):
                await asyncio.sleep(0.05)
            waits.append((virtual.now() - began).total_seconds())
        left = sum(not one.done() for one in others)
        await tasks.cancel(*others)
        return waits, left

    waits, left = virtual.run(story())
    assert max(waits) < 1.5, waits
    assert left > 100, "the others were short of turns all the time"
