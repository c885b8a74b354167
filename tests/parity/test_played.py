"""A scenario that did not come to its end is told, whoever says what the end is."""

import json

from tests.conformance import compare
from tests.parity import played

RECORDED = "replicas-first-deploy"


def recording():
    return json.loads((compare.RECORDED / f"{RECORDED}.json").read_text())


def test_recorded_scenario_is_right_when_it_is_as_it_was_recorded():
    assert list(played.wrong(recording())) == []


def test_recorded_scenario_is_wrong_when_one_word_differs():
    made = recording()
    made["points"][0]["snapshot"]["status"]["phase"] = "Degraded"
    (line,) = played.wrong(made)
    assert ".status.phase" in line


def test_recorded_scenario_is_wrong_when_it_stopped():
    made = recording() | {"points": [], "stopped": "waited in vain"}
    assert "stopped: waited in vain" in list(played.wrong(made))


def test_scenario_of_ours_is_wrong_only_when_it_stopped():
    made = {"id": "parity-names", "points": []}
    assert list(played.wrong(made)) == []
    assert list(played.wrong(made | {"stopped": "no"})) == ["stopped: no"]
