"""One dataset of the Cauldron as Parquet files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.releases.common import Layout, draw

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
TURN = pa.struct([("user", pa.string()), ("assistant", pa.string()), ("source", pa.string())])
SCHEMA = pa.schema([("images", pa.list_(IMAGE)), ("texts", pa.list_(TURN))])


def turn(user: str, assistant: str) -> dict[str, str]:
    return {"user": user, "assistant": assistant, "source": "AI2D"}


def write_cauldron(root: Path) -> Path:
    """Rows of one image, of two, of none; one without turns, one with an empty answer."""
    folder = root / "cauldron" / "ai2d"
    images = []
    for name in "ab":
        draw(folder / f"{name}.png", name)
        images.append({"bytes": (folder / f"{name}.png").read_bytes(), "path": None})
        (folder / f"{name}.png").unlink()
    rows: list[dict[str, Any]] = [
        {"images": images[:1], "texts": [turn("What is B?", "B"), turn(" And C? ", "C\n")]},
        {"images": images, "texts": [turn("Compare.", "Alike.")]},
        {"images": [], "texts": [turn("2 + 2?", "4")]},
        {"images": images[:1], "texts": []},
        {"images": images[:1], "texts": [turn("What?", "")]},
    ]
    for part in range(2):
        table = pa.Table.from_pylist(rows[part::2], SCHEMA)
        pq.write_table(table, folder / f"train-{part:05}-of-00002.parquet")
    return folder


LAYOUT = Layout(write_cauldron, "cauldron/ai2d")
HUB = "it reads tables by columns anyway, as its release shows"
