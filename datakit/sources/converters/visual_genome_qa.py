"""Visual Genome's questions and answers about photographs, by image."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, partial

from datakit.record import Record, Reject
from datakit.sources.converter import Converter
from datakit.sources.row import Row
from datakit.sources.row_values import image_cell, open_question
from datakit.sources.visual_genome import VisualGenomeImages, first_id, parts_of


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

    The Hub's form (`ranjaykrishna/visual_genome` in Parquet, configuration
    `question_answers_v1.2.0`): `image`, `image_id` and `qas`, with the columns of the release.
    """

    def records(self) -> Iterator[Record | Reject]:
        file = self.annotation_file(["question_answers.json"], "questions")
        yield from self.convert_nested_rows(file, self._image)

    @cached_property
    def _images(self) -> VisualGenomeImages:
        return VisualGenomeImages(self.image_root)

    def _image(self, row: Row) -> list[Record | Reject]:
        """A record for each question about an image, or why there is none."""
        return [self.convert_row(part, self._record) for part in parts_of(row, "qas")]

    def table_record(self, row: Row) -> list[Record | Reject]:
        to_record = partial(_made, image_cell(row))
        return [self.convert_row(part, to_record) for part in parts_of(row, "qas")]

    def _record(self, row: Row) -> Record:
        row.record_id = first_id(row, "qa_id", "id")
        return _made(self._images.name(first_id(row, "image_id")), row)


def _made(image: str, row: Row) -> Record:
    row.record_id = first_id(row, "qa_id", "id")
    return open_question(row, row.text("question"), image, row.answer("answer"))
