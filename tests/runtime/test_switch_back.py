"""The answers of the new buttons at the desk: measure again, continue, switch, switch back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.notices import warm
from bot.model import buttons, facts, world
from tests.runtime import stage as stages
from tests.runtime import test_desk, virtual

SAM = test_desk.SAM
Kind = buttons.ButtonKind


class Switching(stages.Stage):
    """A blue-green whose Services follow what is decided."""

    def __init__(self, **chosen):
        super().__init__([])
        self.selects = {}
        strategy = {"activeService": "active", "previewService": "preview", **chosen}
        self.api.rollout["spec"]["strategy"] = {"blueGreen": strategy}

    def seen(self):
        services = {
            name: world.Service(name=name, selector=self._selector(name), managed_by="checkout")
            for name in ("active", "preview")
        }
        return replace(super().seen(), services=services)

    def _selector(self, name):
        chosen = self.selects.get(name)
        return {"rollouts-pod-template-hash": chosen} if chosen else {}

    def _apply(self, decision):
        super()._apply(decision)
        self.selects.update(decision.desired.selectors)
        for name, size in decision.desired.sizes.items():
            if name in self.sets:
                self.sets[name] = replace(self.sets[name], deadline=size.deadline)

    def images(self):
        spec = self.api.rollout["spec"]["template"]["spec"]
        return [container["image"] for container in spec["containers"]]


def press(desk, kind, stage):
    scene = desk.scene("shop/checkout")
    value = buttons.ButtonValue(
        cluster="prod-eu",
        namespace="shop",
        name="checkout",
        uid=stage.api.rollout["metadata"]["uid"],
        revision=scene.hash,
    )
    return desk.press(value, kind, SAM)


def played(stage, act):
    async def story():
        desk = test_desk.open_desk(stage)
        await test_desk.moving(stage)
        return await act(desk)

    return virtual.run(story())


def test_click_switches_back_to_the_version_that_is_warm():
    stage = Switching()

    async def act(desk):
        kept = warm.of(desk.scene("shop/checkout"))
        assert kept is not None
        reply = await press(desk, Kind.SWITCH_BACK, stage)
        stage.settle()
        return reply

    reply = played(stage, act)
    assert (reply.accepted, reply.sentence) == (True, "checkout goes back to v1.")
    assert stage.images() == ["app:v1"]
    first = next(rs for rs in stage.sets.values() if "app:v1" in str(rs.template))
    assert stage.selects["active"] == first.hash


def test_click_changes_nothing_when_the_earlier_version_is_not_warm_any_more():
    stage = Switching()

    async def act(desk):
        late = virtual.now() - timedelta(seconds=1)
        stage.sets = {
            name: replace(rs, deadline=late if rs.deadline else None)
            for name, rs in stage.sets.items()
        }
        return await press(desk, Kind.SWITCH_BACK, stage)

    reply = played(stage, act)
    assert (reply.accepted, reply.sentence) == (False, warm.COLD)
    assert stage.images() == ["app:v2"]


def test_click_switches_everybody_at_the_gate():
    stage = Switching(autoPromotionEnabled=False)

    async def act(desk):
        before = dict(stage.selects)
        reply = await press(desk, Kind.SWITCH, stage)
        stage.settle()
        return before, reply

    before, reply = played(stage, act)
    assert reply.accepted
    assert stage.selects["active"] == stage.selects["preview"] != before["active"]


@pytest.mark.parametrize(
    ("kind", "said"),
    [(Kind.MEASURE_AGAIN, "It is measured again."), (Kind.CONTINUE, "v2 goes on without a verdict.")],
)
def test_click_decides_about_an_analysis_without_a_verdict(kind, said):
    stage = stages.Stage(stages.STEPS)

    async def act(desk):
        pause = {"reason": "InconclusiveAnalysisRun", "startTime": "2026-11-23T12:00:00Z"}
        stage.patch(pauseConditions=[pause], controllerPause=True)
        return await press(desk, kind, stage)

    reply = played(stage, act)
    assert (reply.accepted, reply.sentence) == (True, said)


@pytest.mark.parametrize("kind", [Kind.SWITCH_BACK, Kind.MEASURE_AGAIN, Kind.CONTINUE, Kind.SWITCH])
def test_click_of_somebody_without_the_right_changes_nothing(kind):
    stage = stages.Stage(stages.STEPS)

    async def act(desk):
        desk.members = _nobody
        return await press(desk, kind, stage)

    reply = played(stage, act)
    assert not reply.accepted
    assert not reply.written


async def _nobody(channel, actor):
    return frozenset({facts.Person(name="lee", slack_id="U0LEE").slack_id})


@pytest.mark.parametrize("act", ["undo", "set-image"])
def test_desk_warns_that_git_will_undo_what_is_changed_beside_it(act):
    notes = {"argocd.argoproj.io/tracking-id": "checkout:argoproj.io/Rollout:shop/checkout"}
    stage = stages.Stage(stages.STEPS, annotations=notes)

    async def story(desk):
        if act == "undo":
            return await desk.undo("shop/checkout", SAM)
        return await desk.set_image("shop/checkout", SAM, "app", "app:v3")

    reply = played(stage, story)
    assert reply.accepted
    assert reply.sentence.endswith(
        " Argo CD (checkout) will undo this unless Git is changed too."
    )
