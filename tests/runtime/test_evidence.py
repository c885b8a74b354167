"""What joins an approval after it was posted: the quotas, the stable's values, the chart."""

import asyncio
from dataclasses import replace

import pytest

from bot.model import chart_data, errors
from tests.runtime import stage as stages
from tests.runtime import test_announce, virtual

rest = test_announce.rest
QUOTA = {
    "metadata": {"name": "team"},
    "spec": {"hard": {"pods": "20"}},
    "status": {"hard": {"pods": "20"}, "used": {"pods": "20"}},
}


class Painter:
    async def png(self, svg, *, timeout_s=10.0):
        return b"png"


class Series:
    def __init__(self, stable):
        self.stable = stable

    async def series(self, run_raw, metric_name, start, end, stable_hash):
        points = (chart_data.Point(at=virtual.START, value=99.9),)
        return chart_data.ChartData(
            title="",
            metric=metric_name,
            unit="%",
            bound=99.0,
            direction=chart_data.Direction.AT_LEAST,
            canary_name="",
            stable_name="",
            canary=points,
            stable=points if self.stable else (),
        )


METRIC = {
    "name": "success-rate",
    "interval": "10s",
    "successCondition": "result[0] >= 0.99",
    "provider": {"prometheus": {"address": "http://p", "query": "up"}},
}


class Measured(stages.Stage):
    """With an analysis beside the steps."""

    def seen(self):
        template = {"metadata": {"name": "t"}, "spec": {"metrics": [METRIC]}}
        return replace(super().seen(), templates={(False, "t"): template})


def gated(quotas=None, series=None):
    stage = Measured(stages.STEPS, background={"templates": [{"templateName": "t"}]})

    async def listed(kind, *, namespace="", selector=""):
        if kind.name != "ResourceQuota":
            return [stage.api.rollout]
        if isinstance(quotas, Exception):
            raise quotas
        if quotas is None:
            await asyncio.Event().wait()
        return quotas

    stage.api.list = listed
    stage.painter = Painter()

    async def story():
        await test_announce.first(stage)
        if series is not None:
            stage.announcer.gallery.series = series
        stage.runs = [stages.run_object(stage, phase="Successful", values=(0.995, 0.999))]
        await rest(60)
        stage.settle()
        await rest()
        stage.settle()
        await rest()

    virtual.run(story())
    (gate,) = (
        m["message"] for m in stage.chat.messages.values() if "to go from 50" in
        m["message"].text.replace("\u202f", " ")
    )
    return stage, str(gate.blocks).replace("\\u202f", " ")


@pytest.mark.parametrize(
    ("quotas", "said"),
    [
        ([QUOTA], "does not fit: quota team has 20 pods, 20 used"),
        ([], ""),
        (errors.Forbidden("no right"), ""),
        (None, ""),
    ],
    ids=["tight", "none", "forbidden", "hangs"],
)
def test_approval_says_whether_its_pods_fit_where_that_can_be_read(quotas, said):
    _, text = gated(quotas)
    assert "2 → 4 pods (1 more at once)" in text
    assert (said in text) if said else ("quota" not in text)


def test_approval_gets_the_chart_and_the_stables_value():
    stage, text = gated([], Series(stable=True))
    assert "success-rate 99.9 % (stable 99.9 %), 2 of 2 good" in text
    assert len(stage.chat.pictures) == 1


def test_approval_says_nothing_of_the_stable_where_the_query_cannot_be_asked_of_it():
    stage, text = gated([], Series(stable=False))
    assert "success-rate 99.9 %" in text
    assert "(stable" not in text
    assert len(stage.chat.pictures) == 1
