"""A small release of GQA."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.releases.common import Layout, draw, write_json
from tests.releases.tables import write_card, write_tables


def gqa_row(number: int) -> dict[str, Any]:
    """One question; images are named by number or with a letter before it."""
    return {
        "semantic": [{"operation": "select", "dependencies": [], "argument": "wall (0)"}],
        "entailed": [],
        "equivalent": [str(number)],
        "question": f"What is on wall {number}?",
        "imageId": "n57" if number % 2 else "2354786",
        "isBalanced": True,
        "groups": {"global": None, "local": "14-wall"},
        "answer": f"picture {number}",
        "semanticStr": "select: wall (0)",
        "annotations": {"answer": {}, "question": {}, "fullAnswer": {}},
        "types": {"detailed": "relS", "semantic": "rel", "structural": "query"},
        "fullAnswer": f"Picture {number} is on the wall.",
    }


def write_gqa(root: Path) -> Path:
    """Writes 3 balanced questions about 2 images."""
    folder = root / "gqa"
    for image in ("n57", "2354786"):
        draw(folder / "images" / f"{image}.jpg", image)
    rows = {f"0{number}": gqa_row(number) for number in range(3)}
    write_json(folder / "questions1.2" / "train_balanced_questions.json", rows)
    return folder


def write_gqa_parts(root: Path, split: str = "train") -> Path:
    """Writes 12 parts of one question each: all of a split."""
    folder = root / "gqa"
    for part in range(12):
        file = f"{split}_all_questions/{split}_all_questions_{part}.json"
        write_json(folder / "questions1.2" / file, {f"1{part}": gqa_row(part)})
    return folder


def write_gqa_hub(root: Path) -> Path:
    """Writes two configurations of `lmms-lab/GQA`: the questions, and their images by id."""
    release = write_gqa(root / "release")
    names = ("imageId", "question", "answer", "fullAnswer", "isBalanced")
    rows = json.loads((release / "questions1.2" / "train_balanced_questions.json").read_text())
    questions = [{"id": key} | {name: row[name] for name in names} for key, row in rows.items()]
    images = [{"id": file.stem, "image": file} for file in sorted((release / "images").iterdir())]
    folder = root / "lmms-lab" / "GQA"
    write_tables(folder / "train_balanced_instructions", "train", questions, ())
    write_tables(folder / "train_balanced_images", "train", images)
    configs = ("train_balanced_images", "train_balanced_instructions")
    write_card(folder, *((config, "train") for config in configs))
    return folder


LAYOUT = Layout(write_gqa, "gqa")
HUB = Layout(write_gqa_hub, "lmms-lab/GQA")
