"""PlotQA: questions about scientific plots, with answers that are often numbers off the scale."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from datakit.io.trees import SourcePath
from datakit.record import Question, Record, Reject
from datakit.sources.converter import Converter, first_existing
from datakit.sources.row import BadRow, Row, inner_path

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
        if self.path.is_file():
            return self.path
        names = [f"{folder}{name}" for folder in (f"{self.split}/", "") for name in NAMES]
        return first_existing(self.folder, names, "questions")

    @cached_property
    def _images(self) -> str:
        """The folder of the images; of images that are nowhere, the one of the release."""
        inner, slash, _ = self.relative_name(self._file).rpartition("/")
        own = f"{inner}{slash}"
        names = (f"{own}png/", f"{own}images/", "png/", "images/")
        return next((name for name in names if (self.image_root / name).is_dir()), names[0])

    def _record(self, row: Row) -> Record:
        row.record_id = f"{self.split}-{row.number}"
        name = row.id("image_index").removesuffix(".png")
        question, image = row.text("question_string"), inner_path(f"{self._images}{name}.png")
        if not question:
            raise BadRow("question-empty", f"image {image}")
        return Record(
            record_id=row.record_id,
            place=row.place,
            task="vqa-open",
            images=(image,),
            payload=Question(question=question, answer=row.answer("answer")),
        )
