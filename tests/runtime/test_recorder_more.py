"""What is recorded beside a rollout's own course: whether an abort helped, verdicts, freezes."""

import asyncio

import pytest

from bot.core import loose_records
from bot.model import feed, policy, ports, records
from bot.runtime import feeding
from tests.runtime import shelf as shelves
from tests.runtime import stage as stages
from tests.runtime import test_aftermath, test_announce, test_feeding, test_freezes, virtual


class Both:
    """Tells people and outlets, as the controller does."""

    def __init__(self, *tellers):
        self.tellers = tellers

    def tell(self, *what):
        for one in self.tellers:
            one.tell(*what)


async def aborted(stage):
    """A bad canary on a stage that records, pages and measures the stable afterwards."""
    pager = test_feeding.Outlet(kinds=frozenset({feed.Kind.ROLLED_BACK, feed.Kind.RECOVERED}))
    people = stage.start()
    feed_ = test_feeding.feed_of(stage, pager)
    stage.announcer = Both(people, feed_)
    stage.settle()
    await test_announce.rest()
    stage.ship("app:v2")
    stage.settle()
    await test_announce.rest()
    stage.runs = [stages.run_object(stage)]
    stage.patch(
        abort=True,
        abortedAt=virtual.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        pauseConditions=None,
        rolloutBot={"abort": {"cause": "Step-based analysis phase error/failed: x"}},
    )
    for _ in range(20):
        stage.settle(passes=2)
        await asyncio.sleep(10)
    return pager


class Stage(shelves.Recorded):
    """Records what passes come to and tells of them too."""

    def step(self):
        spec, status, seen, decision = self.decide()
        self.recorder.take(spec, status, seen, decision.reasons)
        self.announcer.tell(self.api.rollout, spec, status, seen, decision)
        return status


def played(value):
    async def story():
        stage = Stage()
        stage.providers = {"prometheus": test_aftermath.Prometheus(lambda query, now: value)}
        await stage.boot()
        pager = await aborted(stage)
        await stage.stop()
        return stage, pager

    return virtual.run(story())


def kept(stage, kind):
    return [one for one in stage.shelf.records() if one.kind is kind]


def test_history_and_pager_hear_that_users_are_well_when_the_stable_measures_well():
    stage, pager = played(0.997)
    (found,) = kept(stage, records.Kind.RESTORED)
    (begun,) = kept(stage, records.Kind.ROLLED_BACK)
    assert found.update.restored_at == found.at >= begun.at
    assert found.reason.startswith("success-rate 99.7")
    assert kept(stage, records.Kind.NOT_RESTORED) == []
    assert pager.kinds_got() == ["rolled-back", "recovered"]


def test_history_says_not_restored_and_the_pager_stays_on_when_the_stable_is_bad_too():
    stage, pager = played(0.93)
    (found,) = kept(stage, records.Kind.NOT_RESTORED)
    assert found.update.restored_at is None
    assert found.reason.startswith("success-rate 93")
    assert kept(stage, records.Kind.RESTORED) == []
    assert pager.kinds_got() == ["rolled-back"]


@pytest.mark.parametrize(
    ("kind", "kept_as"),
    [
        ("measure-again", records.Kind.MEASURED_AGAIN),
        ("continue", records.Kind.CONTINUED),
        ("promote", records.Kind.PROMOTED),
    ],
)
def test_history_keeps_what_a_person_said_of_a_missing_verdict(kind, kept_as):
    async def story():
        stage = shelves.Recorded()
        await stage.boot()
        stage.settle()
        stage.ship("app:v2")
        stage.settle()
        handled = {
            "kind": kind, "actor": "sam (U0SAM)", "at": virtual.now().isoformat(),
            "accepted": True, "sentence": "v2 goes on.",
        }  # fmt: skip
        stage.patch(rolloutBot={"handled": {"i9": handled}})
        stage.settle()
        await asyncio.sleep(5)
        await stage.stop()
        return stage

    (found,) = kept(virtual.run(story()), kept_as)
    assert (found.actor, found.way, found.reason) == ("sam", "slack", "v2 goes on.")


def derived(*of, at=None):
    return [
        one for freeze in of
        for one in loose_records.of_freeze("prod-eu", freeze, at or virtual.now())
    ]  # fmt: skip


def test_freeze_is_recorded_with_who_where_until_when_and_why():
    async def story():
        until = virtual.now() + test_freezes.HOUR
        scope = policy.Scope(namespace="shop", name="cart")
        made = test_freezes.made(until=until, scope=scope)
        return made, derived(made), derived(made, at=until)

    made, begun, over = virtual.run(story())
    (one,) = begun
    assert (one.kind, one.at, one.actor, one.namespace) == ("frozen", made.at, "dana", "shop")
    assert one.reason == "shop/cart (freeze f1) until 2026-11-23T13:00:00Z: db"
    assert over[0] == one
    assert (over[1].kind, over[1].at, over[1].actor) == ("unfrozen", made.until, "")
    assert over[1].way == "itself"


def test_end_of_a_stopped_line_is_recorded_with_who_ended_it():
    async def story():
        late = virtual.now() + test_freezes.HOUR
        one = test_freezes.made(stop=True, lifted_at=late, lifted_by="bo@x.example (terminal)")
        return derived(one)

    begun, over = virtual.run(story())
    assert "stop-the-line f1" in begun.reason
    assert (over.kind, over.actor, over.way) == ("unfrozen", "bo@x.example", "terminal")


def test_same_id_of_another_freeze_is_another_record():
    async def story():
        first = test_freezes.made()
        return derived(first, test_freezes.made(at=virtual.now() + test_freezes.HOUR))

    first, second = virtual.run(story())
    assert first.id != second.id


def test_every_freeze_of_the_cluster_is_recorded_once_however_often_it_is_seen():
    async def story():
        stage = shelves.Recorded()
        await stage.boot()
        book = test_freezes.shelf()
        await book.add(test_freezes.made("f1"))
        await book.add(test_freezes.made("f2", stop=True))
        for _ in range(3):
            for record in derived(*book.every()):
                stage.recorder.note(record)
        await asyncio.sleep(5)
        await stage.reboot()
        for record in derived(*book.every()):
            stage.recorder.note(record)
        await asyncio.sleep(5)
        await stage.stop()
        return stage

    stage = virtual.run(story())
    found = [one for one in stage.shelf.records() if one.kind is not records.Kind.GAP]
    assert [str(one.kind) for one in found] == ["frozen", "frozen"]
