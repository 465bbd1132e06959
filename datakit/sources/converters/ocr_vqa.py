"""OCR-VQA: questions about book covers, several a book."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, partial
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from datakit.record import Record, Reject
from datakit.sources.converter import Converter, flatten
from datakit.sources.row import BadRow, Row, inner_path
from datakit.sources.row_files import convert_by_id
from datakit.sources.row_values import id_or, image_cell, open_question

SPLITS = {"1": "train", "2": "val", "3": "test", "train": "train", "val": "val", "test": "test"}
URL_KEYS = ("imageURL", "imgURL")


class OcrVqa(Converter):
    """The official release: `dataset.json`, and covers named by book in `images/`.

    The path is their folder, or the file itself. Books stand in one object by id, of all splits
    (`split` is 1 for train, 2 for val, 3 for test); a raw row:

        "1421592": {"imageURL": "http://ecx.images-amazon.com/images/I/51qiFbbnnyL.jpg",
                    "questions": ["Who wrote this book?", "Is this a comedy book?"],
                    "answers": ["Jo Tenner", "No"], "title": "Calendar Cats",
                    "authorName": "Jo Tenner", "genre": "Calendars", "split": 1}

    becomes a record for each question, the first of which is

        Record(record_id="1421592-0", place="dataset.json[0]", task="vqa-open",
               images=("images/1421592.jpg",),
               payload=Question(question="Who wrote this book?", answer="Jo Tenner"))

    A cover has the extension of its URL, or `.jpg` where only such a file is there.

    The Hub's form (`howard-hou/OCR-VQA`): `image`, `image_id`, `questions` and `answers`.
    """

    splits = ("train", "val", "test")

    def records(self) -> Iterator[Record | Reject]:
        file = self.annotation_file(["dataset.json"], "annotations")
        yield from flatten(convert_by_id(self, file, self._book, "book_id", self._may_be_wanted))

    def table_record(self, row: Row) -> list[Record | Reject]:
        row.record_id = id_or(row, "image_id", row.place)
        return self._questions(row, image_cell(row))

    def _may_be_wanted(self, book: dict[str, Any]) -> bool:
        """Whether a book is not known to be of another split."""
        return _split(book.get("split")) in (self.split, "")

    def _book(self, row: Row) -> list[Record | Reject]:
        """A record for each question, or why there is none."""
        row.record_id = row.id("book_id")
        if not _split(row.get("split")):
            raise BadRow("split-invalid", f"{row.value['split']!r}, expected 1, 2 or 3")
        return self._questions(row, self._image(row))

    def _questions(self, row: Row, image: str) -> list[Record | Reject]:
        questions, answers = row.get("questions"), row.value.get("answers")
        if not isinstance(questions, list) or not isinstance(answers, list | None):
            raise BadRow("bad-record", "questions or answers are not a list")
        if answers is not None and len(answers) != len(questions):
            detail = f"{len(questions)} questions, {len(answers)} answers: which is whose?"
            raise BadRow("answers-mismatch", detail)
        given = answers or [None] * len(questions)
        return [
            self.convert_row(self._part(row, n, pair), partial(_record, image))
            for n, pair in enumerate(zip(questions, given, strict=True))
        ]

    def _part(self, row: Row, number: int, pair: tuple[Any, Any]) -> Row:
        value = {"question": pair[0], "answer": pair[1]}
        return Row(row.file, row.number, value, f"{row.record_id}-{number}")

    def _image(self, row: Row) -> str:
        key = next((key for key in URL_KEYS if row.value.get(key)), URL_KEYS[0])
        extension = PurePosixPath(urlsplit(row.text(key)).path).suffix or ".jpg"
        name = inner_path(f"{self._images}{row.record_id}")
        is_other = extension != ".jpg" and not (self.image_root / f"{name}{extension}").is_file()
        has_jpg = is_other and (self.image_root / f"{name}.jpg").is_file()
        return f"{name}{'.jpg' if has_jpg else extension}"

    @cached_property
    def _images(self) -> str:
        """The folder of the covers, or nothing where they lie beside the annotations."""
        return self.image_folder("images/", bare="*.jpg")


def _split(value: object) -> str:
    """A split's name; empty where there is no such split."""
    return SPLITS.get(str(value).strip().removesuffix(".0"), "")


def _record(image: str, row: Row) -> Record:
    return open_question(row, row.text("question"), image, row.answer("answer"))
