"""The picture: drawable for any data, saying the same as its alt text."""

import asyncio
import os
import struct
import sys
import xml.etree.ElementTree as ET
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.adapters import charts as painter
from bot.model import errors
from bot.model import messages as m
from bot.render import chart_words, charts, scales
from tests.render import examples as ex
from tests.render import nasty

SVG = "{http://www.w3.org/2000/svg}"


def points(*values, every_s=54):
    start = ex.at(12, 5)
    return tuple(
        m.Point(at=start + timedelta(seconds=i * every_s), value=v) for i, v in enumerate(values)
    )


CANARY = points(99.5, 99.2, 99.6, 99.4, 99.5, 99.6, 99.1, 99.3, 98.0, 95.2, 92.1)


def data(**more):
    base = dict(
        title="checkout v42 · prod-eu",
        metric="success-rate",
        unit="%",
        bound=99.0,
        direction=m.Direction.AT_LEAST,
        canary_name="canary v42",
        stable_name="stable v41",
        canary=CANARY,
        stable=points(*[99.7] * 11),
        failing=CANARY[-3:],
        marks=(
            m.StepMark(at=ex.at(12, 5), label="10 %"),
            m.StepMark(at=ex.at(12, 9), label="25 %"),
        ),
        ended_at=ex.at(12, 14, 5),
    )
    return m.ChartData(**{**base, **more})


def texts(svg):
    return ["".join(node.itertext()) for node in ET.fromstring(svg).iter(f"{SVG}text")]


def test_chart_names_everything_a_reader_needs():
    shown = texts(charts.chart_svg(data()))
    for words in (
        "checkout v42 · prod-eu",
        "success-rate 92.1 %, must be ≥ 99 %",
        "canary v42",
        "stable v41",
        "bound",
        "failed",
        "traffic",
        "10 %",
        "25 %",
        "rolled back",
        "98 %",
        "12:10",
        "UTC",
    ):
        assert words in shown


def rows(svg):
    """Every text by its height: where it begins, where it ends, what it says."""
    found = {}
    for node in ET.fromstring(svg).iter(f"{SVG}text"):
        text, x = "".join(node.itertext()), float(node.get("x"))
        wide = len(text) * charts.LETTER
        start = x - wide * {"start": 0, "middle": 0.5, "end": 1}[node.get("text-anchor")]
        found.setdefault(node.get("y"), []).append((start, start + wide, text))
    return [sorted(row) for row in found.values()]


@pytest.mark.parametrize("every_s", [1, 3, 10, 30, 60, 200])
@pytest.mark.parametrize("ended_s", [2, 31, 60, 300, 540])
def test_chart_lets_no_two_step_labels_collide_however_narrow_the_bands_are(every_s, ended_s):
    start = ex.at(12, 5)
    marks = tuple(
        m.StepMark(at=start + timedelta(seconds=every_s * n), label=label)
        for n, label in enumerate(("5 %", "10 %", "25 %", "50 %", "75 %"))
    )
    ended = start + timedelta(seconds=ended_s)
    svg = charts.chart_svg(data(marks=marks, ended_at=ended))
    labels = [row for row in rows(svg) if any(text.endswith((" %", "back")) for _, _, text in row)]
    for row in labels:
        for (_, end, one), (begin, _, other) in zip(row, row[1:]):
            assert end <= begin, (one, other)
        texts_here = [text for _, _, text in row]
        assert "rolled back" not in texts_here or texts_here == ["rolled back"]
        assert all(begin >= 0 and end <= charts.WIDTH + 1 for begin, end, _ in row)


def test_chart_draws_a_cross_at_each_failure_and_a_line_for_each_series():
    root = ET.fromstring(charts.chart_svg(data()))
    bad = [n for n in root if n.tag == f"{SVG}line" and n.get("stroke") == charts.BAD]
    assert len([n for n in bad if n.get("stroke-width") == "3.8"]) == 2 * 3
    assert len(list(root.iter(f"{SVG}polyline"))) == 2
    alone = ET.fromstring(charts.chart_svg(data(stable=(), failing=(), bound=None)))
    assert len(list(alone.iter(f"{SVG}polyline"))) == 1
    assert "bound" not in texts(charts.chart_svg(data(bound=None)))


