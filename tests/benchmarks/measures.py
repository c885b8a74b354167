"""The benchmarks: each makes its rollouts, does one thing many times and gives a row."""

import asyncio
import collections
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.benchmarks.world import World

GATED = [{"setCanaryScale": {"replicas": 1}}, {"setWeight": 50}, {"pause": {}}]
EFFECT_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: seconds of each sample, and what else was counted."""

    name: str
    seconds: list[float] = field(default_factory=list)
    notes: str = ""

    def at(self, share: float) -> float | None:
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of each benchmark; ``quick`` is for a smoke test."""

    few: int = 30
    load: int = 60
    fleet: int = 200
    moments: int = 80
    idle: int = 300
    idle_s: int = 30
    acked: int = 500


FULL = Size(moments=1_000, idle=1_000, idle_s=60)
QUICK = Size(few=3, load=3, fleet=5, moments=4, idle=5, idle_s=2, acked=5)


async def _gated(world: World, prefix: str, count: int) -> list[str]:
    """Rollouts that stand at a gate with half of the traffic."""
    names = [f"{prefix}{at}" for at in range(count)]
    await asyncio.gather(*(world.make(name, GATED) for name in names))
    await world.healthy(names)
    await asyncio.gather(*(world.ship(name) for name in names))
    await world.until(lambda: all(world.paused(n) and world.weights.get(n) == 50 for n in names))
    return names


