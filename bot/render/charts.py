"""The chart of one metric: canary, stable and bound over time, as SVG for a phone's width.

Plain shapes and text in one font, no emoji: the same picture everywhere. Rastering is an
adapter's; which metric is worth a chart is not decided here.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax import saxutils

from bot.model import messages
from bot.render import chart_words, scales, words

WIDTH = 600
PLOT_HEIGHT = 210
LEFT = 80
RIGHT = 18
ROW = 26
END_ROW = 22
LETTER = 9.6
APART = 12
FONT = "DejaVu Sans"
INK = "#1d1c1d"
FAINT = "#5f6368"
GRID = "#dfe3e8"
CANARY = "#0b5cad"
STABLE = "#9aa1aa"
BAD = "#c5221f"
BANDS = ("#ffffff", "#f3f5f8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where the plot stands: both scales, its top and bottom."""

    x: scales.Scale
    y: scales.Scale
    top: float
    bottom: float


def chart_svg(data: messages.ChartData) -> str:
    """The picture as SVG text; drawable for any data, also for none."""
    legend, rows = _legend(data)
    # The end has a row of its own: beside a weight it would read as one phrase with it.
    top = 66.0 + rows * ROW + 24 + (END_ROW if data.ended_at is not None else 0)
    frame = _frame(data, top)
    height = frame.bottom + 34
    body = [
        f'<rect width="{WIDTH}" height="{height:.0f}" fill="#ffffff"/>',
        _title(data),
        _text(16, 56, chart_words.headline(data), size=19),
        *legend,
        *_bands(data, frame),
        *_bad_side(data, frame),
        *_axes(data, frame),
        *_bound(data, frame),
        # Wider and below: it shows on both sides of a canary that is just as good.
        _line(data.stable, frame, color=STABLE, width=6),
        _line(data.canary, frame, color=CANARY, width=3.5),
        *_dots(data.canary, frame),
        *_end(data, frame),
        *_crosses(data.failing, frame),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}" '
        f'viewBox="0 0 {WIDTH} {height:.0f}" font-family="{FONT}, sans-serif">'
        f"<title>{saxutils.escape(chart_words.alt(data))}</title>{''.join(body)}</svg>"
    )


def _title(data: messages.ChartData) -> str:
    title = words.bare(data.title, 60)
    return _text(16, 29, title, size=23 if len(title) <= 40 else 16, bold=True)


def _frame(data: messages.ChartData, top: float) -> Frame:
    points = [
        *chart_words.finite(data.canary),
        *chart_words.finite(data.stable),
        *chart_words.finite(data.failing),
    ]
    values = [point.value for point in points]
    if data.bound is not None and math.isfinite(data.bound):
        values.append(data.bound)
    times = [point.at.timestamp() for point in points]
    times += [data.ended_at.timestamp()] if data.ended_at else []
    start, end = (min(times), max(times)) if times else (0.0, 60.0)
    low, high = scales.value_range(values, ceiling=100.0 if data.unit == "%" else None)
    bottom = top + PLOT_HEIGHT
    if end - start < 1:
        start, end = start - 30, end + 30  # one point stands in the middle
    end += (end - start) * 0.03
    return Frame(
        x=scales.Scale(low=start, high=end, start=LEFT, end=WIDTH - RIGHT),
        y=scales.Scale(low=low, high=high, start=bottom, end=top),
        top=top,
        bottom=bottom,
    )


def _text(
    x: float,
    y: float,
    text: str,
    *,
    size: int = 16,
    color: str = INK,
    anchor: str = "start",
    bold: bool = False,
) -> str:
    # The font file has one weight: a thin outline makes it bold.
    stroke = f' stroke="{color}" stroke-width="0.7"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{color}" '
        f'text-anchor="{anchor}"{stroke}>{saxutils.escape(text)}</text>'
    )


def _segment(
    x1: float, y1: float, x2: float, y2: float, *, color: str, width: float, dash: str = ""
) -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}" '
        f'stroke-width="{width}" stroke-linecap="round"{dashed}/>'
    )


def _legend(data: messages.ChartData) -> tuple[list[str], int]:
    """Each kind of line with its word; wraps where a name is long. Also: how many rows."""
    entries = [(_segment(0, 0, 24, 0, color=CANARY, width=4), words.bare(data.canary_name, 30))]
    if data.stable:
        key = _segment(0, 0, 24, 0, color=STABLE, width=6)
        entries.append((key, words.bare(data.stable_name, 30)))
    if data.bound is not None:
        entries.append((_segment(0, 0, 24, 0, color=BAD, width=2, dash="6 5"), "bound"))
    if data.failing:
        entries.append(("".join(_cross(12, 0)), "failed"))
    out, x, row = [], 16.0, 0
    for key, label in entries:
        wide = 32 + len(label) * 9.2 + 18
        if x + wide > WIDTH and x > 16:
            x, row = 16.0, row + 1
        y = 66 + row * ROW + 13
        out.append(f'<g transform="translate({x:.1f} {y})">{key}</g>')
        out.append(_text(x + 32, y + 5.5, label))
        x += wide
    return out, row + 1


