"""A small release of PlotQA."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.releases.common import Layout, draw, write_json


def plotqa_row(number: int) -> dict[str, Any]:
    """One question; the answer is a number."""
    return {
        "image_index": 18 + number // 2,
        "question_id": number,
        "question_string": f"What is the price in year {number} ?",
        "answer": 4.5 + number,
        "answer_bbox": {},
        "answer_id": 0,
        "type": "vbar_categorical",
        "template": "data_retrieval",
    }


def write_plotqa(root: Path) -> Path:
    """Writes 3 questions of train about 2 plots."""
    folder = root / "PlotQA"
    for number in range(2):
        draw(folder / "train" / "png" / f"{18 + number}.png", f"p{number}")
    rows = [plotqa_row(number) for number in range(3)]
    write_json(folder / "train" / "qa_pairs_V2.json", {"qa_pairs": rows})
    return folder


LAYOUT = Layout(write_plotqa, "PlotQA")
HUB = "no copy on the Hub has its columns in Parquet beside its images"
