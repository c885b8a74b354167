"""Compares two recordings of a scenario and says where they differ.

Snapshots must be equal. A path may leave out states (a quicker controller passes through fewer);
a state that the recording never visits is worth a look. Argo drops events after the first 25 of
an object, so only the order of the first reasons is compared.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.conformance.cluster import Object

HERE = Path(__file__).parent
RECORDED = HERE / "recorded"
NOTHING = (None, "", [], {}, False, 0)
REASONS = 20
# How many measurements an open-ended run took is a matter of timing.
TIMING = ("count", "successful", "consecutiveSuccess", "measurements")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is compared besides the snapshots."""

    path: bool = False
    events: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """``allowed`` counts the lines that a rule explains."""

    lines: tuple[str, ...]
    allowed: int


def rules(*files: Path) -> dict[str, list[re.Pattern[str]]]:
    """Scenario → patterns of the lines that are allowed to differ; each rule must say why."""
    found: dict[str, list[re.Pattern[str]]] = {}
    for file in files:
        for scenario, entries in (yaml.safe_load(file.read_text()) or {}).items():
            for entry in entries:
                if not entry.get("why"):
                    raise ValueError(f"{file.name}: a rule of {scenario} says no reason")
                found.setdefault(scenario, []).append(re.compile(entry["line"]))
    return found


def judge(
    recorded: Object, here: Object, *, look: Look, allowed: list[re.Pattern[str]]
) -> Verdict:
    lines = list(_lines(recorded, here, look=look))
    left = [line for line in lines if not any(rule.search(line) for rule in allowed)]
    return Verdict(lines=tuple(left), allowed=len(lines) - len(left))


def _lines(recorded: Object, here: Object, *, look: Look) -> Iterator[str]:
    if "stopped" in here and "stopped" not in recorded:
        yield f"stopped: {here['stopped']}"
    yield from _point_lines(recorded["points"], here["points"])
    if look.path:
        for state in here["path"]:
            if state not in recorded["path"]:
                yield f"path: {state} is never seen in the recording"
    if look.events:
        before, now = reasons(recorded["events"]), reasons(here["events"])
        if before != now:
            yield f"events: recorded {before}, here {now}"


def _point_lines(recorded: list[Object], here: list[Object]) -> Iterator[str]:
    for i, point in enumerate(recorded):
        where = f"point {i} {point.get('wait')}"
        if i >= len(here):
            yield f"{where}: not reached"
            return
        expected, found = steady(point["snapshot"]), steady(here[i]["snapshot"])
        for difference in differences(expected, found):
            yield f"{where}: {difference}"


def differences(recorded: Any, here: Any, at: str = "") -> Iterator[str]:
    """What is absent equals what is empty."""
    if isinstance(recorded, dict) and isinstance(here, dict):
        for key in sorted(recorded.keys() | here.keys()):
            before, now = recorded.get(key), here.get(key)
            if before in NOTHING and now in NOTHING:
                continue
            yield from differences(before, now, f"{at}.{key}")
    elif isinstance(recorded, list) and isinstance(here, list) and len(recorded) == len(here):
        for i, (before, now) in enumerate(zip(recorded, here, strict=True)):
            yield from differences(before, now, f"{at}[{i}]")
    elif recorded != here:
        yield f"{at}: recorded {json.dumps(recorded)}, here {json.dumps(here)}"


def steady(snapshot: Object) -> Object:
    """Without what two recordings of one controller do not agree on either."""
    status = dict(snapshot.get("status", {}))
    status.pop("duration", None)  # newer than the recorded version
    conditions = status.get("conditions", [])
    status["conditions"] = [c for c in conditions if c[:2] != ["Paused", "False"]]
    runs = {name: _steady_run(run) for name, run in snapshot.get("runs", {}).items()}
    return snapshot | {"status": status, "runs": runs}


def _steady_run(run: Object) -> Object:
    if not run.get("terminate"):
        return run
    kept = [{k: v for k, v in m.items() if k not in TIMING} for m in run["metrics"]]
    return {k: v for k, v in run.items() if k != "runSummary"} | {"metrics": kept}


def reasons(events: list[list[str]]) -> list[str]:
    """Each once in a row; the informer's greeting is Argo's own affair."""
    found = [event[1] for event in events if event[1] != "RolloutAddedToInformer"]
    changed = [r for i, r in enumerate(found) if i == 0 or found[i - 1] != r]
    return changed[:REASONS]
