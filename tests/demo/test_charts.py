"""Answers about charts, recomputed from tables and from pixels."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from datakit.demo.chart_data import Chart, invent_chart
from datakit.demo.chart_questions import ChartQuestion, ask_chart
from datakit.demo.charts import draw_chart, value_ticks
from datakit.demo.words import rgb, words
from tests.demo.test_write import chart_rows

NUM_CHARTS = 300

Table = dict[str, dict[str, float]]


def asked() -> list[tuple[Chart, ChartQuestion]]:
    """Every question that 300 charts allow."""
    pairs = []
    for index in range(NUM_CHARTS):
        chart = invent_chart(7, index)
        pairs += [(chart, one) for one in ask_chart(chart, 7, index, count=99, varied=True)]
    return pairs


def named(query: str, names: list[str]) -> list[str]:
    """The names that occur in a question, in its order."""
    return re.findall("|".join(sorted(map(re.escape, names), key=len, reverse=True)), query)


def column_of(query: str, table: Table) -> dict[str, float]:
    """The series that a question names, or the only one."""
    if len(table) == 1:
        return next(iter(table.values()))
    return table[named(query, list(table))[0]]


def number(answer: Callable[[dict[str, float], list[str]], float]) -> Callable[..., float]:
    def of(query: str, table: Table) -> float:
        column = column_of(query, table)
        bare = query if len(table) == 1 else query.replace(named(query, list(table))[0], "")
        return answer(column, named(bare, list(column)))

    return of


NUMBERS = {
    "value": number(lambda column, names: column[names[0]]),
    "difference": number(lambda column, names: abs(column[names[0]] - column[names[1]])),
    "total": number(lambda column, names: column[names[0]] + column[names[1]]),
    "maximum": number(lambda column, _: max(column.values())),
    "range": number(lambda column, _: max(column.values()) - min(column.values())),
}
KINDS = ("highest", "lowest", "number_of_bars")


def word(kind: str, query: str, table: Table) -> str:
    """The answer to a question of one of `KINDS`."""
    if kind == "number_of_bars":
        return str(sum(len(column) for column in table.values()))
    column = column_of(query, table)
    pick = max if kind == "highest" else min
    return pick(column, key=lambda category: column[category])


def table_of(chart: Chart) -> Table:
    return {
        series.name: {
            category: float(chart.say(value))
            for category, value in zip(chart.categories, series.values, strict=True)
        }
        for series in chart.series
    }


def check(kind: str, query: str, label: str, table: Table) -> None:
    if kind in NUMBERS:
        assert float(label) == pytest.approx(NUMBERS[kind](query, table)), query
    elif kind in KINDS:
        assert label == word(kind, query, table), query
    elif kind == "greater":
        column = next(iter(table.values()))
        one, two = named(query, list(column))
        assert label == ("Yes" if column[one] > column[two] else "No"), query
    elif kind == "above":
        limit = float(re.findall(r"\d+(?:\.\d+)?", query)[-1])
        values = next(iter(table.values())).values()
        assert int(label) == sum(value > limit for value in values), query


def test_answers_follow_from_the_figures() -> None:
    for chart, question in asked():
        check(question.kind, question.query, question.label, table_of(chart))


def test_every_kind_of_question_is_asked() -> None:
    assert {question.kind for _, question in asked()} == set(words()["charts"]["questions"])


def test_answers_are_never_empty_and_questions_are_whole() -> None:
    for _, question in asked():
        assert question.label
        assert "{" not in question.query
        assert question.query[0].isupper() and question.query.endswith("?")


def test_tables_hold_what_the_charts_show(demo: Path) -> None:
    yes_or_no = numbers = 0
    for image, row in chart_rows(demo):
        path = image.parents[1] / "tables" / f"{image.stem}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            header, *lines = csv.reader(file)
        table: Table = {
            name: {line[0]: float(line[place]) for line in lines}
            for place, name in enumerate(header[1:], 1)
        }
        for kind, phrasings in words()["charts"]["questions"].items():
            machine = {phrasing[0] for phrasing in phrasings.values()}
            if row["query"] in machine and row["label"]:  # those without blanks
                check(kind, row["query"], row["label"], table)
                numbers += kind in NUMBERS or kind in KINDS
        yes_or_no += row["label"] in ("Yes", "No")
    assert yes_or_no and numbers


def test_the_tallest_bar_has_the_colour_that_is_answered() -> None:
    seen = 0
    for chart, question in asked():
        if question.kind != "colour_of_highest" or chart.style == "pie":
            continue
        pixels = np.asarray(draw_chart(chart)).astype(int)  # H W C
        reach = {}
        for name in chart.part_colours:
            mask = (abs(pixels - rgb(name)) <= 2).all(axis=2)  # H W
            # Lines of less than 8 pixels are no bar: smooth letters hold every grey.
            lines = np.nonzero(mask.sum(axis=1 if chart.style == "columns" else 0) >= 8)[0]
            reach[name] = -lines.min() if chart.style == "columns" else lines.max()
        assert question.label == max(reach, key=lambda name: reach[name])
        seen += 1
        if seen == 15:
            return
    pytest.fail("too few charts have a tallest bar")


def test_values_can_be_told_apart() -> None:
    for index in range(NUM_CHARTS):
        chart = invent_chart(7, index)
        for series in chart.series:
            shown = [chart.say(value) for value in series.values]
            assert len(set(shown)) == len(shown)
        if chart.style == "pie":
            assert sum(chart.series[0].values) == 100


def test_no_question_gives_away_another() -> None:
    for index in range(NUM_CHARTS):
        chart = invent_chart(7, index)
        kinds = {one.kind: one for one in ask_chart(chart, 7, index, count=99, varied=True)}
        if {"label_of_series", "colour_of_series"} <= set(kinds):
            assert kinds["label_of_series"].label not in kinds["colour_of_series"].query.split()


@pytest.mark.parametrize("top", [0.7, 3, 9.9, 48, 100, 912])
def test_ticks_are_round_and_reach_the_top(top: float) -> None:
    ticks = value_ticks(top)
    assert ticks[0] == 0 and ticks[-1] >= top
    assert 4 <= len(ticks) <= 7
