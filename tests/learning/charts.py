"""Demo charts in ChartQA's layout that can be read at 64 pixels, and what is asked of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, cycle, islice
from pathlib import Path
from random import Random

from datakit.demo.chart_data import Chart, Style, invent_chart
from datakit.demo.chart_questions import ChartQuestion, ask_chart
from datakit.demo.charts import draw_chart, value_ticks

# Series take the longest to learn, so that more charts have them.
STYLES: tuple[Style, ...] = ("columns", "grouped", "grouped")
# By kind, the style of charts that are asked it.
KINDS: dict[str, tuple[Style, ...]] = {
    "colour_of_highest": ("columns",),
    "number_of_bars": ("columns", "grouped"),
    "label_of_series": ("grouped",),
}
# Asked in lessons only: the label of a colour is learned from the colour of a label.
LESSONS_ONLY: dict[str, tuple[Style, ...]] = {"colour_of_series": ("grouped",)}
# Numbers of bars are learned first, and when each chart asks for them, instead of colours.
COUNTED_EVERY = 4
# Topics whose grouped charts have two series, and what these are coloured.
VALUE_AXES = frozenset({"Pupils", "Animals", "Units sold"})
SERIES_COLOURS = ("red", "blue", "green", "yellow")
# The tallest column leads by so much of the axis: 6 pixels where the model sees 64.
CLEAR_LEAD = 0.15
WIDTH_PX, HEIGHT_PX = 400, 320  # one size: a legend is where it was before
SEED = 1
DRAWS = 16  # of questions about one chart, until each has been asked


def draw_release(folder: Path, *, lessons: int, questions: int) -> Path:
    """Draws so many charts to learn from, as split `train`, and others to be asked about, `val`.

    Returns:
        The release's folder.
    """
    release = folder / "ChartQA Dataset"
    charts = _charts()
    for split, number in (("train", lessons), ("val", questions)):
        images = release / split / "png"
        images.mkdir(parents=True)
        rows: list[dict[str, str]] = []
        for index, chart in enumerate(islice(charts, number)):
            name = f"{index:06d}.png"
            draw_chart(chart).save(images / name, compress_level=1)
            kinds = KINDS if split == "val" else _kinds_of_lesson(index)
            asked = list({q.query: q.label for q in _asked(chart, index, kinds)}.items())
            Random(index).shuffle(asked)  # turns keep this order
            rows += [{"imgname": name, "query": query, "label": label} for query, label in asked]
        (release / split / f"{split}_human.json").write_text(json.dumps(rows))
    return release


def kind_of(question: str) -> str:
    """The kind of a question, by how the demo words it."""
    if "tallest" in question:
        return "colour_of_highest"
    return "number_of_bars" if "How many" in question else "label_of_series"


def _kinds_of_lesson(index: int) -> dict[str, tuple[Style, ...]]:
    kinds = KINDS | LESSONS_ONLY
    if index // len(STYLES) % COUNTED_EVERY:  # so that styles of all kinds are counted
        del kinds["number_of_bars"]
    return kinds


def _asked(
    chart: Chart, index: int, kinds: dict[str, tuple[Style, ...]]
) -> Iterator[ChartQuestion]:
    for draw in range(index * DRAWS, (index + 1) * DRAWS):
        for question in ask_chart(chart, SEED, draw, count=99, varied=False):
            if chart.style in kinds.get(question.kind, ()):
                yield question


def _charts() -> Iterator[Chart]:
    """Of both styles in turn."""
    numbers = count()
    for style in cycle(STYLES):
        for index in numbers:
            chart = invent_chart(SEED, index)
            if chart.style == style and chart.value_axis in VALUE_AXES:
                if style == "columns" and not (chart.part_colours and _leads_clearly(chart)):
                    continue
                yield _plain(chart, index)
                break


def _leads_clearly(chart: Chart) -> bool:
    second, first = sorted(chart.series[0].values)[-2:]
    return (first - second) / value_ticks(chart.top * 1.04)[-1] >= CLEAR_LEAD


def _plain(chart: Chart, index: int) -> Chart:
    """The chart in the one size, and its series in colours of which there are few pairs."""
    colours = Random(index).sample(SERIES_COLOURS, len(chart.series))
    series = tuple(
        replace(row, colour=colour) for row, colour in zip(chart.series, colours, strict=True)
    )
    return replace(chart, width_px=WIDTH_PX, height_px=HEIGHT_PX, series=series)
