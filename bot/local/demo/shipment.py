"""One version being shipped: by API server and workspace alone, seen until it is over.

What was seen counts as right or wrong in ``checks`` and ``criteria``.
"""

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from bot.local.demo import chat, checks, errors, kube, witness
from bot.local.demo import stage as stages

REVISION = "rollout.argoproj.io/revision"
APPROVER = "alice"
CHANNEL = "releases"
ANSWERS = ("rollout:approve", "rollout:switch")
"""What opens a gate: it has one of the two."""
AFTER_S = 4.0  # of requests once it is over
READ_S = 2.0  # a person reads before pressing; nothing may move meanwhile
PRESS_AGAIN_S = 20.0
CHART_S = 10.0
Say = Callable[[str], None]


class Shipment:
    """``phase`` is what it came to: Healthy, Degraded, or Waiting where nobody is to approve.

    With an ``order`` a person types that instead of shipping ``image``. ``began``, ``over`` and
    ``until`` are Unix times: shipped, over, and the end of looking on.
    """

    def __init__(
        self, stage: stages.Stage, *, image: str, approves: bool, say: Say, order: str = ""
    ) -> None:
        self.stage, self.image, self.approves, self.say = stage, image, approves, say
        self.order = order
        meta = stage.rollout["metadata"]
        self.name = meta["name"]
        self.path = f"{kube.collection(stage.rollout)}/{self.name}"
        self.seen = witness.Witness(namespace=meta["namespace"], name=self.name)
        self.phase = ""
        self.stable = ""
        self.before = 0
        self.began, self.over, self.until = time.time(), math.inf, math.inf
        self.sent: dict[str, int] = {}
        self.presses: list[witness.Press] = []
        self._left = ""
        self._pressed: dict[str, float] = {}

    async def play(self, *, timeout_s: float) -> None:
        """Ship, look on until it is over, and a moment longer.

        Raises:
            errors.TookTooLongError: it was not over in time.

        """
        found = await self.stage.api.call("GET", self.path)
        async with self._looking(found):
            counted = await self.stage.traffic.counts()
            await self._ship(found)
            try:
                async with asyncio.timeout(timeout_s):
                    self.phase = await self._until_over()
            except TimeoutError:
                raise errors.TookTooLongError(
                    f"{self.order or self.image} was not over after {timeout_s:.0f} s: "
                    f"phase {self.seen.last('phase')}, weight {self.seen.last('weight')}"
                ) from None
            self.over = time.time()
            await asyncio.sleep(AFTER_S)
            self.until = time.time()
            await self.stage.chat.look()
            total = await self.stage.traffic.counts()
        self.sent = {name: count - counted.get(name, 0) for name, count in total.items()}
        self.say(f"over: {self.phase}")

    @contextlib.asynccontextmanager
    async def _looking(self, rollout: kube.Object) -> AsyncIterator[None]:
        api = self.stage.api
        runs = f"{kube.collection(rollout).rpartition('/')[0]}/analysisruns"
        known = [run["metadata"]["name"] for run in (await api.call("GET", runs))["items"]]
        works = (
            *self.seen.traffic(api, rollout),
            self.seen.watch_rollout(api),
            self.seen.watch_runs(api, known=known),
        )
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work) for work in works]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()

    async def _ship(self, found: kube.Object) -> None:
        self.stable, self._left = found["status"]["stableRS"], found["status"]["currentPodHash"]
        self.before = await self._number_of(self.stable)
        self.began = time.time()
        if self.order:
            people = self.stage.chat
            await people.command(user=APPROVER, channel=CHANNEL, text=self.order)
            self.say(f"{APPROVER} typed {self.order}")
            return
        await self._set_image(found)
        self.say(f"shipped {self.image}")

    async def _set_image(self, found: kube.Object) -> None:
        """As CI would: the template's image, and nothing else."""
        containers = found["spec"]["template"]["spec"]["containers"]
        containers[0]["image"] = self.image
        template = {"spec": {"containers": containers}}
        await self.stage.api.call(
            "PATCH", self.path, {"spec": {"template": template}}, content=kube.MERGE
        )

    async def _number_of(self, pod_hash: str) -> int:
        """Of a revision, as messages name it; the API server keeps it on the ReplicaSet."""
        path = (
            f"/apis/apps/v1/namespaces/{self.stage.rollout['metadata']['namespace']}/replicasets"
        )
        query = f"labelSelector=rollouts-pod-template-hash={pod_hash}"
        listed = await self.stage.api.call("GET", f"{path}?{query}")
        numbers = [rs["metadata"]["annotations"][REVISION] for rs in listed["items"]]
        return int(numbers[0]) if numbers else 0

    async def _until_over(self) -> str:
        """Healthy, Degraded or, where nobody is to approve, Waiting: nothing pulled it back."""
        told = 0
        while True:
            self.stage.bot.check()
            for sight in self.seen.sights[told:]:
                self.say(f"{sight.kind} {sight.value}")
            told = len(self.seen.sights)
            phase = self.seen.last("phase")
            status = self.seen.rollout.get("status") or {}
            shipped = status.get("currentPodHash", self._left) != self._left
            if phase == "Degraded" and shipped:
                return "Degraded"
            if phase == "Healthy" and status.get("stableRS") not in {self.stable, None}:
                return "Healthy"
            if gate := self._open_gate():
                if not self.approves:
                    return "Waiting"
                await self._approve(gate)
            await self._something()

    async def _something(self) -> None:
        """A change, or the time in which a person looks at the channel again."""
        self.seen.changed.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.seen.changed.wait(), chat.POLL_S)

    @property
    def canary(self) -> str:
        """The hash of what was shipped."""
        return str((self.seen.rollout.get("status") or {}).get("currentPodHash", ""))

    @property
    def number(self) -> int:
        """Of the shipped revision, as messages name it; the API server keeps it."""
        notes = self.seen.rollout.get("metadata", {}).get("annotations") or {}
        return int(notes.get(REVISION, self.before + 1))

    def told(self) -> dict[str, list[Any]]:
        """The bot's messages about what was shipped, by kind."""
        people = self.stage.chat
        return checks.loud(people.messages, people.first, name=f"{self.name} v{self.number}")

    def answers(self) -> list[Any]:
        """Every request from the shipping to the end of looking on, oldest first."""
        rows = self.stage.traffic.load.window(since=self.began)
        return sorted((row for row in rows if row.t < self.until), key=lambda row: row.t)

    def _open_gate(self) -> dict[str, Any] | None:
        """One that can be pressed and that a person has had the time to read."""
        return next(
            (
                said
                for said in self.told()["gate"]
                if self._may_press(said["ts"])
                and self._open_s(said["ts"]) >= READ_S
                and _answer(said)
            ),
            None,
        )

    def _open_s(self, ts: str) -> float:
        return time.time() - self.stage.chat.first[ts][0]

    def _may_press(self, ts: str) -> bool:
        """Once; again, as a person would, where the button is still there a good while later."""
        return time.monotonic() - self._pressed.get(ts, -PRESS_AGAIN_S) >= PRESS_AGAIN_S

    async def _approve(self, gate: dict[str, Any]) -> None:
        ts = gate["ts"]
        self._pressed[ts] = time.monotonic()
        at, open_s, weight = time.time(), self._open_s(ts), self.seen.last("weight")
        answer = await self.stage.chat.click(user=APPROVER, ts=ts, action=_answer(gate))
        self.presses.append(
            witness.Press(
                at=at,
                open_s=open_s,
                weight=weight,
                by=APPROVER,
                asked=gate["text"],
                answer=answer,
            )
        )
        self.say(f"{APPROVER} pressed Approve")

    async def charts(self) -> list[Any]:
        """In the thread of the alert or of the card; uploading takes a moment."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CHART_S):
                while not (found := self.pictures()):
                    await self._something()
                return found
        return []

    def pictures(self) -> list[Any]:
        told, said = self.told(), self.stage.chat.messages
        places = [message["ts"] for message in told["alert"] + told["card"]]
        return [file for ts in places for file in checks.charts(said, thread=ts)]


def _answer(said: dict[str, Any]) -> str:
    """The button of a request that lets it go on; empty where there is none any more."""
    blocks = str(said.get("blocks"))
    return next((action for action in ANSWERS if f"'{action}'" in blocks), "")
