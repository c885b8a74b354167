"""After an abort: the stable is measured, what the canary served is counted, and both are told once."""

import asyncio
import types
from datetime import timedelta

import pytest

from bot.adapters import metrics
from bot.core import aftermath, served
from bot.model import errors, ports
from tests.runtime import stage as stages
from tests.runtime import test_announce, virtual

rest = test_announce.rest


class Prometheus:
    """Answers by what the query names; remembers what was asked and when."""

    name = "prometheus"

    def __init__(self, answer):
        self.answer = answer
        self.asked = []

    async def sample(self, config, *, now):
        self.asked.append((config["query"], now))
        value = self.answer(config["query"], now)
        if isinstance(value, Exception):
            raise value
        return ports.Sample(value=[value], shape="[]float64", text=f"[{value}]")


def stage(answer, **more):
    made = stages.Stage(stages.STEPS, **more)
    made.providers = {"prometheus": Prometheus(answer)}
    return made


def played(made, seconds):
    async def story():
        await test_announce.bad(made)
        await rest(seconds)
        made.settle()
        await rest(1)

    virtual.run(story())
    return made


def abort(made):
    return made.api.rollout["status"]["rolloutBot"]["abort"]


def stable_hash(made):
    return made.api.rollout["status"]["stableRS"]


def after(made, word):
    return [m["message"] for m in made.chat.messages.values() if word in m["message"].text]


def parent(made, message):
    """What heads the thread in which it stands."""
    place, found = next((k, m) for k, m in made.chat.messages.items() if m["message"] is message)
    return made.chat.messages[place[0], found["thread"]]["message"]


def test_thread_says_restored_when_the_stable_measures_well():
    made = played(stage(lambda query, now: 0.997), 20)
    (said,) = after(made, "restored")
    text = said.text.replace("\u202f", " ")
    assert text.startswith("service restored after ")
    assert "v1 success-rate 99.7 %" in text
    assert not said.broadcast
    assert parent(made, said).text.startswith("checkout v2 was rolled back")
    queries = {query for query, _ in made.providers["prometheus"].asked}
    assert queries == {f'ok{{version="{stable_hash(made)}"}} / all'}


class InNamespace(Prometheus):
    """Reads its keys where the run is: without a namespace it has none."""

    def __init__(self, answer):
        super().__init__(answer)
        self.namespaces = set()

    def within(self, namespace):
        self.namespaces.add(namespace)
        return types.SimpleNamespace(sample=super().sample)

    async def sample(self, config, *, now):
        raise ports.MetricError("no keys: asked in no namespace")


@pytest.mark.parametrize("made_by", [Prometheus, InNamespace])
@pytest.mark.parametrize("provider", sorted(metrics.BUILDERS))
def test_stable_is_measured_by_every_provider_that_answers_at_once(provider, made_by):
    made = stage(lambda query, now: 0.997)
    made.provider = provider
    made.providers = {provider: made_by(lambda query, now: 0.997)}
    played(made, 20)
    (said,) = after(made, "restored")
    assert "v1 success-rate 99.7 %" in said.text.replace("\u202f", " ")
    asked = {query for query, _ in made.providers[provider].asked}
    assert asked == {f'ok{{version="{stable_hash(made)}"}} / all'}
    if made_by is InNamespace:
        assert made.providers[provider].namespaces == {made.api.rollout["metadata"]["namespace"]}


def test_core_knows_which_providers_do_something_instead_of_answering():
    assert set(metrics.LASTING) == aftermath.LASTING


@pytest.mark.parametrize("provider", sorted(metrics.LASTING))
def test_thread_says_at_once_that_nothing_was_measured_when_the_check_is_no_question(
    provider,
):
    made = stage(lambda query, now: 0.997)
    made.provider = provider
    played(made, 20)
    (said,) = after(made, "whether the rollback helped")
    assert said.text.endswith("was not measured: no Job is run again (success-rate)")
    assert not said.broadcast
    assert made.providers["prometheus"].asked == []


def test_channel_is_told_when_the_stable_is_bad_too():
    made = played(stage(lambda query, now: 0.93), 150)
    (said,) = after(made, "not restored")
    assert said.broadcast
    text = said.text.replace("\u202f", " ")
    assert text == (
        "not restored: v1 success-rate 93 % since the rollback; the cause is not (only) v2"
    )
    assert abort(made)["restored"]["verdict"] == "not-restored"


