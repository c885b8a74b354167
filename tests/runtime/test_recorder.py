"""What is recorded: all of it, once, whatever is killed or away, and never in the way."""

import asyncio

import pytest

from bot.model import chain, errors, records
from bot.runtime import recorder
from tests.runtime import shelf as shelves
from tests.runtime import stage as stages
from tests.runtime import virtual


async def rest(seconds=5):
    await asyncio.sleep(seconds)


def approve(stage, kind="promote", mark="i1", who="sam (U0SAM)"):
    intent = {"kind": kind, "actor": who, "at": virtual.now().isoformat(), "reason": "blank page"}
    stage.patch(rolloutBot={"version": 1, "intents": {mark: intent}})


async def update(stage, pause=rest):
    """A first deployment, a canary to its gate, approved, done; ``pause`` between all of it."""
    stage.settle()
    await pause()
    stage.ship("app:v2")
    for _ in range(6):
        stage.step()
        await pause()
    await asyncio.sleep(60)
    for _ in range(4):
        stage.step()
        await pause()
    approve(stage)
    for _ in range(6):
        stage.step()
        await pause()


WHOLE = ["shipped", "done", "shipped", "weight", "step", "weight", "gate-opened", "approved"]
ENDING = ["step", "done"]


def checked(stage):
    """The chain is whole and no fact stands twice."""
    walker = chain.Walker(head=records.Head(seq=0, digest=""))
    assert walker.follow(stage.shelf.entries) is None
    ids = [one.id for one in stage.shelf.records()]
    assert len(ids) == len(set(ids))
    return [one for one in stage.shelf.records() if one.kind is not records.Kind.GAP]


def story(work):
    async def played():
        stage = shelves.Recorded()
        await stage.boot()
        await work(stage)
        await rest()
        await stage.stop()
        return stage

    return virtual.run(played())


def test_recorder_keeps_an_update_from_its_shipping_to_its_end():
    stage = story(update)
    found = checked(stage)
    assert [str(one.kind) for one in found] == [*WHOLE, *ENDING]
    approved = found[7]
    assert (approved.actor, approved.actor_id, approved.way) == ("sam", "U0SAM", "slack")
    assert (approved.before.phase, approved.before.weight) == ("Paused", 50)
    assert approved.gate == found[6].gate != ""
    assert found[3].reason == "step 1 of 4: 25 %"
    assert {one.revision for one in found[2:]} == {2}
    assert stage.gaps == []


def test_recorder_keeps_who_aborted_why_and_when_nobody_was_left_on_it():
    async def work(stage):
        stage.settle()
        stage.ship("app:v2")
        stage.settle()
        await rest()
        approve(stage, kind="abort")
        stage.settle()
        await rest()
        approve(stage, kind="retry", mark="i2")
        stage.settle()

    found = {str(one.kind): one for one in checked(story(work))}
    aborted, zero = found["aborted"], found["weight-zero"]
    assert (aborted.actor, aborted.reason) == ("sam", "blank page")
    assert aborted.update.detected_at == aborted.at
    assert aborted.update.shipped_at is not None
    assert zero.update.zero_at == zero.at >= aborted.at
    assert found["retried"].actor == "sam"


def test_recorder_says_of_a_rollback_by_itself_what_failed_and_since_when():
    async def work(stage):
        stage.settle()
        stage.ship("app:v2")
        stage.settle()
        stage.runs = [stages.run_object(stage)]
        stage.patch(
            abort=True,
            abortedAt=virtual.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            pauseConditions=None,
            rolloutBot={"abort": {"cause": "Step-based analysis phase error/failed: x"}},
        )
        stage.settle()

    (found,) = [one for one in checked(story(work)) if one.kind is records.Kind.ROLLED_BACK]
    assert (found.actor, found.way) == ("", "itself")
    assert found.reason.startswith("by itself: success-rate 92")
    assert found.update.bad_since is not None
    assert found.update.bad_since <= found.update.detected_at


