"""A small release of OCR-VQA."""

from __future__ import annotations

import json
from pathlib import Path

from tests.releases.common import Layout, draw, write_json
from tests.releases.tables import write_tables


def write_ocr_vqa(root: Path) -> Path:
    """Writes 2 books of train with 2 questions each, one of val and one of test."""
    folder = root / "OCR-VQA"
    books = {}
    for number, split in enumerate((1, 1, 2, 3)):
        book = f"00{number}162"
        extension = ".png" if number == 1 else ".jpg"
        books[book] = {
            "imageURL": f"http://ecx.example.org/images/I/5{number}L{extension}",
            "questions": ["Who wrote this book?", "Is this a cookbook?"],
            "answers": [f"Author {number}", "No"],
            "title": f"Book {number}",
            "authorName": f"Author {number}",
            "genre": "Travel",
            "split": split,
        }
        draw(folder / "images" / f"{book}{extension}", f"b{number}")
    write_json(folder / "dataset.json", books)
    return folder


def write_ocr_vqa_hub(root: Path) -> Path:
    """Writes what `howard-hou/OCR-VQA` has: a row a book, of one split."""
    release = write_ocr_vqa(root / "release")
    books = json.loads((release / "dataset.json").read_text())
    rows = [
        {
            "image": next((release / "images").glob(f"{book}.*")),
            "image_id": book,
            "questions": row["questions"],
            "answers": row["answers"],
            "ocr_tokens": [],
            "title": row["title"],
            "authorName": row["authorName"],
            "genre": row["genre"],
            "image_width": 64,
            "image_height": 48,
            "set_name": "train",
        }
        for book, row in books.items()
        if row["split"] == 1
    ]
    write_tables(root / "OCR-VQA-hub" / "data", "train", rows)
    return root / "OCR-VQA-hub"


LAYOUT = Layout(write_ocr_vqa, "OCR-VQA")
HUB = Layout(write_ocr_vqa_hub, "OCR-VQA-hub")