def test_thread_says_restored_when_it_takes_a_while():
    def answer(query, now):
        first = made.providers["prometheus"].asked[0][1]
        return 0.997 if now - first >= timedelta(seconds=40) else 0.93

    made = stage(answer)
    played(made, 150)
    assert after(made, "not restored") == []
    (said,) = after(made, "service restored")
    assert "after 40 s" in said.text or "after 50 s" in said.text


@pytest.mark.parametrize(
    "answer",
    [lambda q, n: ports.MetricError("no route to host"), lambda q, n: float("nan")],
    ids=["away", "no data"],
)
def test_thread_says_that_nobody_knows_when_the_stable_cannot_be_measured(answer):
    made = played(stage(answer), 150)
    (said,) = after(made, "whether the rollback helped is not known")
    assert not said.broadcast
    assert after(made, "restored") == []


def test_nothing_is_measured_twice_after_a_restart():
    made = stage(lambda query, now: 0.997)

    async def story():
        await test_announce.bad(made)
        await rest(20)
        asked = len(made.providers["prometheus"].asked)
        await made.announcer.drain(timeout_s=1)
        made.start()
        made.settle()
        await rest(60)
        return asked

    asked = virtual.run(story())
    assert asked == len(made.providers["prometheus"].asked)
    assert len(after(made, "service restored")) == 1


def test_next_bot_goes_on_when_the_first_was_killed_before_it_knew():
    made = stage(lambda query, now: 0.93 if len(made.providers["prometheus"].asked) < 4 else 0.997)

    async def story():
        await test_announce.bad(made)
        await made.announcer.drain(timeout_s=0)
        assert "restored" not in abort(made)
        made.start()
        made.settle()
        await rest(60)

    virtual.run(story())
    assert len(after(made, "service restored")) == 1


def test_nothing_is_written_beside_a_later_abort():
    """The update is retried while the stable is being measured."""
    made = stage(lambda query, now: 0.93)

    async def story():
        await test_announce.bad(made)
        made.patch(rolloutBot={"abort": {"at": "2026-11-23T13:00:00+00:00"}})
        await rest(150)

    virtual.run(story())
    assert "restored" not in abort(made)


def test_abort_is_told_when_the_metrics_server_hangs():
    made = stages.Stage(stages.STEPS)

    class Hanging:
        async def sample(self, config, *, now):
            await asyncio.Event().wait()

    made.providers = {"prometheus": Hanging()}
    played(made, 1)
    assert any("rolled back in prod-eu" in text for text in made.chat.top())


COUNTED = served.Queries(
    requests='sum(increase(all{v="{{hash}}"}[{{range}}]))',
    failed='sum(increase(bad{v="{{hash}}"}[{{range}}]))',
)


def test_alert_counts_what_the_canary_served_when_a_query_is_configured():
    made = stage(
        lambda query, now: 1240.4 if "all{" in query else 98 if "bad{" in query else 0.997
    )
    made.queries = COUNTED
    played(made, 60)
    (alert,) = (m for m in after(made, "must be at least") if m.blocks)
    text = str(alert.blocks)
    assert "v2 served 1,240 requests, 98 failed" in text
    new = made.api.rollout["status"]["currentPodHash"]
    asked = [query for query, _ in made.providers["prometheus"].asked if "increase" in query]
    assert len(asked) == 2
    assert all(f'v="{new}"' in query and "s]))" in query for query in asked)


def test_alert_says_nothing_of_requests_when_they_cannot_be_counted():
    def answer(query, now):
        return ports.MetricError("away") if "increase" in query else 0.997

    made = stage(answer)
    made.queries = COUNTED
    played(made, 200)
    assert abort(made)["served"] == {}
    assert "served" not in str([m.blocks for m in after(made, "must be at least")])


def test_annotation_names_the_query_before_the_settings_do():
    notes = {"rollout-bot.io/requests-query": "mine"}
    assert served.queries(notes, COUNTED) == served.Queries(requests="mine", failed=COUNTED.failed)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ([12.6], 13),
        (7, 7),
        ([], None),
        ([1, 2], None),
        ([float("nan")], None),
        (-1, None),
        ("x", None),
    ],
)
def test_count_is_absent_when_the_answer_is_no_number(value, number):
    assert served.count(value) == number


def test_write_that_is_refused_is_tried_again():
    made = stage(lambda query, now: 0.997)
    made.trouble.fail = lambda name, number: (
        errors.Unavailable("away") if name == "write" and number % 2 else None
    )
    played(made, 120)
    assert len(after(made, "service restored")) == 1
