"""A small release of RefCOCO."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

from tests.releases.common import BOXES, Layout, draw, write_json
from tests.releases.tables import write_tables


def write_refcoco(root: Path) -> Path:
    """Writes MDETR's JSON: 3 phrases for boxes in one image, of which two lie partly outside."""
    folder = root / "refcoco"
    name = f"COCO_train2014_{31:012}.jpg"
    draw(folder / "train2014" / name, "r")
    size = {"width": 64, "height": 48, "original_id": 31}
    images = [
        {**size, "id": n, "file_name": name, "caption": f"thing {n}", "dataset_name": "refcoco"}
        for n in range(len(BOXES))
    ]
    annotations = [{"id": n + 50, "image_id": n, "bbox": box} for n, box in enumerate(BOXES)]
    write_json(
        folder / "finetune_refcoco_train.json",
        {"info": "", "images": images, "annotations": annotations, "categories": []},
    )
    return folder


def write_refcoco_pickles(root: Path, *, by: str = "unc", protocol: int = 2) -> Path:
    """Writes UNC's pickle: the same boxes, two sentences each, the last box's in testA."""
    folder = root / "refcoco"
    refs = [
        {
            "ref_id": n + 70,
            "ann_id": n + 50,
            "image_id": 31,
            "file_name": f"COCO_train2014_{31:012}_{n}.jpg",
            "split": "testA" if n == 2 else "train",
            "sent_ids": [2 * n, 2 * n + 1],
            "sentences": [
                {"sent": f"{which} thing {n}", "sent_id": 2 * n, "tokens": ["thing"]}
                for which in ("this", "that")
            ],
        }
        for n in range(len(BOXES))
    ]
    annotations = [{"id": n + 50, "image_id": 31, "bbox": box} for n, box in enumerate(BOXES)]
    images = [{"id": 31, "file_name": "any.jpg", "width": 64, "height": 48}]
    write_json(folder / "instances.json", {"images": images, "annotations": annotations})
    (folder / f"refs({by}).p").write_bytes(pickle.dumps(refs, protocol))
    return folder


def write_refcoco_hub(root: Path) -> Path:
    """Writes what `lmms-lab/RefCOCO` has: a row a box, with all of its phrases."""
    release = write_refcoco(root / "release")
    whole = json.loads((release / "finetune_refcoco_train.json").read_text())
    boxes = {row["image_id"]: _inside(*row["bbox"]) for row in whole["annotations"]}
    rows = [
        {
            "question_id": str(50 + row["id"]),
            "image": release / "train2014" / row["file_name"],
            "question": "Please carefully observe the area and come up with a caption for it.",
            "answer": [row["caption"]],
            "segmentation": [0.0],
            "bbox": boxes[row["id"]],
            "iscrowd": 0,
            "file_name": row["file_name"],
        }
        for row in whole["images"]
    ]
    write_tables(root / "RefCOCO" / "data", "testA", rows)
    return root / "RefCOCO"


def _inside(x: float, y: float, width: float, height: float) -> list[float]:
    """A box's part in the image, which the Hub does not say the size of."""
    left, top = max(x, 0.0), max(y, 0.0)
    return [left, top, min(x + width, 64.0) - left, min(y + height, 48.0) - top]


LAYOUT = Layout(write_refcoco, "refcoco")
HUB = Layout(write_refcoco_hub, "RefCOCO", "testA")
