"""The demo's manifests: each can be run, and what is there twice is the same."""

import pytest

from bot.core import codec_spec
from bot.local.demo import kube, scenes
from bot.model import spec

FOLDERS = sorted({path.parent for path in scenes.MANIFESTS.rglob("*.yaml")})


def rollouts(folder):
    return [obj for obj in kube.documents(folder) if obj["kind"] == "Rollout"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_rollout_can_be_run_as_its_manifest_stands(folder):
    for rollout in rollouts(folder):
        found = codec_spec.decode(rollout)
        assert isinstance(found, spec.Spec)
        assert found.problem is None


def test_exercise_is_the_same_with_both_routers_but_for_the_router():
    (istio,), (nginx,) = (rollouts(scenes.MANIFESTS / "ecommerce" / r) for r in ("istio", "nginx"))
    routers = [r["spec"]["strategy"]["canary"].pop("trafficRouting") for r in (istio, nginx)]
    assert istio == nginx
    assert [list(router) for router in routers] == [["istio"], ["nginx"]]
