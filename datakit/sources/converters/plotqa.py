"""PlotQA: questions about scientific plots, with answers that are often numbers off the scale."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from datakit.io.trees import SourcePath
from datakit.record import Record, Reject
from datakit.sources.converter import Converter
from datakit.sources.row import Row, inner_path
from datakit.sources.row_values import open_question

NAMES = (
    "qa_pairs_V2.json", "qa_pairs_v2.json", "qa_pairs_V1.json", "qa_pairs_v1.json", "qa_pairs.json",
)  # fmt: skip


class PlotQA(Converter):
    """The official release: `{train,val,test}/qa_pairs_V2.json` and `png/` beside it.

    The path is the folder of the splits, that of one split, or one file; where both are there,
    version 2 is read. The rows stand under `qa_pairs`, or are a bare list. A raw row:

        {"image_index": 18, "question_string": "Across all years, what is the maximum price ?",
         "answer": 4.1, "type": "vbar_categorical", "template": "data_retrieval",
         "question_id": 5, "answer_bbox": {…}}

    becomes

        Record(record_id="train-0", place="train/qa_pairs_V2.json[0]", task="vqa-open",
               images=("train/png/18.png",),
               payload=Question(question="Across all years, what is the maximum price ?",
                                answer="4.1"))

    Records are named by their rows.
    """

    splits = ("train", "val", "test")

    def records(self) -> Iterator[Record | Reject]:
        yield from self.convert_rows(self._file, self._record, keys=("qa_pairs",))

    @cached_property
    def _file(self) -> SourcePath:
        names = [f"{folder}{name}" for folder in (f"{self.split}/", "") for name in NAMES]
        return self.annotation_file(names, "questions")

    @cached_property
    def _images(self) -> str:
        """The folder of the images; of images that are nowhere, the one of the release."""
        inner, slash, _ = self.relative_name(self._file).rpartition("/")
        own = f"{inner}{slash}"
        return self.image_folder(f"{own}png/", f"{own}images/", "png/", "images/")

    def _record(self, row: Row) -> Record:
        row.record_id = f"{self.split}-{row.number}"
        name = row.id("image_index").removesuffix(".png")
        question, image = row.text("question_string"), inner_path(f"{self._images}{name}.png")
        return open_question(row, question, image, row.answer("answer"))
