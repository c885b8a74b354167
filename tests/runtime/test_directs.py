"""Subscriptions in the cluster, and what subscribers and Argo's channels are told."""

import asyncio
import copy

import pytest

from bot.core import subscriptions as texts
from bot.model import errors, ports
from bot.model import subscriptions as model
from bot.runtime import anchors, authorize, budget, directs, feeding, outbox, subscriptions
from tests.runtime import crowd as crowds
from tests.runtime import stage as stages
from tests.runtime import virtual


class Shelf:
    """The ConfigMap in the cluster, and the cache of it."""

    kind = ports.CONFIG_MAP

    def __init__(self):
        self.obj = None
        self.version = 0
        self.fail = []

    def get(self, namespace, name):
        return self.obj if (namespace, name) == ("bots", subscriptions.NAME) else None

    def observe(self, obj):
        self.obj = obj

    async def write(self, write):
        if self.fail and (problem := self.fail.pop(0)) is not None:
            raise problem
        if write.verb is ports.Verb.CREATE:
            if self.obj is not None:
                raise errors.AlreadyExists("there")
            fresh = copy.deepcopy(write.body)
        elif self.obj is None:
            raise errors.NotFound("none")
        else:
            fresh = stages.merge(self.obj, write.body)
        self.version += 1
        fresh["metadata"]["resourceVersion"] = str(self.version)
        self.obj = fresh
        return fresh


def shelf():
    made = Shelf()
    return made, subscriptions.Subscriptions(api=made, cache=made, namespace="bots")


def sub(what="shop/*", user="U0SAM", quiet=""):
    hours = texts.quiet(quiet) if quiet else None
    return model.Subscription(user=user, what=what, quiet=hours)


async def test_subscriptions_of_two_people_undo_nothing_of_each_other():
    store, book = shelf()
    await book.add(sub())
    await book.add(sub(user="U0LEE"))
    await book.add(sub("shop/checkout", quiet="22:00-07:00 Europe/Berlin"))
    assert [str(one) for one in book.of("U0SAM")] == [
        "shop/*", "shop/checkout, quiet 22:00-07:00 Europe/Berlin",
    ]
    assert await book.remove("U0SAM", "shop/*") == 1
    assert [one.what for one in book.of("U0SAM")] == ["shop/checkout"]
    assert await book.remove("U0SAM") == 1
    assert [one.user for one in book.all()] == ["U0LEE"]
    assert "U0SAM" not in store.obj["data"]


async def test_subscription_again_changes_its_quiet_hours():
    _, book = shelf()
    await book.add(sub())
    await book.add(sub(quiet="22:00-07:00"))
    assert [str(one) for one in book.of("U0SAM")] == ["shop/*, quiet 22:00-07:00 UTC"]


async def test_subscription_is_made_where_another_process_made_the_object_first():
    store, book = shelf()
    store.fail = [errors.NotFound("none"), errors.AlreadyExists("quick"), None]
    store.obj = {"metadata": {"name": subscriptions.NAME, "resourceVersion": "seed"}, "data": {}}
    await book.add(sub())
    assert [one.what for one in book.all()] == ["shop/*"]


@pytest.mark.parametrize("problem", [errors.Unavailable("down"), errors.Forbidden("no right")])
async def test_subscription_that_the_cluster_did_not_take_is_refused_with_a_sentence(problem):
    store, book = shelf()
    store.fail = [problem]
    with pytest.raises(errors.UserError, match="Nothing was changed"):
        await book.add(sub())


async def test_subscriptions_of_one_person_are_bounded():
    _, book = shelf()
    for number in range(texts.A_PERSON_LIMIT):
        await book.add(sub(f"shop/app-{number}"))
    with pytest.raises(errors.UserError, match="unsubscribe"):
        await book.add(sub("shop/one-more"))


def wired(stage, book, *, annotations=None, own="#checkout"):
    if annotations:
        stage.api.rollout["metadata"]["annotations"].update(annotations)
    box = outbox.Outbox(chat=stage.chat, clock=virtual.now)
    rules = authorize.Rules(default_channel=own)
    stage.announcer = feeding.Feed(
        outlets=[
            directs.Directs(box=box, chat=stage.chat, subscriptions=book),
            directs.ArgoChannels(
                box=box, rules=rules, budget=budget.Budget(), clock=virtual.now, limit=lambda: 60
            ),
        ],
        places=anchors.Anchors(api=stage.api, observe=lambda obj: None),
        clock=virtual.now,
    )


async def release(stage):
    stage.settle()
    stage.ship("app:v2")
    stage.settle()
    await asyncio.sleep(61)
    stage.settle()
    await asyncio.sleep(10)
    intent = {"kind": "promote", "actor": "sam (U0SAM)", "at": virtual.now().isoformat()}
    stage.patch(rolloutBot={"version": 1, "intents": {"i1": intent}})
    stage.settle()
    await asyncio.sleep(30)


