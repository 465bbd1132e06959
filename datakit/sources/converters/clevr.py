"""CLEVR: questions about drawn scenes of simple solids, made by program."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from datakit.io.trees import SourcePath
from datakit.record import Question, Record, Reject
from datakit.sources.converter import Converter, first_existing
from datakit.sources.row import BadRow, Row

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

    def records(self) -> Iterator[Record | Reject]:
        names = [f"{folder}CLEVR_{self.split}_questions.json" for folder in FOLDERS]
        is_file = self.path.is_file()
        file = self.path if is_file else first_existing(self.folder, names, "questions")
        yield from self.convert_rows(file, self._record, keys=("questions",))

    @property
    def folder(self) -> SourcePath:
        """The release's folder, also where the path is `questions/` or a file in it."""
        folder = super().folder
        return folder.parent if folder.name == "questions" else folder

    @cached_property
    def _images(self) -> str:
        """The folder of the split's images; of images that are nowhere, the one of the release."""
        folders = (f"images/{self.split}/", f"{self.split}/", "images/")
        return next((f for f in folders if (self.image_root / f).is_dir()), folders[0])

    def _record(self, row: Row) -> Record:
        has_index = isinstance(row.value, dict) and row.value.get("question_index") is not None
        number = row.id("question_index") if has_index else row.number
        row.record_id = f"{self.split}-{number}"
        question, image = row.text("question"), row.image("image_filename", self._images)
        if not question:
            raise BadRow("question-empty", f"image {image}")
        return Record(
            record_id=row.record_id,
            place=row.place,
            task="vqa-open",
            images=(image,),
            payload=Question(question=question, answer=_answer(row)),
        )


def _answer(row: Row) -> str:
    """The answer; some copies have numbers and truth values where the release has text."""
    value = row.value.get("answer")
    return ("yes" if value else "no") if isinstance(value, bool) else row.answer("answer")
