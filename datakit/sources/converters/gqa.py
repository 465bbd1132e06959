"""GQA: questions about photographs that take several steps, made from scene graphs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Literal

from pydantic import Field

from datakit.errors import FormatError
from datakit.io.tables import is_table
from datakit.io.trees import SourcePath
from datakit.record import Record, Reject
from datakit.sources.converter import Converter, ConverterOptions, first_existing
from datakit.sources.hub import find_tables
from datakit.sources.row import BadRow, Row, inner_path
from datakit.sources.row_files import convert_by_id
from datakit.sources.row_values import image_cell, open_question

FOLDERS = ("", "questions1.2/", "questions/", "question_dir/")
INSTRUCTIONS, IMAGES = "_instructions", "_images"
PART = re.compile(r"(?:[a-z]+_all_)?questions_?(\d+)\.json")


class GQAOptions(ConverterOptions):
    """Options of the converter `gqa`."""

    questions: Literal["balanced", "all"] = Field(
        "balanced",
        description="the release's selection in which no answer prevails, or every question",
    )
    answer: Literal["answer", "fullAnswer"] = Field(
        "answer", description="answer with a word or phrase, or with a whole sentence"
    )


class GQA(Converter):
    """The official release: `{split}_{balanced,all}_questions.json` beside `images/`.

    The files stand in the path's folder, `questions1.2/`, `questions/` or `question_dir/`; all
    questions of train are a folder `train_all_questions/` of numbered parts. The path may also be
    one file or the folder of the parts, and then the option `questions` says nothing. A bare
    `questions.json` is read, too. Questions stand in one object by id; a raw row:

        "202218649": {"question": "What is hanging above the chalkboard?", "imageId": "n578564",
                      "answer": "picture", "isBalanced": true,
                      "fullAnswer": "The picture is hanging above the chalkboard.", …}

    becomes

        Record(record_id="202218649", place="questions.json[0]", task="vqa-open",
               images=("images/n578564.jpg",),
               payload=Question(question="What is hanging above the chalkboard?",
                                answer="picture"))

    Rows of the splits test, challenge and submission have no answers and are rejected.

    The Hub's form (`lmms-lab/GQA`) is two tables a configuration: `train_balanced_instructions`,
    with `id` beside the columns of the release, and `train_balanced_images`, with `id` and `image`.
    The path is the folder of both, which the split and the option `questions` choose from, also
    with the first of them behind a colon.
    """

    Options = GQAOptions
    splits = ("train", "val", "testdev", "test", "challenge", "submission")

    def records(self) -> Iterator[Record | Reject]:
        for file in self._files():
            yield from convert_by_id(self, file, self._record, "question_id")

    def tables(self) -> list[SourcePath]:
        config = self.config or f"{self._hub_name}{INSTRUCTIONS}"
        is_there = (self.path / config).is_dir()
        return find_tables(self.path, self.split, config if is_there else self.config)

    def table_record(self, row: Row) -> Record:
        row.record_id = row.id("id")
        image_id = row.id("imageId")
        if image_id not in self._hub_images:
            raise BadRow("image-unknown", f"no row of {self._hub_name}{IMAGES} has id {image_id}")
        return self._made(row, self._hub_images[image_id])

    @property
    def _hub_name(self) -> str:
        """What the Hub's two configurations have in common, such as `train_balanced`."""
        assert isinstance(self.options, GQAOptions)
        for name in (self.config, self.path.name, self.path.parent.name):
            if name.endswith(INSTRUCTIONS):
                return name.removesuffix(INSTRUCTIONS)
        return f"{self.split}_{self.options.questions}"

    @cached_property
    def _hub_images(self) -> dict[str, str]:
        """The names of the images in the Hub's tables, by id."""
        folder = self.folder / f"{self._hub_name}{IMAGES}"
        files = [file for file in folder.iterdir() if is_table(file.name)]
        if not files:
            raise FormatError(
                f"{folder}: no Parquet files of images there. Fetch this configuration as well."
            )
        rows = (row for file in files for row in self.convert_rows(file, _hub_image))
        return dict(row for row in rows if not isinstance(row, Reject))

    @property
    def folder(self) -> SourcePath:
        """The release's folder, also where the path is in one of its folders of questions."""
        folder = super().folder
        inner = {name.strip("/") for name in FOLDERS if name} | {
            f"{self.split}_all_questions",
            f"{self._hub_name}{INSTRUCTIONS}",
        }
        while folder.name in inner:
            folder = folder.parent
        return folder

    def _files(self) -> list[SourcePath]:
        assert isinstance(self.options, GQAOptions)
        if self.path.is_file():
            return [self.path]
        kind = self.options.questions
        name = f"{self.split}_{kind}_questions"
        inner = [self.folder / folder / name for folder in FOLDERS if kind == "all"]
        parts = (_parts(folder) for folder in (self.path, *inner))
        if found := next(filter(None, parts), None):
            return found
        names = [f"{folder}{name}.json" for folder in FOLDERS]
        return [first_existing(self.folder, [*names, "questions.json"], "questions")]

    @cached_property
    def _images(self) -> str:
        """The folder of the images, or nothing where they lie in the release's own."""
        return self.image_folder("images/", bare="*.jpg")

    def _record(self, row: Row) -> Record:
        row.record_id = row.id("question_id")
        name = row.id("imageId").removesuffix(".jpg")
        return self._made(row, inner_path(f"{self._images}{name}.jpg"))

    def _made(self, row: Row, image: str) -> Record:
        assert isinstance(self.options, GQAOptions)
        return open_question(row, row.text("question"), image, row.answer(self.options.answer))


def _hub_image(row: Row) -> tuple[str, str]:
    return row.id("id"), image_cell(row)


def _parts(folder: SourcePath) -> list[SourcePath]:
    """The numbered parts in a folder, in their order."""
    found = [(m, file) for file in folder.glob("*.json") if (m := PART.fullmatch(file.name))]
    return [file for _, file in sorted(found, key=lambda pair: int(pair[0][1]))]
