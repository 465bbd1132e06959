"""DVQA: questions about bar charts, both made by program."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from datakit.io.trees import SourcePath
from datakit.record import Question, Record, Reject
from datakit.sources.converter import Converter, first_existing
from datakit.sources.row import BadRow, Row

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

    def records(self) -> Iterator[Record | Reject]:
        names = [f"{folder}{self.split}_qa.json" for folder in FOLDERS]
        is_file = self.path.is_file()
        file = self.path if is_file else first_existing(self.folder, names, "questions")
        yield from self.convert_rows(file, self._record, keys=("questions", "data"))

    @property
    def folder(self) -> SourcePath:
        """The release's folder, also where the path is `qa/` or a file in it."""
        folder = super().folder
        return folder.parent if folder.name == "qa" else folder

    @cached_property
    def _images(self) -> str:
        """The folder of the images, or nothing where they lie in the release's own."""
        is_bare = not (self.image_root / "images").is_dir() and any(self.image_root.glob("*.png"))
        return "" if is_bare else "images/"

    def _record(self, row: Row) -> Record:
        has_id = isinstance(row.value, dict) and row.value.get("question_id") is not None
        row.record_id = row.id("question_id") if has_id else f"{self.split}-{row.number}"
        question, image = row.text("question"), row.image("image", self._images)
        if not question:
            raise BadRow("question-empty", f"image {image}")
        return Record(
            record_id=row.record_id,
            place=row.place,
            task="vqa-open",
            images=(image,),
            payload=Question(question=question, answer=row.answer("answer")),
        )
