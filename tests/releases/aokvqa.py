"""A small release of A-OKVQA."""

from __future__ import annotations

import json
from pathlib import Path

from tests.releases.common import Layout, draw, write_json
from tests.releases.tables import write_tables


def write_aokvqa(root: Path) -> Path:
    """Writes 2 questions with 4 choices."""
    folder = root / "A-OKVQA"
    rows = []
    for number in range(2):
        draw(folder / "val2017" / f"{number + 1:012}.jpg", f"a{number}")
        rows.append(
            {
                "split": "val",
                "image_id": number + 1,
                "question_id": f"q{number}",
                "question": f"Which animal is number {number}?",
                "choices": ["cat", "dog", "cow", "hen"],
                "correct_choice_idx": number,
                "direct_answers": ["cat"] * 10,
                "rationales": [f"It is animal {number}.", "It looks so."],
            }
        )
    write_json(folder / "aokvqa_v1p0_val.json", rows)
    return folder


def write_aokvqa_hub(root: Path) -> Path:
    """Writes what `HuggingFaceM4/A-OKVQA` has: the direct answers are a Python list as text."""
    release = write_aokvqa(root / "release")
    rows = [
        {
            "image": release / "val2017" / f"{row['image_id']:012}.jpg",
            "question_id": row["question_id"],
            "question": row["question"],
            "choices": row["choices"],
            "correct_choice_idx": row["correct_choice_idx"],
            "direct_answers": str(row["direct_answers"]),
            "difficult_direct_answer": False,
            "rationales": row["rationales"],
        }
        for row in json.loads((release / "aokvqa_v1p0_val.json").read_text())
    ]
    write_tables(root / "A-OKVQA-hub" / "data", "validation", rows)
    return root / "A-OKVQA-hub"


LAYOUT = Layout(write_aokvqa, "A-OKVQA", "val")
HUB = Layout(write_aokvqa_hub, "A-OKVQA-hub", "val")
