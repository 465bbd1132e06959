"""LRV-Instruction: questions and instructions about photographs, some about what is not there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from pydantic import Field

from datakit.io.trees import SourcePath
from datakit.record import Record, Reject
from datakit.sources.converter import Converter, ConverterOptions, first_existing
from datakit.sources.row import Row, inner_path
from datakit.sources.row_values import open_question

PARTS = ("filter_cap1.json", "filter_cap_more1.json")
WHOLE = "filter_cap.json"
PHOTOS, CHARTS = "image/", "chart_image/"


class LrvOptions(ConverterOptions):
    """Options of the converter `lrv-instruction`."""

    images: str = Field("", description="folder of the images, relative to the file's folder")


class LrvInstruction(Converter):
    """The official release: `filter_cap1.json` and `filter_cap_more1.json` beside `image/`.

    The path is their folder, of which the two are read, or `filter_cap.json` where they are not
    there; or one file, such as `chart_release_update.json` beside `chart_image/`. A raw row:

        {"image_id": "2407247", "question": "Can you spot the zebra behind the boys?",
         "answer": "There is no zebra in the image.", "task": "object presence"}

    becomes

        Record(record_id="filter_cap1.json-0", place="filter_cap1.json[0]", task="vqa-open",
               images=("image/2407247.jpg",),
               payload=Question(question="Can you spot the zebra behind the boys?",
                                answer="There is no zebra in the image."))

    The photographs are Visual Genome's, under the release's own numbers; charts are named with
    their suffix. The evaluation set has no answers: its rows are rejected (`answer-missing`).
    """

    Options = LrvOptions

    def records(self) -> Iterator[Record | Reject]:
        for file in self._files():
            yield from self.convert_rows(file, self._record, keys=("annotations",))

    @property
    def image_root(self) -> SourcePath:
        assert isinstance(self.options, LrvOptions)
        return self.folder / self.options.images

    def _files(self) -> list[SourcePath]:
        if self.path.is_file():
            return [self.path]
        parts = [self.path / name for name in PARTS if (self.path / name).is_file()]
        return parts or [first_existing(self.path, [*PARTS, WHOLE], "questions")]

    def _record(self, row: Row) -> Record:
        row.record_id = f"{row.file}-{row.number}"
        image = self._image(row.id("image_id"))
        return open_question(row, row.text("question"), image, row.answer("answer"))

    def _image(self, image_id: str) -> str:
        has_suffix = bool(PurePosixPath(image_id).suffix)
        folder = CHARTS if has_suffix else PHOTOS
        inside = folder if (self.image_root / folder).is_dir() else ""
        return inner_path(f"{inside}{image_id}" if has_suffix else f"{inside}{image_id}.jpg")
