"""Blue-green as conversations (spec §3): what happens, where pods and Services are, what is said."""

from datetime import timedelta

import pytest

from bot.core import codec_spec
from bot.model import errors, ports
from tests.core.engine import simulation

ANALYSIS = {"templates": [{"templateName": "t"}]}


class BlueGreen(simulation.Simulation):
    def __init__(self, *, replicas=3, annotations=None, spec=None, **chosen):
        super().__init__(replicas=replicas, annotations=annotations)
        for name in ("active", "preview"):
            body = {"metadata": {"name": name}, "spec": {"selector": {"app": "app"}}}
            self.cluster.put(ports.SERVICE, body)
        metric = {"name": "m", "provider": {"prometheus": {"query": "up"}}}
        self.cluster.put(
            ports.TEMPLATE, {"metadata": {"name": "t"}, "spec": {"metrics": [metric]}}
        )
        strategy = {"activeService": "active", "previewService": "preview", **chosen}
        both = {"canary": None, "blueGreen": strategy}
        self.patch(spec={"strategy": both, **(spec or {})})

    def selects(self, name):
        """The image that a Service sends to."""
        found = self.cluster.objects["services", name]["spec"]["selector"]
        wanted = found.get("rollouts-pod-template-hash")
        return next(
            (simulation._image(rs) for rs in self.sets() if simulation._hash(rs) == wanted), ""
        )

    def runs(self):
        return sorted(name for plural, name in self.cluster.objects if plural == "analysisruns")


@pytest.fixture
def play():
    made = []

    def start(**how):
        sim = BlueGreen(**how)
        made.append(sim)
        return sim.settle(check=lambda: served(sim))

    yield start
    for sim in made:
        sim.close()


def served(sim):
    """Whatever the active Service selects has a pod, once it had any; the world never breaks."""
    image = sim.selects("active")
    if image and image not in sim.broken and sim.available():
        assert sim.available(image) > 0, sim.events


def shipped(sim, image="two"):
    sim.ship(image)
    return sim.settle(check=lambda: served(sim))


@pytest.mark.row(63)
def test_first_deployment_is_switched_when_its_pods_are_there(play):
    sim = play()
    assert sim.selects("active") == sim.selects("preview") == "one"
    assert sim.status.phase == "Healthy"
    assert sim.status.active == sim.status.preview == sim.status.stable_hash
    assert "RolloutNotCompleted" not in sim.reasons()
    order = ["RolloutUpdated", "NewReplicaSetCreated", "RolloutCompleted"]
    assert [reason for reason in sim.reasons() if reason in order] == order


@pytest.mark.row(64, 70)
def test_switch_waits_for_a_person_when_auto_promotion_is_off(play):
    sim = shipped(play(autoPromotionEnabled=False))
    assert (sim.selects("active"), sim.selects("preview")) == ("one", "two")
    assert (sim.status.phase, sim.status.message) == ("Paused", "BlueGreenPause")
    assert sim.sized() == {"one": 3, "two": 3}
    sim.wait(3600)
    assert sim.selects("active") == "one"
    sim.ask("promote")
    sim.settle(check=lambda: served(sim))
    assert sim.selects("active") == "two"
    assert sim.status.phase == "Healthy"
    assert sim.wait(29).sized() == {"one": 3, "two": 3}
    assert sim.wait(2).sized() == {"two": 3}
    writes = len(sim.cluster.writes)
    sim.once()
    assert len(sim.cluster.writes) == writes


@pytest.mark.row(65)
@pytest.mark.parametrize("by", ["time", "slack", "kubectl"])
def test_switch_is_made_when_the_seconds_are_over_or_somebody_promotes(play, by):
    sim = shipped(play(autoPromotionSeconds=60))
    assert sim.selects("active") == "one"
    if by == "time":
        sim.wait(59)
        assert sim.selects("active") == "one"
        sim.wait(3)
    elif by == "slack":
        sim.ask("promote")
        sim.settle()
    else:
        sim.write_status(pauseConditions=None)
        sim.settle()
    assert sim.selects("active") == "two"
    assert sim.status.phase == "Healthy"
    assert not sim.status.controller_pause


@pytest.mark.row(66)
def test_preview_grows_to_full_size_before_the_switch_when_it_was_small(play):
    sim = shipped(play(previewReplicaCount=1, autoPromotionEnabled=False))
    assert sim.sized() == {"one": 3, "two": 1}
    sim.ask("promote")
    seen = []

    def check():
        served(sim)
        seen.append((sim.available("two"), sim.selects("active")))

    sim.settle(check=check)
    assert all(ready == 3 for ready, active in seen if active == "two")
    assert sim.selects("active") == "two"
    assert not sim.status.checkpoint


@pytest.mark.row(67)
@pytest.mark.parametrize("phase", ["Failed", "Error"])
def test_active_never_moves_when_the_analysis_before_fails(play, phase):
    sim = shipped(play(prePromotionAnalysis=ANALYSIS))
    (run,) = sim.runs()
    assert run.endswith("-pre")
    assert sim.selects("active") == "one"
    sim.finish_run(phase).settle()
    assert sim.selects("active") == "one"
    assert sim.status.message.endswith("Blue/green pre-promotion analysis phase error/failed: m")
    assert sim.sized() == {"one": 3, "two": 3}
    sim.wait(31)
    assert sim.sized() == {"one": 3}


