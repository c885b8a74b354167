"""The exercise's eight criteria and the verdicts on a switch: each must call the wrong thing wrong.

No stage is needed: a story that went well is changed in one thing, and that thing is named.
"""

import dataclasses
import types

import pytest

from bot.local.demo import checks, criteria, switches, witness

QUERY = "up"
NAMES = ["1-progressive", "2-analysis-at-each-step", "3-metrics-from-prometheus",
         "4-promoted-by-itself", "5-rolled-back-by-itself", "6-approval-before-100",
         "7-slack-on-rollback", "8-shown-live"]  # fmt: skip


def sight(at, kind, value):
    return witness.Sight(at=float(at), kind=kind, value=value)


def answers(*parts, status=200):
    """Each part is (start, end, share of the new one), at 20 requests a second."""
    found = []
    for start, end, share in parts:
        total = int((end - start) * 20)
        for index in range(total):
            new = int((index + 1) * share) > int(index * share)
            at = start + index / 20
            found.append(
                types.SimpleNamespace(t=at, revision="new" if new else "old", status=status)
            )
    return found


def run(failed=""):
    results = [
        {"name": name, "phase": "Failed" if name == failed else "Successful",
         "measurements": [{"value": "[0.1]", "finishedAt": "2026-11-23T12:00:00Z"}],
         "metadata": {"ResolvedPrometheusQuery": QUERY}}
        for name in criteria.METRICS
    ]  # fmt: skip
    return {"status": {"metricResults": results}}


def said(text, **more):
    return {"ts": "1", "user": checks.BOT, "text": text, "is_ephemeral": False, "edits": 3} | more


def good(**other):
    """Ten seconds for each weight; the gate opens at 38 and is passed at 40."""
    sights, card = [sight(0, "weight", 0)], []
    for number, weight in enumerate(criteria.WEIGHTS):
        at = 10 * (number + 1)
        sights += [sight(at, "weight", weight), sight(at + 5, "run", (f"r{weight}", "Running")),
                   sight(at + 9, "run", (f"r{weight}", "Successful"))]  # fmt: skip
        card.append((at + 0.1, f"app v5 is at {weight} % in demo"))
    sights += [sight(49.1, "phase", "Healthy"), sight(49.2, "weight", 0)]
    press = witness.Press(at=39.9, open_s=2.0, weight=50, by="alice", asked="?", answer={})
    return criteria.Shipped(**{
        "image": "app:good-5", "metric": "", "old": "v1", "new": "v5",
        "canary": "new", "stable": "old", "over": 49.1,
        "sights": sights,
        "answers": answers((0, 10, 0), (10, 20, 0.1), (20, 30, 0.25), (30, 40, 0.5), (40, 60, 1)),
        "runs": {f"r{weight}": run() for weight in criteria.WEIGHTS},
        "rollout": {"status": {"phase": "Healthy", "stableRS": "new",
                               "rolloutBot": {"opened": {"by": "alice (U1)"}}}},
        "told": {"card": [said("card")], "gate": [said("gate")], "alert": []},
        "card": [*card, (49.2, "app v5 is done in demo")],
        "heard": None, "presses": [press],
    } | other)  # fmt: skip


def bad(metric, **other):
    text = f"app v2 was rolled back in demo, users are on v1: {metric} 9 %, must be at most 5 %."
    return criteria.Shipped(**{
        "image": "app:bad-2", "metric": metric, "old": "v1", "new": "v2",
        "canary": "new", "stable": "old", "over": 20.1,
        "sights": [sight(0, "weight", 0), sight(10, "weight", 10), sight(15, "run", ("r", "")),
                   sight(20, "run", ("r", "Failed")), sight(20.1, "weight", 0)],
        "answers": answers((0, 10, 0), (10, 20, 0.1), (20, 25, 0)),
        "runs": {"r": run(failed=metric)},
        "rollout": {"status": {"phase": "Degraded", "stableRS": "old"}},
        "told": {"card": [said("card")], "gate": [], "alert": [said(text)]},
        "card": [], "heard": 20.4, "presses": [],
    } | other)  # fmt: skip


def wrong(one=None, others=None, *, answered=None):
    everybody = [bad(metric) for metric in criteria.METRICS] if others is None else others
    asked = {QUERY: 1} if answered is None else answered
    found = criteria.eight(one, everybody, answered=asked, source="prometheus")
    assert [check.id for check in found] == NAMES
    return [check.id[:1] for check in found if not check.ok]


def test_all_eight_are_right_when_everything_went_well():
    assert wrong(good()) == []


def without(kind, value):
    return [s for s in good().sights if (s.kind, s.value) != (kind, value)]


def later(by, kind, value):
    return [dataclasses.replace(s, at=s.at + by) if (s.kind, s.value) == (kind, value) else s
            for s in good().sights]  # fmt: skip


def presses(**other):
    return [dataclasses.replace(good().presses[0], **other)]


