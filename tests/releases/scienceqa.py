"""A small release of ScienceQA."""

from __future__ import annotations

import json
from pathlib import Path

from tests.releases.common import Layout, draw, write_json
from tests.releases.tables import write_tables


def write_scienceqa(root: Path) -> Path:
    """Writes 3 problems of train, the second without an image, and 1 of test."""
    folder = root / "scienceqa"
    problems = {}
    for number, split in enumerate(("train", "train", "train", "test")):
        pid = str(10 + number)
        problems[pid] = {
            "question": f"Which of these is a mammal, {number}?",
            "choices": ["frog", "whale", "crow"],
            "answer": 1,
            "hint": "" if number else "It lives in the sea.",
            "image": None if number == 1 else "image.png",
            "task": "closed choice",
            "grade": "grade4",
            "lecture": "Mammals feed milk to their young.",
            "solution": "Whales feed milk to their young.",
            "split": split,
        }
        if number != 1:
            draw(folder / "images" / split / pid / "image.png", f"q{number}")
    write_json(folder / "problems.json", problems)
    write_json(
        folder / "pid_splits.json",
        {"train": ["10", "11", "12"], "val": [], "test": ["13"], "minitrain": ["12"]},
    )
    return folder


def write_scienceqa_hub(root: Path) -> Path:
    """Writes what `derek-thomas/ScienceQA` has: a split a file, no ids, null for no image."""
    release = write_scienceqa(root / "release")
    problems = json.loads((release / "problems.json").read_text())
    rows = [
        {
            "image": release / "images" / "train" / pid / row["image"] if row["image"] else None,
            "question": row["question"],
            "choices": row["choices"],
            "answer": row["answer"],
            "hint": row["hint"],
            "task": row["task"],
            "grade": row["grade"],
            "lecture": row["lecture"],
            "solution": row["solution"],
        }
        for pid, row in problems.items()
        if row["split"] == "train"
    ]
    write_tables(root / "ScienceQA" / "data", "train", rows)
    return root / "ScienceQA"


LAYOUT = Layout(write_scienceqa, "scienceqa")
HUB = Layout(write_scienceqa_hub, "ScienceQA")
