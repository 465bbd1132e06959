"""A small release of Visual7W's pointing task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.releases.common import Layout, draw, write_json

SIDES = ("x", "y", "width", "height")


def pointing_pair(qa_id: int, **changes: Any) -> dict[str, Any]:
    """A question whose answer is box 1, beside boxes 2 to 4."""
    return {
        "qa_id": qa_id,
        "image_id": 2,
        "question": f"Which thing is number {qa_id}?",
        "answer": 1,
        "multiple_choices": [2, 3, 4],
        "type": "which",
        **changes,
    }


def write_visual7w_pointing(root: Path, *pairs: Any) -> Path:
    """Writes 2 questions of train, or these, and 1 of val, about 4 boxes."""
    folder = root / "visual7w"
    images = []
    for number, split in enumerate(("train", "val")):
        draw(folder / "images" / f"v7w_{number}.jpg", f"p{number}")
        own = list(pairs) or [pointing_pair(5), pointing_pair(6)]
        kept = own if split == "train" else [pointing_pair(10)]
        images.append({"filename": f"v7w_{number}.jpg", "split": split, "qa_pairs": kept})
    corners = ((-1, 2, 11, 10), (20, 5, 10, 10), (30, 20, 30, 20), (2, 30, 8, 8))
    boxes = [
        {"box_id": n, "name": "thing", **dict(zip(SIDES, box, strict=True))}
        for n, box in enumerate(corners, start=1)
    ]
    write_json(folder / "dataset_v7w_pointing.json", {"boxes": boxes, "images": images})
    return folder


LAYOUT = Layout(write_visual7w_pointing, "visual7w")
HUB = "no copy on the Hub has its columns in Parquet beside its images"
