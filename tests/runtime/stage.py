"""A rollout with pods that are ready at once, the real ``decide``, and ports that can say no."""

import asyncio
import copy
import itertools
from dataclasses import replace
from datetime import datetime

from bot.core import codec_spec, codec_status, decide, revisions, served
from bot.model import errors, messenger, ports, world
from bot.runtime import announce, authorize
from tests.runtime import virtual


def merge(target, patch):
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    out = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            out.pop(key, None)
        else:
            out[key] = merge(out.get(key), value)
    return out


class Trouble:
    """Says no when it is told to: ``fail`` is a function of the call's name and number."""

    def __init__(self):
        self.calls = []
        self.fail = lambda name, number: None
        self.after = lambda name, number: None

    async def gate(self, name):
        self.calls.append(name)
        problem = self.fail(name, len(self.calls))
        if isinstance(problem, BaseException):
            raise problem
        if problem is not None:
            await problem

    async def done(self, name):
        problem = self.after(name, len(self.calls))
        if isinstance(problem, BaseException):
            raise problem


class Chat:
    """A workspace: messages by (channel, ts), in order, with every edit."""

    def __init__(self, trouble):
        self.trouble = trouble
        self.messages = {}
        self.edits = []
        self.pictures = []
        self.files = []
        self.absent = set()
        self.locked = set()
        self.slow = "no such text"
        self.homes = {}
        self._ts = itertools.count(1)

    async def post(self, *, channel, message, thread=""):
        await self.trouble.gate("post")
        if self.slow in message.text:
            await asyncio.sleep(1.0)
        if channel in self.absent:
            raise errors.Forbidden("not_in_channel")
        ts = f"{next(self._ts):04d}.0"
        self.messages[channel, ts] = {"message": message, "thread": thread, "at": virtual.now()}
        await self.trouble.done("post")
        return messenger.Place(channel=channel, ts=ts)

    async def marked(self, *, channel, thread=""):
        await self.trouble.gate("marked")
        return {
            said["message"].mark: messenger.Place(channel=channel, ts=ts)
            for (room, ts), said in self.messages.items()
            if room == channel and said["thread"] == thread and said["message"].mark
        }

    async def update(self, *, place, message):
        await self.trouble.gate("update")
        found = self.messages.get((place.channel, place.ts))
        if found is None:
            raise errors.NotFound("message_not_found")
        if (place.channel, place.ts) in self.locked:
            raise errors.Uneditable("edit_window_closed")
        found["message"] = message
        self.edits.append((place.ts, message.text, virtual.now()))
        await self.trouble.done("update")

    async def whisper(self, *, channel, user, message, thread=""):
        await self.trouble.gate("whisper")

    async def upload(self, *, place, picture, title, alt):
        await self.trouble.gate("upload")
        self.pictures.append((place, title, alt))
        await self.trouble.done("upload")

    async def upload_text(self, *, place, text, name, title):
        await self.trouble.gate("upload_text")
        self.files.append((place, text, name, title))
        await self.trouble.done("upload_text")

    async def direct(self, user):
        await self.trouble.gate("direct")
        return f"D{user}"

    async def publish(self, *, user, view):
        await self.trouble.gate("publish")
        self.homes[user] = view

    async def members(self, channel, actor):
        await self.trouble.gate("members")
        return frozenset({"U0SAM", "U0LEE"})

    def top(self):
        return [m["message"].text for m in self.messages.values() if not m["thread"]]

    def lines(self):
        return [m["message"].text for m in self.messages.values() if m["thread"]]