@pytest.mark.row(67)
def test_switch_is_made_when_the_analysis_before_succeeds(play):
    sim = shipped(play(prePromotionAnalysis=ANALYSIS))
    sim.finish_run("Successful").settle()
    assert sim.selects("active") == "two"
    assert sim.status.stable_hash == sim.status.current_hash


@pytest.mark.row(68)
@pytest.mark.parametrize("crashing", [False, True])
def test_active_goes_back_when_the_analysis_after_fails(play, crashing):
    sim = shipped(play(postPromotionAnalysis=ANALYSIS))
    assert sim.selects("active") == "two"
    assert sim.status.stable_hash != sim.status.current_hash
    assert sim.status.message == "waiting for analysis to complete"
    if crashing:
        sim.broken.add("two")
        sim.kubelet()
    sim.finish_run("Failed").settle()
    assert sim.selects("active") == "one"
    assert sim.selects("preview") == "two"
    assert sim.status.phase == "Degraded"
    sim.wait(31)
    assert sim.sized() == {"one": 3}
    assert sim.selects("active") == "one"


def test_old_pods_stay_when_the_analysis_after_has_not_ended(play):
    sim = shipped(play(postPromotionAnalysis=ANALYSIS))
    sim.wait(3600)
    assert sim.sized() == {"one": 3, "two": 3}
    sim.finish_run("Successful").settle()
    sim.wait(31)
    assert sim.sized() == {"two": 3}


@pytest.mark.row(74)
@pytest.mark.parametrize("key", ["prePromotionAnalysis", "postPromotionAnalysis"])
def test_rollout_pauses_and_measures_again_when_an_analysis_is_inconclusive(play, key):
    sim = shipped(play(**{key: ANALYSIS}))
    sim.finish_run("Inconclusive").settle()
    assert sim.status.message == "InconclusiveAnalysisRun"
    before = sim.selects("active")
    sim.wait(3600)
    assert sim.selects("active") == before
    sim.ask("promote")
    sim.settle()
    assert len(sim.runs()) == 2
    sim.finish_run("Successful").settle()
    assert sim.status.phase == "Healthy"
    assert sim.selects("active") == "two"


@pytest.mark.parametrize("moment", ["preview", "after-switch"])
@pytest.mark.parametrize("by", ["slack", "kubectl"])
def test_abort_leaves_production_on_stable_at_any_moment(play, moment, by):
    chosen = {"autoPromotionEnabled": False}
    if moment == "after-switch":
        chosen = {"postPromotionAnalysis": ANALYSIS}
    sim = shipped(play(**chosen))
    if by == "slack":
        sim.ask("abort")
    else:
        sim.write_status(abort=True)
    sim.settle(check=lambda: served(sim))
    assert sim.selects("active") == "one"
    assert sim.status.phase == "Degraded"
    sim.wait(60)
    assert sim.sized() == {"one": 3}
    sim.ask("retry")
    sim.settle()
    assert sim.status.phase != "Degraded"
    assert sim.sized() == {"one": 3, "two": 3}
    assert len(sim.runs()) == (2 if moment == "after-switch" else 0)


@pytest.mark.row(33)
def test_preview_is_kept_when_the_delay_after_an_abort_is_zero(play):
    sim = shipped(play(autoPromotionEnabled=False, abortScaleDownDelaySeconds=0))
    sim.ask("abort")
    sim.settle().wait(3600)
    assert sim.sized() == {"one": 3, "two": 3}


@pytest.mark.row(69)
def test_way_back_is_fast_while_the_old_pods_are_warm(play):
    sim = shipped(play(autoPromotionEnabled=False))
    sim.ask("promote")
    sim.settle()
    assert sim.selects("active") == "two"
    sim.now += timedelta(seconds=10)
    shipped(sim, "one")
    assert sim.selects("active") == "one"
    assert sim.status.stable_hash == sim.status.current_hash
    assert sim.status.phase == "Healthy"
    assert all(
        "scale-down-deadline" not in rs["metadata"]["annotations"]
        for rs in sim.sets()
        if simulation._image(rs) == "one"
    )


@pytest.mark.row(69)
def test_way_back_is_an_ordinary_update_when_the_old_pods_are_gone(play):
    sim = shipped(play(autoPromotionEnabled=False))
    sim.ask("promote")
    sim.settle().wait(60)
    shipped(sim, "one")
    assert sim.selects("active") == "two"
    assert sim.status.message == "BlueGreenPause"


def test_failed_revision_does_not_slip_through_when_it_is_retried_within_its_delay(play):
    sim = shipped(play(prePromotionAnalysis=ANALYSIS))
    sim.finish_run("Failed").settle()
    sim.now += timedelta(seconds=5)
    sim.ask("retry")
    sim.settle()
    assert sim.selects("active") == "one"
    assert len(sim.runs()) == 2


