"""A small release of Geometry3K."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.releases.common import Layout, draw, write_json


def geometry_problem(pid: int) -> dict[str, Any]:
    """One problem, whose second option is right."""
    return {
        "problem_text": f"Find A B in figure {pid}.",
        "choices": ["5", "5 \\sqrt { 2 }", "8", "10"],
        "answer": "B",
        "detailed_solution": " ",
        "problem_type_goal": ["Length"],
        "id": pid,
        "compact_choices": ["5", "5\\sqrt{2}", "8", "10"],
        "compact_text": f"Find AB in figure {pid}.",
        "annotat_text": f"Find $A B$ in figure {pid}.",
        "img_width": 64,
        "data_type": "train",
    }


def write_geometry3k(root: Path) -> Path:
    """Writes 3 problems of train, with ids that are not in order as text, and 1 of val."""
    folder = root / "geometry3k"
    for split, pids in (("train", (7, 64, 1203)), ("val", (2400,))):
        for pid in pids:
            problem = folder / split / str(pid)
            write_json(problem / "data.json", geometry_problem(pid))
            for name in ("img_diagram", "img_diagram_point"):
                draw(problem / f"{name}.png", f"{name[-1]}{pid}")
    return folder


LAYOUT = Layout(write_geometry3k, "geometry3k")
HUB = "its copy on the Hub has no options, and is another task"
