"""A small release of CLEVR."""

from __future__ import annotations

from pathlib import Path

from tests.releases.common import Layout, draw, write_json


def write_clevr(root: Path) -> Path:
    """Writes 3 questions of val about 2 scenes."""
    folder = root / "CLEVR_v1.0"
    rows = []
    for number in range(3):
        image = f"CLEVR_val_{number // 2:06}.png"
        draw(folder / "images" / "val" / image, f"c{number // 2}")
        rows.append(
            {
                "image_index": number // 2,
                "program": [{"inputs": [], "function": "scene", "value_inputs": []}],
                "question_index": number,
                "image_filename": image,
                "question_family_index": 2,
                "split": "val",
                "answer": str(number),
                "question": f"How many cubes are left of ball {number}?",
            }
        )
    head = {"info": {"split": "val", "version": "1.0", "license": "CC-BY 4.0"}}
    file = folder / "questions" / "CLEVR_val_questions.json"
    write_json(file, {**head, "questions": rows})
    return folder


LAYOUT = Layout(write_clevr, "CLEVR_v1.0", "val")
HUB = "no copy on the Hub has its columns in Parquet beside its images"
