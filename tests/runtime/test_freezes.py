"""Freezes in the cluster: written, read, ended, told once; and what people may ask of them."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.gates import freeze_codec
from bot.core.policies import codec
from bot.model import errors, facts, policy, ports
from bot.runtime import authorize, freeze_desk, freeze_news, freezes
from tests.core.engine import simulation
from tests.runtime import stage as stages
from tests.runtime import test_desk, virtual

DANA = facts.Person(name="dana", slack_id="U0SAM")
EVE = facts.Person(name="eve", slack_id="U0EVE")
HOUR = timedelta(hours=1)


class Shelf(simulation.Cache):
    """The cache of the one ConfigMap."""


def shelf(cluster=None):
    cluster = cluster or simulation.Cluster()
    return freezes.Freezes(
        api=cluster,
        cache=Shelf(cluster, ports.CONFIG_MAP),
        rollouts=Shelf(cluster, ports.ROLLOUT),
        namespace=simulation.NS,
        clock=virtual.now,
    )


def entries(book):
    obj = book.api.objects.get(("configmaps", freezes.NAME))
    return {} if obj is None else {key: json.loads(text) for key, text in obj["data"].items()}


def made(freeze_id="f1", **more):
    return policy.Freeze(
        **{"id": freeze_id, "scope": policy.Scope(), "reason": "db", "by": "dana (U0SAM)",
           **more, "at": more.get("at") or virtual.now()}  # fmt: skip
    )


def test_who_waits_hears_of_the_end_when_this_process_wrote_it():
    heard = []

    async def story():
        book = shelf()
        book.changed = lambda old, new: heard.append((old, new))
        await book.add(made())
        await book.change("f1", lambda one: replace(one, lifted_at=virtual.now()))

    asyncio.run(story())
    (_, begun), (before, ended) = heard
    assert before == begun
    assert "liftedAt" in ended["data"]["f1"] and "liftedAt" not in begun["data"]["f1"]


def test_every_field_of_a_freeze_comes_back_from_its_entry():
    async def story():
        one = made(
            scope=policy.Scope(namespace="shop", name="cart*"),
            until=virtual.now() + HOUR,
            stop=True,
            lifted_for=("shop/a", "shop/b"),
            lifted_by="sam (U0SAM)",
            lifted_at=virtual.now(),
            told=("begun:#a", "ended"),
        )
        return one, freeze_codec.decode({"f1": freeze_codec.encode(one)})

    one, (found, broken) = virtual.run(story())
    assert found == (one,)
    assert broken == ()


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("f1", "{"),
        ("f1", "[]"),
        ("f1", "{}"),
        ("f1", '{"at": "yesterday"}'),
        ("f1", '{"at": "2026-11-23T12:00:00+00:00", "until": "later"}'),
        ("F 1", '{"at": "2026-11-23T12:00:00+00:00"}'),
        ("f1", None),
        ("f1", "[" * 5_000),
        ("f1", json.dumps({"at": "2026-11-23T12:00:00+00:00", "reason": "x" * 9_000})),
    ],
)
def test_entry_that_cannot_be_read_is_ignored_and_named(key, text, caplog):
    async def story():
        book = shelf()
        await book.add(made("good"))
        data = book.api.objects["configmaps", freezes.NAME]["data"]
        book.api.put(
            ports.CONFIG_MAP, {"metadata": {"name": freezes.NAME}, "data": {**data, key: text}}
        )
        return [one.id for one in (*book.in_force(), *book.in_force())]

    assert virtual.run(story()) == ["good", "good"]
    assert len([r for r in caplog.records if "cannot be read" in r.message]) == 1


def begun(freeze_id, **more):
    return made(freeze_id, at=virtual.START, **more)


def stored(*found):
    return {one.id: freeze_codec.encode(one) for one in found}


@pytest.mark.parametrize(
    "over", [{"until": virtual.START - HOUR}, {"lifted_at": virtual.START}], ids=["ended", "lifted"]
)
def test_freeze_in_force_is_not_crowded_out_by_those_that_are_over(over):
    """They began before it, and their names come before its own."""
    old = [
        made(f"a{number}", at=virtual.START - 2 * HOUR, **over)
        for number in range(freeze_codec.LIMIT)
    ]
    now = [begun("z1", until=virtual.START + HOUR), begun("z2")]
    found, broken = freeze_codec.decode(stored(*old, *now))
    assert (found[-2:], broken) == (tuple(now), ())
    assert len(found) == freeze_codec.LIMIT
    assert sorted(found, key=lambda one: (one.at, one.id)) == list(found)


def test_freezes_of_which_too_many_are_in_force_keep_those_that_last():
    many = [
        begun(f"f{number:02}", until=virtual.START + (number + 1) * HOUR)
        for number in range(freeze_codec.LIMIT + 2)
    ]
    found, _ = freeze_codec.decode(stored(*many, begun("g")))
    kept = {one.id for one in found}
    assert [one.id for one in many if one.id not in kept] == ["f00", "f01", "f02"] and "g" in kept


def test_freezes_beyond_what_is_read_are_said_to_count_for_nothing():
    many = [begun(f"f{number:03}") for number in range(freeze_codec.READ_LIMIT + 1)]
    assert freeze_codec.decode(stored(*many[1:]))[1] == ()
    (said,) = freeze_codec.decode(stored(*many))[1]
    assert said == "data: more than 256 entries; the last of them count for nothing"


def test_freezes_are_bounded_and_those_that_are_over_make_room():
    async def story():
        book = shelf()
        for number in range(freeze_codec.LIMIT):
            await book.add(made(f"f{number}", until=virtual.now() + HOUR))
        with pytest.raises(freezes.Full):
            await book.add(made("one-more"))
        await asyncio.sleep(3600)
        await book.add(made("later"))
        return book

    book = virtual.run(story())
    assert list(entries(book)) == ["later"]


def test_what_is_over_is_taken_away_but_an_end_waits_to_be_told():
    async def story():
        book = shelf()
        await book.add(made("short", until=virtual.now() + timedelta(seconds=5)))
        await book.add(made("ended"))
        await book.add(made("told"))
        await book.change("ended", lambda one: replace(one, lifted_at=virtual.now()))
        await book.change(
            "told", lambda one: replace(one, lifted_at=virtual.now(), told=(freezes.ENDED,))
        )
        await asyncio.sleep(6)
        await book.tidy()
        first = set(entries(book))
        await asyncio.sleep(3601)
        await book.tidy()
        return first, set(entries(book))

    assert virtual.run(story()) == ({"ended"}, set())


def test_nothing_is_lost_when_two_change_one_freeze_at_once():
    async def story():
        book = shelf()
        await book.add(made())
        stale = book.api.objects["configmaps", freezes.NAME]
        await book.change("f1", lambda one: replace(one, lifted_for=("shop/a",)))
        fresh = book.cache
        book.cache = Stale(stale, fresh)
        await book.change("f1", lambda one: replace(one, lifted_for=(*one.lifted_for, "shop/b")))
        return entries(book)["f1"]["liftedFor"]

    assert virtual.run(story()) == ["shop/a", "shop/b"]


class Stale:
    """A cache that is behind until it is told what stands there."""

    def __init__(self, obj, cache):
        self.obj, self.kind = obj, cache.kind

    def get(self, namespace, name):
        return self.obj

    def observe(self, obj):
        self.obj = obj


# -- what people may ask ---------------------------------------------------------------------


async def office(**more):
    stage = stages.Stage(stages.STEPS)
    await test_desk.moving(stage)
    stage.api.rollout["metadata"]["labels"] = {"tier": "critical"}
    table = test_desk.open_desk(stage, **more)
    book = shelf()
    table.freezing = freeze_desk.FreezeDesk(
        freezes=book,
        scenery=table.scenery,
        clock=virtual.now,
        rules=table.rules,
        permits=table.permits,
        new_id=lambda: f"f{len(entries(book)) + 1}",
    )
    return table.freezing, book


def asked(story):
    async def run():
        return await story(*await office())

    return virtual.run(run())


def test_freeze_says_what_it_holds_and_how_it_ends():
    async def story(desk, book):
        reply = await desk.freeze("shop/*", 2 * HOUR, "db incident", DANA, stop=False)
        return reply, desk.listed(), entries(book)

    reply, listed, stored = asked(story)
    assert reply.accepted
    assert reply.sentence == (
        "Frozen: shop/* until 2026-11-23 14:00 UTC. 1 in flight holds: checkout v2. "
        "Aborts still go through. /rollout unfreeze f1 ends it."
    )
    assert listed == (
        "f1: shop/*, freeze until 2026-11-23 14:00 UTC by dana: db incident. Holds checkout v2.",
    )
    assert stored["f1"]["by"] == "dana (U0SAM)"


def test_only_a_member_of_the_default_channel_may_freeze_and_unfreeze():
    async def story(desk, book):
        first = await desk.freeze("all", HOUR, "x", EVE, stop=False)
        await desk.freeze("all", HOUR, "x", DANA, stop=False)
        return first, await desk.unfreeze("all", EVE), len(desk.freezes.in_force())

    freeze, unfreeze, left = asked(story)
    assert (freeze.accepted, unfreeze.accepted, left) == (False, False, 1)
    assert freeze.sentence.startswith("Only #") and freeze.sentence.endswith("may freeze this.")
    assert unfreeze.sentence.endswith("may lift this.")


def test_freeze_of_a_scope_with_no_rollout_says_so():
    async def story(desk, book):
        return await desk.freeze("shopp", HOUR, "x", DANA, stop=False)

    assert "No rollout is in that scope now." in asked(story).sentence


SRE_ALONE = {
    "groups": {"sre": {"members": ["@dana"]}},
    "rules": [
        {
            "match": {"labels": {"tier": "critical"}},
            "may": {action: ["group:sre"] for action in ("freeze", "unfreeze", "stop-the-line")},
        }
    ],
}


@pytest.mark.parametrize("scope", ["all", "shop", "shop/*", "s*/check*", "shop/checkout"])
def test_wider_scope_is_no_way_round_who_may_freeze_what_is_in_it(scope):
    """The rule matches a label, which no scope has."""

    async def run():
        desk, book = await office(policy=codec.decode(SRE_ALONE))
        stranger = replace(DANA, name="sam")
        refused = [
            await desk.freeze(scope, HOUR, "x", stranger, stop=False),
            await desk.freeze(scope, None, "x", stranger, stop=True),
        ]
        made = await desk.freeze(scope, HOUR, "x", DANA, stop=False)
        refused.append(await desk.unfreeze(scope, stranger))
        other = await desk.freeze("pay", HOUR, "x", stranger, stop=False)
        return refused, made, other, await desk.unfreeze(scope, DANA)

    refused, made, other, ended = virtual.run(run())
    assert [one.accepted for one in refused] == [False] * 3
    assert refused[0].sentence.startswith("Only sre may freeze this.")
    assert ("shop/checkout is in it." in refused[0].sentence) == (scope != "shop/checkout")
    assert made.accepted and other.accepted and ended.accepted


@pytest.mark.parametrize("what", ["f1", "shop/*", "shop", ""])
def test_freeze_is_ended_by_its_id_its_scope_or_alone(what):
    async def story(desk, book):
        await desk.freeze("shop", HOUR, "x", DANA, stop=False)
        reply = await desk.unfreeze(what, DANA)
        return reply, desk.freezes.in_force(), entries(book)["f1"]["liftedBy"]

    reply, left, by = asked(story)
    assert reply.accepted and left == () and by == "dana (U0SAM)"
    assert reply.sentence == "Over: shop/*. What waited goes on in order, since when it waits."


@pytest.mark.parametrize(
    ("scope", "span", "says"),
    [
        ("shop/", HOUR, '"shop/" is no scope'),
        ("Shop!", HOUR, '"Shop!" is no scope'),
        ("all", timedelta(seconds=5), "A freeze lasts from 1 minute to 30 days"),
        ("all", timedelta(days=31), "A freeze lasts from 1 minute to 30 days"),
    ],
)
def test_wrong_freeze_is_refused_with_what_is_allowed(scope, span, says):
    async def story(desk, book):
        return await desk.freeze(scope, span, "x", DANA, stop=False), entries(book)

    reply, stored = asked(story)
    assert not reply.accepted and stored == {}
    assert reply.sentence.startswith(says)


def test_person_is_asked_which_when_several_are_in_force():
    async def story(desk, book):
        await desk.freeze("shop", HOUR, "x", DANA, stop=False)
        await desk.freeze("pay", HOUR, "x", DANA, stop=False)
        return await desk.unfreeze("", DANA), await desk.unfreeze("cart", DANA)

    which, none = asked(story)
    assert which.sentence == (
        "2 freezes are in force. Say which: f1 (shop/*), f2 (pay/*)."
    )
    assert none.sentence == 'No freeze "cart" is in force. There is f1 (shop/*), f2 (pay/*).'


def test_one_rollout_passes_when_a_freeze_is_lifted_for_it():
    async def story(desk, book):
        await desk.freeze("all", HOUR, "x", DANA, stop=False)
        reply = await desk.lift("f1", "shop/checkout", DANA)
        return reply.accepted, entries(book)["f1"]["liftedFor"]

    assert asked(story) == (True, ["shop/checkout"])


def test_one_revision_passes_when_a_freeze_is_lifted_for_it_alone():
    async def story(desk, book):
        await desk.freeze("all", HOUR, "x", DANA, stop=False)
        for _ in range(2):
            reply = await desk.lift("f1", "shop/checkout", DANA, revision="5d8f7")
        return reply.accepted, entries(book)["f1"]["liftedFor"]

    assert asked(story) == (True, ["shop/checkout@5d8f7"])


@pytest.mark.parametrize("problem", [errors.Unavailable("x"), errors.Forbidden("configmaps")])
def test_nothing_is_claimed_when_the_cluster_refuses(problem):
    async def story(desk, book):
        book.api.before = lambda number, write: problem
        return await desk.freeze("all", HOUR, "x", DANA, stop=True)

    reply = asked(story)
    assert not reply.accepted
    assert reply.sentence.startswith("Nothing was done: the cluster")


# -- who is told -----------------------------------------------------------------------------


def told(story, leads=lambda: True, absent=()):
    async def run():
        desk, book = await office()
        said = []

        async def post(channel, message):
            if channel in absent:
                raise errors.Forbidden("not_in_channel")
            said.append((channel, message.text))

        news = freeze_news.FreezeNews(
            freezes=book,
            scenery=desk.scenery,
            rules=replace(desk.rules, default_channel="#rollouts", channels={"shop": "#shop"}),
            post=post,
            leading=leads,
        )

        async def look():
            news.changed(None, None)
            while news._task is not None:
                await asyncio.sleep(0)

        await story(desk, book, look)
        return said

    return virtual.run(run())


def test_freeze_and_its_end_are_told_once_in_the_default_channel():
    async def story(desk, book, look):
        await desk.freeze("shop", HOUR, "db incident", DANA, stop=False)
        await look()
        await look()
        await desk.unfreeze("shop", DANA)
        await look()
        await look()

    said = told(story)
    assert [channel for channel, _ in said] == ["#rollouts", "#rollouts"]
    assert said[0][1].startswith("dana froze shop/∗ in prod-eu until ")
    assert "db incident. 1 rollout holds: checkout." in said[0][1]
    assert said[1][1].startswith("the freeze is over: shop/∗ in prod-eu, by dana.")


def test_stopped_line_is_told_in_each_channel_that_it_concerns():
    async def story(desk, book, look):
        await desk.freeze("all", None, "orders are lost", DANA, stop=True)
        await look()
        await desk.unfreeze("", DANA)
        await look()

    said = told(story)
    assert [channel for channel, _ in said] == ["#rollouts", "#shop", "#rollouts", "#shop"]
    assert said[1][1].startswith("dana stopped the line: everything in prod-eu holds.")
    assert said[3][1].startswith("the line moves again: everything in prod-eu, by dana.")


def test_only_the_leader_tells():
    async def story(desk, book, look):
        await desk.freeze("shop", HOUR, "x", DANA, stop=False)
        await look()

    assert told(story, leads=lambda: False) == []


def test_other_channels_are_told_when_one_refuses():
    async def story(desk, book, look):
        await desk.freeze("all", None, "x", DANA, stop=True)
        await look()
        await look()

    assert [c for c, _ in told(story, absent={"#rollouts"})] == ["#shop"]


def test_unfreeze_and_freeze_are_actions_of_the_default_channel_only():
    rules = authorize.Rules(approvers={"*": ("U0EVE",)}, default_channel="#rollouts")
    rollout = {"metadata": {"namespace": "shop", "name": "a"}}
    for action in (authorize.Action.FREEZE, authorize.Action.UNFREEZE):
        ask = dict(action=action, rollout=rollout, rules=rules)
        yes = authorize.authorize(actor=DANA, members=frozenset({"U0SAM"}), **ask)
        no = authorize.authorize(actor=EVE, members=frozenset({"U0SAM"}), **ask)
        unknown = authorize.authorize(actor=DANA, members=None, **ask)
        assert isinstance(yes, authorize.Allowed)
        assert isinstance(no, authorize.Denied)
        assert isinstance(unknown, authorize.Denied)


def test_config_map_is_made_once_so_that_a_right_to_patch_it_is_enough():
    async def story():
        book = shelf()
        await book.there()
        first = entries(book)
        await book.add(made("f1"))
        await book.there()
        return first, entries(book), len([w for w in book.api.writes if w.verb == ports.Verb.CREATE])

    made_first, after, created = virtual.run(story())
    assert (made_first, list(after), created) == ({}, ["f1"], 1)
