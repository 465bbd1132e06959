"""A small release of Visual Genome's questions and answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.releases.common import Layout, draw, write_json
from tests.releases.tables import write_tables


def vg_qa(qa_id: int, image_id: int) -> dict[str, Any]:
    """One question and its answer."""
    return {
        "a_objects": [],
        "question": f"What is thing {qa_id}?",
        "image_id": image_id,
        "qa_id": qa_id,
        "answer": f"Cup {qa_id}.",
        "q_objects": [],
    }


def write_visual_genome_qa(root: Path) -> Path:
    """Writes 2 images in the two folders, with 2 questions each, and 1 without any."""
    folder = root / "vg"
    rows: list[dict[str, Any]] = [{"id": 61512, "qas": []}]
    for number, images in enumerate(("VG_100K", "VG_100K_2")):
        draw(folder / images / f"{number + 4}.jpg", f"g{number}")
        qas = [vg_qa(986769 + 2 * number + n, number + 4) for n in range(2)]
        rows.append({"id": number + 4, "qas": qas})
    write_json(folder / "question_answers.json", rows)
    return folder


def write_visual_genome_qa_hub(root: Path) -> Path:
    """Writes what `ranjaykrishna/visual_genome` has in Parquet: a row an image with questions."""
    release = write_visual_genome_qa(root / "release")
    rows = [
        {
            "image": next(release.glob(f"*/{row['id']}.jpg")),
            "image_id": row["id"],
            "url": f"https://example.org/{row['id']}.jpg",
            "width": 64,
            "height": 48,
            "qas": row["qas"],
        }
        for row in json.loads((release / "question_answers.json").read_text())
        if row["qas"]
    ]
    folder = root / "visual_genome"
    write_tables(folder / "question_answers_v1.2.0" / "train", "0000", rows)
    return folder


LAYOUT = Layout(write_visual_genome_qa, "vg")
HUB = Layout(write_visual_genome_qa_hub, "visual_genome:question_answers_v1.2.0")
