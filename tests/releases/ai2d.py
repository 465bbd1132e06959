"""A small release of AI2D."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.releases.common import Layout, draw, write_json
from tests.releases.tables import write_tables


def write_ai2d(root: Path) -> Path:
    """Writes 3 diagrams with 2 questions each, the second about letters; one is of test."""
    folder = root / "ai2d"
    for number in (9, 21, 104):
        name = f"{number}.png"
        questions: dict[str, Any] = {
            f"Which of these is the producer in {number}?": _fields(f"{name}-0", abc=False),
            f"What does B stand for in {number}?": _fields(f"{name}-1", abc=True),
        }
        row = {"imageName": name, "questions": questions}
        write_json(folder / "questions" / f"{name}.json", row)
        draw(folder / "images" / name, f"d{number}")
        draw(folder / "abc_images" / name, f"a{number}")
        text = {"T0": {"value": "grass", "replacementText": "B", "rectangle": [[4, 4], [20, 12]]}}
        write_json(folder / "annotations" / f"{name}.json", {"imageName": name, "text": text})
    (folder / "ai2d_test_ids.csv").write_text("21\n500\n")
    return folder


def _fields(question_id: str, *, abc: bool) -> dict[str, Any]:
    options = ["rabbit", "grass", "deer", "vole"]
    return {
        "abcLabel": abc,
        "answerTexts": options,
        "correctAnswer": 1,
        "questionId": question_id,
    }


def write_ai2d_hub(root: Path) -> Path:
    """Writes the test split as `lmms-lab/ai2d` has it: the answer is the index, as text."""
    release = write_ai2d(root / "release")
    row = json.loads((release / "questions" / "21.png.json").read_text())
    rows = [
        {
            "question": question,
            "options": fields["answerTexts"],
            "answer": str(fields["correctAnswer"]),
            "image": release / ("abc_images" if fields["abcLabel"] else "images") / "21.png",
        }
        for question, fields in row["questions"].items()
    ]
    write_tables(root / "ai2d-hub" / "data", "test", rows)
    return root / "ai2d-hub"


LAYOUT = Layout(write_ai2d, "ai2d")
HUB = Layout(write_ai2d_hub, "ai2d-hub", "test")
