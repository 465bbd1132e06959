"""A small release of VSR."""

from __future__ import annotations

import json
from pathlib import Path

from tests.releases.common import Layout, draw, write_json


def write_vsr(root: Path) -> Path:
    """Writes 2 statements, one true."""
    folder = root / "VSR"
    rows = []
    for label in (0, 1):
        name = f"{label + 7:012}.jpg"
        draw(folder / "images" / name, f"s{label}")
        link = f"http://images.cocodataset.org/train2017/{name}"
        rows.append({"image": name, "image_link": link, "label": label, "relation": "under"})
        rows[-1]["caption"] = f"The cat is under table {label}."
    file = write_json(folder / "splits" / "random" / "dev.jsonl", None)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


LAYOUT = Layout(write_vsr, "VSR", "dev")
HUB = "its copies on the Hub are the release's JSON lines"
