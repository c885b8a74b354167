"""The verb ``look`` of a scenario: something of one object, of the events, or of all pods.

    look: {kind: Service, name: app-stable, at: spec.selector.app, is: app}
    look: {at: status.message, like: "must be .* zero"}      the Rollout, where no kind stands
    look: {kind: Job, name: once, gone: true}
    look: {events: ["Scaled up .* app-h2", "Rollout is paused"]}     in this order
    look: {pods: {most: 6, least: 5}}      asked for and available, at every moment since then

Hashes stand as in a recording: h1 is the first revision, h2 the second. A number in ``at`` picks
from a list; what is not there is null.
"""

import asyncio
import json
import re
import time
from typing import Any

from tests.conformance.cluster import Object
from tests.conformance.world import NAME, World

WORDS = {"kind", "name", "at", "is", "like", "gone", "events", "pods", "within"}
WITHIN_S = 5.0


async def look(world: World, given: Object) -> None:
    """Raise TimeoutError with what is there instead."""
    if unknown := set(given) - WORDS:
        raise ValueError(f"a look has no words {sorted(unknown)}")
    deadline = time.monotonic() + given.get("within", WITHIN_S)
    while problem := wrong(world, given):
        if time.monotonic() > deadline:
            raise TimeoutError(problem)
        await asyncio.sleep(0.2)


def wrong(world: World, given: Object) -> str:
    """Nothing if it is so."""
    if "events" in given:
        told = [world.clean(f"{kind} {why} {text}") for kind, why, text in world.events]
        return out_of_order(told, given["events"])
    if "pods" in given:
        return out_of_bounds(world.pods, **given["pods"])
    kind, name = given.get("kind", "Rollout"), given.get("name", NAME)
    named = {world.clean(key): item for key, item in world.seen[kind].items()}
    if given.get("gone"):
        return f"{kind} {name} is there" if name in named else ""
    if name not in named:
        return f"no {kind} {name}, only {', '.join(sorted(named))}"
    found = world.clean(looked_up(named[name], given["at"]))
    if fits(given, found):
        return ""
    return f"{kind} {name}: {given['at']} is {json.dumps(found)}"


def fits(given: Object, found: Any) -> bool:
    if "like" in given:
        return isinstance(found, str) and re.search(given["like"], found) is not None
    return bool(found == given["is"])


def looked_up(value: Any, path: str) -> Any:
    """A word that holds dots stands in brackets: metadata.labels[a.b/c]."""
    for word, bare in re.findall(r"\[([^\]]+)\]|([^.\[]+)", path):
        key = word or bare
        if isinstance(value, list):
            at = int(key)
            value = value[at] if -len(value) <= at < len(value) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value


def out_of_order(told: list[str], wanted: list[str]) -> str:
    """What was not told after the one before it."""
    at = 0
    for pattern in wanted:
        hits = [i for i in range(at, len(told)) if re.search(pattern, told[i])]
        if not hits:
            return f"no event like {pattern!r} in {told[at:]}"
        at = hits[0] + 1
    return ""


def out_of_bounds(seen: list[tuple[int, int]], *, most: int, least: int) -> str:
    """The first moment with too many pods, or with too few once there had been enough."""
    enough = False
    for asked, available in seen:
        enough = enough or available >= least
        if asked > most or (enough and available < least):
            return f"{asked} pods asked for, {available} available, in {seen}"
    return "" if enough else f"never {least} pods available, in {seen}"
