"""One Experiment in memory: pods, runs and time under the pure ``decide``; every status goes
through the codec."""

import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.core import codec_status, experiments
from bot.core.experiments import status_codec
from bot.model import experiment, world

START = datetime(2026, 11, 23, 12, 0, 0, 500_000, tzinfo=UTC)
HASH = "rollouts-pod-template-hash"


def pod(image="app:v1", ports=(), **labels):
    container = {"name": "app", "image": image}
    if ports:
        container["ports"] = list(ports)
    return {"metadata": {"labels": {"app": "web", **labels}}, "spec": {"containers": [container]}}


def template(name, **more):
    return {
        "name": name,
        "selector": {"matchLabels": {"app": "web"}},
        "template": pod(),
        **more,
    }


def metric(**more):
    return {
        "name": "ok",
        "count": 1,
        "provider": {"web": {"url": "http://metrics.example/{{args.hash}}"}},
        **more,
    }


JUDGE = {"spec": {"args": [{"name": "hash", "value": "none"}], "metrics": [metric()]}}


class World:
    def __init__(self, *, labels=None, **spec):
        self.raw = {
            "metadata": {
                "name": "exp",
                "namespace": "shop",
                "uid": "uid-exp",
                "labels": labels or {},
            },
            "spec": spec,
        }
        self.now, self.wake_at = START, None
        self.sets, self.services, self.runs = {}, {}, {}
        self.templates = {(False, "judge"): JUDGE}
        self.refused, self.taken, self.revisions = {}, set(), None
        self.events, self.told, self.stuck = [], [], set()

    # what is there

    @property
    def status(self):
        return status_codec.decode(self.raw.get("status"))

    @property
    def phase(self):
        return self.status.phase

    def word(self, name):
        return next(one.status for one in self.status.templates if one.name == name)

    def sizes(self):
        return {name: rs.replicas for name, rs in self.sets.items()}

    def seen(self):
        return experiment.Seen(
            replica_sets=tuple(self.sets.values()),
            services=frozenset(self.services),
            runs=tuple(self._run(name) for name in self.runs),
            templates=self.templates,
            revisions=self.revisions,
            taken=frozenset(self.taken),
            refused=self.refused,
        )

    def _run(self, name):
        raw = self.runs[name]
        status = raw.get("status", {})
        return world.Run(
            name=name,
            phase=status.get("phase", ""),
            message=status.get("message", ""),
            kind="",
            hash="",
            step_index=None,
            terminating=raw["spec"].get("terminate") is True,
            created=START,
            raw=raw,
        )

    # what moves it

    def once(self):
        """One pass; whether it changed anything."""
        decision = experiments.decide(self.raw, self.seen(), self.now)
        self.wake_at = decision.wake_at
        self.events += [(event.reason, event.message) for event in decision.events]
        self.told += [(event.reason, event.message) for event in decision.told]
        changed = self._apply(decision.desired)
        following = status_codec.encode(decision.status)
        if following == status_codec.encode(self.status):
            return changed
        self.raw["status"] = copy.deepcopy(following)
        return True

    def _apply(self, desired):
        changed = False
        for body in desired.create_sets:
            name, changed = body["metadata"]["name"], True
            assert name not in self.sets
            self.sets[name] = world.ReplicaSet(
                name=name,
                hash=body["metadata"]["labels"][HASH],
                revision=0,
                replicas=body["spec"]["replicas"],
                created=self.now,
                template=body["spec"]["template"],
                annotations=body["metadata"]["annotations"],
                min_ready_s=body["spec"]["minReadySeconds"],
            )
        for name, size in desired.sizes.items():
            rs = self.sets[name]
            new = _with(rs, replicas=size.replicas, deadline=size.deadline)
            changed, self.sets[name] = changed or new != rs, new
        for body in desired.create_services:
            self.services[body["metadata"]["name"]], changed = body, True
        for name in desired.delete_services:
            del self.services[name]
            changed = True
        for body in desired.create_runs:
            name, changed = body["metadata"]["name"], True
            assert name not in self.runs
            self.runs[name] = copy.deepcopy(dict(body))
        for name in desired.terminate_runs:
            self.runs[name]["spec"]["terminate"], changed = True, True
        return changed

    def kubelet(self):
        moved = False
        for name, rs in self.sets.items():
            ready = 0 if name in self.stuck else rs.replicas
            new = _with(rs, current=rs.replicas, ready=ready, available=ready)
            moved, self.sets[name] = moved or new != rs, new
        return moved

    def settle(self):
        for _ in range(50):
            if not (self.once() | self.kubelet()):
                return self
        raise AssertionError("it does not come to rest")

    def wait(self, seconds):
        end = self.now + timedelta(seconds=seconds)
        while self.wake_at is not None and self.wake_at <= end:
            self.now = max(self.wake_at, self.now)
            self.settle()
        self.now = end
        return self.settle()

    def verdict(self, name, phase, message=""):
        self.runs[name]["status"] = {"phase": phase, "message": message}
        return self.settle()

    def terminate(self):
        self.raw["spec"]["terminate"] = True
        return self.settle()


def _with(rs, **changes):
    return replace(rs, **changes)


def stamp(at):
    return codec_status.stamp(at)
