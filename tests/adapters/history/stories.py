"""Decisions of every kind, on rollouts that the real core moves, written into a real history."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from bot.core import explaining, glass, loose_records
from bot.core.notices import people, table
from bot.core.notices import scene as scenes
from bot.model import errors, facts, messenger, policy, ports
from bot.runtime import recorder
from bot.wiring import recording
from tests.core.engine import simulation, test_playbooks
from tests.core.engine.guarded import TWO, Guarded
from tests.core.engine.test_guarded import LEE, SAM, STEPS

PAUSE = {"pause": {}}
ANALYSIS = {"analysis": {"templates": [{"templateName": "t"}]}}
COMMITTED = "2026-11-23T11:40:00Z"
DANA = facts.Person(name="dana", slack_id="U0DANA")


class Flaky:
    """A history that does not answer for the first ``times`` that something is appended."""

    def __init__(self, real, times=0):
        self.real, self.left = real, times
        self.head = real.head

    async def append(self, batch, *, at):
        if self.left:
            self.left -= 1
            raise errors.Unavailable("the history does not answer")
        return await self.real.append(batch, at=at)


class Told(Guarded):
    """A rollout whose passes are told and recorded; ``name`` is the cluster, one a story."""

    def __init__(self, name, history, loop, *, rules=None, **more):
        self.name, self.places, self.kept_loop = name, {}, loop
        self.recorder = recorder.Recorder(
            history=history,
            clock=lambda: self.now,
            rollouts=simulation.Cache(None, ports.ROLLOUT),
            cluster=name,
            link=lambda place: f"https://x.example/{place.channel}/{place.ts}",
        )
        super().__init__(policy=rules or {}, **more)
        self.recorder.rollouts.cluster = self.cluster

    def _build(self):
        super()._build()
        self.reconciler.reader = replace(self.reconciler.reader, cluster=self.name)
        tap = recording.Tap(recorder=self.recorder)
        self.reconciler.teller = tap

    def settle(self, **how):
        super().settle(**how)
        self._tell()
        self.write()
        return self

    def _tell(self):
        """What the announcer would post now stands somewhere, under the keys that it has."""
        said = {}
        known = self.status.bot.said
        for notice in table.of(self.scene(), known):
            if notice.fresh and notice.key not in known:
                place = {"channel": "C1", "ts": f"{len(known) + len(said)}.0"}
                said[notice.key] = {**place, **notice.keep}
                self.places[f"https://x.example/C1/{place['ts']}"] = notice.key
        if said:
            self.write_status(rolloutBot={"said": said})

    def wrote(self, manager, *fields, part="status"):
        """Only what that tool wrote last, as the API server would tell of it."""
        owned = {f"f:{part}": {f"f:{name}": {} for name in fields}}
        at = simulation.codec_status.stamp(self.now)
        entry = {"manager": manager, "time": at, "fieldsV1": owned}
        return self.patch(metadata={"managedFields": [entry]})

    def write(self):
        self.kept_loop.run_until_complete(self.recorder.drain(timeout_s=60))

    def as_from_chat(self, image, person):
        """As ``set-image`` and ``undo`` write it."""
        containers = [{"name": "app", "image": image}]
        template = {**self.raw["spec"]["template"], "spec": {"containers": containers}}
        mark = {people.SET_BY: people.signature(template, person)}
        self.patch(metadata={"annotations": mark}, spec={"template": template})
        return self.later().settle()

    def later(self, **span):
        self.now += timedelta(**(span or {"minutes": 1}))
        return self

    def answer(self, *intents):
        return self.put(*intents).settle()

    def approve(self, actor=SAM, **more):
        self.later()
        return super().approve(actor, **more)

    def passed(self):
        """The first deployment, and v2 at its first gate."""
        self.settle()
        return self.as_from_chat("two", DANA)

    def measured(self):
        test_playbooks.add_template(self)
        return self.passed()


def quorum(start):
    sim = start(rules=TWO, steps=STEPS, routed=True).passed()
    sim.later().write_raw({"status": {"currentStepIndex": 2, "pauseConditions": None}}).settle()
    sim.later().answer(sim.intent(SAM, kind="promote-full"))
    sim.approve(SAM).approve(LEE)
    sim.later()
    sim.answer(sim.intent(SAM), sim.intent(LEE))
    return sim.later().settle()


def broken_glass(start):
    sim = start(rules=TWO, steps=STEPS, routed=True).passed()

    def ask():
        gate = sim.later().intent().gate
        sim.answer(sim.intent(LEE, kind=glass.ASK, gate=gate, reason="orders fail"))
        return sim.later().status.bot.glasses[-1].id

    sim.answer(sim.intent(SAM, kind=glass.REFUSE, gate=ask()))
    sim.answer(sim.intent(SAM, kind=glass.AGREE, gate=ask()))


def abort_and_retry(start):
    sim = start(steps=STEPS, routed=True).passed().later()
    sim.answer(sim.intent(SAM, kind="abort", reason="blank page")).later().settle()
    sim.later().answer(sim.intent("lee@example.com (terminal)", kind="retry"))
    sim.later().write_status(abort=True).settle()
    sim.later().write_status(abort=None).settle()
    sim.later().settle()


def explained(start):
    """Asked for in the thread: only the aborter's first line is the reason."""
    sim = start(steps=STEPS, routed=True).passed().later()
    sim.answer(sim.intent(SAM, kind="abort")).later().settle()
    sim.later().answer(sim.intent(LEE, kind=explaining.KIND, reason="what happened?"))
    sim.later().answer(sim.intent(SAM, kind=explaining.KIND, reason=" blank page "))
    sim.later().answer(sim.intent(SAM, kind=explaining.KIND, reason="and more"))


