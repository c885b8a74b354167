"""Ruling 5: beside a running Argo Rollouts the bot does not start without the shared lease."""

import pytest

from bot.model import errors
from bot.wiring import alone


def deployment(*, ready=1, **labels):
    named = {
        "app.kubernetes.io/part-of": "argo-rollouts",
        "app.kubernetes.io/component": "rollouts-controller",
        **labels,
    }
    return {
        "metadata": {"name": "argo-rollouts", "namespace": "argo", "labels": named},
        "status": {"readyReplicas": ready} if ready else {},
    }


class Api:
    def __init__(self, answer):
        self.answer, self.asked = answer, []

    async def list(self, kind, *, namespace="", selector=""):
        self.asked.append((kind.plural, namespace, selector))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def test_bot_refuses_to_start_when_argo_has_ready_pods():
    api = Api([deployment()])
    with pytest.raises(errors.UserError) as refused:
        await alone.check(api)
    assert "argo/argo-rollouts" in refused.value.sentence
    assert "kubectl scale deployment argo-rollouts -n argo --replicas=0" in refused.value.sentence
    assert api.asked == [("deployments", "", alone.ARGO)]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param([], id="none"),
        pytest.param([deployment(ready=0)], id="scaled-down"),
        pytest.param(
            [deployment(**{"app.kubernetes.io/name": "rollout-bot"})], id="our-own-deployment"
        ),
        pytest.param(errors.Forbidden("may not list deployments"), id="cannot-tell"),
    ],
)
async def test_bot_starts_when_nobody_else_works(answer):
    await alone.check(Api(answer))
