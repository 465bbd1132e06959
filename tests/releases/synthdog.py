"""A small release of SynthDoG."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.releases.common import Layout, draw
from tests.releases.tables import write_tables


def page_row(number: int, text: str) -> dict[str, Any]:
    """A page and its text."""
    truth = json.dumps({"gt_parse": {"text_sequence": text}})
    return {"file_name": f"image_{number}.jpg", "ground_truth": truth}


def write_synthdog(root: Path, *rows: Any) -> Path:
    """Writes 3 pages of train, or these rows, and 1 of validation."""
    folder = root / "synthdog-en"
    texts = ("Here the river bends", "to the south, past", "a mill")
    pages = {
        "train": rows or [page_row(number, text) for number, text in enumerate(texts)],
        "validation": [page_row(0, "A page apart")],
    }
    for split, kept in pages.items():
        for number in range(len(kept)):
            draw(folder / split / f"image_{number}.jpg", f"{split[0]}{number}")
        lines = "\n".join(map(json.dumps, kept))
        (folder / split / "metadata.jsonl").write_text(lines)
    return folder


def write_synthdog_hub(root: Path) -> Path:
    """Writes `naver-clova-ix/synthdog-en`."""
    release = write_synthdog(root / "release") / "train"
    lines = map(json.loads, (release / "metadata.jsonl").read_text().splitlines())
    rows = [{"image": release / r["file_name"], "ground_truth": r["ground_truth"]} for r in lines]
    write_tables(root / "synthdog-hub" / "data", "train", rows)
    return root / "synthdog-hub"


LAYOUT = Layout(write_synthdog, "synthdog-en")
HUB = Layout(write_synthdog_hub, "synthdog-hub")
