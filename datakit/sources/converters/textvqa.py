"""TextVQA: questions about photographs whose answers stand there as text; ten answers each."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from datakit.record import Record, Reject
from datakit.sources.converter import Converter
from datakit.sources.row import Row, inner_path
from datakit.sources.row_values import count_answers, first_key, image_cell, open_question

FOLDERS = ("", "annotations/")


class TextVQA(Converter):
    """The official release: `TextVQA_0.5.1_{split}.json`, with Open Images in `train_images/`.

    The path is the folder, also where the file stands in `annotations/`, or the file itself; the
    images of train and val are in `train_images/`, those of test in `test_images/`, both also
    under `images/`. The rows stand under `data`, or are a bare list. A raw row:

        {"question_id": 34602, "image_id": "003a8ae2ef43b901", "image_width": 1024,
         "image_height": 664, "question": "what is the brand of this camera?",
         "answers": ["nous les gosses", "dakota", "clos culombu", "dakota digital", "dakota", …]}

    becomes

        Record(record_id="34602", place="TextVQA_0.5.1_val.json[0]", task="vqa-open",
               images=("train_images/003a8ae2ef43b901.jpg",),
               payload=Question(question="what is the brand of this camera?", answer="dakota",
                                answers=("nous les gosses", "dakota", …)))

    The answer given most often is the target, and of several the first. Rows of the test split
    have no answers and are rejected. Conversions that name the file under `image`, or the answers
    under `answer`, are read likewise.

    The Hub's form (`lmms-lab/textvqa`): `question_id`, `question`, `answers` and `image`.
    """

    splits = ("train", "val", "test")
    inner_folders = ("annotations",)

    def records(self) -> Iterator[Record | Reject]:
        names = [f"{inner}TextVQA_0.5.1_{self.split}.json" for inner in FOLDERS]
        file = self.annotation_file(names, "annotations")
        yield from self.convert_rows(file, self._record, keys=("data",))

    @cached_property
    def _images(self) -> str:
        """The folder of the images; of images that are nowhere, the one of the release."""
        own = "test_images" if self.split == "test" else "train_images"
        return self.image_folder(f"{own}/", f"images/{own}/")

    def table_record(self, row: Row) -> Record:
        row.record_id = row.id("question_id")
        return _made(row, image_cell(row))

    def _record(self, row: Row) -> Record:
        row.record_id = row.id("question_id")
        name = row.id(first_key(row, "image_id", "image")).removesuffix(".jpg")
        return _made(row, inner_path(f"{self._images}{name}.jpg"))


def _made(row: Row, image: str) -> Record:
    question = row.text("question")
    counts = count_answers(row, first_key(row, "answers", "answer"))
    return open_question(row, question, image, counts.most_common(1)[0][0], tuple(counts))
