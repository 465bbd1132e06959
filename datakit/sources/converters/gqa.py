"""GQA: questions about photographs that take several steps, made from scene graphs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Literal

from pydantic import Field

from datakit.io.trees import SourcePath
from datakit.record import Question, Record, Reject
from datakit.sources.converter import Converter, ConverterOptions, first_existing
from datakit.sources.row import BadRow, Row, inner_path
from datakit.sources.row_files import convert_by_id

FOLDERS = ("", "questions1.2/", "questions/")
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

    The files stand in the path's folder, in `questions1.2/` or in `questions/`; all questions of
    train are a folder `train_all_questions/` of numbered parts. The path may also be one file or
    the folder of the parts, and then the option `questions` says nothing. A bare `questions.json`
    is read, too. Questions stand in one object by id; a raw row:

        "202218649": {"question": "What is hanging above the chalkboard?", "imageId": "n578564",
                      "answer": "picture", "isBalanced": true,
                      "fullAnswer": "The picture is hanging above the chalkboard.", …}

    becomes

        Record(record_id="202218649", place="questions.json[0]", task="vqa-open",
               images=("images/n578564.jpg",),
               payload=Question(question="What is hanging above the chalkboard?",
                                answer="picture"))

    Rows of the splits test, challenge and submission have no answers and are rejected.
    """

    Options = GQAOptions
    splits = ("train", "val", "testdev", "test", "challenge", "submission")

    def records(self) -> Iterator[Record | Reject]:
        for file in self._files():
            yield from convert_by_id(self, file, self._record, "question_id")

    @property
    def folder(self) -> SourcePath:
        """The release's folder, also where the path is in one of its folders of questions."""
        folder = super().folder
        inner = {name.strip("/") for name in FOLDERS if name} | {f"{self.split}_all_questions"}
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
        is_bare = not (self.image_root / "images").is_dir() and any(self.image_root.glob("*.jpg"))
        return "" if is_bare else "images/"

    def _record(self, row: Row) -> Record:
        assert isinstance(self.options, GQAOptions)
        row.record_id = row.id("question_id")
        name = row.id("imageId").removesuffix(".jpg")
        question, image = row.text("question"), inner_path(f"{self._images}{name}.jpg")
        if not question:
            raise BadRow("question-empty", f"image {image}")
        return Record(
            record_id=row.record_id,
            place=row.place,
            task="vqa-open",
            images=(image,),
            payload=Question(question=question, answer=row.answer(self.options.answer)),
        )


def _parts(folder: SourcePath) -> list[SourcePath]:
    """The numbered parts in a folder, in their order."""
    found = [(m, file) for file in folder.glob("*.json") if (m := PART.fullmatch(file.name))]
    return [file for _, file in sorted(found, key=lambda pair: int(pair[0][1]))]
