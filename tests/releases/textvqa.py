"""A small release of TextVQA."""

from __future__ import annotations

import json
from pathlib import Path

from tests.releases.common import Layout, draw, write_json
from tests.releases.tables import write_tables


def write_textvqa(root: Path) -> Path:
    """Writes 3 questions about 2 images of val."""
    folder = root / "TextVQA"
    rows = []
    for number in range(3):
        image = f"003a8ae2ef43b90{number // 2}"
        draw(folder / "train_images" / f"{image}.jpg", f"t{number // 2}")
        rows.append(
            {
                "question_id": 34602 + number,
                "image_id": image,
                "image_classes": ["Camera"],
                "flickr_original_url": f"https://example.org/{image}.jpg",
                "image_width": 64,
                "image_height": 48,
                "question": f"what does sign {number} say?",
                "answers": ["stop now", f"stop {number}", f"stop {number}", "", *["stop "] * 6],
                "set_name": "val",
            }
        )
    head = {"dataset_type": "val", "dataset_name": "textvqa", "dataset_version": "0.5.1"}
    write_json(folder / "TextVQA_0.5.1_val.json", {**head, "data": rows})
    return folder


def write_textvqa_hub(root: Path) -> Path:
    """Writes what `lmms-lab/textvqa` has."""
    release = write_textvqa(root / "release")
    rows = [
        {**row, "image": release / "train_images" / f"{row['image_id']}.jpg", "ocr_tokens": ["a"]}
        for row in json.loads((release / "TextVQA_0.5.1_val.json").read_text())["data"]
    ]
    write_tables(root / "textvqa-hub" / "data", "validation", rows)
    return root / "textvqa-hub"


LAYOUT = Layout(write_textvqa, "TextVQA", "val")
HUB = Layout(write_textvqa_hub, "textvqa-hub", "val")
