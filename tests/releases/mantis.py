"""A small release of Mantis' conversations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.releases.common import Layout, draw, write_json
from tests.releases.tables import write_tables


def mantis_row(*texts: str, images: int = 2, **changes: Any) -> dict[str, Any]:
    """A row with these turns, the first a person's."""
    roles = ("user", "assistant")
    turns = [{"role": roles[n % 2], "content": text} for n, text in enumerate(texts)]
    names = [f"train_images/{n}.jpg" for n in range(images)]
    return {"id": "row", "images": names, "conversation": turns, "source": "synthetic", **changes}


def write_mantis(root: Path, *rows: Any) -> Path:
    """Writes 3 conversations about 2 or 3 images, or these rows."""
    folder = root / "Mantis"
    for number in range(3):
        draw(folder / "train_images" / f"{number}.jpg", f"n{number}")
    kept = list(rows) or [
        mantis_row("<image><image>Which is older?", "Image 2.", "And brighter?", "Image 1."),
        mantis_row("Which differs?<image><image><image>", "Image 3.", images=3, id="three"),
        mantis_row("Say hello.", "Hello.", images=0, id="text"),
    ]
    write_json(folder / "train.json", kept)
    return folder


def write_mantis_hub(root: Path) -> Path:
    """Writes one configuration of `TIGER-Lab/Mantis-Instruct`."""
    release = write_mantis(root / "release")
    rows = json.loads((release / "train.json").read_text())
    for row in rows:
        row["images"] = [release / name for name in row["images"]]
    write_tables(root / "Mantis-Instruct" / "birds", "train", rows, ("images",))
    return root / "Mantis-Instruct" / "birds"


LAYOUT = Layout(write_mantis, "Mantis/train.json")
HUB = Layout(write_mantis_hub, "Mantis-Instruct/birds")
