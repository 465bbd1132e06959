"""Asks about charts; every answer is computed from the figures."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from datakit.demo.chart_data import Chart
from datakit.demo.seeding import chooser
from datakit.demo.words import words


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartQuestion:
    """A question, its answer, and what kind it is of in `words.yaml`."""

    kind: str
    query: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question before it is phrased: what fills its blanks, and its answer."""

    kind: str
    phrasing: str
    answer: str
    blanks: dict[str, str]


def ask_chart(
    chart: Chart, seed: int, index: int, *, count: int, varied: bool
) -> list[ChartQuestion]:
    """Asks `count` different questions, the first of them about what is plainly seen.

    Args:
        chart: what is asked about.
        seed: of the demo.
        index: number of the chart.
        count: how many questions, at most as many as the chart allows.
        varied: phrased in many ways, as people would; else in one way a kind.
    """
    choose = chooser(seed, "chart questions", index)
    plain = list(_about_looks(chart, choose))
    figures = [*_about_extremes(chart, choose), *_about_text(chart)]
    if chart.shows_values:
        figures += _about_values(chart, choose)
    first = plain.pop(choose.randrange(len(plain)))
    # Looks are asked about more often than their share of the kinds.
    rest = choose.sample(plain, min(1, len(plain))) + choose.sample(figures, len(figures))
    return [_phrase(asked, choose, varied) for asked in [first, *rest][:count]]


def _phrase(asked: Asked, choose: random.Random, varied: bool) -> ChartQuestion:
    phrasings = words()["charts"]["questions"][asked.kind][asked.phrasing]
    pattern = choose.choice(phrasings) if varied else phrasings[0]
    return ChartQuestion(kind=asked.kind, query=pattern.format(**asked.blanks), label=asked.answer)


def _about_looks(chart: Chart, choose: random.Random) -> Iterator[Asked]:
    """Colours, counts and the legend: no figure has to be read."""
    style, values = chart.style, chart.series[0].values
    category = chart.category_axis.lower()
    if style in ("columns", "bars", "grouped"):
        num_bars = str(len(chart.categories) * len(chart.series))
        yield Asked(kind="number_of_bars", phrasing=style, answer=num_bars, blanks={})
    else:
        parts = len(chart.categories) if style == "pie" else len(chart.series)
        yield Asked(kind="number_of_series", phrasing=style, answer=str(parts), blanks={})
    if chart.part_colours:
        colours = chart.part_colours
        for kind, pick in (("colour_of_highest", max), ("colour_of_lowest", min)):
            answer = colours[values.index(pick(values))]
            yield Asked(kind=kind, phrasing=style, answer=answer, blanks={})
        named = list(zip(chart.categories, colours, strict=True))
    elif len(chart.series) > 1:
        named = [(series.name, series.colour) for series in chart.series]
    else:
        return
    # Two different ones, since one question would give away the answer of the other.
    (label, shown), (name, colour) = choose.sample(named, 2)
    blanks = {"colour": shown, "category": category}
    yield Asked(kind="label_of_series", phrasing=style, answer=label, blanks=blanks)
    yield Asked(kind="colour_of_series", phrasing="any", answer=colour, blanks={"name": name})


def _about_text(chart: Chart) -> Iterator[Asked]:
    yield Asked(kind="title", phrasing="any", answer=chart.title, blanks={})
    if chart.style != "pie":
        yield Asked(kind="axis", phrasing="any", answer=chart.value_axis, blanks={})


def _about_extremes(chart: Chart, choose: random.Random) -> Iterator[Asked]:
    """Which category leads, which trails, and which of two is higher."""
    series = choose.choice(chart.series)
    blanks = {"series": series.name, "category": chart.category_axis.lower()}
    phrasing = "several" if len(chart.series) > 1 else "single"
    extremes: tuple[tuple[str, Callable[..., float]], ...] = (("highest", max), ("lowest", min))
    for kind, pick in extremes:
        answer = chart.categories[series.values.index(pick(series.values))]
        yield Asked(kind=kind, phrasing=phrasing, answer=answer, blanks=blanks)
    if len(chart.series) == 1:
        one, two = choose.sample(range(len(chart.categories)), 2)
        answer = "Yes" if series.values[one] > series.values[two] else "No"
        pair = {"name": chart.categories[one], "other": chart.categories[two]}
        yield Asked(kind="greater", phrasing="single", answer=answer, blanks=pair)


def _about_values(chart: Chart, choose: random.Random) -> Iterator[Asked]:
    """Figures and small sums, where every value is written in the chart."""
    series = choose.choice(chart.series)
    values = series.values
    one, two = choose.sample(range(len(values)), 2)
    blanks = {
        "series": series.name,
        "name": chart.categories[one],
        "other": chart.categories[two],
    }
    phrasing = "several" if len(chart.series) > 1 else "single"
    answers = {"value": values[one], "maximum": max(values)}
    if phrasing == "single":
        answers["difference"] = abs(values[one] - values[two])
        answers["total"] = values[one] + values[two]
        answers["range"] = max(values) - min(values)
        threshold = sorted(values)[len(values) // 2 - 1]
        above = sum(value > threshold for value in values)
        limit = {"threshold": chart.say(threshold)}
        yield Asked(kind="above", phrasing="single", answer=str(above), blanks=limit)
    for kind, value in answers.items():
        yield Asked(kind=kind, phrasing=phrasing, answer=chart.say(value), blanks=blanks)
