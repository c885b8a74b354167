"""What Slack is asked for, and how fresh cards are, with Slack's rate tiers on.

On a virtual clock: the bot's own announcer, outbox and digests, the rate tiers of the local
workspace, 80 ms a call. What is measured are limits and waits, not computing.
"""

import asyncio
import collections
from dataclasses import dataclass, field

from bot.local.workspace import tiers
from bot.model import errors
from tests.benchmarks import measures
from tests.runtime import crowd as crowds
from tests.runtime import stage as stages
from tests.runtime import virtual

CALL_S = 0.08
MINUTES = 15
CHANNELS = 20
METHODS = {
    "post": "chat.postMessage",
    "update": "chat.update",
    "marked": "conversations.history",
}


class Tiered(stages.Chat):
    """A workspace that answers 429 as Slack would, and notes when which card says what."""

    def __init__(self, trouble):
        super().__init__(trouble)
        self.tiers = tiers.Tiers(clock=lambda: asyncio.get_running_loop().time())
        self.calls = collections.Counter()
        self.refused = collections.Counter()
        self.minutes = collections.Counter()
        self.seen = lambda text: None

    async def _asked(self, name, channel):
        await asyncio.sleep(CALL_S)
        method = METHODS[name]
        wait = self.tiers.wait_s(method=method, channel=channel)
        if wait:
            self.refused[method] += 1
            raise errors.Unavailable("ratelimited", retry_after_s=wait)
        self.calls[method] += 1
        self.minutes[method, int(asyncio.get_running_loop().time() // 60)] += 1

    async def post(self, *, channel, message, thread=""):
        await self._asked("post", channel)
        place = await super().post(channel=channel, message=message, thread=thread)
        self.seen(message.text)
        return place

    async def marked(self, *, channel, thread=""):
        await self._asked("marked", channel)
        return await super().marked(channel=channel, thread=thread)

    async def update(self, *, place, message):
        await self._asked("update", place.channel)
        await super().update(place=place, message=message)
        self.seen(message.text)

    def peak(self, method):
        return max((n for (name, _), n in self.minutes.items() if name == method), default=0)


@dataclass
class Freshness:
    """When each rollout came to a weight, and when its card first said so (or more)."""

    open: dict = field(default_factory=lambda: collections.defaultdict(list))
    seconds: list = field(default_factory=list)
    due: dict = field(default_factory=dict)
    awaited: list = field(default_factory=list)

    def wants(self, name, start):
        """From now on people wait for a card that begins so."""
        self.due[name] = (start, asyncio.get_running_loop().time())

    def _came(self, text):
        name, _, rest = text.replace("\u202f", " ").partition(" v2 ")
        start, at = self.due.get(name, ("", 0.0))
        if start and rest.startswith(start):
            del self.due[name]
            self.awaited.append(asyncio.get_running_loop().time() - at)

    def changed(self, name, weight):
        self.open[name].append((weight, asyncio.get_running_loop().time()))

    def seen(self, text):
        self._came(text)
        words = text.replace("\u202f", " ").split()
        if len(words) < 6 or words[2:4] != ["is", "at"] or not words[4].isdecimal():
            return
        shown, left = int(words[4]), []
        for weight, at in self.open[words[0]]:
            if weight <= shown:
                self.seconds.append(asyncio.get_running_loop().time() - at)
            else:
                left.append((weight, at))
        self.open[words[0]] = left


def tiered(count, steps, more=None):
    trouble = stages.Trouble()
    chat = Tiered(trouble)
    crowd = crowds.Crowd(count, steps, chat=chat, **(more or {}))
    chat.trouble = crowd.trouble
    return crowd, chat


async def _fresh(count, minutes, *, together):
    steps = []
    for weight in range(1, minutes + 3):
        steps += [{"setWeight": weight}, {"pause": {"duration": "50s"}}]
    crowd, chat = tiered(count, steps)
    crowd.quietly()
    found = Freshness()

    async def live(one, offset):
        await asyncio.sleep(offset)
        one.ship(f"{one.name}:v2")
        one.settle(6)
        await asyncio.sleep(count * 15 + 60 - (0 if together else offset % 60) - offset)
        await asyncio.sleep(offset % 60 if not together else 0)
        for _ in range(minutes):
            await asyncio.sleep(60)
            before = one.api.rollout["status"]["currentStepIndex"]
            status = one.settle(4)
            if status.step_index > before:
                found.changed(one.name, (status.step_index // 2) + 1)

    chat.seen = found.seen
    await asyncio.gather(*(live(one, 15 * at) for at, one in enumerate(crowd.members)))
    await asyncio.sleep(120)
    return found.seconds, chat


def _counts(chat, rollouts):
    total = sum(chat.calls.values())
    each = ", ".join(f"{n / rollouts:.1f} {m}" for m, n in sorted(chat.calls.items()))
    peaks = ", ".join(f"{m} {chat.peak(m)}" for m in METHODS.values())
    return (
        f"{total / rollouts:.1f} calls a rollout ({each}); most in a minute: {peaks}; "
        f"{sum(chat.refused.values())} times 429"
    )


STEPS = [
    {"setWeight": 10}, {"pause": {"duration": "120s"}},
    {"setWeight": 25}, {"pause": {"duration": "120s"}},
    {"setWeight": 50}, {"pause": {}},
]  # fmt: skip


async def _rush(rollouts, span_s):
    crowd, chat = tiered(rollouts, STEPS)
    for at, one in enumerate(crowd.members):
        notes = one.api.rollout["metadata"]["annotations"]
        notes["rollout-bot.io/channel"] = f"#team-{at % CHANNELS}"
    crowd.quietly()
    found = Freshness()
    chat.seen = found.seen

    async def live(one, offset):
        await asyncio.sleep(offset)
        one.ship(f"{one.name}:v2")
        one.settle(6)
        for weight in (25, 50):
            await asyncio.sleep(121)
            one.settle(4)
            if weight == 25:
                found.changed(one.name, weight)
        await asyncio.sleep(60)
        intent = {"kind": "promote", "actor": "sam (U0SAM)", "at": virtual.now().isoformat()}
        one.patch(rolloutBot={"version": 1, "intents": {"i1": intent}})
        found.wants(one.name, "is done")
        one.settle(6)

    await asyncio.gather(
        *(live(one, span_s * at / rollouts) for at, one in enumerate(crowd.members))
    )
    ended = asyncio.get_running_loop().time()
    while asyncio.get_running_loop().time() - ended < 3_600:
        last = sum(chat.calls.values())
        await asyncio.sleep(30)
        if sum(chat.calls.values()) == last:
            break
    left_s = asyncio.get_running_loop().time() - ended - 30
    return found, chat, left_s, _ends(chat)


def _ends(chat):
    """How many cards say that their rollout is done, and how many digests hold the others."""
    texts = chat.top()
    digests = [text for text in texts if "more rollout" in text]
    cards = [text for text in texts if "is done" in text and text not in digests]
    return f"{len(cards)} cards of their own say done, the rest are rows of {len(digests)} digests"


def slack(size):
    """Every row, each measured here and now."""
    minutes = max(2, min(MINUTES, size.few))
    rows = []
    for name, together in (("card-fresh", False), ("card-fresh-1", True)):
        seconds, chat = virtual.run(_fresh(20, minutes, together=together))
        how = "in the same instant" if together else "spread over the minute"
        notes = (
            f"20 rollouts, each a change a minute for {minutes} min, {how}: a change → its card; "
        )
        rows.append(measures.Row(name=name, seconds=seconds, notes=notes + _counts(chat, 20)))
    rollouts = 1_000 if size.moments >= 1_000 else max(10, size.fleet)
    span_s = 3_600 * rollouts / 1_000
    found, chat, left_s, ends = virtual.run(_rush(rollouts, span_s))
    notes = (
        f"1,000 an hour ({rollouts} in {span_s / 60:.0f} min, {CHANNELS} channels), a card behind: "
        f"{_counts(chat, rollouts)}; all was said {max(0.0, left_s):.0f} s after the last; "
        f"{ends}"
    )
    rows.append(measures.Row(name="slack-rush", seconds=found.seconds, notes=notes))
    notes = (
        "the same: done → the card or row that says so, before cards that only move on; "
        f"{len(found.due)} never said it"
    )
    rows.append(measures.Row(name="slack-rush-news", seconds=found.awaited, notes=notes))
    return rows
