"""What is said of a blue-green: users are on one side or the other, and somebody is asked."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from bot.core import codec_spec, codec_status
from bot.core.notices import card, gate, standing
from bot.core.notices import scene as scenes
from bot.model import world
from bot.model.facts import News
from tests.core.notices import test_notices as canaries

OLD, NEW = canaries.V1.hash, canaries.V2.hash
PAUSED = {"pauseConditions": canaries.pauses("BlueGreenPause"), "controllerPause": True}
ANALYSIS = {"templates": [{"templateName": "t"}]}


def scene(raw=None, *, active=OLD, **strategy):
    manifest = canaries.manifest()
    chosen = {"activeService": "active", "previewService": "preview", **strategy}
    manifest["spec"]["strategy"] = {"blueGreen": chosen}
    status = {"currentPodHash": NEW, "stableRS": OLD, "rolloutBot": {}, **(raw or {})}
    services = {
        name: world.Service(name=name, selector={"rollouts-pod-template-hash": chosen_hash})
        for name, chosen_hash in {"active": active, "preview": NEW}.items()
    }
    return scenes.build(
        spec=codec_spec.decode(manifest),
        status=codec_status.decode(status),
        seen=dataclasses.replace(canaries.seen(), services=services),
        reasons=(),
        now=datetime(2026, 11, 23, 12, 30, tzinfo=UTC),
    )


@pytest.mark.parametrize(("active", "weight"), [(OLD, 0), (NEW, 100), ("", 0)])
def test_card_has_all_users_or_none_as_the_active_service_selects(active, weight):
    told = card.card(scene(active=active))
    assert (told.weight, told.share) == (weight, None)


def test_card_leaves_no_user_on_a_preview_when_it_was_aborted():
    assert scenes.weight(scene({"abort": True})) == 0


def test_gate_asks_somebody_when_the_switch_waits_for_a_person():
    here = scene(PAUSED, autoPromotionEnabled=False, scaleDownDelaySeconds=40)
    (asked,) = gate.notices(here, {})
    assert (asked.facts.weight_from, asked.facts.weight_to) == (0, 100)
    assert asked.facts.stable_warm_s == 40
    assert standing.news(here) is News.WAITS


def test_gate_asks_nobody_when_the_switch_comes_by_itself():
    here = scene(PAUSED, autoPromotionSeconds=60)
    assert list(gate.notices(here, {})) == []
    what, at = standing.next_move(here)
    assert (what, at) == ("100 %", scenes.pause(here).start + timedelta(seconds=60))


@pytest.mark.parametrize(
    ("active", "strategy", "wanted"),
    [
        (OLD, {}, "100 %, when all pods are ready"),
        (OLD, {"prePromotionAnalysis": ANALYSIS}, "100 %, after the analysis"),
        (NEW, {}, "done, when all pods are ready"),
        (NEW, {"postPromotionAnalysis": ANALYSIS}, "done, after the analysis"),
    ],
    ids=["pods", "before", "promotion", "after"],
)
def test_card_says_what_the_switch_waits_for(active, strategy, wanted):
    assert standing.next_move(scene(active=active, **strategy)) == (wanted, None)
