"""How soon everything that shows a gate says what was decided, by a real browser."""

import asyncio
import tempfile
from collections import defaultdict
from pathlib import Path

from tests.benchmarks import measures
from tests.e2e import surfaces as showing_all
from tests.gallery import showing

ROUNDS = 3
PACE_S = 3.0
"""From the end of one decision to the beginning of the next rollout."""


def surfaces(size: measures.Size) -> list[measures.Row]:
    """A row for each surface; its samples are the ways to decide, several times over."""
    if showing.CHROMIUM is None:
        return [measures.Row(name="shown", notes="no chromium: apt-get install chromium")]
    rounds = 1 if size.few < measures.Size().few else ROUNDS
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(_measure(Path(folder), rounds))
    ways = ", ".join(way.removeprefix("by-") for way in showing_all.WAYS)
    return [
        measures.Row(name=where[:13], seconds=seconds, notes=f"decided by {ways} → {where}")
        for where, seconds in found.items()
    ]


async def _measure(folder: Path, rounds: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = defaultdict(list)
    async with showing_all.opened(folder, tiers=True) as at:
        for number in range(rounds):
            for way, (decide, closer) in showing_all.WAYS.items():
                await asyncio.sleep(PACE_S if rounds > 1 else 0.0)
                name = f"{way}-{number}"
                gate, card = await at.gate(name)
                began = await decide(at, name)
                took = await at.agree(name, gate, card, closer=closer, began=began)
                for where, seconds in took.items():
                    found[where].append(seconds)
    return dict(found)
