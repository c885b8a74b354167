"""An example from its first deployment to its end: ship, open the gates, note what happens."""

import asyncio
import copy
import functools
from dataclasses import dataclass, field

import yaml

from bot.core import codec_status
from bot.model import analysis, ports
from tests.architecture import files
from tests.examples import plane as planes
from tests.runtime import virtual

FOLDER = files.ROOT / "manifests" / "examples"
DONE = {"Healthy", "Degraded"}
AFTER_S = 900
BRIEF_S = 3
THINKS_S = 60
"""How long a person takes to approve."""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What an example should come to.

    ``shares`` are the per cents of traffic that the new revision gets, one after the other;
    ``gates`` how often a person has to approve; ``took_s`` from shipping to the end.
    ``alone`` is the kind of an object that is no Rollout.
    """

    shares: tuple = ()
    gates: int = 0
    took_s: int = 0
    phase: str = "Healthy"
    tag: str = "next"
    pull_s: float = 5.0
    also: tuple = ()
    alone: ports.Kind | None = None
    runs: tuple = ()


@dataclass(kw_only=True)
class Course:
    """What happened: (seconds since shipping, per cent of the new revision) at each change.

    ``writes`` were made until it had come to rest.
    """

    plane: planes.Plane
    name: str
    before: str = ""
    began_s: float = 0.0
    points: list = field(default_factory=list)
    gates: list = field(default_factory=list)
    took_s: int = 0
    writes: int = 0

    @property
    def status(self):
        return self.plane.rollout(self.name).get("status") or {}

    @property
    def shares(self):
        """Without those that are over at once: one pod more, before one pod less."""
        ends = [at for at, _ in self.points[1:]] + [float("inf")]
        lasting = [p for p, end in zip(self.points, ends, strict=True) if end - p[0] >= BRIEF_S]
        found = [share for _, share in lasting if share]
        return tuple(a for a, b in zip(found, [None, *found], strict=False) if a != b)

    @property
    def answers(self):
        """What became of each approval."""
        return codec_status.decode(self.status).bot.handled

    @property
    def runs(self):
        """The verdicts of all analyses, in the order in which they were begun."""
        all_runs = self.plane.cluster.all(ports.RUN)
        return tuple((run.get("status") or {}).get("phase", "") for run in all_runs)

    def note(self):
        if self.status["currentPodHash"] == self.before:
            return
        share = self.plane.share(self.name)
        if not self.points or self.points[-1][1] != share:
            self.points.append((round(_now_s() - self.began_s), share))


def load(*names):
    return [copy.deepcopy(document) for name in names for document in _read(name)]


@functools.cache
def _read(name):
    return tuple(filter(None, yaml.safe_load_all((FOLDER / name).read_text())))


def run(story):
    """``story`` is a coroutine function without arguments."""
    return virtual.run(story())


async def course(documents, ending, *, prepare=lambda plane: None):
    """Everything that becomes of the one Rollout among ``documents``."""
    plane = planes.Plane(pull_s=ending.pull_s)
    prepare(plane)
    (name,) = [d["metadata"]["name"] for d in documents if d["kind"] == "Rollout"]
    found = Course(plane=plane, name=name)
    async with plane.running():
        plane.cluster.apply(documents)
        await plane.until(lambda: found.status.get("phase") in DONE)
        assert found.status["phase"] == "Healthy", found.status.get("message")
        await asyncio.sleep(AFTER_S)
        await update(found, ending)
        found.took_s = round(_now_s() - found.began_s)
        await asyncio.sleep(AFTER_S)
        found.writes = len(plane.cluster.writes)
        await asyncio.sleep(AFTER_S)
    return found


async def update(found, ending):
    """Ship, and approve whenever a person is waited for, until nothing is left to do."""
    plane, name = found.plane, found.name
    plane.cluster.lookers.append(found.note)
    found.began_s, found.before = _now_s(), found.status["currentPodHash"]
    ship(plane, name, ending.tag)
    await plane.until(lambda: found.status["currentPodHash"] != found.before)
    while True:
        await plane.until(lambda: settled(found) or waits(found))
        found.note()
        # A moment later, because the last write of a pass is not its end.
        await asyncio.sleep(0.01)
        if settled(found):
            return
        if waits(found):
            found.gates.append(round(_now_s() - found.began_s))
            await asyncio.sleep(THINKS_S)
            plane.ask(name, "promote")
            await plane.until(lambda: len(found.answers) >= len(found.gates))


def ship(plane, name, tag):
    """Another image, where the pod template stands."""
    rollout = plane.rollout(name)
    ref = rollout["spec"].get("workloadRef")
    kind, target = (ports.DEPLOYMENT, ref["name"]) if ref else (ports.ROLLOUT, name)
    pod = plane.cluster.find(kind, target)["spec"]["template"]["spec"]
    first, *others = pod["containers"]
    image = f"{first['image'].rpartition(':')[0]}:{tag}"
    containers = [{**first, "image": image}, *others]
    plane.patch(kind, target, spec={"template": {"spec": {"containers": containers}}})


def settled(found):
    status = found.status
    return status.get("phase") in DONE and status.get("observedGeneration") == str(
        found.plane.rollout(found.name)["metadata"]["generation"]
    )


def waits(found):
    """Paused, and no timer would end it: a person has to."""
    key = f"{planes.NS}/{found.name}"
    return found.status.get("phase") == "Paused" and key not in found.plane.timers.pending


async def alone(documents, kind):
    """What an object comes to that is no Rollout; the plane, and its status.

    Where a Rollout stands beside it, the object comes when that one waits for a person.
    """
    plane = planes.Plane()
    beside = [d["metadata"]["name"] for d in documents if d["kind"] == "Rollout"]
    (name,) = [d["metadata"]["name"] for d in documents if d["kind"] == kind.name]
    async with plane.running():
        plane.cluster.apply([d for d in documents if d["kind"] != kind.name])
        for rollout in beside:
            await _at_gate(Course(plane=plane, name=rollout))
        plane.cluster.apply([d for d in documents if d["kind"] == kind.name])
        await plane.until(
            lambda: plane.cluster.find(kind, name).get("status", {}).get("phase") in analysis.DONE
        )
        await asyncio.sleep(AFTER_S)
    return plane, plane.cluster.find(kind, name)["status"]


async def _at_gate(found):
    await found.plane.until(lambda: settled(found))
    await asyncio.sleep(AFTER_S)
    ship(found.plane, found.name, "next")
    await found.plane.until(lambda: waits(found))


async def left_alone(documents):
    """The plane after some time in which a Rollout of ``documents`` should not be touched."""
    plane = planes.Plane()
    async with plane.running():
        plane.cluster.apply(documents)
        await asyncio.sleep(AFTER_S)
    return plane


def _now_s():
    return asyncio.get_running_loop().time()
