"""ST-VQA: questions about photographs that the text in them answers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from datakit.io.trees import SourcePath
from datakit.record import Question, Record, Reject
from datakit.sources.converter import Converter, first_existing
from datakit.sources.row import BadRow, Row, inner_path, read_answers

NAMES = ("{split}_task_3.json", "{split}/{split}_task_3.json", "Annotations/{split}_task_3.json")
ROOTS = ("", "{split}_imgs/", "{split}/", "{split}_task3_imgs/", "images/", "Images/{split}/")


class StVqa(Converter):
    """The official release of task 3 (open dictionary): `{split}_task_3.json`.

    The path is the folder, or the file itself; the images lie in their collections' folders
    (`coco-text/`, `icdar/`, …), beside the file or in `{split}_imgs/`, `{split}/`,
    `{split}_task3_imgs/`, `images/` or `Images/{split}/`. The rows stand under `data`, or are a
    bare list. A raw row:

        {"question_id": 6, "file_path": "coco-text/COCO_train2014_000000419558.jpg",
         "file_name": "COCO_train2014_000000419558.jpg", "dataset": "coco-text",
         "question": "What is the name of the pub?", "answers": ["The Eagle", "eagle"],
         "set_name": "train"}

    becomes

        Record(record_id="6", place="train_task_3.json[5]", task="vqa-open",
               images=("coco-text/COCO_train2014_000000419558.jpg",),
               payload=Question(question="What is the name of the pub?", answer="The Eagle",
                                answers=("The Eagle", "eagle")))

    The first answer is the target. Rows without `question_id` are named by file and row; rows of
    the test split have no answers and are rejected.
    """

    splits = ("train", "test")

    def records(self) -> Iterator[Record | Reject]:
        yield from self.convert_rows(self._file, self._record, keys=("data",))

    @cached_property
    def _file(self) -> SourcePath:
        if self.path.is_file():
            return self.path
        names = [name.format(split=self.split) for name in NAMES]
        return first_existing(self.folder, names, "annotations")

    @cached_property
    def _roots(self) -> list[str]:
        """Folders that may hold the collections."""
        roots = [root.format(split=self.split) for root in ROOTS]
        return [root for root in roots if (self.image_root / root).is_dir()]

    def _record(self, row: Row) -> Record:
        has_id = isinstance(row.value, dict) and row.value.get("question_id") is not None
        row.record_id = row.id("question_id") if has_id else f"{self._file.stem}-{row.number}"
        question, image = row.text("question"), self._image(row)
        if not question:
            raise BadRow("question-empty", f"image {image}")
        answers = read_answers(row)
        return Record(
            record_id=row.record_id,
            place=row.place,
            task="vqa-open",
            images=(image,),
            payload=Question(question=question, answer=answers[0], answers=answers),
        )

    def _image(self, row: Row) -> str:
        if "file_path" not in row.value and row.value.get("file_name"):
            name = inner_path(f"{row.text('dataset')}/{row.text('file_name')}")
        else:
            name = row.image("file_path")
        found = (r for r in self._roots if (self.image_root / r / name).is_file())
        return f"{next(found, '')}{name}"
