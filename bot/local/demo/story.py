"""The two stories, played by API server and workspace alone, and the checks that judge them.

The demo Rollout ``checkout`` is shipped; the witness looks on. What counts is in ``checks``.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from bot.local.demo import chat, checks, errors, kube, options, witness
from bot.local.demo import stage as stages

NAME = stages.NAME
CANARY = "checkout-canary"
METRIC = "success-rate"
REVISION = "rollout.argoproj.io/revision"
IMAGES = {"good": "checkout:good-2", "bad": "checkout:bad-3"}
WEIGHTS = (10, 25, 50)
APPROVER = "alice"
APPROVE = "rollout:approve"
AFTER_S = 4.0  # of requests once it is over
CHART_S = 10.0
Say = Callable[[str], None]

PRESS_AGAIN_S = 20.0


class Story:
    """One story on one stage; ``checks`` grows as it goes."""

    def __init__(self, stage: stages.Stage, chosen: options.Options, say: Say) -> None:
        self.stage, self.chosen, self.say = stage, chosen, say
        rollout = stages.rollout(stage.objects, NAME)
        meta, canary = rollout["metadata"], rollout["spec"]["strategy"]["canary"]
        self.path = f"{kube.collection(rollout)}/{meta['name']}"
        route = canary["trafficRouting"]["istio"]["virtualService"]["name"]
        self.seen = witness.Witness(namespace=meta["namespace"], name=NAME, route=route)
        self.canary_service = canary.get("canaryService", CANARY)
        self.stable = ""
        self.before = 0
        self.began = time.time()
        self.counted: dict[str, int] = {}
        self.pressed: dict[str, float] = {}
        self.checks: list[checks.Check] = []

    async def play(self) -> list[checks.Check]:
        """Ship, look on until it is over, judge.

        Raises:
            errors.TookTooLongError: the story did not end in time.

        """
        async with self._looking():
            await self._ship(IMAGES[self.chosen.story])
            try:
                async with asyncio.timeout(self.chosen.timeout_s):
                    phase = await self._until_over()
                await self._judge(phase)
            except TimeoutError:
                raise errors.TookTooLongError(
                    f"the story was not over after {self.chosen.timeout_s:.0f} s: "
                    f"phase {self.seen.last('phase')}, weight {self.seen.last('weight')}"
                ) from None
        return self.checks

    @contextlib.asynccontextmanager
    async def _looking(self) -> AsyncIterator[None]:
        stage = self.stage
        async with asyncio.TaskGroup() as group:
            works = (
                self.seen.watch_route(stage.api, canary=self.canary_service),
                self.seen.watch_rollout(stage.api),
                self.seen.watch_runs(stage.api),
                stage.chat.follow(),
            )
            tasks = [group.create_task(work) for work in works]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()

    async def _ship(self, image: str) -> None:
        """As CI would: the template's image, and nothing else."""
        found = await self.stage.api.call("GET", self.path)
        self.began, self.counted = time.time(), await self.stage.traffic.counts()
        self.stable = found["status"]["stableRS"]
        containers = found["spec"]["template"]["spec"]["containers"]
        self.before = int(found["metadata"]["annotations"][REVISION])
        containers[0]["image"] = image
        template = {"spec": {"containers": containers}}
        await self.stage.api.call(
            "PATCH", self.path, {"spec": {"template": template}}, content=kube.MERGE
        )
        self.say(f"shipped {image}")

    async def _until_over(self) -> str:
        """Healthy, Degraded or, in the bad story, Waiting: nothing pulled it back."""
        told = 0
        while True:
            self.stage.bot.check()
            for sight in self.seen.sights[told:]:
                self.say(f"{sight.kind} {sight.value}")
            told = len(self.seen.sights)
            phase = self.seen.last("phase")
            status = self.seen.rollout.get("status") or {}
            shipped = status.get("currentPodHash", self.stable) != self.stable
            if phase == "Degraded" and shipped:
                return "Degraded"
            if phase == "Healthy" and status.get("stableRS") not in {self.stable, None}:
                return "Healthy"
            if gate := self._open_gate():
                if self.chosen.story == "bad":
                    return "Waiting"
                await self._approve(gate)
            await self._something()

    async def _something(self) -> None:
        """A change, or the time in which a person looks at the channel again."""
        self.seen.changed.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.seen.changed.wait(), chat.POLL_S)

    def told(self) -> dict[str, list[Any]]:
        people = self.stage.chat
        return checks.loud(people.messages, people.first, name=f"{NAME} v{self._number()}")

    def _number(self) -> int:
        """Of the shipped revision, as messages name it; the API server keeps it."""
        notes = self.seen.rollout.get("metadata", {}).get("annotations") or {}
        return int(notes.get(REVISION, self.before + 1))

    def _open_gate(self) -> dict[str, Any] | None:
        return next(
            (
                said
                for said in self.told()["gate"]
                if self._may_press(said["ts"]) and APPROVE in str(said.get("blocks"))
            ),
            None,
        )

    def _may_press(self, ts: str) -> bool:
        """Once; again, as a person would, where the button is still there a good while later."""
        return time.monotonic() - self.pressed.get(ts, -PRESS_AGAIN_S) >= PRESS_AGAIN_S

    async def _approve(self, gate: dict[str, Any]) -> None:
        self.pressed[gate["ts"]] = time.monotonic()
        weight = self.seen.last("weight")
        answer = await self.stage.chat.click(user=APPROVER, ts=gate["ts"], action=APPROVE)
        ok = bool(answer.get("acked")) and weight == WEIGHTS[-1]
        self._check("approved", ok, f"at weight {weight}: {gate['text']} → {answer}")
        self.say(f"{APPROVER} pressed Approve")

    async def _judge(self, phase: str) -> None:
        over = time.time()
        await asyncio.sleep(AFTER_S)
        await self.stage.chat.look()
        status = self.seen.rollout.get("status") or {}
        canary = status.get("currentPodHash", "")
        self.say(f"over: {phase}")
        if self.chosen.story == "good":
            self._judge_good(canary, over)
        else:
            await self._judge_bad(canary, over)

    def _judge_good(self, canary: str, over: float) -> None:
        seen, told = self.seen, self.told()
        self.checks += [
            checks.weights_in_order(seen.sights, (*WEIGHTS, 100)),
            *checks.shares(seen.sights, self.answers(), canary=canary, until=over),
            checks.ended(seen.rollout, phase="Healthy", stable=canary),
            checks.users_on_stable(self.answers(), stable=canary, since=over),
            checks.one_card_edited(told),
            checks.few_loud(told, card=1, gate=1, alert=0),
        ]
        if not any(check.id == "approved" for check in self.checks):
            self._check("approved", False, "nobody was asked")

    async def _judge_bad(self, canary: str, over: float) -> None:
        seen, told = self.seen, self.told()
        old, new = f"v{self.before}", f"v{self._number()}"
        sent = (await self.stage.traffic.counts()).get(self.canary_service, 0)
        counted = sent - self.counted.get(self.canary_service, 0)
        answers = self.answers()
        self.checks += [
            *checks.shares(seen.sights, answers, canary=canary, until=over, cut_short=True),
            checks.proxy_agrees(answers, canary=canary, counted=counted, since=self.began),
            checks.rollback_was_fast(seen.sights),
            checks.ended(seen.rollout, phase="Degraded", stable=self.stable),
            checks.users_on_stable(self.answers(), stable=self.stable, since=over),
            checks.alert_says_why(told, metric=METRIC, old=old, new=new),
            checks.one_card_edited(told),
            checks.few_loud(told, card=1, gate=0, alert=1),
        ]
        found = await self._charts() if told["alert"] else []
        self._check("chart", bool(found), f"{len(found)} pictures in a thread")

    async def _charts(self) -> list[Any]:
        """In the thread of the alert or of the card; uploading takes a moment."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CHART_S):
                while not (found := self._pictures()):
                    await self._something()
                return found
        return []

    def _pictures(self) -> list[Any]:
        told, said = self.told(), self.stage.chat.messages
        places = [message["ts"] for message in told["alert"] + told["card"]]
        return [file for ts in places for file in checks.charts(said, thread=ts)]

    def answers(self) -> list[Any]:
        """Every request since the story began, oldest first."""
        rows = self.stage.traffic.load.window(since=self.began)
        return sorted(rows, key=lambda row: row.t)

    async def save_charts(self, folder: Path) -> None:
        for file in self._pictures():
            await self.stage.chat.save(file, folder)

    def _check(self, name: str, ok: bool, evidence: str) -> None:  # noqa: FBT001
        self.checks.append(checks.Check(id=name, ok=ok, evidence=evidence))
