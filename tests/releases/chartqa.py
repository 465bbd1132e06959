"""A small release of ChartQA."""

from __future__ import annotations

import json
from pathlib import Path

from tests.releases.common import Layout, draw
from tests.releases.tables import write_tables


def write_chartqa(root: Path) -> Path:
    folder = root / "ChartQA Dataset" / "train"
    human, augmented = [], []
    for chart in range(3):
        draw(folder / "png" / f"{chart}.png", f"c{chart}")
        for question in range(3):
            human.append(
                {
                    "imgname": f"{chart}.png",
                    "query": f"Value of bar {question} in chart {chart}?",
                    "label": f"{10 * chart + question}",
                }
            )
    for chart in range(2):
        draw(folder / "png" / f"two_col_{chart}.png", f"t{chart}")
        for question in range(2):
            row = {"imgname": f"two_col_{chart}.png", "query": f"Is {question} shown?"}
            augmented.append({**row, "label": "Yes"})
    (folder / "train_human.json").write_text(json.dumps(human))
    (folder / "train_augmented.json").write_text(json.dumps(augmented))
    return root / "ChartQA Dataset"


def write_chartqa_hub(root: Path) -> Path:
    """Writes what `HuggingFaceM4/ChartQA` has: both subsets, told apart by a number."""
    folder = write_chartqa(root / "release") / "train"
    rows = [
        {
            "image": folder / "png" / row["imgname"],
            "query": row["query"],
            "label": [row["label"]],
            "human_or_machine": number,
        }
        for number, subset in enumerate(("human", "augmented"))
        for row in json.loads((folder / f"train_{subset}.json").read_text())
    ]
    write_tables(root / "ChartQA" / "data", "train", rows)
    return root / "ChartQA"


LAYOUT = Layout(write_chartqa, "ChartQA Dataset")
HUB = Layout(write_chartqa_hub, "ChartQA")
