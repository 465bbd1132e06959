"""NLVR2: statements about two photographs at once, true or false."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from datakit.io.trees import SourcePath
from datakit.record import Record, Reject, Statement
from datakit.sources.converter import Converter, first_existing
from datakit.sources.row import BadRow, Row, inner_path

FOLDERS = ("data/", "nlvr2/data/", "")
IDENTIFIER = re.compile(r"(.+-\d+-\d+)-\d+")
HOLDS = {"0": False, "1": True, "false": False, "true": True}


class NLVR2(Converter):
    """The official release: JSON lines `data/{split}.json`, and two images a row.

    The path is the folder of `data/`, `data/` itself, or one file. Images are in `images/{split}/`
    or `{split}/`, those of train also in numbered folders there. A raw row:

        {"identifier": "train-10171-0-0", "sentence": "An image shows one leather case.",
         "label": "False", "directory": 37, "left_url": "https://…", "right_url": "https://…",
         "synset": "pencil box", "query": "pencil cases"}

    becomes

        Record(record_id="train-10171-0-0", place="data/train.json[0]", task="vqa-yes-no",
               images=("images/train/37/train-10171-0-img0.png",
                       "images/train/37/train-10171-0-img1.png"),
               payload=Statement(statement="An image shows one leather case.", holds=False))

    The left image comes first. Rows of the hidden test split have no labels and are rejected.
    """

    splits = ("train", "dev", "test1", "test2")

    def records(self) -> Iterator[Record | Reject]:
        names = [f"{folder}{self.split}.json" for folder in FOLDERS]
        names += [f"{name}l" for name in names]
        is_file = self.path.is_file()
        file = self.path if is_file else first_existing(self.folder, names, "statements")
        yield from self.convert_rows(file, self._record)

    @property
    def folder(self) -> SourcePath:
        """The release's folder, also where the path is `data/` or a file in it."""
        folder = super().folder
        return folder.parent if folder.name == "data" else folder

    @cached_property
    def _images(self) -> str:
        """The folder of the split's images; of images that are nowhere, the one of the release."""
        own = f"images/{self.split}/"
        names = (own, f"{self.split}/", f"nlvr2/{own}", "images/")
        return next((name for name in names if (self.image_root / name).is_dir()), own)

    @cached_property
    def _numbered(self) -> frozenset[str] | None:
        """The folders among the images; None where there are no images."""
        folder = self.image_root / self._images
        if not folder.is_dir():
            return None
        return frozenset(entry.name for entry in folder.iterdir() if entry.is_dir())

    def _record(self, row: Row) -> Record:
        row.record_id = row.id("identifier")
        statement, images = row.text("sentence"), self._pair(row)
        if not statement:
            raise BadRow("statement-empty", f"image {images[0]}")
        return Record(
            record_id=row.record_id,
            place=row.place,
            task="vqa-yes-no",
            images=images,
            payload=Statement(statement=statement, holds=_holds(row)),
        )

    def _pair(self, row: Row) -> tuple[str, str]:
        match = IDENTIFIER.fullmatch(row.record_id)
        if not match:
            detail = f"identifier is {row.record_id!r}, expected split-set-pair-sentence"
            raise BadRow("bad-record", detail)
        number = row.id("directory") if row.value.get("directory") is not None else ""
        is_there = number and (self._numbered is None or number in self._numbered)
        inner = f"{self._images}{number}/" if is_there else self._images
        left, right = (inner_path(f"{inner}{match[1]}-img{side}.png") for side in (0, 1))
        return left, right


def _holds(row: Row) -> bool:
    value = row.value.get("label")
    if value is None:
        raise BadRow("answer-missing", "no 'label', as in the hidden test split")
    holds = HOLDS.get(str(value).strip().lower())
    if holds is None:
        raise BadRow("label-invalid", f"label is {value!r}, expected True or False")
    return holds
