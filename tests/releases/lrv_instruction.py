"""A small release of LRV-Instruction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.releases.common import Layout, draw, write_json


def lrv_row(image_id: Any, **changes: Any) -> dict[str, Any]:
    """A question about an image."""
    row = {"question": "Is there a zebra?", "answer": "There is none.", "task": "object presence"}
    return {"image_id": image_id, **row, **changes}


def write_lrv_instruction(root: Path, *rows: Any) -> Path:
    """Writes 2 questions, or these, 1 in the second part, and 1 about a chart."""
    folder = root / "LRV-Instruction"
    for name in ("image/2401.jpg", "image/2402.jpg", "chart_image/two.png"):
        draw(folder / name, name[-8:-4])
    kept = list(rows) or [lrv_row("2401"), lrv_row("2402", question="Describe the boys.")]
    write_json(folder / "filter_cap1.json", kept)
    write_json(folder / "filter_cap_more1.json", [lrv_row("2401", question="How many boys?")])
    write_json(folder / "chart_release_update.json", [lrv_row("two.png")])
    return folder


LAYOUT = Layout(write_lrv_instruction, "LRV-Instruction")
HUB = "no copy on the Hub has its columns in Parquet beside its images"
