"""A small release of DocVQA."""

from __future__ import annotations

import json
from pathlib import Path

from tests.releases.common import Layout, draw
from tests.releases.tables import write_card, write_tables


def write_docvqa(root: Path) -> Path:
    folder = root / "DocVQA"
    rows = []
    for question in range(5):
        image = f"documents/page_{question // 3}.png"
        draw(folder / image, f"p{question // 3}")
        rows.append(
            {
                "questionId": 100 + question,
                "question": f"What stands in line {question}?",
                "image": image,
                "docId": question // 3,
                "answers": [f"line {question}", f"Line {question}"],
                "data_split": "val",
            }
        )
    head = {"dataset_name": "docvqa", "dataset_version": "1.0", "dataset_split": "val"}
    (folder / "val_v1.0.json").write_text(json.dumps({**head, "data": rows}))
    return folder


def write_docvqa_hub(root: Path) -> Path:
    """Writes the configuration `DocVQA` of `lmms-lab/DocVQA`, beside another."""
    release = write_docvqa(root / "release")
    rows = [
        {
            "questionId": str(row["questionId"]),
            "question": row["question"],
            "question_types": ["form"],
            "image": release / row["image"],
            "docId": row["docId"],
            "ucsf_document_id": "ffjw0228",
            "ucsf_document_page_no": "11",
            "answers": row["answers"],
            "data_split": "val",
        }
        for row in json.loads((release / "val_v1.0.json").read_text())["data"]
    ]
    folder = root / "lmms-lab" / "DocVQA"
    write_tables(folder / "DocVQA", "validation", rows)
    write_card(folder, ("DocVQA", "validation"), ("InfographicVQA", "train"))
    return folder


LAYOUT = Layout(write_docvqa, "DocVQA", "val")
HUB = Layout(write_docvqa_hub, "lmms-lab/DocVQA:DocVQA", "val")
