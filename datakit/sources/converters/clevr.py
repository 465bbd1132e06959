"""CLEVR: questions about drawn scenes of simple solids, made by program."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from datakit.record import Record, Reject
from datakit.sources.converter import Converter
from datakit.sources.row import Row
from datakit.sources.row_values import id_or, open_question

FOLDERS = ("questions/", "")


class CLEVR(Converter):
    """The official release: `questions/CLEVR_{split}_questions.json` and `images/{split}/`.

    The path is the folder of both, or the file itself. The rows stand under `questions`, or are a
    bare list. A raw row:

        {"question_index": 3, "question": "How many red cubes are behind the metal ball?",
         "image_filename": "CLEVR_train_000000.png", "image_index": 0, "split": "train",
         "answer": "2", "question_family_index": 41, "program": […]}

    becomes

        Record(record_id="train-3", place="questions/CLEVR_train_questions.json[3]",
               task="vqa-open", images=("images/train/CLEVR_train_000000.png",),
               payload=Question(question="How many red cubes are behind the metal ball?",
                                answer="2"))

    A file without `question_index` has its rows counted. Rows of the test split have no answers
    and are rejected.
    """

    splits = ("train", "val", "test")
    inner_folders = ("questions",)

    def records(self) -> Iterator[Record | Reject]:
        names = [f"{folder}CLEVR_{self.split}_questions.json" for folder in FOLDERS]
        file = self.annotation_file(names, "questions")
        yield from self.convert_rows(file, self._record, keys=("questions",))

    @cached_property
    def _images(self) -> str:
        """The folder of the split's images; of images that are nowhere, the one of the release."""
        return self.image_folder(f"images/{self.split}/", f"{self.split}/", "images/")

    def _record(self, row: Row) -> Record:
        row.record_id = f"{self.split}-{id_or(row, 'question_index', str(row.number))}"
        question, image = row.text("question"), row.image("image_filename", self._images)
        return open_question(row, question, image, _answer(row))


def _answer(row: Row) -> str:
    """The answer; some copies have numbers and truth values where the release has text."""
    value = row.value.get("answer")
    return ("yes" if value else "no") if isinstance(value, bool) else row.answer("answer")