class Api:
    """One Rollout behind merge patches, as the API server keeps it."""

    def __init__(self, rollout, trouble):
        self.rollout = rollout
        self.trouble = trouble
        self.version = 1
        self.writes = []
        self.watchers = []

    async def get(self, ref, *, urgent=False):
        await self.trouble.gate("get")
        return self.rollout

    async def list(self, kind, *, namespace="", selector=""):
        return [self.rollout]

    async def write(self, write):
        await self.trouble.gate("write")
        meta = self.rollout["metadata"]
        if write.patch is ports.PatchType.JSON:
            self._json(write.body)
        else:
            asked = write.body.get("metadata", {})
            for field in ("uid", "resourceVersion"):
                if field in asked and asked[field] != meta[field]:
                    raise errors.Conflict(field)
            self.put(merge(self.rollout, {k: v for k, v in write.body.items() if k != "metadata"}))
        self.writes.append(write)
        await self.trouble.done("write")
        return self.rollout

    def _json(self, body):
        fresh = copy.deepcopy(self.rollout)
        for entry in body:
            if entry["op"] == "test":
                found = fresh
                for part in entry["path"].split("/")[1:]:
                    found = (found or {}).get(part)
                if found != entry["value"]:
                    raise errors.Conflict("test")
            else:
                *way, last = [part.replace("~1", "/") for part in entry["path"].split("/")[1:]]
                target = fresh
                for part in way:
                    target = target[part]
                target[last] = entry["value"]
        self.put(fresh)

    def put(self, rollout):
        self.version += 1
        meta = {**rollout["metadata"], "resourceVersion": str(self.version)}
        self.rollout = {**rollout, "metadata": meta}
        for watcher in self.watchers:
            watcher(self.rollout)


def manifest(*, steps, image="app:v1", annotations=None, background=None):
    canary = {"steps": steps}
    if background:
        canary["analysis"] = background
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {
            "name": "checkout",
            "namespace": "shop",
            "uid": "u-1",
            "generation": 1,
            "resourceVersion": "1",
            "creationTimestamp": "2026-11-23T11:00:00Z",
            "annotations": annotations or {},
        },
        "spec": {
            "replicas": 4,
            "selector": {"matchLabels": {"app": "checkout"}},
            "template": {
                "metadata": {"labels": {"app": "checkout"}},
                "spec": {"containers": [{"name": "app", "image": image}]},
            },
            "strategy": {"canary": canary},
        },
    }


