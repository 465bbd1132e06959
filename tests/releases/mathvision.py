"""A small release of MATH-Vision."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.releases.common import Layout, draw
from tests.releases.tables import write_tables


def math_rows() -> list[dict[str, Any]]:
    """A free answer, texts as options, and options that the picture shows."""
    return [
        {"question": "How many shapes are there?\n<image1>", "options": [], "answer": "6"},
        {
            "question": "<image1>\nWhich word follows?\n<image2>",
            "options": ["KNAO", "KNGO", "KNR", "AGRO", "KAO"],
            "answer": "D",
            "solution": "Fold the strip.",
        },
        {
            "question": "Which piece <image1> is missing?",
            "options": ["A", "B", "C", "D", "E"],
            "answer": "C",
        },
    ]


def write_mathvision(root: Path, rows: list[dict[str, Any]] | None = None) -> Path:
    """Writes 3 problems of testmini."""
    folder = root / "MATH-V"
    lines = []
    for number, row in enumerate(rows or math_rows()):
        image = f"images/{4 + number}.jpg"
        draw(folder / image, f"m{number}")
        kept = {"id": str(4 + number), "solution": None, "level": 1, "image": image}
        lines.append(json.dumps(kept | row))
    file = folder / "data" / "testmini.jsonl"
    file.parent.mkdir(exist_ok=True)
    file.write_text("\n".join(lines))
    return folder


def write_mathvision_hub(root: Path) -> Path:
    """Writes `MathLLMs/MathVision`."""
    release = write_mathvision(root / "release")
    lines = (release / "data" / "testmini.jsonl").read_text().splitlines()
    rows = [{**row, "decoded_image": release / row["image"]} for row in map(json.loads, lines)]
    write_tables(root / "MathVision" / "data", "testmini", rows, ("decoded_image",))
    return root / "MathVision"


LAYOUT = Layout(write_mathvision, "MATH-V", "testmini")
HUB = Layout(write_mathvision_hub, "MathVision", "testmini")
