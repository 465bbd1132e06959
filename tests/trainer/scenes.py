"""Raw data for the trainer's tests: coloured shapes and questions, in LLaVA's layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

COLOURS = ("red", "green", "blue", "yellow", "purple", "orange")
SHAPES = ("circle", "square")


def write_scenes(folder: Path, *, count: int) -> None:
    """Writes `count` conversations: most with one image, some with two or none."""
    folder.mkdir(parents=True)
    rows = [_row(folder, number) for number in range(count)]
    (folder / "scenes.json").write_text(json.dumps(rows), encoding="utf-8")


def _row(folder: Path, number: int) -> dict[str, Any]:
    if number % 8 == 3:
        question = f"What is {number} plus 1?"
        return _conversation(number, [], [(question, f"{number + 1}.")])
    if number % 8 == 5:
        first, second = _draw(folder, number), _draw(folder, number + 1000)
        question = "<image>\nand\n<image>\nWhich colours are these?"
        answer = f"{_colour(number)} and {_colour(number + 1000)}."
        return _conversation(number, [first, second], [(question, answer)])
    turns = [
        ("<image>\nWhat colour is the shape?", f"It is {_colour(number)}."),
        ("What shape is it?", f"It is a {_shape(number)}."),
    ]
    return _conversation(number, [_draw(folder, number)], turns)


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _shape(number: int) -> str:
    return SHAPES[number // len(COLOURS) % len(SHAPES)]


def _draw(folder: Path, number: int) -> str:
    image = Image.new("RGB", (160, 96 + number % 64), "white")
    draw = ImageDraw.Draw(image)
    left, top = 10 + number % 60, 10 + number % 30
    box = (left, top, left + 60, top + 60)
    paint = draw.ellipse if _shape(number) == "circle" else draw.rectangle
    paint(box, fill=_colour(number))
    name = f"{number}.png"
    image.save(folder / name)
    return name


def _conversation(number: int, images: list[str], turns: list[tuple[str, str]]) -> dict[str, Any]:
    messages = [
        {"from": speaker, "value": text}
        for question, answer in turns
        for speaker, text in (("human", question), ("gpt", answer))
    ]
    row: dict[str, Any] = {"id": str(number), "conversations": messages}
    if images:
        row["image"] = images
    return row
