"""Visual Genome's questions and answers about photographs, by image."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from datakit.io.trees import SourcePath
from datakit.record import Question, Record, Reject
from datakit.sources.converter import Converter, first_existing
from datakit.sources.row import BadRow, Row, inner_path

FOLDERS = ("VG_100K/", "VG_100K_2/")
ROOTS = ("", "images/")


class VisualGenomeQA(Converter):
    """The official release: `question_answers.json` beside `VG_100K/` and `VG_100K_2/`.

    The path is their folder or the file itself; the folders of images may also stand in `images/`,
    and the images in `images/` itself. A raw row is an image with its questions (in version 1.0 the
    ids are `id` and `image`):

        {"id": 4, "qas": [{"qa_id": 987278, "image_id": 4, "question": "What is on the curtains?",
                           "answer": "Sailboats.", "a_objects": [], "q_objects": []}, …]}

    becomes a record for each question, the first of which is

        Record(record_id="987278", place="question_answers.json[0]", task="vqa-open",
               images=("VG_100K/4.jpg",),
               payload=Question(question="What is on the curtains?", answer="Sailboats."))

    The release has no splits.
    """

    def records(self) -> Iterator[Record | Reject]:
        names = ["question_answers.json"]
        file = self.path if self.path.is_file() else first_existing(self.path, names, "questions")
        for item in self.convert_rows(file, self._image):
            yield from [item] if isinstance(item, Reject) else item

    @cached_property
    def _images(self) -> VisualGenomeImages:
        return VisualGenomeImages(self.image_root)

    def _image(self, row: Row) -> list[Record | Reject]:
        """A record for each question about an image, or why there is none."""
        return [self.convert_row(part, self._record) for part in parts_of(row, "qas")]

    def _record(self, row: Row) -> Record:
        row.record_id = first_id(row, "qa_id", "id")
        question, image = row.text("question"), self._images.name(first_id(row, "image_id"))
        if not question:
            raise BadRow("question-empty", f"image {image}")
        return Record(
            record_id=row.record_id,
            place=row.place,
            task="vqa-open",
            images=(image,),
            payload=Question(question=question, answer=row.answer("answer")),
        )


class VisualGenomeImages:
    """Where the files of Visual Genome's images lie, by image id."""

    def __init__(self, root: SourcePath) -> None:
        self.root = root
        folders = [f"{top}{name}" for name in (*FOLDERS, "") for top in ROOTS]
        self._folders = [folder for folder in folders if (root / folder).is_dir()]
        self._last = ("", "")

    def name(self, image_id: str) -> str:
        """The image's path from the root; of one that is nowhere, the path it should have."""
        if self._last[0] != image_id:
            self._last = (image_id, self._look(inner_path(f"{image_id}.jpg")))
        return self._last[1]

    def _look(self, file: str) -> str:
        found = (f for f in self._folders if (self.root / f / file).is_file())
        return f"{next(found, next(iter(self._folders), '') or FOLDERS[0])}{file}"


def parts_of(row: Row, key: str) -> Iterator[Row]:
    """The rows under `key` of an image's row, each with the image's id where it has none."""
    image_id, parts = first_id(row, "id", "image_id"), row.get(key)
    row.record_id = f"image-{image_id}"
    if not isinstance(parts, list):
        raise BadRow("bad-record", f"{key} is not a list")
    for number, part in enumerate(parts):
        name = f"image-{image_id}-{number}"
        yield Row(row.file, row.number, _with_image(part, image_id), name)


def first_id(row: Row, *keys: str) -> str:
    """The id under the first of several keys that the row has; versions differ in them."""
    has = isinstance(row.value, dict)
    return row.id(next((key for key in keys if has and key in row.value), keys[0]))


def _with_image(part: Any, image_id: str) -> Any:
    if not isinstance(part, dict) or "image_id" in part:
        return part
    return {**part, "image_id": part.get("image", image_id)}
