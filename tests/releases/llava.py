"""A small release of LLaVA's JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.releases.common import Layout, draw
from tests.releases.tables import write_card, write_tables


def write_llava(root: Path) -> Path:
    folder = root / "ShareGPT4V"
    rows: list[dict[str, Any]] = []
    for scene in range(3):
        draw(folder / "scenes" / f"{scene}.jpg", f"s{scene}")
        turns = [("human", "<image>\nDescribe it."), ("gpt", f"Scene {scene} with a hill.")]
        rows.append({"id": f"scene_{scene}", "image": f"{scene}.jpg", "conversations": turns})
    turns = [("system", "Be brief."), ("human", "Say hello."), ("gpt", "Hello.")]
    rows.append({"id": "text", "conversations": turns})
    for row in rows:
        row["conversations"] = [{"from": who, "value": text} for who, text in row["conversations"]]
    (folder / "conversations.json").write_text(json.dumps(rows))
    return folder


def write_llava_hub(root: Path) -> Path:
    """Writes what `lmms-lab/LLaVA-OneVision-Data` has: the same rows, a configuration a source."""
    release = write_llava(root / "release")
    rows = [
        {
            "id": row["id"],
            "image": release / "scenes" / row["image"] if "image" in row else None,
            "conversations": row["conversations"],
            "data_source": "sharegpt4v",
        }
        for row in json.loads((release / "conversations.json").read_text())
    ]
    folder = root / "LLaVA-OneVision-Data"
    write_tables(folder / "sharegpt4v", "train", rows)
    write_card(folder, ("sharegpt4v", "train"), ("other", "train"))
    return folder


LAYOUT = Layout(write_llava, "ShareGPT4V/conversations.json", "train", {"images": "scenes"})
HUB = Layout(write_llava_hub, "LLaVA-OneVision-Data:sharegpt4v")
