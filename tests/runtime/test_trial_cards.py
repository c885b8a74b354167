"""The card of an Experiment of its own: posted once, edited in place, and at its end a table."""

import asyncio
from datetime import timedelta

import pytest

from bot.core.notices import trial
from bot.model import errors, ports
from bot.runtime import anchors, authorize, outbox, trial_cards
from tests.core.engine.simulation import NS, Cache
from tests.runtime import stage as stages
from tests.runtime import test_trials, virtual

OWNED = {"ownerReferences": [{"kind": "Rollout", "name": "web", "uid": "u", "controller": True}]}


def judge(*templates):
    return [
        {
            "name": f"judge-{one}",
            "templateName": "judge",
            "requiredForCompletion": True,
            "args": [{"name": "hash", "value": f"{{{{templates.{one}.podTemplateHash}}}}"}],
        }
        for one in templates
    ]


class Shown:
    """The real pass over an Experiment, the real outbox, and a workspace in memory."""

    def __init__(self, **spec):
        self.bench = test_trials.Bench(**spec)
        template = self.bench.cluster.objects["analysistemplates", "judge"]
        args = {"args": [{"name": "hash", "value": ""}], **template["spec"]}
        self.bench.cluster.put(ports.TEMPLATE, {**template, "spec": args})
        self.trouble = stages.Trouble()
        self.chat = stages.Chat(self.trouble)
        self.boot()

    def boot(self):
        """Another process: nothing but the cluster and the chat is left."""
        cluster = self.bench.cluster
        self.cards = trial_cards.TrialCards(
            box=outbox.Outbox(chat=self.chat, clock=virtual.now),
            places=anchors.Anchors(
                api=cluster, observe=lambda obj: None, kind=ports.EXPERIMENT, subresource=""
            ),
            rules=authorize.Rules(default_channel="#releases", channels={NS: "#web"}),
            runs=Cache(cluster, ports.RUN),
            replica_sets=Cache(cluster, ports.REPLICA_SET),
            clock=lambda: self.bench.now,
            cluster="prod-eu",
        )
        self.bench.trials.shown = self.cards.show

    async def settle(self):
        await self.bench.settle()
        await asyncio.sleep(10)

    async def wait(self, seconds):
        await self.bench.wait(seconds)
        await asyncio.sleep(10)

    def measured(self, name, phase, value):
        run = self.bench.of("analysisruns")[name]
        result = {
            "name": "ok", "phase": phase, "count": 1, phase.lower(): 1,
            "measurements": [{"phase": phase, "value": value}],
        }  # fmt: skip
        status = {"phase": phase, "metricResults": [result]}
        self.bench.cluster.put(ports.RUN, {**run, "status": status})

    def texts(self):
        return [one["message"].text.replace("\u202f", " ") for one in self.chat.messages.values()]

    def rows(self):
        (one,) = self.chat.messages.values()
        text = one["message"].blocks[-1]["text"]["text"].replace("\u202f", " ")
        return text.split("\n")


def played(story, **spec):
    async def run():
        made = Shown(**spec)
        await story(made)
        return made

    return virtual.run(run())


def test_experiment_of_its_own_has_one_card_that_ends_with_the_verdict_of_each_template():
    async def story(made):
        await made.settle()
        assert made.texts()[0].startswith("experiment exp runs in prod-eu")
        before_its_runs = trial.card(made.bench.of("experiments")["exp"], [], [], cluster="c")
        assert (before_its_runs.rows, before_its_runs.analyses) == ((), 2)
        made.measured("exp-judge-a", "Successful", "7")
        made.measured("exp-judge-b", "Failed", "3")
        await made.settle()
        await made.settle()

    made = played(story, analyses=judge("a", "b"))
    assert len(made.chat.messages) == 1
    assert next(iter(made.chat.messages))[0] == "#web"
    assert made.texts()[0].startswith("experiment exp is over: failed in prod-eu")
    assert made.rows() == ["a · ok 7 · ✓ passed", "b · ok 3 · ✗ failed"]
    said = made.bench.status["rolloutBot"]["said"]["card"]
    assert said["end"] == "over"


def test_card_goes_on_in_place_after_a_kill_and_is_left_alone_when_all_is_over():
    async def story(made):
        await made.settle()
        made.boot()
        await made.settle()
        await made.wait(40)
        assert made.bench.status["phase"] == "Successful"
        edits = len(made.chat.edits)
        made.boot()
        await made.settle()
        assert len(made.chat.edits) == edits

    made = played(story)
    assert len(made.chat.messages) == 1
    assert made.texts() == ["experiment exp is over: successful in prod-eu"]
    assert made.rows() == ["nothing is measured"]


def test_experiment_of_a_rollout_has_no_card_of_its_own():
    assert played(lambda made: made.settle(), meta=OWNED).chat.messages == {}


def test_experiment_that_was_over_long_ago_is_no_news():
    async def story(made):
        made.bench.trials.shown = lambda raw: None
        await made.settle()
        await made.wait(40)
        made.bench.now += timedelta(minutes=11)
        made.boot()
        await made.settle()

    assert played(story).chat.messages == {}


def test_card_that_somebody_deleted_stands_again_while_it_runs():
    async def story(made):
        await made.settle()
        made.chat.messages.clear()
        made.measured("exp-judge-a", "Successful", "7")
        made.bench.cluster.put(
            ports.EXPERIMENT,
            {**made.bench.raw, "metadata": {**made.bench.raw["metadata"], "labels": {"a": "b"}}},
        )
        made.boot()
        await made.settle()

    made = played(story, analyses=judge("a", "b"))
    assert [text.split(" in ")[0] for text in made.texts()] == ["experiment exp runs"]


@pytest.mark.parametrize("outage_s", [0, 300])
def test_experiment_runs_to_its_end_while_slack_is_away_and_one_true_card_comes_after(outage_s):
    async def story(made):
        made.trouble.fail = lambda name, number: (
            errors.Unavailable("away") if asyncio.get_running_loop().time() < outage_s else None
        )
        await made.settle()
        await made.wait(40)
        assert made.bench.status["phase"] == "Successful"
        await asyncio.sleep(600)

    made = played(story)
    assert made.texts() == ["experiment exp is over: successful in prod-eu"]


def test_pass_goes_on_when_the_bot_is_in_no_channel():
    async def story(made):
        made.chat.absent = {"#web"}
        await made.settle()
        await made.wait(40)

    made = played(story)
    assert made.bench.status["phase"] == "Successful"
    assert made.chat.messages == {}
