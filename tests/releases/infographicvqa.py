"""A small release of InfographicVQA."""

from __future__ import annotations

import json
from pathlib import Path

from tests.releases.common import Layout, draw, write_json
from tests.releases.tables import write_card, write_tables


def write_infographicvqa(root: Path) -> Path:
    """Writes 4 questions about 2 infographics."""
    folder = root / "InfographicVQA"
    rows = []
    for number in range(4):
        name = f"{20471 + number // 2}.jpeg"
        draw(folder / "infographicsvqa_images" / name, f"i{number // 2}", (40, 120))
        rows.append(
            {
                "questionId": 65718 + number,
                "question": f"How many icons has panel {number}?",
                "image_local_name": name,
                "image_url": f"http://example.org/{name}",
                "ocr_output_file": name.replace("jpeg", "json"),
                "answers": [f"{number} icons", f"{number}"],
                "data_split": "train",
            }
        )
    head = {"dataset_name": "infographicVQA", "dataset_version": "1.0", "dataset_split": "train"}
    file = folder / "infographicsvqa_qas" / "infographicsVQA_train_v1.0.json"
    write_json(file, {**head, "data": rows})
    return folder


def write_infographicvqa_hub(root: Path) -> Path:
    """Writes the configuration `InfographicVQA` of `lmms-lab/DocVQA`, beside another."""
    release = write_infographicvqa(root / "release")
    file = release / "infographicsvqa_qas" / "infographicsVQA_train_v1.0.json"
    rows = [
        {
            "questionId": str(row["questionId"]),
            "question": row["question"],
            "answers": row["answers"],
            "answer_type": ["non-extractive"],
            "image": release / "infographicsvqa_images" / row["image_local_name"],
            "image_url": row["image_url"],
            "operation/reasoning": ["counting"],
            "ocr": "[]",
            "data_split": "train",
        }
        for row in json.loads(file.read_text())["data"]
    ]
    folder = root / "lmms-lab" / "DocVQA"
    write_tables(folder / "InfographicVQA", "train", rows)
    write_card(folder, ("DocVQA", "validation"), ("InfographicVQA", "train"))
    return folder


LAYOUT = Layout(write_infographicvqa, "InfographicVQA")
HUB = Layout(write_infographicvqa_hub, "lmms-lab/DocVQA:InfographicVQA")
