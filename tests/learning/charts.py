"""Demo charts in ChartQA's layout, with the three kinds of question that are asked of a model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count, cycle, islice
from pathlib import Path

from datakit.demo.chart_data import Chart, Style, invent_chart
from datakit.demo.chart_questions import ask_chart
from datakit.demo.charts import draw_chart

# By kind, the style of charts that are asked it.
KINDS: dict[str, tuple[Style, ...]] = {
    "colour_of_highest": ("columns",),
    "number_of_bars": ("columns", "grouped"),
    "label_of_series": ("grouped",),
}
# Topics whose grouped charts have two series: few enough for a model of minutes.
VALUE_AXES = frozenset({"Pupils", "Animals", "Units sold"})
SEED = 1


def draw_release(folder: Path, charts: dict[str, int]) -> Path:
    """Draws so many charts for each split, columns and grouped columns in turn.

    Returns:
        The release's folder.
    """
    release = folder / "ChartQA Dataset"
    invented = _invented()
    for split, number in charts.items():
        images = release / split / "png"
        images.mkdir(parents=True)
        rows: list[dict[str, str]] = []
        for index, chart in islice(invented, number):
            name = f"{index:06d}.png"
            draw_chart(chart).save(images / name, compress_level=1)
            asked = ask_chart(chart, SEED, index, count=99, varied=False)
            rows += [
                {"imgname": name, "query": question.query, "label": question.label}
                for question in asked
                if chart.style in KINDS.get(question.kind, ())
            ]
        (release / split / f"{split}_human.json").write_text(json.dumps(rows))
    return release


def kind_of(question: str) -> str:
    """The kind of a question, by how the demo words it."""
    if "tallest" in question:
        return "colour_of_highest"
    return "number_of_bars" if "How many" in question else "label_of_series"


def _invented() -> Iterator[tuple[int, Chart]]:
    numbers = count()
    for style in cycle(("columns", "grouped")):
        for index in numbers:
            chart = invent_chart(SEED, index)
            coloured = style == "grouped" or chart.part_colours
            if chart.style == style and chart.value_axis in VALUE_AXES and coloured:
                yield index, chart
                break
