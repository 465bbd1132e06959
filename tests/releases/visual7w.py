"""A small release of Visual7W's telling task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.releases.common import Layout, draw, write_json


def v7w_pair(qa_id: int) -> dict[str, Any]:
    """One question with its right answer and three wrong ones."""
    return {
        "image_id": 2323054,
        "question": f"What is thing {qa_id}?",
        "multiple_choices": ["Tile.", "Carpet.", "Cement."],
        "qa_id": qa_id,
        "answer": "Wood.",
        "type": "what",
    }


def write_visual7w(root: Path) -> Path:
    """Writes 2 images of train with 2 questions each, and 1 of val with 1."""
    folder = root / "visual7w"
    images = []
    for number, split in enumerate(("train", "val", "train")):
        name = f"v7w_{2323054 + number}.jpg"
        draw(folder / "images" / name, f"w{number}")
        pairs = [v7w_pair(10 * number + n) for n in range(1 if split == "val" else 2)]
        image = {"filename": name, "image_id": 2323054 + number, "split": split}
        images.append({**image, "qa_pairs": pairs})
    write_json(
        folder / "dataset_v7w_telling.json", {"dataset": "visual7w-telling", "images": images}
    )
    return folder


LAYOUT = Layout(write_visual7w, "visual7w")
HUB = "no copy on the Hub has its columns in Parquet beside its images"
