"""A small release of COCO's captions."""

from __future__ import annotations

import json
from pathlib import Path

from tests.releases.common import BOXES, Layout, draw, write_json
from tests.releases.tables import write_tables


def write_captions(root: Path) -> Path:
    """Writes COCO's captions, 2 for each of 2 images, and the instances of the first."""
    folder = root / "COCO"
    images = [
        {"id": 11 + n, "file_name": f"{11 + n:012}.jpg", "width": 64, "height": 48}
        for n in range(2)
    ]
    for image in images:
        draw(folder / "train2017" / str(image["file_name"]), f"k{image['id']}")
    captions = [
        {"id": n, "image_id": 11 + n % 2, "caption": f"Caption {n} of a hill."} for n in range(4)
    ]
    boxes = [
        {"id": n, "image_id": 11, "category_id": 18, "iscrowd": 0, "bbox": box}
        for n, box in enumerate([*BOXES, [70, 0, 5, 5]])
    ]
    boxes[2]["iscrowd"] = 1
    categories = [{"id": 18, "name": "dog", "supercategory": "animal"}]
    notes = folder / "annotations"
    write_json(notes / "captions_train2017.json", {"images": images, "annotations": captions})
    write_json(
        notes / "instances_train2017.json",
        {"info": {}, "images": images, "annotations": boxes, "categories": categories},
    )
    return folder


def write_captions_hub(root: Path) -> Path:
    """Writes what `lmms-lab/COCO-Caption` has: a row an image, with all of its captions."""
    release = write_captions(root / "release")
    whole = json.loads((release / "annotations" / "captions_train2017.json").read_text())
    rows = [
        {
            "question_id": image["file_name"],
            "image": release / "train2017" / image["file_name"],
            "question": "Provide a one-sentence caption for the provided image.",
            "answer": [c["caption"] for c in whole["annotations"] if c["image_id"] == image["id"]],
            "id": image["id"],
            "file_name": image["file_name"],
            "height": image["height"],
            "width": image["width"],
        }
        for image in whole["images"]
    ]
    write_tables(root / "COCO-Caption" / "data", "train", rows)
    return root / "COCO-Caption"


LAYOUT = Layout(
    write_captions, "COCO", "train", {"instances": "annotations/instances_train2017.json"}
)
HUB = Layout(write_captions_hub, "COCO-Caption")