def test_recorder_keeps_by_which_way_somebody_came_and_when_users_were_well_again():
    async def work(stage):
        stage.settle()
        stage.ship("app:v2")
        stage.settle()
        approve(stage, kind="abort", who="alice@example.com (terminal)")
        stage.settle()
        await rest()
        well = {"verdict": "restored", "at": virtual.now().isoformat()}
        stage.patch(rolloutBot={"abort": {"restored": well}})
        stage.settle()

    found = {str(one.kind): one for one in checked(story(work))}
    assert (found["aborted"].actor, found["aborted"].way) == ("alice@example.com", "terminal")
    restored = found["restored"]
    assert restored.update.restored_at == restored.at > found["aborted"].at


def test_recorder_keeps_an_abort_by_a_tool_without_a_name():
    async def work(stage):
        stage.settle()
        stage.ship("app:v2")
        stage.settle()
        stage.patch(abort=True)
        stage.settle()

    found = {str(one.kind): one for one in checked(story(work))}
    assert (found["aborted"].actor, found["aborted"].way) == ("", "kubectl")
    assert "rolled-back" not in found


def test_recorder_says_of_an_earlier_revision_that_it_is_shipped_again():
    async def work(stage):
        for image in ("app:v1", "app:v2", "app:v1"):
            stage.ship(image)
            stage.settle()
            await rest(60)
            stage.settle()
            approve(stage, mark=f"i-{image}", kind="promote-full")
            stage.settle()

    found = [one for one in checked(story(work)) if one.kind in ("shipped", "undone")]
    assert [str(one.kind) for one in found] == ["shipped", "shipped", "undone"]
    assert found[2].reason == "app:v1"


def test_recorder_keeps_a_refused_request():
    async def work(stage):
        stage.settle()
        approve(stage, kind="retry")
        stage.settle()

    (found,) = [one for one in checked(story(work)) if one.kind is records.Kind.REFUSED]
    assert found.actor == "sam"
    assert "retry: " in found.reason


@pytest.mark.parametrize("moment", range(17))
def test_a_kill_between_a_write_and_its_record_loses_nothing(moment):
    """The process dies after the n-th pass, with what it had in memory."""

    async def killed(stage):
        turn = iter(range(999))

        async def pause():
            if next(turn) == moment:
                await stage.reboot()
            await rest()

        await update(stage, pause)
        await rest()

    usual = sorted(one.id for one in checked(story(update)))
    stage = story(killed)
    assert sorted(one.id for one in checked(stage)) == usual


@pytest.mark.parametrize("moment", range(1, 12))
@pytest.mark.parametrize("lost", [False, True], ids=["refused", "written but not said"])
def test_each_call_may_fail_and_all_is_recorded_once(moment, lost):
    async def work(stage):
        def fail(number):
            return shelves.AWAY if number == moment else None

        setattr(stage.shelf, "after" if lost else "fail", fail)
        await update(stage)
        await rest(120)

    usual = sorted(one.id for one in checked(story(update)))
    assert sorted(one.id for one in checked(story(work))) == usual


@pytest.mark.parametrize("begin", [0, 1.5, 20, 35, 62, 95, 110])
@pytest.mark.parametrize("length", [0.3, 2, 7, 40])
def test_short_outage_loses_nothing_and_is_said_where_a_writing_fell_into_it(begin, length):
    """What falls between two writings is no gap: the records waited in memory all the same."""
    hit = []

    async def work(stage):
        start = virtual.now()

        def fail(number):
            passed = (virtual.now() - start).total_seconds()
            away = begin <= passed < begin + length
            hit.extend([number] * away)
            return shelves.AWAY if away else None

        stage.shelf.fail = fail
        await update(stage)
        await rest(200)

    usual = sorted(one.id for one in checked(story(update)))
    stage = story(work)
    assert sorted(one.id for one in checked(stage)) == usual
    assert stage.shelf.kinds().count("gap") == (1 if hit else 0)