def test_alt_text_says_the_numbers():
    assert chart_words.alt(data()) == (
        "success-rate of canary v42 and stable v41, 12:05 to 12:14 UTC. "
        "Canary 99.5, 99.2, …, 98, 95.2, 92.1 %; bound 99 %. Failures at 12:12, 12:13, 12:14."
    )
    assert chart_words.alt(data(canary=())) == "success-rate of canary v42: no data."


CHARTS = st.builds(
    m.ChartData,
    title=nasty.TEXT,
    metric=nasty.TEXT,
    unit=nasty.TEXT,
    canary_name=nasty.TEXT,
    stable_name=nasty.TEXT,
)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(CHARTS)
def test_chart_is_well_formed_and_inside_its_frame_whatever_the_data(chart):
    root = ET.fromstring(charts.chart_svg(chart))
    height = float(root.get("height"))
    for line in root.iter(f"{SVG}line"):
        assert all(-20 <= float(line.get(key)) <= charts.WIDTH + 20 for key in ("x1", "x2"))
        assert all(-20 <= float(line.get(key)) <= height + 20 for key in ("y1", "y2"))
    assert 0 < len(chart_words.alt(chart)) <= 2_000


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (91.3, 100.3, [92, 94, 96, 98, 100]),
        (0, 0.01, [0, 0.002, 0.004, 0.006, 0.008, 0.01]),
        (150, 800, [200, 400, 600, 800]),
    ],
)
def test_ticks_are_round_numbers(low, high, expected):
    assert scales.ticks(low, high) == pytest.approx(expected)


@given(
    st.floats(-1e15, 1e15),
    st.floats(1e-3, 1e15),
)
def test_ticks_are_few_and_inside_for_any_stretch(low, wide):
    found = scales.ticks(low, low + wide) if low + wide > low else []
    assert len(found) <= 12
    assert all(low - wide <= tick <= low + 2 * wide for tick in found)


def test_thinning_keeps_the_last_point():
    assert scales.thinned(1000, 400)[-1] == 999
    assert len(scales.thinned(1000, 400)) <= 400


async def test_painter_draws_a_real_picture_at_the_asked_size():
    svg = charts.chart_svg(data())
    picture = await painter.png(svg, zoom=2)
    width, height = struct.unpack(">II", picture[16:24])
    assert picture.startswith(painter.PNG_MAGIC)
    assert width == 2 * charts.WIDTH
    assert height == pytest.approx(2 * float(ET.fromstring(svg).get("height")), abs=2)


async def test_painter_refuses_with_the_rasterizers_words_when_it_is_no_svg():
    with pytest.raises(errors.Refused, match="cannot be drawn"):
        await painter.png("no picture at all")
    with pytest.raises(errors.Refused, match="too large"):
        await painter.png("x" * (painter.SVG_LIMIT_BYTES + 1))


async def test_painter_gives_up_in_time_and_leaves_no_process():
    before = _children()
    with pytest.raises(errors.Unavailable, match=r"within 0.001 s"):
        await painter.png(charts.chart_svg(data()), timeout_s=0.001)
    assert _children() == before


async def test_painter_draws_on_while_many_ask():
    shared = painter.ChartPainter()
    svg = charts.chart_svg(data())
    pictures = await asyncio.gather(*(shared.png(svg, zoom=0.3) for _ in range(4)))
    assert len(set(pictures)) == 1


def test_child_gets_none_of_our_secrets(monkeypatch):
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    assert "xoxb-secret" not in painter._environment().values()


def _children():
    if not sys.platform.startswith("linux"):
        return set()
    mine = str(os.getpid())
    found = set()
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as stat:
                parent = stat.read().rsplit(")", 1)[1].split()[1]
        except OSError:
            continue
        if parent == mine:
            found.add(name)
    return found
