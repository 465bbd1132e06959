"""What a chart shows: invented figures, before anything is drawn or asked."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

from datakit.demo.seeding import chooser
from datakit.demo.words import Topic, words

Style = Literal["columns", "bars", "grouped", "lines", "pie"]

# At least this share of the range lies between any two values that a question may compare.
CLEAR_GAP = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One row of figures, a value per category."""

    name: str
    colour: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart's figures and look.

    Attributes:
        style: columns stand, bars lie; grouped has several columns per category.
        series: one row of figures, or several where there is a legend.
        part_colours: a colour per category, where parts are coloured one by one; else empty.
        shows_values: whether every value is written beside its mark.
    """

    style: Style
    title: str
    category_axis: str
    value_axis: str
    source: str
    decimals: int
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    part_colours: tuple[str, ...]
    shows_values: bool
    width_px: int
    height_px: int

    @property
    def top(self) -> float:
        """The highest value of all."""
        return max(max(series.values) for series in self.series)

    def say(self, value: float) -> str:
        """A value as the chart, its table and its answers write it."""
        return f"{value:.{self.decimals}f}"


def invent_chart(seed: int, index: int) -> Chart:
    """Invents the figures and the look of chart number `index`."""
    choose = chooser(seed, "chart", index)
    topic = choose.choice(words()["charts"]["topics"])
    style = cast(Style, choose.choice(topic["styles"]))
    categories = _categories(choose, topic, style)
    series = _series(choose, topic, style, len(categories))
    by_part = style == "pie" or (style in ("columns", "bars") and choose.random() < 0.85)
    colours = choose.sample(list(words()["colours"]), len(categories))
    width_px, height_px = choose.choice([(448, 336), (420, 320), (384, 320), (400, 300)])
    return Chart(
        style=style,
        title=choose.choice(topic["title"]),
        category_axis=topic["category"],
        value_axis=topic["value"],
        source=choose.choice(words()["charts"]["sources"]),
        decimals=topic["decimals"],
        categories=categories,
        series=series,
        part_colours=tuple(colours) if by_part else (),
        shows_values=_shows_values(choose, style, len(series)),
        width_px=width_px,
        height_px=height_px,
    )


def _shows_values(choose: random.Random, style: Style, num_series: int) -> bool:
    # The figures of three lines would lie on top of one another.
    crowded = style == "lines" and num_series > 2
    return style == "pie" or (choose.random() < 0.75 and not crowded)


def _categories(choose: random.Random, topic: Topic, style: Style) -> tuple[str, ...]:
    names = topic["categories"]
    most = {"columns": 7, "bars": 7, "grouped": 4, "lines": 7, "pie": 6}[style]
    fewest = 5 if style == "lines" else 3
    count = choose.randint(fewest, min(most, len(names)))
    if topic.get("ordered", False):
        start = choose.randint(0, len(names) - count)
        return tuple(names[start : start + count])
    return tuple(choose.sample(names, count))


def _series(
    choose: random.Random, topic: Topic, style: Style, num_values: int
) -> tuple[Series, ...]:
    names = [topic["value"]]
    if style in ("grouped", "lines"):
        drawn = choose.sample(topic["series"], choose.randint(2, len(topic["series"])))
        names = sorted(drawn, key=topic["series"].index)
    colours = choose.sample(list(words()["colours"]), len(names))
    return tuple(
        Series(name=name, colour=colour, values=_values(choose, topic, style, num_values))
        for name, colour in zip(names, colours, strict=True)
    )


def _values(
    choose: random.Random, topic: Topic, style: Style, num_values: int
) -> tuple[float, ...]:
    if style == "pie":
        return _shares(choose, num_values)
    # One value per level of an evenly spaced ladder: no two are too close to tell apart.
    low, high = topic["low"], topic["high"]
    levels = choose.sample(range(round(1 / CLEAR_GAP)), num_values)
    step = (high - low) * CLEAR_GAP
    if style == "lines":
        levels = _smoothed(choose, levels)
    raised = (low + step * (level + choose.random() * 0.3) for level in levels)
    return tuple(round(value, topic["decimals"]) for value in raised)


def _smoothed(choose: random.Random, levels: Sequence[int]) -> list[int]:
    """Orders levels as a trend: up, down, or over a peak."""
    rising = sorted(levels)
    shape = choose.choice(["rise", "fall", "peak", "free"])
    if shape == "free":
        return list(levels)
    if shape == "peak":
        return rising[::2] + rising[1::2][::-1]
    return rising if shape == "rise" else rising[::-1]


def _shares(choose: random.Random, num_values: int) -> tuple[float, ...]:
    """Whole shares that differ by 2 at least and add up to 100."""
    rising = [5.0 + 2 * rank for rank in range(num_values)]
    spare = 100 - sum(rising)
    cuts = sorted(choose.random() for _ in range(num_values))
    # What is spare is handed out in rising order, so that equal shares cannot arise.
    shares = [share + int(spare * cut / sum(cuts)) for share, cut in zip(rising, cuts, strict=True)]
    shares[-1] += 100 - sum(shares)
    choose.shuffle(shares)
    return tuple(shares)
