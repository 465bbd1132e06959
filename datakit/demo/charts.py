"""Draws charts: columns, bars, grouped columns, lines and pies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from datakit.demo.canvas import Canvas, Point, text_width_px
from datakit.demo.chart_data import Chart, Series
from datakit.demo.words import Rgb, rgb

GRID: Rgb = (226, 229, 234)
MUTED: Rgb = (108, 114, 124)
TITLE_PX, LABEL_PX, TICK_PX = 16, 12, 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The plot area in pixels, and the value at its far end."""

    left: float
    top: float
    right: float
    bottom: float
    limit: float

    def height_of(self, value: float) -> float:
        """The y of a value where values go up."""
        return self.bottom - (self.bottom - self.top) * value / self.limit

    def length_of(self, value: float) -> float:
        """The x of a value where values go right."""
        return self.left + (self.right - self.left) * value / self.limit


def draw_chart(chart: Chart) -> Image.Image:
    """Draws a chart with its title, axes, ticks, legend and source."""
    canvas = Canvas(chart.width_px, chart.height_px)
    title_px = TITLE_PX
    while text_width_px(chart.title, title_px) > chart.width_px - 32:
        title_px -= 1
    canvas.text((16, 13), chart.title, title_px, bold=True)
    canvas.text((16, chart.height_px - 8), chart.source, 9, anchor="lb", fill=MUTED)
    if chart.style == "pie":
        _draw_pie(canvas, chart)
    elif chart.style == "bars":
        _draw_bars(canvas, chart)
    else:
        _draw_upright(canvas, chart)
    return canvas.finish()


def value_ticks(top: float) -> list[float]:
    """About five round values from 0 to at least `top`."""
    raw = top / 4.5
    power = 10 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw)
    return [step * count for count in range(math.ceil(top / step - 1e-9) + 1)]


def _draw_upright(canvas: Canvas, chart: Chart) -> None:
    ticks = value_ticks(chart.top * 1.04)
    legend_px = 22 if len(chart.series) > 1 else 0
    frame = Frame(
        left=58,
        top=48 + legend_px,
        right=chart.width_px - 16,
        bottom=chart.height_px - 62,
        limit=ticks[-1],
    )
    if legend_px:
        _draw_legend(canvas, chart)
    for tick in ticks:
        y = frame.height_of(tick)
        canvas.line([(frame.left, y), (frame.right, y)], GRID)
        canvas.text((frame.left - 6, y), f"{tick:g}", TICK_PX, anchor="rm", fill=MUTED)
    centre_y = (frame.top + frame.bottom) / 2
    canvas.upright_text((15, centre_y), chart.value_axis, LABEL_PX, MUTED)
    axis_at = ((frame.left + frame.right) / 2, frame.bottom + 36)
    canvas.text(axis_at, chart.category_axis, LABEL_PX, anchor="mm", fill=MUTED)
    if chart.style == "lines":
        _draw_lines(canvas, chart, frame)
    else:
        _draw_columns(canvas, chart, frame)
    canvas.line([(frame.left, frame.bottom), (frame.right, frame.bottom)], MUTED)


def _draw_legend(canvas: Canvas, chart: Chart) -> None:
    x = 58.0
    for series in chart.series:
        canvas.box((x, 43, x + 12, 55), fill=rgb(series.colour), radius_px=2)
        canvas.text((x + 17, 49), series.name, LABEL_PX, anchor="lm")
        x += text_width_px(series.name, LABEL_PX) + 36


def _colours(chart: Chart, series: int) -> list[Rgb]:
    names = chart.part_colours or [chart.series[series].colour] * len(chart.categories)
    return [rgb(name) for name in names]


def _tick_px(labels: Sequence[str], room_px: float) -> float:
    """The size at which every label fits its slot."""
    widest = max(text_width_px(label, TICK_PX) for label in labels)
    return min(TICK_PX, max(8, math.floor(TICK_PX * room_px / widest)))


def _draw_columns(canvas: Canvas, chart: Chart, frame: Frame) -> None:
    slot = (frame.right - frame.left) / len(chart.categories)
    width = min(slot * 0.76, 58 * len(chart.series)) / len(chart.series)
    tick_px = _tick_px(chart.categories, slot - 4)
    for place, category in enumerate(chart.categories):
        middle = frame.left + slot * (place + 0.5)
        canvas.text((middle, frame.bottom + 14), category, tick_px, anchor="mm")
        for rank, series in enumerate(chart.series):
            value = series.values[place]
            left = middle + width * (rank - len(chart.series) / 2)
            y = frame.height_of(value)
            box = (left + 1, y, left + width - 1, frame.bottom)
            canvas.box(box, fill=_colours(chart, rank)[place], radius_px=1)
            if chart.shows_values:
                size_px = _tick_px([chart.say(chart.top)], width + 2)
                canvas.text((left + width / 2, y - 3), chart.say(value), size_px, anchor="mb")


