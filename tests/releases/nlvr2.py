"""A small release of NLVR2."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.releases.common import Layout, draw, write_json
from tests.releases.tables import write_tables


def nlvr2_row(number: int, split: str = "train") -> dict[str, Any]:
    """One statement; only those of train name a folder."""
    row = {
        "writer": 104,
        "label": "True" if number % 2 else "False",
        "sentence": f"There are {number} cups in the left image.",
        "query": "cups1",
        "identifier": f"{split}-1017-{number // 2}-{number % 2}",
        "synset": "cup",
        "left_url": "https://example.org/left.jpg",
        "right_url": "https://example.org/right.jpg",
    }
    return {**row, "directory": 37} if split == "train" else row


def write_lines(file: Path, rows: Iterable[Any]) -> Path:
    """Writes rows as JSON lines, whatever the file's name."""
    write_json(file, None).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def write_nlvr2(root: Path) -> Path:
    """Writes 3 statements of train about 2 pairs of images."""
    folder = root / "nlvr2"
    for number in range(4):
        name = f"train-1017-{number // 2}-img{number % 2}.png"
        draw(folder / "images" / "train" / "37" / name, f"n{number}")
    write_lines(folder / "data" / "train.json", map(nlvr2_row, range(3)))
    return folder


def write_nlvr2_hub(root: Path) -> Path:
    """Writes one of the splits of `lmms-lab/NLVR2`, which has two images a row."""
    release = write_nlvr2(root / "release")
    lines = (release / "data" / "train.json").read_text().splitlines()
    rows = []
    for row in map(json.loads, lines):
        pair = release / "images" / "train" / "37" / row["identifier"].rpartition("-")[0]
        rows.append(
            {
                "question_id": row["identifier"],
                "question": row["sentence"],
                "answer": row["label"],
                "left_image": pair.with_name(f"{pair.name}-img0.png"),
                "right_image": pair.with_name(f"{pair.name}-img1.png"),
            }
        )
    folder = root / "NLVR2" / "data"
    write_tables(folder, "balanced_dev", rows, ("left_image", "right_image"))
    return folder.parent


LAYOUT = Layout(write_nlvr2, "nlvr2")
HUB = Layout(write_nlvr2_hub, "NLVR2/data/balanced_dev-*.parquet", "dev")
