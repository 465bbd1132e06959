"""DVQA: questions about bar charts, both made by program."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from datakit.record import Record, Reject
from datakit.sources.converter import Converter
from datakit.sources.row import Row
from datakit.sources.row_values import id_or, open_question

FOLDERS = ("", "qa/")


class DVQA(Converter):
    """The official release: `{split}_qa.json` beside `images/`, or in `qa/`.

    The path is the folder, or the file itself. A raw row:

        {"image": "bar_train_00000001.png", "question_id": 1, "question_type": "data",
         "question": "What is the value of the smallest bar?", "answer": "2",
         "answer_bbox": [84, 310, 9, 14]}

    becomes

        Record(record_id="1", place="train_qa.json[0]", task="vqa-open",
               images=("images/bar_train_00000001.png",),
               payload=Question(question="What is the value of the smallest bar?", answer="2"))

    Older files say `template_id` and `bbox_answer`; both are left out. A file without
    `question_id` has its rows counted. The release has 2.3 million rows in train.
    """

    splits = ("train", "val_easy", "val_hard")
    inner_folders = ("qa",)

    def records(self) -> Iterator[Record | Reject]:
        names = [f"{folder}{self.split}_qa.json" for folder in FOLDERS]
        file = self.annotation_file(names, "questions")
        yield from self.convert_rows(file, self._record, keys=("questions", "data"))

    @cached_property
    def _images(self) -> str:
        """The folder of the images, or nothing where they lie in the release's own."""
        return self.image_folder("images/", bare="*.png")

    def _record(self, row: Row) -> Record:
        row.record_id = id_or(row, "question_id", f"{self.split}-{row.number}")
        question, image = row.text("question"), row.image("image", self._images)
        return open_question(row, question, image, row.answer("answer"))