def _bands(data: messages.ChartData, frame: Frame) -> list[str]:
    """Which weight held when, as bands with the weight above them."""
    marks = sorted(data.marks, key=lambda mark: mark.at)
    starts = [(mark.at.timestamp(), words.bare(mark.label, 12)) for mark in marks]
    if data.ended_at is not None:
        ended = data.ended_at.timestamp()
        starts = [item for item in starts if item[0] < ended] + [(ended, "")]
    if not starts:
        return []
    out = [_text(LEFT - 8, frame.top - 8, "traffic", color=FAINT, anchor="end")]
    free = float(LEFT)
    ends = [moment for moment, _ in starts[1:]] + [frame.x.high]
    for index, ((start, label), end) in enumerate(zip(starts, ends, strict=True)):
        left, right = frame.x.at(start), frame.x.at(end)
        out.append(
            f'<rect x="{left:.1f}" y="{frame.top:.1f}" width="{max(0, right - left):.1f}" '
            f'height="{PLOT_HEIGHT}" fill="{BANDS[(index + 1) % 2]}"/>'
        )
        out.append(_segment(left, frame.top - 4, left, frame.bottom, color=GRID, width=1.5))
        wide = len(label) * LETTER
        place = min(max(left + 3, free), WIDTH - wide)
        if label and right > LEFT and free <= place <= max(right, left + 4):
            out.append(_text(place, frame.top - 8, label))
            free = place + wide + APART
    return out


def _bad_side(data: messages.ChartData, frame: Frame) -> list[str]:
    """The side of the bound where nobody wants to be, tinted."""
    if data.bound is None or not math.isfinite(data.bound):
        return []
    edge = frame.y.at(data.bound)
    top = edge if data.direction is messages.Direction.AT_LEAST else frame.top
    bottom = frame.bottom if data.direction is messages.Direction.AT_LEAST else edge
    size = f'width="{WIDTH - RIGHT - LEFT}" height="{max(0, bottom - top):.1f}"'
    return [f'<rect x="{LEFT}" y="{top:.1f}" {size} fill="{BAD}" fill-opacity="0.07"/>']


def _axes(data: messages.ChartData, frame: Frame) -> list[str]:
    out, right = [], WIDTH - RIGHT
    values = scales.ticks(frame.y.low, frame.y.high)
    decimals = scales.digits(values)
    unit = words.bare(data.unit, 6)
    for value in values:
        y = frame.y.at(value)
        out.append(_segment(LEFT, y, right, y, color=GRID, width=1))
        label = f"{value + 0.0:,.{decimals}f} {unit}".rstrip()
        size = 16 if len(label) <= 7 else 12
        out.append(_text(LEFT - 8, y + 5.5, label, size=size, color=FAINT, anchor="end"))
    seconds = frame.x.high - frame.x.low < 240
    for moment in scales.time_ticks(frame.x.low, frame.x.high, 4 if seconds else 5):
        x = frame.x.at(moment)
        out.append(_segment(x, frame.bottom, x, frame.bottom + 5, color=FAINT, width=1.5))
        label = scales.clock(moment, seconds=seconds)
        half = len(label) * 4.8
        if x + half < WIDTH:
            anchor = "start" if x < LEFT + half else "middle"
            out.append(_text(x, frame.bottom + 25, label, color=FAINT, anchor=anchor))
    out.append(_text(LEFT - 8, frame.bottom + 25, "UTC", color=FAINT, anchor="end"))
    out.append(_segment(LEFT, frame.bottom, right, frame.bottom, color=FAINT, width=1.5))
    return out


def _bound(data: messages.ChartData, frame: Frame) -> list[str]:
    if data.bound is None or not math.isfinite(data.bound):
        return []
    y = frame.y.at(data.bound)
    return [_segment(LEFT, y, WIDTH - RIGHT, y, color=BAD, width=2, dash="6 5")]


def _line(points: Sequence[messages.Point], frame: Frame, *, color: str, width: float) -> str:
    usable = chart_words.finite(points)
    if not usable:
        return ""
    path = " ".join(
        f"{frame.x.at(p.at.timestamp()):.1f},{frame.y.at(p.value):.1f}" for p in usable
    )
    return (
        f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="{width}" '
        'stroke-linejoin="round" stroke-linecap="round"/>'
    )


def _dots(points: Sequence[messages.Point], frame: Frame) -> list[str]:
    usable = chart_words.finite(points)
    if len(usable) > 40:
        return []
    return [
        f'<circle cx="{frame.x.at(p.at.timestamp()):.1f}" cy="{frame.y.at(p.value):.1f}" '
        f'r="4" fill="{CANARY}"/>'
        for p in usable
    ]


def _crosses(points: Sequence[messages.Point], frame: Frame) -> list[str]:
    return [
        part
        for p in chart_words.finite(points)
        for part in _cross(frame.x.at(p.at.timestamp()), frame.y.at(p.value))
    ]


def _cross(x: float, y: float) -> list[str]:
    """A drawn cross on a white one, so that it stands out from the line."""
    return [
        _segment(x - 7, y + 7 * way, x + 7, y - 7 * way, color=color, width=width)
        for color, width in (("#ffffff", 7.5), (BAD, 3.8))
        for way in (-1, 1)
    ]


def _end(data: messages.ChartData, frame: Frame) -> list[str]:
    if data.ended_at is None:
        return []
    x = frame.x.at(data.ended_at.timestamp())
    left = x < WIDTH / 2
    return [
        _segment(x, frame.top - END_ROW - 4, x, frame.bottom, color=INK, width=2.5),
        _text(
            x - 5 if left else x + 4,
            frame.top - END_ROW - 8,
            "rolled back",
            anchor="start" if left else "end",
            bold=True,
        ),
    ]