async def promote(world: World, size: Size, _: "Meter") -> Row:
    """A click (status patch) until the VirtualService has the next weight."""
    steps: list[dict[str, Any]] = [{"setCanaryScale": {"replicas": 1}}]
    for at in range(1, 11):
        steps += [{"setWeight": 5 * at}, {"pause": {}}]
    seconds = []
    for turn in range(max(1, size.few // 9)):
        name = f"p{turn}"
        await world.make(name, steps)
        await world.healthy([name])
        await world.ship(name)
        for at in range(1, 10):
            now, after = 5 * at, 5 * (at + 1)
            await world.until(lambda: world.paused(name) and world.weights.get(name) == now)
            await asyncio.sleep(0.2)
            began = await world.say(name, {"pauseConditions": None})
            seconds.append(await world.until(lambda: world.weights.get(name) == after) - began)
    return Row(name="promote", seconds=seconds)


async def abort(world: World, size: Size, _: "Meter") -> Row:
    """An abort until the VirtualService has weight 0, nothing else going on."""
    return Row(name="abort", seconds=await _abort(world, await _gated(world, "a", size.few)))


async def abort_load(world: World, size: Size, _: "Meter") -> Row:
    """The same while other rollouts step every 3 s."""
    names = await _gated(world, "a", size.few)
    steps: list[dict[str, Any]] = [{"setCanaryScale": {"replicas": 1}}]
    for at in range(40):
        steps += [{"setWeight": 1 + 2 * at}, {"pause": {"duration": "3s"}}]
    busy = [f"l{at}" for at in range(size.load)]
    await asyncio.gather(*(world.make(name, steps) for name in busy))
    await world.healthy(busy)
    await asyncio.gather(*(world.ship(name) for name in busy))
    await asyncio.sleep(5)
    return Row(name="abort-load", seconds=await _abort(world, names))


async def _abort(world: World, names: list[str]) -> list[float]:
    await asyncio.sleep(2)
    seconds = []
    for name in names:
        began = await world.say(name, {"abort": True})
        seconds.append(await world.until(lambda: world.weights.get(name) == 0) - began)
        await asyncio.sleep(0.2)
    return seconds


async def moment(world: World, size: Size, _: "Meter") -> Row:
    """Decisions written at the first sight of a pause: every one must take effect."""
    steps = [*GATED, {"setWeight": 60}, {"pause": {}}]
    names = [f"m{at}" for at in range(size.moments)]
    await asyncio.gather(*(world.make(name, steps) for name in names))
    await world.healthy(names)
    lost: list[str] = []

    async def one(at: int, name: str) -> None:
        await asyncio.sleep(0.1 * at)
        await world.ship(name)
        await world.until(lambda: world.paused(name))
        stop = at % 2 == 0
        await world.say(name, {"abort": True} if stop else {"pauseConditions": None})
        try:
            wanted = 0 if stop else 60
            await world.until(lambda: world.weights.get(name) == wanted, EFFECT_S)
        except TimeoutError:
            lost.append(name)

    await asyncio.gather(*(one(at, name) for at, name in enumerate(names)))
    return Row(name="moment", notes=f"{len(lost)} of {len(names)} lost")


async def verdict(world: World, size: Size, _: "Meter") -> Row:
    """The first bad answer of Prometheus until weight 0; the interval is 1 s."""
    bad: set[str] = set()
    first: dict[str, float] = {}

    async def query(request: web.Request) -> web.Response:
        asked = dict(request.query) | dict(await request.post())
        name = str(asked.get("query", ""))
        if name in bad:
            first.setdefault(name, time.perf_counter())
        value = "0.5" if name in bad else "0.99"
        result = [{"metric": {}, "value": [time.time(), value]}]
        data = {"resultType": "vector", "result": result}
        return web.json_response({"status": "success", "data": data})

    app = web.Application()
    app.router.add_route("*", "/api/v1/query", query)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    names = [f"v{at}" for at in range(size.few)]
    for name in names:
        provider = {"prometheus": {"address": address, "query": name}}
        condition = "result[0] >= 0.95"
        metric = {"name": "ok", "interval": "1s", "successCondition": condition}
        await world.template(name, [{**metric, "provider": provider}])
        analysis = {"templates": [{"templateName": name}], "startingStep": 2}
        await world.make(name, GATED, analysis=analysis)
    await world.healthy(names)
    await asyncio.gather(*(world.ship(name) for name in names))
    await world.until(lambda: all(world.paused(n) and world.weights.get(n) == 50 for n in names))
    await asyncio.sleep(3)
    seconds = []
    for name in names:
        bad.add(name)
        seconds.append(await world.until(lambda: world.weights.get(name) == 0) - first[name])
    await runner.cleanup()
    return Row(name="verdict", seconds=seconds)


async def fleet(world: World, size: Size, meter: "Meter") -> Row:
    """An image changed on all at once: five steps, pauses of 10 s in sum, until all are done."""
    pause = {"pause": {"duration": "5s"}}
    steps = [{"setWeight": 20}, pause, {"setWeight": 50}, pause, {"setWeight": 80}]
    names = [f"f{at}" for at in range(size.fleet)]
    await asyncio.gather(*(world.make(name, steps) for name in names))
    await world.healthy(names)
    old = {n: world.rollouts[n]["status"]["currentPodHash"] for n in names}
    mark, cpu, began = meter.mark(), meter.cpu_s(), time.perf_counter()

    async def one(name: str) -> float:
        await world.ship(name)

        def done() -> bool:
            status = world.rollouts[name].get("status") or {}
            return world.phase(name) == "Healthy" and status["currentPodHash"] != old[name]

        return await world.until(done) - began

    seconds = list(await asyncio.gather(*(one(name) for name in names)))
    writes = meter.writes(mark)
    each = sum(writes.values()) / len(names)
    events = sum(count for what, count in writes.items() if what.endswith("events")) / len(names)
    notes = (
        f"{max(seconds):.1f} s wall, {each:.1f} writes each ({events:.1f} of them events), "
        f"{meter.cpu_s() - cpu:.1f} s CPU"
    )
    return Row(name="fleet", seconds=seconds, notes=notes)


async def idle(world: World, size: Size, meter: "Meter") -> Row:
    """Many rollouts at rest: memory, and writes (there must be none but the lease)."""
    names = [f"i{at}" for at in range(size.idle)]
    began = time.perf_counter()
    await asyncio.gather(*(world.make(name, GATED) for name in names))
    await world.healthy(names)
    made = time.perf_counter() - began
    await asyncio.sleep(5)
    mark = meter.mark()
    await asyncio.sleep(size.idle_s)
    writes = {what: n for what, n in meter.writes(mark).items() if not what.endswith("leases")}
    notes = (
        f"{len(names)} rollouts: first deployed in {made:.0f} s, {meter.rss_mb():.0f} MB, "
        f"{sum(writes.values())} writes in {size.idle_s} s"
    )
    return Row(name="idle", notes=notes)


ALL = {
    "promote": promote,
    "abort": abort,
    "abort-load": abort_load,
    "verdict": verdict,
    "moment": moment,
    "fleet": fleet,
    "idle": idle,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """What the bot's process and the audit log say."""

    pid: int
    audit: Path
    slack_port: int = 0

    def mark(self) -> int:
        return self.audit.stat().st_size

    def writes(self, since: int) -> collections.Counter[str]:
        """Writes of the bot since ``mark()``, by verb and kind."""
        time.sleep(1)  # the log is written in batches
        found: collections.Counter[str] = collections.Counter()
        with self.audit.open("rb") as log:
            log.seek(since)
            for line in log:
                try:
                    entry = json.loads(line)
                except ValueError:
                    continue
                if str(entry.get("userAgent", "")).startswith("rollout-bot/"):
                    ref = entry.get("objectRef") or {}
                    found[f"{entry['verb']} {ref.get('resource')}"] += 1
        return found

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def rss_mb(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return int(fields[21]) * 4096 / 1e6
