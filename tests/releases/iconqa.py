"""A small release of IconQA."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.releases.common import Layout, draw, write_json
from tests.releases.tables import write_tables


def write_iconqa(root: Path) -> Path:
    """Writes 3 problems of each subset of train, with ids that are not in order as text."""
    folder = root / "iconqa_data" / "iconqa"
    for number, pid in enumerate((8, 21, 104)):
        _write(folder, "choose_txt", pid, choices=["even", "odd"], answer=number % 2)
        _write(folder, "fill_in_blank", pid, answer=str(number))
        names = [f"choice_{n}.png" for n in range(2 + number % 2)]
        _write(folder, "choose_img", pid, choices=names, answer=number % 2)
    return folder


def _write(folder: Path, subset: str, pid: int, **fields: Any) -> None:
    problem = folder / "train" / subset / str(pid)
    draw(problem / "image.png", f"{subset[-1]}{pid}")
    if subset == "choose_img":
        for name in fields["choices"]:
            draw(problem / name, f"{pid}{name}")
    question = f"How many icons has drawing {pid}? (_)"
    row = {"question": question, **fields, "ques_type": subset, "grade": "grade1", "label": "A1"}
    write_json(problem / "data.json", row)


def write_iconqa_hub(root: Path) -> Path:
    """Writes what `lmms-lab/ICON-QA` has: all subsets, with the options of each as one text."""
    release = write_iconqa(root / "release") / "train"
    rows = [_hub_row(file.parent) for file in sorted(release.glob("*/*/data.json"))]
    options = ("choice_image_0", "choice_image_1", "choice_image_2")
    write_tables(root / "ICON-QA" / "data", "train", rows, ("query_image", *options))
    return root / "ICON-QA"


def _hub_row(problem: Path) -> dict[str, Any]:
    row = json.loads((problem / "data.json").read_text())
    choices = row.get("choices")
    own = [problem / f"choice_{n}.png" for n in range(3)]
    return {
        "question_id": problem.name,
        "question": row["question"],
        "choices": ",".join(choices) if choices else None,
        "answer": choices[row["answer"]] if choices else row["answer"],
        "ques_type": row["ques_type"],
        "query_image": problem / "image.png",
        **{f"choice_image_{n}": file if file.is_file() else None for n, file in enumerate(own)},
    }


LAYOUT = Layout(write_iconqa, "iconqa_data/iconqa", "train", {"subset": "choose_txt"})
HUB = Layout(write_iconqa_hub, "ICON-QA", "train", {"subset": "choose_txt"})
