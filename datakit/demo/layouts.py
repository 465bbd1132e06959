"""Writes drawings and what is asked about them as the releases lay them out on disk."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from PIL import Image

from datakit.demo.chart_data import Chart
from datakit.demo.chart_questions import ChartQuestion
from datakit.demo.pages import PageQuestion
from datakit.demo.scene_telling import Turn
from datakit.io.atomic import write_whole

Split = Literal["train", "val"]
Subset = Literal["human", "augmented"]
SPLITS: tuple[Split, ...] = ("train", "val")
SUBSETS: tuple[Subset, ...] = ("human", "augmented")


def image_bytes(image: Image.Image, encoding: Literal["PNG", "JPEG"]) -> bytes:
    """Encodes a picture; nothing but its pixels decides the bytes."""
    encoded = io.BytesIO()
    image.save(encoded, encoding, **({"quality": 88} if encoding == "JPEG" else {}))
    return encoded.getvalue()


class ChartQaLayout:
    """`{split}/{split}_{subset}.json`, `{split}/png/` and `{split}/tables/`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows: dict[tuple[Split, Subset], list[dict[str, str]]] = {
            (split, subset): [] for split in SPLITS for subset in SUBSETS
        }
        for split in SPLITS:
            for part in ("png", "tables"):
                (folder / split / part).mkdir(parents=True, exist_ok=True)

    def add_image(self, split: Split, stem: str, image: bytes, chart: Chart) -> None:
        """Writes a chart and the table of its figures."""
        write_whole(self._folder / split / "png" / f"{stem}.png", image, synced=False)
        table = io.StringIO()
        rows = csv.writer(table, lineterminator="\n")
        rows.writerow([chart.category_axis, *(series.name for series in chart.series)])
        for place, category in enumerate(chart.categories):
            figures = [chart.say(series.values[place]) for series in chart.series]
            rows.writerow([category, *figures])
        write_whole(
            self._folder / split / "tables" / f"{stem}.csv", table.getvalue().encode(), synced=False
        )

    def add_question(self, split: Split, subset: Subset, stem: str, asked: ChartQuestion) -> None:
        """Keeps a row until the annotation files are written."""
        row = {"imgname": f"{stem}.png", "query": asked.query, "label": asked.label}
        self._rows[split, subset].append(row)

    def finish(self) -> None:
        """Writes the annotation files."""
        for (split, subset), rows in self._rows.items():
            write_json(self._folder / split / f"{split}_{subset}.json", rows)


class DocVqaLayout:
    """`{split}_v1.0.json` and `documents/`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows: dict[Split, list[dict[str, Any]]] = {split: [] for split in SPLITS}
        (folder / "documents").mkdir(parents=True, exist_ok=True)

    def add_image(self, stem: str, image: bytes) -> None:
        """Writes a page."""
        write_whole(self._folder / "documents" / f"{stem}.png", image, synced=False)

    def add_question(
        self, split: Split, stem: str, asked: PageQuestion, *, question_id: int, doc_id: int
    ) -> None:
        """Keeps a row until the annotation files are written; `stem` is `{document}_{page}`."""
        document, page = stem.rsplit("_", 1)
        self._rows[split].append(
            {
                "questionId": question_id,
                "question": asked.question,
                "image": f"documents/{stem}.png",
                "docId": doc_id,
                "ucsf_document_id": document,
                "ucsf_document_page_no": page,
                "answers": asked.answers,
                "data_split": split,
            }
        )

    def finish(self) -> None:
        """Writes the annotation files."""
        for split, rows in self._rows.items():
            head = {"dataset_name": "docvqa", "dataset_version": "1.0", "dataset_split": split}
            write_json(self._folder / f"{split}_v1.0.json", {**head, "data": rows})


class LlavaLayout:
    """One JSON list of conversations, and `scenes/`."""

    def __init__(self, folder: Path, annotation: str) -> None:
        self._folder = folder
        self._annotation = annotation
        self._rows: list[dict[str, Any]] = []
        (folder / "scenes").mkdir(parents=True, exist_ok=True)

    def add_image(self, stem: str, image: bytes) -> None:
        """Writes a scene."""
        write_whole(self._folder / "scenes" / f"{stem}.jpg", image, synced=False)

    def add_conversation(self, stem: str, turns: Sequence[Turn], *, has_image: bool) -> None:
        """Keeps a conversation until the annotation file is written."""
        values = [value for turn in turns for value in turn]
        row: dict[str, Any] = {"id": stem}
        if has_image:
            row["image"] = f"scenes/{stem}.jpg"
            values[0] = f"<image>\n{values[0]}"
        row["conversations"] = [
            {"from": "gpt" if place % 2 else "human", "value": value}
            for place, value in enumerate(values)
        ]
        self._rows.append(row)

    def finish(self) -> None:
        """Writes the annotation file."""
        write_json(self._folder / self._annotation, self._rows)


def write_json(path: Path, value: object) -> None:
    """Writes an annotation file."""
    write_whole(
        path, json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n", synced=False
    )
