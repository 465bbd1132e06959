"""VizWiz: questions that blind people asked about their photographs, some without an answer."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import PurePosixPath

from datakit.record import Record, Reject
from datakit.sources.converter import Converter
from datakit.sources.row import Row
from datakit.sources.row_values import count_answers, image_cell, open_question

FOLDERS = ("Annotations/", "annotations/", "")
UNANSWERABLE = "Unanswerable"
NO_ANSWERS = ("unanswerable", "unsuitable", "unsuitable image")


class VizWiz(Converter):
    """The official release: `Annotations/{split}.json` beside a folder of images a split.

    The path is their folder, `Annotations/`, or the file itself; the images are in `{split}/`,
    `images/{split}/` or `images/`. A raw row, whose ten answers are here two:

        {"image": "VizWiz_train_00000001.jpg", "question": "Can you tell me what is in this can?",
         "answers": [{"answer": "coca cola", "answer_confidence": "yes"},
                     {"answer": "unanswerable", "answer_confidence": "no"}],
         "answer_type": "other", "answerable": 1}

    becomes

        Record(record_id="VizWiz_train_00000001", place="Annotations/train.json[1]",
               task="vqa-open", images=("train/VizWiz_train_00000001.jpg",),
               payload=Question(question="Can you tell me what is in this can?",
                                answer="coca cola", answers=("coca cola",)))

    The answer given most often is the target, and of several the first; answers that say there is
    none do not count. Where `answerable` is 0, or nobody answers, it is `Unanswerable`. Rows of
    the test split have no answers and are rejected.

    The Hub's form (`lmms-lab/VizWiz-VQA`): `question_id`, `question`, `answers` (text) and `image`.
    """

    splits = ("train", "val", "test")
    inner_folders = ("Annotations", "annotations")

    def records(self) -> Iterator[Record | Reject]:
        names = [f"{folder}{self.split}.json" for folder in FOLDERS]
        file = self.annotation_file(names, "questions")
        yield from self.convert_rows(file, self._record, keys=("data", "questions"))

    @cached_property
    def _images(self) -> str:
        """The folder of the split's images; of images that are nowhere, the one of the release."""
        return self.image_folder(f"{self.split}/", f"images/{self.split}/", "images/")

    def table_record(self, row: Row) -> Record:
        row.record_id = row.id("question_id").removesuffix(".jpg")
        return _made(row, image_cell(row))

    def _record(self, row: Row) -> Record:
        image = row.image("image", self._images)
        row.record_id = PurePosixPath(image).stem
        return _made(row, image)


def _made(row: Row, image: str) -> Record:
    question, answers = row.text("question"), _answers(row)
    return open_question(row, question, image, answers[0], answers)


def _answers(row: Row) -> tuple[str, ...]:
    """Every accepted answer once, the target first."""
    counts = [(t, n) for t, n in count_answers(row).most_common() if t.lower() not in NO_ANSWERS]
    if not counts or str(row.value.get("answerable", 1)).strip() in ("0", "0.0", "False"):
        return (UNANSWERABLE,)
    return tuple(text for text, _ in counts)
