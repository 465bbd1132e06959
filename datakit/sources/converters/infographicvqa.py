"""InfographicVQA: questions about infographics, with every accepted answer."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from datakit.record import Record, Reject
from datakit.sources.converter import Converter
from datakit.sources.row import Row, read_answers
from datakit.sources.row_values import image_cell, open_question

FOLDERS = ("", "infographicsvqa_qas/", "qas/")
NAMES = (
    "infographicsVQA_{split}_v1.0.json",
    "infographicsVQA_{split}_v1.0_withQT.json",
    "infographicVQA_{split}_v1.0.json",
    "infographicVQA_{split}_v1.0_withQT.json",
)
IMAGE_FOLDERS = ("infographicsvqa_images/", "images/", "")


class InfographicVQA(Converter):
    """The official release: `infographicsVQA_{split}_v1.0.json` (or `…_v1.0_withQT.json`).

    The file stands in the path's folder, in `infographicsvqa_qas/` or in `qas/` (or is the path
    itself), the images in `infographicsvqa_images/`, in `images/` or beside it. The rows stand
    under `data`, or are a bare list. A raw row:

        {"questionId": 65718, "question": "Which platform has heavy female audience?",
         "image_local_name": "20471.jpeg", "image_url": "http://…", "ocr_output_file": "20471.json",
         "answers": ["pinterest", "Pinterest"], "data_split": "train"}

    becomes

        Record(record_id="65718", place="infographicsVQA_train_v1.0.json[0]", task="vqa-open",
               images=("images/20471.jpeg",),
               payload=Question(question="Which platform has heavy female audience?",
                                answer="pinterest", answers=("pinterest", "Pinterest")))

    The first answer is the target. Rows of the test split have no answers and are rejected.

    The Hub's form (`lmms-lab/DocVQA`, configuration `InfographicVQA`): `questionId`, `question`,
    `answers` and `image`.
    """

    splits = ("train", "val", "test")
    inner_folders = ("infographicsvqa_qas", "qas")

    def records(self) -> Iterator[Record | Reject]:
        names = [inner + name.format(split=self.split) for inner in FOLDERS for name in NAMES]
        file = self.annotation_file(names, "annotations")
        yield from self.convert_rows(file, self._record, keys=("data",))

    @cached_property
    def _images(self) -> str:
        return self.image_folder(*IMAGE_FOLDERS)

    def table_record(self, row: Row) -> Record:
        row.record_id = row.id("questionId")
        return _made(row, image_cell(row))

    def _record(self, row: Row) -> Record:
        row.record_id = row.id("questionId")
        return _made(row, row.image("image_local_name", self._images))


def _made(row: Row, image: str) -> Record:
    question, answers = row.text("question"), read_answers(row)
    return open_question(row, question, image, answers[0], answers)
