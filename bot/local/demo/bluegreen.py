"""Blue-green: a preview at its own address, all users at once, and the fast way back."""

import dataclasses
from typing import Any

from bot.local.demo import checks, shipment, story, switches

HASH = "rollouts-pod-template-hash"


class BlueGreen(story.Story):
    """A good version is approved; then somebody wants the former one back."""

    async def _act(self) -> None:
        preview = await self.stage.traffic.visit(self.stage.scene.preview)
        one = await self._ship(f"{self.stage.scene.name}:good-2", approves=True)
        switch = _switch(one)
        self.checks += [
            switches.preview_first(switch, preview.window(since=one.began)),
            switches.approved(switch, one.presses),
            switches.at_once(switch),
            checks.ended(one.seen.rollout, phase="Healthy", stable=one.canary),
            checks.one_card_edited(one.told()),
            checks.few_loud(one.told(), card=1, gate=1, alert=0),
        ]
        if one.phase == "Healthy":
            await self._go_back(one)
        else:
            self._check("back-fast", False, "there was nothing to go back from")

    async def _go_back(self, one: shipment.Shipment) -> None:
        before = await self._pods(one.stable)
        order = f"/rollout undo {self.stage.scene.name}"
        back = await self._ship(one.image, approves=False, order=order)
        after = await self._pods(one.stable)
        self.checks += [
            # Who was on the other side before is seen in what came before the order.
            *switches.fast_back(
                dataclasses.replace(_switch(back), answers=self._since(one.over)),
                ordered=back.began,
                before=before,
                after=after,
            ),
            checks.users_on_stable(
                back.answers(), stable=one.stable, since=back.over, whose="the former version"
            ),
        ]

    def _since(self, at: float) -> list[Any]:
        return [answer for answer in self.answers() if answer.t >= at]

    async def _pods(self, pod_hash: str) -> frozenset[str]:
        """The pods of a revision, by uid."""
        space = self.stage.rollout["metadata"]["namespace"]
        path = f"/api/v1/namespaces/{space}/pods?labelSelector={HASH}={pod_hash}"
        listed = await self.stage.api.call("GET", path)
        return frozenset(pod["metadata"]["uid"] for pod in listed["items"])


def _switch(one: shipment.Shipment) -> switches.Switch:
    return switches.Switch(
        sights=one.seen.sights, answers=one.answers(), old=one.stable, new=one.canary
    )
