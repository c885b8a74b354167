"""Whether another controller of rollouts works here (ruling 5): two are the worst accident.

With leader election the shared lease keeps them apart. Without it a Deployment with Argo's
labels and ready pods stops the bot at its start.
"""

import logging
from typing import Protocol

from bot.model import errors, ports

log = logging.getLogger(__name__)

ARGO = "app.kubernetes.io/part-of=argo-rollouts,app.kubernetes.io/component=rollouts-controller"
_OURS = "rollout-bot"


class Lister(Protocol):
    """What the look needs of the API server."""

    async def list(
        self, kind: ports.Kind, *, namespace: str = "", selector: str = ""
    ) -> list[ports.Object]: ...


async def check(api: Lister, *, namespace: str = "") -> None:
    """Refuse to work beside a running Argo Rollouts.

    ``namespace`` limits the look to where the bot works; empty means everywhere.

    Raises:
        errors.UserError: the sentence that names the Deployment and what to do.

    """
    try:
        found = await api.list(ports.DEPLOYMENT, namespace=namespace, selector=ARGO)
    except errors.RolloutBotError as error:
        log.warning("whether Argo Rollouts runs here cannot be checked: %s", error)
        return
    for obj in found:
        meta, status = obj["metadata"], obj.get("status") or {}
        labels = meta.get("labels") or {}
        if labels.get("app.kubernetes.io/name") == _OURS or not status.get("readyReplicas"):
            continue
        where = f"{meta['namespace']}/{meta['name']}"
        raise errors.UserError(
            f"Argo Rollouts runs here: Deployment {where} has {status['readyReplicas']} ready "
            "pods, and two controllers would fight over every rollout. Stop it first: kubectl "
            f"scale deployment {meta['name']} -n {meta['namespace']} --replicas=0. Or leave out "
            "--leader-elect=false: with the shared lease the bot waits until Argo is gone.",
            path="--leader-elect",
        )
