"""VSR: statements about where things are in an image, true or false."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Literal

from pydantic import Field

from datakit.io.trees import SourcePath
from datakit.record import Record, Reject, Statement
from datakit.sources.coco_images import CocoConverter, CocoOptions
from datakit.sources.converter import first_existing
from datakit.sources.row import BadRow, Row

HOLDS = {"0": False, "1": True, "false": False, "true": True}


class VSROptions(CocoOptions):
    """Options of the converter `vsr`."""

    split_by: Literal["random", "zeroshot"] = Field(
        "random", description="the release's two ways to split; zeroshot shares no concepts"
    )


class VSR(CocoConverter):
    """The official release: `splits/{random,zeroshot}/{split}.jsonl`, also without these folders.

    The path may be the repository, any folder down to the files', or one file. A raw row:

        {"image": "000000335976.jpg", "caption": "The carrot is outside the bowl.", "label": 0,
         "image_link": "http://images.cocodataset.org/train2017/000000335976.jpg",
         "relation": "outside"}

    becomes

        Record(record_id="dev-7", place="splits/random/dev.jsonl[7]", task="vqa-yes-no",
               images=("train2017/000000335976.jpg",),
               payload=Statement(statement="The carrot is outside the bowl.", holds=False))
    """

    Options = VSROptions
    splits = ("train", "dev", "test")

    @property
    def subset(self) -> str:
        return "train2017"

    def records(self) -> Iterator[Record | Reject]:
        yield from self.convert_rows(self._file(), self._record)

    def _file(self) -> SourcePath:
        assert isinstance(self.options, VSROptions)
        if self.path.is_file():
            return self.path
        folders = ("data/splits/", "splits/", "")
        names = [f"{folder}{self.options.split_by}/{self.split}.jsonl" for folder in folders]
        return first_existing(self.folder, [*names, f"{self.split}.jsonl"], "statements")

    def _record(self, row: Row) -> Record:
        row.record_id = f"{PurePosixPath(row.file).stem}-{row.number}"
        statement, image = row.text("caption"), self.coco_image(row, "image")
        if not statement:
            raise BadRow("statement-empty", f"image {image}")
        return Record(
            record_id=row.record_id,
            place=row.place,
            task="vqa-yes-no",
            images=(image,),
            payload=Statement(statement=statement, holds=_holds(row)),
        )


def _holds(row: Row) -> bool:
    value = row.value.get("label")
    if value is None:
        raise BadRow("answer-missing", "no 'label'")
    holds = HOLDS.get(str(value).strip().lower())
    if holds is None:
        raise BadRow("label-invalid", f"label is {value!r}, expected 0 or 1")
    return holds
