"""Writes small releases in the official layouts of ChartQA, DocVQA and LLaVA's JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

MIXTURE = """\
name: small
seed: 7
root: {root}
sources:
  - {{dataset: chartqa, path: ChartQA Dataset, split: train}}
  - {{dataset: docvqa, path: DocVQA, split: val}}
  - {{dataset: sharegpt-4v, path: ShareGPT4V/conversations.json, options: {{images: scenes}}}}
"""


@dataclass(frozen=True)
class Release:
    """Where the releases and the mixture of them lie."""

    root: Path
    mixture: Path

    @property
    def charts(self) -> Path:
        return self.root / "ChartQA Dataset" / "train"

    def edit_chart_rows(self, rows: list[Any]) -> None:
        """Replaces ChartQA's human questions."""
        (self.charts / "train_human.json").write_text(json.dumps(rows))

    def write_mixture(self, text: str, name: str = "mixture.yaml") -> Path:
        """Writes another mixture beside the first; `{root}` stands for the releases' folder."""
        path = self.mixture.with_name(name)
        path.write_text(text.replace("{root}", str(self.root)))
        return path


def write_releases(folder: Path) -> Release:
    """Writes 3 releases: 9 + 4 chart questions, 5 document questions, 4 conversations."""
    root = folder / "raw"
    write_chartqa(root)
    write_docvqa(root)
    write_llava(root)
    mixture = folder / "mixture.yaml"
    mixture.write_text(MIXTURE.format(root=root))
    return Release(root, mixture)


def draw(path: Path, text: str, size: tuple[int, int] = (64, 48), kind: str | None = None) -> None:
    """Draws an image whose content depends on `text`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", size, tuple(b"%-3s" % text.encode()[:3]))
    ImageDraw.Draw(image).text((4, 4), text, fill="white")
    image.save(path, kind)


def write_chartqa(root: Path) -> None:
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


def write_docvqa(root: Path) -> None:
    folder = root / "DocVQA"
    rows = []
    for question in range(5):
        image = f"documents/page_{question // 3}.png"
        draw(folder / image, f"p{question // 3}")
        rows.append(
            {
                "questionId": 100 + question,
                "question": f"What stands in line {question}?",
                "image": image,
                "docId": question // 3,
                "answers": [f"line {question}", f"Line {question}"],
                "data_split": "val",
            }
        )
    head = {"dataset_name": "docvqa", "dataset_version": "1.0", "dataset_split": "val"}
    (folder / "val_v1.0.json").write_text(json.dumps({**head, "data": rows}))


def write_llava(root: Path) -> None:
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
