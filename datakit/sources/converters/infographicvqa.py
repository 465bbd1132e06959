"""InfographicVQA: questions about infographics, with every accepted answer."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from datakit.io.trees import SourcePath
from datakit.record import Question, Record, Reject
from datakit.sources.converter import Converter, first_existing
from datakit.sources.row import BadRow, Row, read_answers

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
    """

    splits = ("train", "val", "test")

    def records(self) -> Iterator[Record | Reject]:
        yield from self.convert_rows(self._file, self._record, keys=("data",))

    @property
    def folder(self) -> SourcePath:
        """The release's folder, also where the path is a file in a folder of annotations."""
        folder = super().folder
        inside = self.path.is_file() and f"{folder.name}/" in FOLDERS
        return folder.parent if inside else folder

    @cached_property
    def _file(self) -> SourcePath:
        if self.path.is_file():
            return self.path
        names = [inner + name.format(split=self.split) for inner in FOLDERS for name in NAMES]
        return first_existing(self.folder, names, "annotations")

    @cached_property
    def _images(self) -> str:
        names = (name for name in IMAGE_FOLDERS if (self.image_root / name).is_dir())
        return next(names)

    def _record(self, row: Row) -> Record:
        row.record_id = row.id("questionId")
        question, image = row.text("question"), row.image("image_local_name", self._images)
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
