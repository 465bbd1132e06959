"""A small release of TabMWP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.releases.common import Layout, draw, write_json


def write_tabmwp(root: Path) -> Path:
    """Writes 3 problems of train: a number of things, a price, and one with options."""
    folder = root / "tabmwp"
    rows: list[dict[str, Any]] = [
        {"choices": None, "answer": "10", "unit": "pounds", "table_title": "Weights (lbs)"},
        {"choices": None, "answer": "12.40", "unit": "$", "table_title": None},
        {"choices": ["linear", "nonlinear"], "answer": "nonlinear", "unit": None},
    ]
    problems = {}
    for number, row in enumerate(rows):
        pid = str(33 + 84 * number)
        draw(folder / "tables" / f"{pid}.png", f"t{pid}")
        problems[pid] = {
            "question": f"What follows from table {number}?",
            "table": "Stem | Leaf \n1 | 0\n2 | 1, 3, 7",
            "table_for_pd": {"Stem": ["1", "2"], "Leaf ": ["0", "1, 3, 7"]},
            "row_num": 3,
            "column_num": 2,
            "solution": f"Look at row {number}.\nIt says so.",
            "grade": 8,
            "split": "train",
            **row,
        }
    write_json(folder / "problems_train.json", problems)
    write_json(folder / "splits.json", {"train": [33, 117, 201], "dev": [], "test": []})
    return folder


LAYOUT = Layout(write_tabmwp, "tabmwp")
HUB = "no copy on the Hub has its columns in Parquet beside its images"
