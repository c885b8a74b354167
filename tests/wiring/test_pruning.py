"""Ruling 4: a cluster that drops our block is noticed, by a dry run alone."""

import asyncio

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


def definition(status):
    schema = {"properties": {"status": status}}
    version = {"name": "v1alpha1", "schema": {"openAPIV3Schema": schema}}
    return {"metadata": {"name": pruning.DEFINITION_NAME}, "spec": {"versions": [version]}}


class Definitions:
    def __init__(self, found=None):
        self.found = found

    def get(self, namespace, name):
        return self.found


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        pytest.param({"properties": {"phase": {}}}, pruning.PRUNED, id="argos-definition"),
        pytest.param({"properties": {"rolloutBot": {}}}, "", id="ours"),
        pytest.param({"x-kubernetes-preserve-unknown-fields": True}, "", id="keeps-everything"),
    ],
)
async def test_bot_reads_the_definition_when_there_is_no_rollout_to_try(status, sentence):
    api = Api({})
    found = await pruning.problem(api, Rollouts(), Definitions(definition(status)))
    assert found == sentence
    assert api.dry == []


async def test_bot_becomes_ready_when_the_definition_is_mended():
    said = asyncio.Queue()
    api = Api({"status": {}})
    check = pruning.Check(
        api=api, rollouts=Rollouts(ROLLOUT), definitions=Definitions(), say=said.put_nowait
    )
    running = asyncio.create_task(check.run())
    async with asyncio.timeout(60):
        assert await said.get() == pruning.PRUNED
        assert not check.fit.is_set()
        api.answer = {"status": {"rolloutBot": {"version": 1}}}
        check.changed(None, None)
        assert await said.get() == ""
        await check.fit.wait()
        api.answer = {"status": {}}
        check.changed(None, None)
        assert await said.get() == pruning.PRUNED
    assert not check.fit.is_set()
    running.cancel()
