"""IconQA: questions about abstract diagrams, of which each of its three subsets is a task."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Literal

from pydantic import Field

from datakit.errors import FormatError, UsageError
from datakit.io.trees import SourcePath
from datakit.record import Choice, Question, Record, Reject
from datakit.sources.converter import Converter, ConverterOptions
from datakit.sources.row import BadRow, Row, inner_path, read_choices, read_index
from datakit.sources.row_files import convert_files

ROOTS = ("", "iconqa/", "iconqa_data/iconqa/")
FILE = "data.json"
SUBSETS = ("choose_txt", "fill_in_blank", "choose_img")


class IconQAOptions(ConverterOptions):
    """Options of the converter `iconqa`."""

    subset: Literal["choose_txt", "fill_in_blank", "choose_img"] | None = Field(
        None,
        description="choose_txt for iconqa-choose-text, fill_in_blank for iconqa-fill-blank, "
        "choose_img for iconqa-choose-image; needed where the path holds more than one",
    )


class IconQA(Converter):
    """The official release: `{split}/{subset}/{id}/` with `data.json`, `image.png` and the rest.

    The path is the folder of the splits, one above it (`iconqa/`, `iconqa_data/iconqa/`), or that
    of one split or of one subset, whatever its name. A raw row of each subset:

        choose_txt/317/   {"question": "The first picture is a sub. Which picture is seventh?",
                           "choices": ["sub", "fish", "turtle"], "answer": 1, …}
        fill_in_blank/1318/  {"question": "How many shapes are blue?", "answer": "3", …}
        choose_img/112/   {"question": "What is on the left?",
                           "choices": ["choice_0.png", "choice_1.png"], "answer": 1, …}

    The first becomes

        Record(record_id="317", place="train/choose_txt/317/data.json[0]", task="vqa-mc",
               images=("train/choose_txt/317/image.png",),
               payload=Choice(question="The first picture is a sub. Which picture is seventh?",
                              choices=("sub", "fish", "turtle"), answer_index=1))

    the second a `Question` of the task `vqa-open`, the third a `Choice` whose images are the
    diagram and the options in their order, and whose options name them: `Image 2`, `Image 3`.
    """

    Options = IconQAOptions
    splits = ("train", "val", "test")

    def records(self) -> Iterator[Record | Reject]:
        folders = _numeric(entry for entry in self._problems.iterdir() if entry.is_dir())
        files = (folder / FILE for folder in folders)
        with contextlib.closing(convert_files(self, self._problems, files, self._record)) as rows:
            yield from rows

    @cached_property
    def _problems(self) -> SourcePath:
        """The folder of the problems' folders.

        Raises:
            UsageError: there are several subsets, and the option `subset` does not say which.
        """
        assert isinstance(self.options, IconQAOptions)
        subsets = [self.options.subset] if self.options.subset else SUBSETS
        found = [folder for subset in subsets if (folder := self._folder_of(subset))]
        if len(found) > 1:
            there = ", ".join(folder.name for folder in found)
            raise UsageError(f"{self.path}: holds {there}; say which by the option `subset`.")
        if not found:
            there = ", ".join(sorted(entry.name for entry in self.folder.iterdir())[:8])
            raise FormatError(
                f"{self.path}: no problems; expected {self.split}/{' or '.join(subsets)}, also in "
                f"iconqa/ or iconqa_data/iconqa/; found {there or 'nothing'}."
            )
        return found[0]

    def _folder_of(self, subset: str) -> SourcePath | None:
        names = [f"{root}{self.split}/{subset}" for root in ROOTS]
        folders = [*(self.path / name for name in (*names, subset)), self.path]
        return next((f for f in folders if f.is_dir() and f.name == subset), None)

    def _record(self, row: Row) -> Record:
        folder, _, _ = row.file.rpartition("/")
        row.record_id = folder.rpartition("/")[2]
        if not (question := row.text("question")):
            raise BadRow("question-empty", f"problem {row.record_id}")
        images = [inner_path(f"{folder}/image.png")]
        payload: Question | Choice
        if self._problems.name == "fill_in_blank":
            payload = Question(question=question, answer=row.answer("answer"))
        else:
            choices = read_choices(row, "choices")
            index = read_index(row, "answer", len(choices))
            if self._problems.name == "choose_img":
                images += [inner_path(f"{folder}/{name}") for name in choices]
                choices = tuple(f"Image {number}" for number in range(2, len(choices) + 2))
            payload = Choice(question=question, choices=choices, answer_index=index)
        return Record(
            record_id=row.record_id,
            place=row.place,
            task="vqa-open" if isinstance(payload, Question) else "vqa-mc",
            images=tuple(images),
            payload=payload,
        )


def _numeric(folders: Iterable[SourcePath]) -> list[SourcePath]:
    """In the order of their numbers, then of their names."""
    return sorted(folders, key=lambda f: (len(f.name) if f.name.isdecimal() else 99, f.name))