def undo(start):
    sim = start(steps=STEPS, routed=True).passed().later()
    sim.answer(sim.intent(SAM, kind="promote-full")).later().settle()
    sim.as_from_chat("one", facts.Person(name="lee", slack_id="U0LEE"))


def stock_tools(start):
    sim = start(steps=STEPS, routed=True).passed().later()
    sim.kubectl_promote().settle()
    sim.later().write_status(promoteFull=True).settle().later().settle()
    sim.patch(spec={"restartAt": simulation.codec_status.stamp(sim.now)}).settle()


def known_tools(start):
    """As the API server tells who wrote what."""
    sim = start(steps=STEPS, routed=True).passed().later()
    sim.wrote("kubectl-argo-rollouts", "controllerPause").kubectl_promote().settle()
    sim.later().wrote("argocd-server", "abort").write_status(abort=True).settle().later().settle()
    sim.wrote("kubectl-argo-rollouts", "abort").write_status(abort=None).settle().later().settle()
    sim.wrote("jenkins", "promoteFull").write_status(promoteFull=True).settle()


def moved_and_paused(start):
    """Where nothing waits for anybody: its pods are not there yet."""
    steps = [{"setWeight": 20}, {"setCanaryScale": {"weight": 60}}, {"setWeight": 60}, PAUSE]
    sim = start(steps=steps, routed=True)
    sim.settle()
    sim.stuck.add("two")
    sim.as_from_chat("two", DANA).later()
    sim.wrote("kubectl-argo-rollouts", "paused", part="spec").patch(spec={"paused": True}).settle()
    sim.later().wrote("argocd-server", "paused", part="spec").patch(
        spec={"paused": False}
    ).settle()
    sim.later().wrote("kubectl-argo-rollouts", "currentStepIndex")
    sim.write_status(currentStepIndex=2).settle()
    sim.later().wrote("nobody").patch(spec={"paused": True}).settle()


def skip_a_step(start):
    steps = [{"setWeight": 20}, {"pause": {"duration": "1h"}}, {"setWeight": 60}, PAUSE]
    sim = start(steps=steps, routed=True).passed().later()
    sim.write_status(pauseConditions=None, controllerPause=None)
    sim.answer(sim.intent(SAM, gate="")).later()
    sim.answer(sim.intent(SAM))


def rolled_back(start, verdict="restored"):
    steps = [{"setWeight": 20}, ANALYSIS, PAUSE]
    notes = {"rollout-bot.io/commit": "3f2a1c", "rollout-bot.io/commit-time": COMMITTED}
    sim = start(steps=steps, routed=True, annotations=notes)
    test_playbooks.add_template(sim)
    sim.settle().ship("two").later().settle().later()
    sim.finish_run("Failed").settle().later().settle()
    measured = {"metric": "success-rate", "value": "99.7 %", "bound": "≥ 99 %"}
    helped = {"verdict": verdict, "at": sim.now.isoformat(), **measured}
    sim.write_status(rolloutBot={"abort": {"restored": helped}}).settle()


def not_restored(start):
    rolled_back(start, "not-restored")


def measure_again(start):
    steps = [{"setWeight": 20}, ANALYSIS, PAUSE]
    sim = start(steps=steps, routed=True).measured().later()
    sim.finish_run("Inconclusive").settle().later()
    sim.answer(sim.intent(SAM, kind="measure-again")).later()
    sim.finish_run("Inconclusive").settle().later()
    sim.answer(sim.intent(LEE, kind="continue"))


def timed(says):
    rule = {"approvers": ["@sam"], "expires": "1h", "onTimeout": says}
    return {"rules": [{"approval": rule}]}


def promoted_by_the_policy(start):
    start(rules=timed("promote"), steps=STEPS, routed=True).passed().later(hours=1).settle()


def aborted_by_the_policy(start):
    start(rules=timed("abort"), steps=STEPS, routed=True).passed().later(hours=1).settle()


def freezes(start):
    sim = start(steps=STEPS)
    place = messenger.Place(channel="C1", ts="7.0")
    for stop in (False, True):
        one = policy.Freeze(
            id=f"f{int(stop)}",
            scope=policy.Scope() if stop else policy.Scope(namespace="shop"),
            reason="db incident",
            by="dana (U0DANA)",
            at=sim.now,
            stop=stop,
            until=None if stop else sim.now + timedelta(hours=1),
            begun_place=place,
        )
        end = {"lifted_at": sim.later().now, "lifted_by": "lee (U0LEE)"}
        over = replace(one, ended_place=replace(place, ts="8.0"), **end)
        for record in loose_records.of_freeze(sim.name, over, sim.now):
            sim.recorder.note(record)
    sim.write()


def outage(start):
    sim = start(steps=STEPS, routed=True, away=2)
    sim.passed()
    for _ in range(3):
        sim.later().write()
    assert sim.recorder.idle


STORIES = (
    quorum, broken_glass, abort_and_retry, explained, undo, stock_tools, known_tools,
    moved_and_paused, skip_a_step, rolled_back,
    not_restored, measure_again, promoted_by_the_policy, aborted_by_the_policy, freezes, outage,
)  # fmt: skip


def play(store, loop):
    """All of them, one after the other; the address of each message and what it is."""
    places = {}
    for story in STORIES:

        def start(*, away=0, name=story.__name__, **more):
            sim = Told(name, Flaky(store, away), loop, **more)
            places[name] = sim.places
            return sim

        story(start)
    return places


def run(open_store):
    """Play them on a loop of their own; all entries, the head, and the places by story."""
    with asyncio.Runner() as runner:
        store = open_store()
        places = play(store, runner.get_loop())

        async def read():
            entries = await store.walk(after=0, limit=2_000)
            head = await store.head()
            await store.close()
            return entries, head

        return (*runner.run(read()), places)
