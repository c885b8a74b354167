"""The judge itself: it finds planted differences, and nothing in a recording of the same."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.conformance import compare, objects, play

ALL = [scenario["id"] for scenario in play.scenarios()]
EVERYTHING = compare.Look(path=True, events=True)


def recording(name: str) -> dict[str, Any]:
    return json.loads((compare.RECORDED / f"{name}.json").read_text())


def judge(here: dict[str, Any], *, name: str) -> tuple[str, ...]:
    return compare.judge(recording(name), here, look=EVERYTHING, allowed=[]).lines


def test_every_scenario_has_a_recording() -> None:
    assert sorted(ALL) == sorted(file.stem for file in compare.RECORDED.glob("*.json"))


@pytest.mark.parametrize("name", ALL)
def test_judge_finds_nothing_when_the_same_was_done(name: str) -> None:
    assert judge(recording(name), name=name) == ()


def planted(change: str) -> dict[str, Any]:
    here = copy.deepcopy(recording("istio-weights"))
    last = here["points"][-1]["snapshot"]
    match change:
        case "phase":
            last["status"]["phase"] = "Paused"
        case "weight":
            last["VirtualService"]["app"]["http"][0]["route"][0]["weight"] = 60
        case "pods":
            last["replicasets"][0]["replicas"] = 7
        case "point":
            here["points"].pop()
        case "state":
            here["path"].append(["Degraded", "", 1, 10, True])
        case "event":
            here["events"].pop(1)
        case "stopped":
            here["stopped"] = "a wait"
    return here


@pytest.mark.parametrize(
    "change", ["phase", "weight", "pods", "point", "state", "event", "stopped"]
)
def test_judge_finds_a_planted_difference(change: str) -> None:
    assert judge(planted(change), name="istio-weights")


def test_rule_without_a_reason_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("replicas-undo: [{line: status}]\n")
    with pytest.raises(ValueError, match="says no reason"):
        compare.rules(file)


def test_rules_name_scenarios_that_exist() -> None:
    files = [compare.HERE / "noise.yaml", compare.HERE / "deviations.yaml"]
    assert set(compare.rules(*files)) <= set(ALL)


@pytest.mark.parametrize("scenario", play.scenarios(), ids=lambda scenario: scenario["id"])
def test_scenario_becomes_manifests(scenario: dict[str, Any]) -> None:
    made = objects.of_scenario(scenario, namespace="ns", port=1)
    assert made[-1]["kind"] == "Rollout"
    assert all(item["kind"] and item["metadata"]["name"] for item in made)