class Stage:
    """Passes over one rollout. A restart makes a new announcer on the same API and chat."""

    def __init__(self, steps, **more):
        self.trouble = Trouble()
        self.api = Api(manifest(steps=steps, **more), self.trouble)
        self.chat = Chat(self.trouble)
        self.sets = {}
        self.runs = []
        self.ready = True
        self.rules = authorize.Rules(default_channel="#releases", channels={"shop": "#checkout"})
        self.painter = None
        self.link = None
        self.providers, self.provider = {}, "prometheus"
        self.queries = served.Queries()
        self.reasons = ()
        self.announcer = None
        self.bot = None

    def start(self):
        self.announcer = announce.Announcer(
            chat=self.chat,
            api=self.api,
            clock=virtual.now,
            rules=self.rules,
            observe=lambda obj: None,
            painter=self.painter,
            link=self.link,
            providers=self.providers,
            queries=self.queries,
        )
        return self.announcer

    def ship(self, image):
        fresh = copy.deepcopy(self.api.rollout)
        fresh["spec"]["template"]["spec"]["containers"][0]["image"] = image
        fresh["metadata"]["generation"] += 1
        self.api.put(fresh)

    def patch(self, **status):
        self.api.put(merge(self.api.rollout, {"status": status}))

    def seen(self):
        rollout = self.api.rollout
        meta = rollout["metadata"]
        return world.Seen(
            cluster="prod-eu",
            namespace="shop",
            name="checkout",
            uid=meta["uid"],
            generation=meta["generation"],
            created=virtual.START,
            revision=int(meta["annotations"].get(revisions.REVISION, 0)),
            annotations=meta["annotations"],
            labels={},
            replica_sets=tuple(self.sets.values()),
            services={},
            routes=(),
            runs=tuple(self.runs),
            templates={},
            raw=rollout,
        )

    def decide(self):
        """One pass without telling; what it came to."""
        rollout = self.api.rollout
        spec = codec_spec.decode(rollout)
        status = codec_status.decode(rollout.get("status"))
        seen = self.seen()
        decision = decide.decide(spec, status, seen, status.bot.intents, virtual.now())
        self._apply(decision)
        if decision.status is not None:
            patch = codec_status.merge_patch(
                codec_status.encode(status), codec_status.encode(decision.status)
            )
            if patch:
                self.api.put(merge(self.api.rollout, {"status": patch}))
        self.reasons = decision.reasons
        return spec, decision.status or status, seen, decision

    def step(self):
        spec, status, seen, decision = self.decide()
        if self.announcer is not None:
            self.announcer.tell(self.api.rollout, spec, status, seen, decision)
        return status

    def settle(self, passes=12):
        for _ in range(passes):
            status = self.step()
        return status

    def _apply(self, decision):
        desired = decision.desired
        if desired.create is not None:
            body = desired.create
            meta = body["metadata"]
            rs = world.ReplicaSet(
                name=meta["name"],
                hash=meta["labels"][revisions.HASH],
                revision=int(meta["annotations"][revisions.REVISION]),
                replicas=body["spec"]["replicas"],
                created=virtual.now(),
                template=body["spec"]["template"],
                annotations=meta["annotations"],
                uid=meta["name"],
            )
            self.sets[rs.name] = self._sized(rs, rs.replicas)
        for name, size in desired.sizes.items():
            if name in self.sets:
                self.sets[name] = self._sized(self.sets[name], size.replicas)
        if desired.revision is not None:
            notes = {revisions.REVISION: str(desired.revision)}
            if (
                self.api.rollout["metadata"]["annotations"].get(revisions.REVISION)
                != notes[revisions.REVISION]
            ):
                self.api.put(merge(self.api.rollout, {"metadata": {"annotations": notes}}))

    def _sized(self, rs, size):
        there = size if self.ready else min(rs.ready, size)
        return replace(rs, replicas=size, current=size, ready=there, available=there)


def run_object(stage, *, phase="Failed", values=(0.999, 0.921, 0.92), limit=1, name="run-1"):
    new = revisions.family(
        codec_spec.decode(stage.api.rollout),
        codec_status.decode(stage.api.rollout.get("status")),
        stage.seen(),
    ).new
    at = virtual.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    failed = sum(v < 0.99 for v in values)
    raw = {
        "metadata": {"name": name, "labels": {revisions.HASH: new.hash}},
        "spec": {
            "args": [{"name": "hash", "value": new.hash}],
            "metrics": [
                {
                    "name": "success-rate",
                    "interval": "10s",
                    "count": 5,
                    "failureLimit": limit,
                    "successCondition": "result[0] >= 0.99",
                    "provider": {stage.provider: {"query": 'ok{version="{{args.hash}}"} / all'}},
                }
            ],
        },
        "status": {
            "phase": phase,
            "message": 'Metric "success-rate" assessed Failed due to failed (2) > failureLimit (1)',
            "metricResults": [
                {
                    "name": "success-rate",
                    "phase": phase,
                    "count": len(values),
                    "failed": failed,
                    "successful": len(values) - failed,
                    "measurements": [
                        {
                            "phase": "Failed" if v < 0.99 else "Successful",
                            "value": f"[{v}]",
                            "finishedAt": at,
                        }
                        for v in values
                    ],
                }
            ],
        },
    }
    return world.Run(
        name=name,
        phase=phase,
        message=raw["status"]["message"],
        kind="Background",
        hash=new.hash,
        step_index=None,
        terminating=False,
        created=virtual.now(),
        raw=raw,
    )


STEPS = [{"setWeight": 25}, {"pause": {"duration": "60s"}}, {"setWeight": 50}, {"pause": {}}]
