"""A small release of TallyQA."""

from __future__ import annotations

import json
from pathlib import Path

from tests.releases.common import Layout, draw, write_json
from tests.releases.tables import write_tables

IMAGES = ("train2014/COCO_train2014_000000000009.jpg", "VG_100K_2/2410408.jpg", "VG_100K/7.jpg")


def write_tallyqa(root: Path) -> Path:
    """Writes 3 questions of train about images of 3 folders."""
    folder = root / "tallyqa"
    rows = []
    for number, image in enumerate(IMAGES):
        draw(folder / image, f"t{number}")
        rows.append(
            {
                "answer": number,
                "data_source": "imported_genome" if number else "imported_vqa",
                "image": image,
                "image_id": 9241 + number,
                "question": f"How many cups are on table {number}?",
                "question_id": 30095774 + number,
            }
        )
    write_json(folder / "train.json", rows)
    return folder


def write_tallyqa_hub(root: Path) -> Path:
    """Writes what `vikhyatk/tallyqa-test` has: a row an image, with its questions."""
    release = write_tallyqa(root / "release")
    rows = [
        {
            "image": release / row["image"],
            "qa": [
                {
                    "question": row["question"],
                    "answer": str(row["answer"]),
                    "data_source": row["data_source"],
                    "is_simple": True,
                }
            ],
        }
        for row in json.loads((release / "train.json").read_text())
    ]
    write_tables(root / "tallyqa-test" / "data", "test", rows)
    return root / "tallyqa-test"


LAYOUT = Layout(write_tallyqa, "tallyqa")
HUB = Layout(write_tallyqa_hub, "tallyqa-test", "test")