def said(stage):
    found = {}
    for (channel, _), one in stage.chat.messages.items():
        found.setdefault(channel, []).append(one["message"].text.replace("\u202f", " "))
    return found


def test_subscriber_hears_what_needs_approval_and_what_is_done_and_nobody_else_does():
    async def story():
        stage = stages.Stage(stages.STEPS)
        _, book = shelf()
        await book.add(sub())
        await book.add(sub("bank/*", user="U0LEE"))
        wired(stage, book)
        await release(stage)
        return stage

    assert said(virtual.run(story())) == {
        "DU0SAM": [
            "checkout v2 waits for approval to go from 50 % to 100 % in prod-eu.",
            "checkout v2 is done, it serves all users in prod-eu.",
        ]
    }


def test_subscriber_with_quiet_hours_hears_at_once_what_is_critical_and_the_rest_as_one_list():
    async def story():
        stage = stages.Stage(stages.STEPS)
        _, book = shelf()
        await book.add(sub(quiet="11:00-18:00"))  # the stage begins at noon, UTC
        wired(stage, book)
        await release(stage)
        early = said(stage)
        await asyncio.sleep(6 * 3_600)
        return early, said(stage)

    early, late = virtual.run(story())
    assert [text.split(" to go")[0] for text in early["DU0SAM"]] == ["checkout v2 waits for approval"]
    assert late["DU0SAM"][1:] == [
        "1 piece of news from your quiet hours: checkout v2 is done, it serves all users in prod-eu."
    ]


def test_subscriber_hears_after_a_restart_in_the_quiet_hours_what_was_held():
    async def story():
        stage = stages.Stage(stages.STEPS)
        _, book = shelf()
        await book.add(sub(quiet="11:00-18:00"))
        wired(stage, book)
        await release(stage)
        await stage.announcer.drain(timeout_s=0.1)
        wired(stage, book)  # another process
        stage.settle()
        await asyncio.sleep(6 * 3_600)
        stage.settle()
        await asyncio.sleep(60)
        return said(stage)["DU0SAM"]

    told = virtual.run(story())
    assert len(told) == 2 and "quiet hours" in told[1]


def test_subscriber_hears_of_many_rollouts_after_a_restart_and_quiet_hours_in_one_message():
    """Held in memory it would be one list anyway; a new process finds each of them anew."""

    async def story():
        crowd = crowds.Crowd(5, [{"setWeight": 50}, {"pause": {"duration": "60s"}}])
        _, book = shelf()
        await book.add(sub(quiet="11:00-18:00"))
        for one in crowd.members:
            wired(one, book)
            one.settle()
        wired_together(crowd, book)
        crowd.ship()
        await asyncio.sleep(61)
        crowd.settle()
        await asyncio.sleep(60)
        await crowd.members[0].announcer.drain(timeout_s=0.1)
        await asyncio.sleep(7 * 3_600)
        early = said(crowd)
        wired_together(crowd, book)
        for one in crowd.members:
            one.settle()
            await asyncio.sleep(1)
        await asyncio.sleep(60)
        crowd.settle()
        await asyncio.sleep(60)
        return early, said(crowd)

    early, late = virtual.run(story())
    assert "DU0SAM" not in early
    (told,) = late["DU0SAM"]
    assert told.startswith("5 pieces of news from your quiet hours: app-000 v2 is done")


def wired_together(crowd, book):
    wired(crowd.members[0], book)
    crowd.members[0].announcer.places = anchors.Anchors(api=crowd, observe=lambda obj: None)
    for one in crowd.members[1:]:
        one.announcer = crowd.members[0].announcer


ARGO = {
    "notifications.argoproj.io/subscribe.on-rollout-completed.slack": "audit;checkout",
    "notifications.argoproj.io/subscribe.on-rollout-step-completed.slack": "steps",
}


def test_channel_of_an_argo_annotation_hears_of_its_trigger_and_the_own_channel_does_not():
    async def story():
        stage = stages.Stage(stages.STEPS)
        _, book = shelf()
        wired(stage, book, annotations=ARGO)
        await release(stage)
        return said(stage)

    found = virtual.run(story())
    assert found["#audit"] == ["checkout v2 is done, it serves all users in prod-eu."]
    assert "#checkout" not in found
    assert "checkout v2 has completed step 3 of 4 in prod-eu." in found["#steps"]


def test_channel_that_the_bot_is_not_in_is_given_up():
    async def story():
        stage = stages.Stage(stages.STEPS)
        stage.chat.absent.add("#audit")
        _, book = shelf()
        wired(stage, book, annotations=ARGO)
        await release(stage)
        stage.settle()
        await asyncio.sleep(3_600)
        return stage

    stage = virtual.run(story())
    assert "#audit" not in said(stage)
    assert stage.trouble.calls.count("post") <= 8
