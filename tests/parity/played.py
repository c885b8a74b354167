"""Plays the scenarios of the asked rows against the bot on a real control plane, all in one.

Those of tests/conformance must come to what the real controller came to; those of this folder,
which nobody recorded, to what they wait and look for themselves.

python -m tests.parity.played ID …    exit 1 and a line "DIFF" where one does not
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.cluster import binaries
from tests.cluster.control_plane import ControlPlane
from tests.conformance import bot, compare, play
from tests.parity.rows import HERE, Row
from tests.parity.verdicts import Check, Outcome, Where

SHOWN = 20
JOBS = 3


def known() -> dict[str, dict[str, Any]]:
    """Every scenario by its id, the recorded ones and ours."""
    both = [*play.scenarios(), *play.scenarios(HERE / "scenarios.yaml")]
    return {scenario["id"]: scenario for scenario in both}


def run(rows: Iterable[Row]) -> list[Check]:
    rows_of: dict[str, list[int]] = {}
    for row in rows:
        for name in row.scenarios:
            rows_of.setdefault(name, []).append(row.number)
    if not rows_of:
        return []
    if reason := binaries.missing():
        found = dict.fromkeys(rows_of, (Outcome.SKIPPED, reason))
    else:
        found = {name: _outcome(lines) for name, lines in differences(rows_of).items()}
    return [
        Check(rows=tuple(numbers), name=name, where=Where.REAL, outcome=word, why=why)
        for name, numbers in rows_of.items()
        for word, why in [found.get(name, (Outcome.FAILED, "was not played"))]
    ]


def _outcome(lines: tuple[str, ...]) -> tuple[Outcome, str]:
    return (Outcome.FAILED, lines[0]) if lines else (Outcome.PASSED, "")


def differences(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """For each scenario the lines in which it is not what it should be."""
    chosen = [known()[name] for name in names]
    with tempfile.TemporaryDirectory(prefix="parity-") as folder:
        out = Path(folder)
        log = out / "bot.log"
        with ControlPlane() as plane, bot.running(kubeconfig=plane.bot_kubeconfig, log=log):
            return asyncio.run(_play(chosen, kubeconfig=plane.kubeconfig, out=out))


async def _play(
    chosen: list[dict[str, Any]], *, kubeconfig: Path, out: Path
) -> dict[str, tuple[str, ...]]:
    allowed = compare.rules(compare.HERE / "noise.yaml", compare.HERE / "deviations.yaml")
    found = {}
    async for made in play.record(chosen, kubeconfig=kubeconfig, out=out, jobs=JOBS):
        name = made["id"]
        lines = tuple(wrong(made, allowed=allowed.get(name, [])))
        print(f"{'DIFF' if lines else 'same':6}{name}", flush=True)
        for line in lines[:SHOWN]:
            print(f"      {line}", flush=True)
        found[name] = lines
    return found


def wrong(made: dict[str, Any], *, allowed: Iterable[Any] = ()) -> Iterator[str]:
    """What a recording says of a scenario; without one, that it stopped on its way."""
    file = compare.RECORDED / f"{made['id']}.json"
    if file.exists():
        recorded = json.loads(file.read_text())
        yield from compare.judge(recorded, made, look=compare.Look(), allowed=list(allowed)).lines
    elif "stopped" in made:
        yield f"stopped: {made['stopped']}"


if __name__ == "__main__":
    sys.exit(1 if any(differences(sys.argv[1:]).values()) else 0)
