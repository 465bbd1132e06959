"""A small release of DVQA."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.releases.common import Layout, draw, write_json


def dvqa_row(number: int, *, old: bool = False) -> dict[str, Any]:
    """One question; older files have other names for what is left out."""
    kind, box = ("template_id", "bbox_answer") if old else ("question_type", "answer_bbox")
    return {
        "question": f"What is the value of bar {number}?",
        "question_id": number + 1,
        kind: "data",
        box: [84, 310, 9, 14],
        "image": f"bar_train_{number // 2:08}.png",
        "answer": f"{number}",
    }


def write_dvqa(root: Path) -> Path:
    """Writes 3 questions of train about 2 charts."""
    folder = root / "DVQA"
    for number in range(2):
        draw(folder / "images" / f"bar_train_{number:08}.png", f"d{number}")
    write_json(folder / "train_qa.json", [dvqa_row(number) for number in range(3)])
    return folder


LAYOUT = Layout(write_dvqa, "DVQA")
HUB = "no copy on the Hub has its columns in Parquet beside its images"
