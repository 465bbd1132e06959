"""What every kind of document page shares: paper, people, dates, money and questions."""

from __future__ import annotations

import datetime
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from PIL import Image

from datakit.demo.canvas import Canvas, Point, wrapped
from datakit.demo.words import Rgb, words

BLUE_INK: Rgb = (38, 56, 132)
RULE: Rgb = (120, 124, 130)
PAPERS: tuple[Rgb, ...] = ((255, 255, 255), (252, 250, 244), (248, 246, 238), (250, 250, 250))
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageQuestion:
    """A question about a page, and every way to write its answer."""

    question: str
    answers: list[str]


@dataclass(slots=True, kw_only=True)
class Page:
    """A page while it is written: the canvas, and what can be asked about it."""

    choose: random.Random
    canvas: Canvas
    questions: list[PageQuestion] = field(default_factory=list)

    def ask(self, kind: str, *answers: str, **blanks: str) -> None:
        """Adds a question of a kind that `words.yaml` phrases."""
        pattern = self.choose.choice(words()["documents"]["questions"][kind])
        self.questions.append(
            PageQuestion(question=pattern.format(**blanks), answers=list(answers))
        )

    def paragraph(self, at: Point, text: str, size_px: float, width_px: float) -> float:
        """Writes wrapped text and returns the y below it."""
        x, y = at
        for line in wrapped(text, size_px, width_px):
            self.canvas.text((x, y), line, size_px)
            y += size_px * 1.45
        return y

    def rule(self, y: float, left: float, right: float, width_px: float = 0.5) -> None:
        """Draws a horizontal line."""
        self.canvas.line([(left, y), (right, y)], RULE, width_px)

    def signature(self, at: Point, width_px: float) -> None:
        """Draws a scribble in blue ink."""
        x, y = at
        points: list[Point] = [(x, y)]
        while points[-1][0] < x + width_px:
            step = self.choose.uniform(1, 5)
            points.append((points[-1][0] + step, y + self.choose.uniform(-9, 5)))
        self.canvas.line(points, BLUE_INK, 1)


def person(choose: random.Random) -> str:
    """An invented name."""
    names = words()["documents"]
    return f"{choose.choice(names['first_names'])} {choose.choice(names['last_names'])}"


def address(choose: random.Random) -> tuple[str, str]:
    """Street and city."""
    names = words()["documents"]
    street = f"{choose.randint(2, 190)} {choose.choice(names['streets'])}"
    return street, f"{choose.choice(names['cities'])} {choose.randint(10000, 99999)}"


def date(choose: random.Random) -> datetime.date:
    """A day between 1972 and 2019."""
    return datetime.date(choose.randint(1972, 2019), choose.randint(1, 12), choose.randint(1, 28))


def long_date(day: datetime.date) -> str:
    """The 7th of March 1998 as March 7, 1998, whatever the locale."""
    return f"{MONTHS[day.month - 1]} {day.day}, {day.year}"


def short_date(day: datetime.date) -> str:
    """The 7th of March 1998 as 03/07/1998."""
    return f"{day.month:02}/{day.day:02}/{day.year}"


def dollars(cents: int) -> str:
    """Money as a page writes it."""
    return f"${cents // 100:,}.{cents % 100:02}"


def money_answers(cents: int) -> list[str]:
    """Money as annotators write it: with its sign and without."""
    return [dollars(cents), dollars(cents).removeprefix("$")]


def priced(choose: random.Random, goods: dict[str, list[int]], count: int) -> list[tuple[str, int]]:
    """Some goods with a price in cents."""
    names: Sequence[str] = choose.sample(list(goods), count)
    return [(name, choose.randint(*goods[name])) for name in names]


def scanned(image: Image.Image, choose: random.Random, paper: Rgb) -> Image.Image:
    """Makes a page look scanned: a little askew, in grey or in colour."""
    angle_deg = choose.choice([0.0, 0.0, choose.uniform(-0.9, 0.9)])
    if angle_deg:
        image = image.rotate(angle_deg, Image.Resampling.BICUBIC, fillcolor=paper)
    return image.convert("L") if choose.random() < 0.35 else image