def _draw_lines(canvas: Canvas, chart: Chart, frame: Frame) -> None:
    slot = (frame.right - frame.left) / len(chart.categories)
    places = [frame.left + slot * (place + 0.5) for place in range(len(chart.categories))]
    tick_px = _tick_px(chart.categories, slot - 4)
    for x, category in zip(places, chart.categories, strict=True):
        canvas.text((x, frame.bottom + 14), category, tick_px, anchor="mm")
    for series in chart.series:
        points: list[Point] = [
            (x, frame.height_of(value)) for x, value in zip(places, series.values, strict=True)
        ]
        canvas.line(points, rgb(series.colour), 2.5)
        for point, value in zip(points, series.values, strict=True):
            canvas.dot(point, 4, rgb(series.colour))
            if chart.shows_values:
                _label_point(canvas, chart, point, series, value)


def _label_point(canvas: Canvas, chart: Chart, point: Point, series: Series, value: float) -> None:
    """Writes the value above the higher of two lines and below the lower."""
    place = series.values.index(value)
    higher = value == max(other.values[place] for other in chart.series)
    at = (point[0], point[1] + (-6 if higher else 7))
    anchor = "mb" if higher else "mt"
    canvas.text(at, chart.say(value), 10, anchor=anchor, fill=_darker(series.colour))


def _darker(colour: str) -> Rgb:
    red, green, blue = (round(channel * 0.72) for channel in rgb(colour))
    return red, green, blue


def _draw_bars(canvas: Canvas, chart: Chart) -> None:
    ticks = value_ticks(chart.top * (1.12 if chart.shows_values else 1.02))
    widest = max(text_width_px(category, TICK_PX) for category in chart.categories)
    frame = Frame(
        left=28 + widest + 12,
        top=44,
        right=chart.width_px - 22,
        bottom=chart.height_px - 58,
        limit=ticks[-1],
    )
    for tick in ticks:
        x = frame.length_of(tick)
        canvas.line([(x, frame.top), (x, frame.bottom)], GRID)
        canvas.text((x, frame.bottom + 10), f"{tick:g}", TICK_PX, anchor="mm", fill=MUTED)
    slot = (frame.bottom - frame.top) / len(chart.categories)
    height = min(slot * 0.72, 36)
    for place, (category, value) in enumerate(
        zip(chart.categories, chart.series[0].values, strict=True)
    ):
        middle = frame.top + slot * (place + 0.5)
        x = frame.length_of(value)
        box = (frame.left, middle - height / 2, x, middle + height / 2)
        canvas.box(box, fill=_colours(chart, 0)[place], radius_px=1)
        canvas.text((frame.left - 7, middle), category, TICK_PX, anchor="rm")
        if chart.shows_values:
            canvas.text((x + 5, middle), chart.say(value), TICK_PX, anchor="lm")
    canvas.line([(frame.left, frame.top), (frame.left, frame.bottom)], MUTED)
    axis_at = ((frame.left + frame.right) / 2, frame.bottom + 28)
    canvas.text(axis_at, chart.value_axis, LABEL_PX, anchor="mm", fill=MUTED)
    middle_y = (frame.top + frame.bottom) / 2
    canvas.upright_text((15, middle_y), chart.category_axis, LABEL_PX, MUTED)


def _draw_pie(canvas: Canvas, chart: Chart) -> None:
    radius = min(chart.height_px - 92, chart.width_px - 190) / 2
    centre = (28 + radius, 46 + radius)
    start = -90.0
    for value, colour in zip(chart.series[0].values, _colours(chart, 0), strict=True):
        end = start + 3.6 * value
        canvas.slice(centre, radius, start, end, colour)
        middle = math.radians((start + end) / 2)
        at = (
            centre[0] + radius * 0.7 * math.cos(middle),
            centre[1] + radius * 0.7 * math.sin(middle),
        )
        light = sum(colour) > 480
        ink: Rgb = (40, 40, 44) if light else (255, 255, 255)
        canvas.text(at, f"{chart.say(value)}%", 12, anchor="mm", fill=ink, bold=True)
        start = end
    left = centre[0] + radius + 26
    top = centre[1] - 22 * len(chart.categories) / 2
    for place, (category, colour) in enumerate(
        zip(chart.categories, _colours(chart, 0), strict=True)
    ):
        y = top + 22 * place
        canvas.box((left, y, left + 13, y + 13), fill=colour, radius_px=2)
        canvas.text((left + 20, y + 7), category, LABEL_PX, anchor="lm")