@pytest.mark.parametrize(
    ("other", "called"),
    [
        ({"sights": without("weight", 25)}, "1248"),
        ({"answers": answers((0, 60, 0))}, "1"),
        ({"sights": without("run", ("r50", "Successful"))}, "2"),
        ({"sights": without("run", ("r100", "Successful"))}, "24"),
        ({"sights": later(4, "weight", 25)}, "4"),
        ({"presses": presses(weight=25)}, "46"),
        ({"presses": presses(at=41.0)}, "6"),
        ({"presses": presses(by="bob")}, "6"),
        ({"presses": []}, "6"),
        ({"card": []}, "8"),
        ({"card": [(at + 4, text) for at, text in good().card]}, "8"),
        ({"told": {"card": [], "gate": [said("gate")], "alert": []}}, "8"),
        ({"runs": {}}, "3"),
        ({"runs": {"r": {"status": {}}}}, "3"),
        ({"rollout": {"status": {"phase": "Paused", "stableRS": "old"}}}, "46"),
    ],
    ids=["weight left out", "nobody on it", "run without an end", "last run without an end",
         "slow by itself", "pressed early", "pressed after it", "somebody else", "nobody pressed",
         "silent card", "late card", "no card", "no runs of its own", "no metrics", "not promoted"],
)  # fmt: skip
def test_criterion_is_wrong_when_a_good_version_goes_otherwise(other, called):
    assert "".join(wrong(good(**other))) == called


@pytest.mark.parametrize(
    ("other", "called"),
    [
        ({"runs": {"r": run(failed="latency-p95")}}, "57"),
        ({"sights": good().sights}, "57"),
        ({"rollout": {"status": {"phase": "Paused", "stableRS": "old"}}}, "5"),
        ({"answers": answers((0, 10, 0), (10, 25, 0.1))}, "5"),
        ({"heard": None}, "7"),
        ({"heard": 24.0}, "7"),
        ({"told": bad("latency-p95").told}, "7"),
        ({"told": {"card": [said("card")], "gate": [said("gate")], "alert": []}}, "7"),
    ],
    ids=["another metric", "no rollback", "not degraded", "users stay on it", "not told",
         "told late", "another metric told", "asked for approval"],
)  # fmt: skip
def test_criterion_is_wrong_when_a_bad_version_goes_otherwise(other, called):
    first, *rest = criteria.METRICS
    assert "".join(wrong(good(), [bad(first, **other), *map(bad, rest)])) == called


def test_criteria_are_wrong_when_the_story_broke_off():
    assert "".join(wrong(None, [])) == "12345678"
    assert "".join(wrong(good(), [bad("error-rate")])) == "57"


@pytest.mark.parametrize("answered", [{}, {QUERY: 0}], ids=["never asked", "unknown there"])
def test_metrics_are_wrong_when_the_server_knows_nothing_of_them(answered):
    assert wrong(good(), answered=answered) == ["3"]


# The switch


def switch(*, rows=None, moves=(("old", 0), ("new", 10)), more=()):
    sights = [sight(at, "active", value) for value, at in moves]
    sights += [sight(1, "run", ("pre", "Running")), *more]
    rows = answers((0, 10, 0), (10, 15, 1)) if rows is None else rows
    return switches.Switch(sights=sights, answers=rows, old="old", new="new")


def preview(share):
    return answers((0, 10, share))


@pytest.mark.parametrize(
    ("seen", "shown", "ok"),
    [
        (switch(), preview(1), True),
        (switch(), preview(0.9), False),
        (switch(), [], False),
        (switch(rows=answers((0, 10, 0.1), (10, 15, 1))), preview(1), False),
    ],
    ids=["apart", "preview has the old one", "nobody looked", "users met it"],
)
def test_preview_is_right_only_if_it_is_apart_from_the_users(seen, shown, ok):
    assert switches.preview_first(seen, shown).ok is ok


@pytest.mark.parametrize(
    ("seen", "ok"),
    [
        (switch(), True),
        (switch(moves=(("old", 0),)), False),
        (switch(moves=(("old", 0), ("new", 10), ("old", 11), ("new", 12))), False),
        (switch(rows=answers((0, 10, 0), (10, 15, 0.5))), False),
        (switch(rows=answers((0, 10, 0), (10, 15, 1), status=503)), False),
        (switch(rows=answers((0, 10, 0))), False),
    ],
    ids=["at once", "never", "to and fro", "by and by", "with errors", "nobody there"],
)
def test_switch_is_right_only_if_all_users_go_at_once(seen, ok):
    assert switches.at_once(seen).ok is ok


@pytest.mark.parametrize(
    ("at", "acked", "ok"), [(9, True, True), (11, True, False), (9, False, False)]
)
def test_switch_is_approved_only_by_a_press_before_it(at, acked, ok):
    press = witness.Press(
        at=at, open_s=2.0, weight=None, by="alice", asked="?", answer={"acked": acked}
    )
    assert switches.approved(switch(), [press]).ok is ok


def test_switch_is_not_approved_when_nobody_pressed():
    assert not switches.approved(switch(), []).ok


PODS = frozenset("abc")


@pytest.mark.parametrize(
    ("more", "ordered", "after", "wrong"),
    [
        ((), 9.8, PODS, []),
        ((), 5.0, PODS, ["back-fast"]),
        ((sight(9.9, "phase", "Paused"),), 9.8, PODS, ["back-fast"]),
        ((), 9.8, frozenset("abd"), ["back-to-warm-pods"]),
    ],
    ids=["fast", "slow", "with a pause", "to new pods"],
)
def test_way_back_is_right_only_if_it_is_fast_and_to_the_pods_of_before(
    more, ordered, after, wrong
):
    back = switch(more=more)
    back = dataclasses.replace(back, sights=[s for s in back.sights if s.kind != "run"])
    found = switches.fast_back(back, ordered=ordered, before=PODS, after=after)
    assert [check.id for check in found if not check.ok] == wrong
