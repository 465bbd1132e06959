"""A small release of VQAv2."""

from __future__ import annotations

import json
from pathlib import Path

from tests.releases.common import Layout, draw, write_json
from tests.releases.tables import write_tables


def write_vqav2(root: Path) -> Path:
    """Writes 3 questions about 2 images, and their annotations in another order."""
    folder = root / "VQAv2"
    questions, annotations = [], []
    for number, image_id in enumerate((9, 9, 25)):
        draw(folder / "train2014" / f"COCO_train2014_{image_id:012}.jpg", f"v{image_id}")
        ids = {"image_id": image_id, "question_id": image_id * 1000 + number}
        questions.append({**ids, "question": f"What is thing {number}?"})
        given = ["cup", "mug", "cup ", f"cup {number}"]
        answers = [{"answer": text, "answer_id": n} for n, text in enumerate(given)]
        annotations.append({**ids, "multiple_choice_answer": "cup", "answers": answers})
    write_json(
        folder / "v2_OpenEnded_mscoco_train2014_questions.json",
        {"info": {}, "data_subtype": "train2014", "questions": questions},
    )
    write_json(
        folder / "v2_mscoco_train2014_annotations.json",
        {"info": {}, "annotations": annotations[::-1]},
    )
    return folder


def write_vqav2_hub(root: Path) -> Path:
    """Writes what `lmms-lab/VQAv2` has: questions with their answers, as objects."""
    release = write_vqav2(root / "release")
    images = release / "train2014"
    questions = json.loads((release / "v2_OpenEnded_mscoco_train2014_questions.json").read_text())
    answers = json.loads((release / "v2_mscoco_train2014_annotations.json").read_text())
    given = {row["question_id"]: row for row in answers["annotations"]}
    rows = [
        {
            **given[row["question_id"]],
            "question_type": "what is",
            "answer_type": "other",
            "question": row["question"],
            "image": images / f"COCO_train2014_{row['image_id']:012}.jpg",
        }
        for row in questions["questions"]
    ]
    write_tables(root / "VQAv2-hub" / "data", "validation", rows)
    return root / "VQAv2-hub"


LAYOUT = Layout(write_vqav2, "VQAv2")
HUB = Layout(write_vqav2_hub, "VQAv2-hub", "val")
