"""A small release of ST-VQA."""

from __future__ import annotations

import json
from pathlib import Path

from tests.releases.common import Layout, draw, write_json
from tests.releases.tables import write_tables


def write_st_vqa(root: Path) -> Path:
    """Writes 3 questions about images of 2 collections."""
    folder = root / "ST-VQA"
    rows = []
    for number in range(3):
        collection = ("coco-text", "icdar", "icdar")[number]
        name = f"img_{number}.jpg"
        draw(folder / collection / name, f"s{number}")
        rows.append(
            {
                "question_id": 6 + number,
                "file_name": name,
                "file_path": f"{collection}/{name}",
                "dataset": collection,
                "image_classes": [],
                "question": f"What does sign {number} say?",
                "answers": [f"Exit {number}", f"exit {number}"],
                "set_name": "train",
            }
        )
    head = {"dataset_name": "st-vqa", "dataset_version": "1.0", "task": 3, "set_name": "train"}
    write_json(folder / "train_task_3.json", {**head, "data": rows})
    return folder


def write_st_vqa_hub(root: Path) -> Path:
    """Writes what `lmms-lab/ST-VQA` has, with the answers that its test split leaves out."""
    release = write_st_vqa(root / "release")
    rows = [
        {
            "question_id": str(row["question_id"]),
            "image": release / row["file_path"],
            "question": row["question"],
            "answers": row["answers"],
        }
        for row in json.loads((release / "train_task_3.json").read_text())["data"]
    ]
    write_tables(root / "ST-VQA-hub" / "data", "train", rows)
    return root / "ST-VQA-hub"


LAYOUT = Layout(write_st_vqa, "ST-VQA")
HUB = Layout(write_st_vqa_hub, "ST-VQA-hub")