def test_rollouts_go_on_while_the_database_is_away_and_the_gap_is_said_once():
    async def work(stage):
        stage.shelf.fail = lambda number: shelves.AWAY
        await update(stage)
        assert stage.api.rollout["status"]["phase"] == "Healthy"
        assert stage.shelf.entries == []
        await rest(600)
        calls = stage.shelf.calls
        stage.shelf.fail = lambda number: None
        await rest(120)
        assert calls < 25

    stage = story(work)
    usual = sorted(one.id for one in checked(story(update)))
    assert sorted(one.id for one in checked(stage)) == usual
    assert len(stage.gaps) == 1
    assert stage.shelf.kinds().count("gap") == 1
    assert stage.gaps[0].sentence.endswith("was kept and is recorded now.")
    assert stage.asked == []


@pytest.mark.parametrize(("length", "told"), [(20, 0), (600, 1)])
def test_outage_that_lasts_is_said_once_while_it_does(length, told):
    """A wrong address never gets better by itself: nobody would hear of it at its end."""
    seen = []

    async def work(stage):
        stage.settle()
        await rest()
        for turn in range(2):
            stage.shelf.fail = lambda number: shelves.AWAY
            stage.ship(f"app:v{turn + 2}")
            stage.settle()
            await asyncio.sleep(length)
            assert stage.shelf.calls
            seen.append(len(stage.outages))
            stage.shelf.fail = lambda number: None
            await rest(120)

    stage = story(work)
    assert seen == [told, 2 * told]
    for one in stage.outages:
        assert "the history does not answer. Rollouts go on; " in one


def test_what_does_not_fit_is_read_again_from_the_rollouts(monkeypatch):
    async def work(stage):
        monkeypatch.setattr(recorder, "RECORDS_LIMIT", 3)
        stage.shelf.fail = lambda number: shelves.AWAY
        await update(stage)
        assert len(stage.recorder._pending) <= 3
        stage.shelf.fail = lambda number: None
        await rest(120)
        assert stage.asked == ["shop/checkout"]
        stage.step()
        await rest()

    stage = story(work)
    found = [str(one.kind) for one in checked(stage)]
    assert "approved" in found
    assert "done" in found
    assert len(stage.gaps) == 1
    assert "facts did not fit" in stage.gaps[0].sentence


def test_a_record_that_is_refused_for_good_holds_up_no_other():
    async def work(stage):
        real = stage.shelf.append

        async def append(batch, *, at):
            if any(one.kind is records.Kind.APPROVED for one in batch):
                raise errors.Refused("no")
            return await real(batch, at=at)

        stage.shelf.append = append
        await update(stage)
        await rest(120)

    kinds = [str(one.kind) for one in checked(story(work))]
    assert "approved" not in kinds
    assert kinds[-1] == "done"


def test_facts_from_before_a_start_are_recorded_and_said():
    async def work(stage):
        await update(stage)
        stage.recorder = None
        stage.ship("app:v3")
        stage.settle()
        await rest(300)
        await stage.reboot()
        stage.settle()
        await rest()

    stage = story(work)
    assert [str(one.kind) for one in stage.shelf.records()].count("gap") == 1
    assert "had not been recorded" in stage.gaps[0].sentence
    assert [one.revision for one in checked(stage)][-1] == 3


def test_record_knows_where_its_message_stands():
    async def work(stage):
        stage.settle()
        stage.ship("app:v2")
        status = stage.settle()
        key = f"card:{status.current_hash}:2"
        stage.patch(rolloutBot={"said": {key: {"channel": "C1", "ts": "12.5"}}})

    found = checked(story(work))
    assert {one.permalink for one in found if one.revision == 2} == {"https://x.example/C1/12.5"}


def test_recorder_stays_bounded_whatever_comes(monkeypatch):
    async def work(stage):
        monkeypatch.setattr(recorder, "STATES_LIMIT", 10)
        stage.shelf.fail = lambda number: shelves.AWAY
        for number in range(50):
            stage.ship(f"app:v{number}")
            stage.step()
        assert len(stage.recorder._states) <= 10
        await rest()

    story(work)