def test_gate_holds_when_somebody_strips_the_hash_off_the_active_service(play):
    sim = shipped(play(autoPromotionEnabled=False))
    service = sim.cluster.objects["services", "active"]
    sim.cluster.objects["services", "active"] = {
        **service,
        "spec": {"selector": {"app": "app"}},
    }
    sim.settle()
    assert sim.selects("active") == "one"
    assert sim.status.phase == "Paused"


@pytest.mark.parametrize("how", ["promote-full", "seconds"])
def test_gate_before_full_holds_whatever_else_would_switch(play, how):
    sim = shipped(play(annotations={codec_spec.GATE: "true"}, autoPromotionSeconds=5))
    if how == "promote-full":
        sim.ask("promote-full")
        sim.settle()
    sim.wait(3600)
    assert sim.selects("active") == "one"
    assert sim.status.phase == "Paused"
    sim.ask("promote")
    sim.settle().wait(10)
    assert sim.selects("active") == "two"
    assert sim.status.bot.opened.by == "U0SAM"


def test_third_template_leaves_the_stable_alone_when_the_second_never_got_ready(play):
    sim = play()
    sim.broken.add("two")
    shipped(sim, "two")
    assert sim.selects("active") == "one"
    shipped(sim, "three")
    assert sim.selects("active") == "three"
    sim.wait(31)
    assert sim.sized() == {"three": 3}


def test_full_promotion_skips_analyses_and_the_pause(play):
    sim = shipped(
        play(
            autoPromotionEnabled=False,
            prePromotionAnalysis=ANALYSIS,
            postPromotionAnalysis=ANALYSIS,
        )
    )
    sim.write_status(promoteFull=True)
    sim.settle()
    assert sim.selects("active") == "two"
    assert sim.status.stable_hash == sim.status.current_hash
    assert not sim.status.promote_full


def test_nothing_moves_while_the_rollout_is_paused_by_hand(play):
    sim = play(spec={"paused": True})
    sim.patch(spec={"paused": False}).settle()
    sim.patch(spec={"paused": True})
    shipped(sim)
    assert sim.selects("active") == "one"
    sim.patch(spec={"paused": False}).settle()
    assert sim.selects("active") == "two"


@pytest.mark.parametrize("first", ["blueGreen", "canary"])
def test_rollout_goes_on_when_its_strategy_is_changed(play, first):
    sim = play()
    canary = {"steps": [{"setWeight": 50}, {"pause": {}}]}
    blue_green = {"activeService": "active", "autoPromotionEnabled": False}
    sim.patch(spec={"strategy": {"blueGreen": None, "canary": canary}}).settle()
    assert sim.status.phase == "Healthy"
    assert (sim.status.active, sim.status.preview) == ("", "")
    assert sim.status.step_index == 2
    if first == "canary":
        both = {"canary": None, "blueGreen": blue_green}
        sim.patch(spec={"strategy": both}).settle()
        assert sim.status.step_index is None
    shipped(sim)
    assert sim.status.phase == "Paused"
    sim.ask("promote")
    sim.settle().wait(60)
    assert sim.stable_image() == "two"
    assert sim.sized() == {"two": 3}


@pytest.mark.parametrize(
    ("chosen", "text"),
    [
        pytest.param(
            {"previewService": "active"},
            "This rollout uses the same service for the active and preview services",
            id="same-service",
        ),
        pytest.param(
            {"scaleDownDelayRevisionLimit": 20},
            "revision history limit can not be smaller than the rollout's scale down limit",
            id="revision-limit",
        ),
        pytest.param({"previewService": "none"}, 'service "none" not found', id="no-service"),
        pytest.param(
            {"prePromotionAnalysis": {"templates": [{"templateName": "x"}]}},
            'blueGreen.prePromotionAnalysis.templates: Invalid value: "x": AnalysisTemplate',
            id="no-template",
        ),
    ],
)
def test_rollout_is_degraded_with_a_sentence_when_its_blue_green_is_wrong(play, chosen, text):
    sim = play(**chosen)
    assert sim.status.phase == "Degraded"
    assert text in sim.status.message
    assert sim.sets() == []


@pytest.mark.row(128)
def test_every_lost_answer_heals_on_the_way_to_the_switch():
    """A write that fails before or after it was done, at each call: the same end."""
    total = 60
    for number in range(1, total):
        for when in ("before", "after"):
            sim = BlueGreen(autoPromotionSeconds=5, previewReplicaCount=1)
            sim.settle()
            start = sim.cluster.calls

            def fail(call, write, at=start + number):
                return errors.Unavailable("lost") if call == at else None

            setattr(sim.cluster, when, fail)
            sim.ship("two")
            sim.settle(check=lambda sim=sim: served(sim)).wait(60)
            assert sim.selects("active") == "two", (number, when)
            assert sim.sized() == {"two": 3}, (number, when)
            calls = sim.cluster.calls - start
            sim.close()
        if number > calls:
            return
