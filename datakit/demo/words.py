"""The demo's names, topics and phrasings, read from `words.yaml`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NotRequired, TypedDict, cast

from ruamel.yaml import YAML

Rgb = tuple[int, int, int]


class Topic(TypedDict):
    """What a chart may be about."""

    title: list[str]
    category: str
    value: str
    low: float
    high: float
    decimals: int
    styles: list[str]
    ordered: NotRequired[bool]
    categories: list[str]
    series: list[str]


class ChartWords(TypedDict):
    """Topics of charts, and phrasings by kind of question and style of chart."""

    topics: list[Topic]
    sources: list[str]
    questions: dict[str, dict[str, list[str]]]


class Message(TypedDict):
    """What a letter or a memo says."""

    subject: str
    body: list[str]


class Report(TypedDict):
    """What a page with a table of figures is about."""

    title: str
    unit: str
    rows: list[str]
    range: list[int]


class DocumentWords(TypedDict):
    """Names, goods and messages of the pages, and phrasings by kind of question."""

    first_names: list[str]
    last_names: list[str]
    companies: list[str]
    streets: list[str]
    cities: list[str]
    titles: list[str]
    departments: list[str]
    rooms: list[str]
    items: dict[str, list[int]]
    groceries: dict[str, list[int]]
    shops: list[str]
    letters: list[Message]
    memos: list[Message]
    reports: list[Report]
    contracts: list[str]
    questions: dict[str, list[str]]


class Sky(TypedDict):
    """Colours of a sky and the strength of its light."""

    zenith: list[int]
    horizon: list[int]
    light: list[int]
    ambience: float


class Ground(TypedDict):
    """Colours of the ground at the viewer's feet and at the horizon."""

    near: list[int]
    far: list[int]


class SceneWords(TypedDict):
    """What scenes are made of, and how they are told."""

    skies: dict[str, Sky]
    grounds: dict[str, Ground]
    walls: dict[str, list[int]]
    roofs: dict[str, list[int]]
    balls: list[str]
    trees: list[str]
    numbers: list[str]
    captions: dict[str, list[str]]
    questions: dict[str, list[str]]
    answers: dict[str, list[str]]
    talks: list[list[list[str]]]


class Words(TypedDict):
    """The whole of `words.yaml`."""

    colours: dict[str, list[int]]
    charts: ChartWords
    documents: DocumentWords
    scenes: SceneWords


@cache
def words() -> Words:
    """Reads `words.yaml` once."""
    text = Path(__file__).with_name("words.yaml").read_text(encoding="utf-8")
    return cast(Words, YAML(typ="safe", pure=True).load(text))


def rgb(name: str) -> Rgb:
    """The colour that a name stands for, in charts and on balls alike."""
    red, green, blue = words()["colours"][name]
    return red, green, blue
