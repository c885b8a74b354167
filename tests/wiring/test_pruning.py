"""Ruling 4: a cluster that drops our block is noticed, by a dry run alone."""

import pytest

from bot.model import errors
from bot.wiring import pruning

ROLLOUT = {"metadata": {"namespace": "shop", "name": "checkout"}}


class Rollouts:
    def __init__(self, *objects):
        self.objects = objects

    def list(self, namespace=""):
        return self.objects


class Api:
    def __init__(self, answer):
        self.answer, self.dry = answer, []

    async def write(self, write, *, dry_run=False):
        self.dry.append(dry_run)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        pytest.param({"status": {"rolloutBot": {"version": 1}}}, "", id="kept"),
        pytest.param({"status": {"phase": "Healthy"}}, pruning.PRUNED, id="dropped"),
        pytest.param({}, pruning.PRUNED, id="no-status"),
        pytest.param(errors.Forbidden("may not"), "", id="cannot-tell"),
    ],
)
async def test_bot_is_not_ready_when_the_cluster_drops_its_block(answer, sentence):
    api = Api(answer)
    assert await pruning.problem(api, Rollouts(ROLLOUT)) == sentence
    assert api.dry == [True]


async def test_bot_asks_nothing_when_there_is_no_rollout_yet():
    api = Api({})
    assert await pruning.problem(api, Rollouts()) == ""
    assert api.dry == []
