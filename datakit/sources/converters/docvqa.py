"""DocVQA: questions about scanned pages, with every accepted answer."""

from __future__ import annotations

from collections.abc import Iterator

from datakit.record import Record, Reject
from datakit.sources.converter import Converter, first_existing
from datakit.sources.row import Row, read_answers
from datakit.sources.row_values import image_cell, open_question


class DocVQA(Converter):
    """The official release: `{split}_v1.0.json` (or `_v1.0_withQT.json`) beside `documents/`.

    The rows stand under `data`, or are a bare list. A raw row:

        {"questionId": 21700, "question": "What is the Expenses for Salaries for 1986?",
         "image": "documents/ffjw0228_11.png", "docId": 6870, "answers": ["$123,110"]}

    becomes

        Record(record_id="21700", place="val_v1.0.json[2]", task="vqa-open",
               images=("documents/ffjw0228_11.png",),
               payload=Question(question="What is the Expenses for Salaries for 1986?",
                                answer="$123,110", answers=("$123,110",)))

    The first answer is the target. Rows of the test split have no answers and are rejected.

    The Hub's form (`lmms-lab/DocVQA`, configuration `DocVQA`) has the same columns, with the page
    itself under `image`.
    """

    splits = ("train", "val", "test")

    def records(self) -> Iterator[Record | Reject]:
        names = [f"{self.split}_v1.0.json", f"{self.split}_v1.0_withQT.json"]
        file = first_existing(self.path, names, "annotations")
        yield from self.convert_rows(file, self._record, keys=("data",))

    def table_record(self, row: Row) -> Record:
        row.record_id = row.text("questionId")
        return _made(row, image_cell(row))

    def _record(self, row: Row) -> Record:
        row.record_id = row.text("questionId")
        return _made(row, row.image("image"))


def _made(row: Row, image: str) -> Record:
    question, answers = row.text("question"), read_answers(row)
    return open_question(row, question, image, answers[0], answers)
