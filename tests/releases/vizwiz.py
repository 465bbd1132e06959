"""A small release of VizWiz."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.releases.common import Layout, draw, write_json
from tests.releases.tables import write_tables


def vizwiz_row(number: int, *answers: str, split: str = "train") -> dict[str, Any]:
    """One question with its answers."""
    given = answers or ("can", "soup can", "unanswerable", "can ", "unsuitable image")
    return {
        "image": f"VizWiz_{split}_{number:08}.jpg",
        "question": f"What is in can {number}?",
        "answers": [{"answer": text, "answer_confidence": "yes"} for text in given],
        "answer_type": "other",
        "answerable": 1,
    }


def write_vizwiz(root: Path) -> Path:
    """Writes 3 questions of train, the last of which cannot be answered."""
    folder = root / "VizWiz"
    rows = [vizwiz_row(number) for number in range(3)]
    rows[2] |= {"answerable": 0, "answer_type": "unanswerable"}
    for row in rows:
        draw(folder / "train" / row["image"], row["image"][-5:])
    write_json(folder / "Annotations" / "train.json", rows)
    return folder


def write_vizwiz_hub(root: Path) -> Path:
    """Writes what `lmms-lab/VizWiz-VQA` has: answers as text, and no word on `answerable`."""
    release = write_vizwiz(root / "release")
    rows = []
    for row in json.loads((release / "Annotations" / "train.json").read_text()):
        answers = [item["answer"] for item in row["answers"]]
        rows.append(
            {
                "question_id": row["image"].removesuffix(".jpg"),
                "image": release / "train" / row["image"],
                "question": row["question"],
                "answers": answers if row["answerable"] else ["unanswerable"] * len(answers),
                "category": row["answer_type"],
            }
        )
    write_tables(root / "VizWiz-VQA" / "data", "val", rows)
    return root / "VizWiz-VQA"


LAYOUT = Layout(write_vizwiz, "VizWiz")
HUB = Layout(write_vizwiz_hub, "VizWiz-VQA", "val")
