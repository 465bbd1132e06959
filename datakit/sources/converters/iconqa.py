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
from datakit.sources.row_values import image_cell

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

    The Hub's form (`lmms-lab/ICON-QA`, val and test) holds all subsets, told apart by `ques_type`:
    `question_id`, `question`, `choices` (one text, with commas), `answer` (as `choices` has it),
    `query_image` and `choice_image_0`, `choice_image_1`, ….
    """

    Options = IconQAOptions
    splits = ("train", "val", "test")

    def records(self) -> Iterator[Record | Reject]:
        folders = _numeric(entry for entry in self._problems.iterdir() if entry.is_dir())
        files = (folder / FILE for folder in folders)
        with contextlib.closing(convert_files(self, self._problems, files, self._record)) as rows:
            yield from rows

    def table_record(self, row: Row) -> Record | list[Record | Reject]:
        subset = self._hub_subset
        if row.text("ques_type") != subset:
            return []
        row.record_id = row.id("question_id")
        question, images = row.text("question"), [image_cell(row, "query_image")]
        if subset == "fill_in_blank":
            return _made(row, question, images)
        choices = tuple(text.strip() for text in row.text("choices").split(","))
        if (answer := row.answer("answer")) not in choices:
            raise BadRow("answer-not-a-choice", f"{answer!r}, choices are {list(choices)!r}")
        if subset == "choose_img":
            images += [image_cell(row, f"choice_image_{number}") for number in range(len(choices))]
        return _made(row, question, images, choices, choices.index(answer))

    @cached_property
    def _hub_subset(self) -> str:
        """The subset to take from the Hub's tables, which hold all three."""
        assert isinstance(self.options, IconQAOptions)
        if self.options.subset is None:
            there = ", ".join(SUBSETS)
            raise UsageError(f"{self.path}: holds {there}; say which by the option `subset`.")
        return self.options.subset

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
        images, subset = [inner_path(f"{folder}/image.png")], self._problems.name
        question = row.text("question")
        if subset == "fill_in_blank":
            return _made(row, question, images)
        choices = read_choices(row, "choices")
        index = read_index(row, "answer", len(choices))
        if subset == "choose_img":
            images += [inner_path(f"{folder}/{name}") for name in choices]
        return _made(row, question, images, choices, index)


def _made(
    row: Row, question: str, images: list[str], choices: tuple[str, ...] = (), index: int = 0
) -> Record:
    """A problem's record; options that are images are named by their places among these."""
    if not question:
        raise BadRow("question-empty", f"problem {row.record_id}")
    payload: Question | Choice
    if choices:
        names = tuple(f"Image {number}" for number in range(2, len(images) + 1))
        payload = Choice(question=question, choices=names or choices, answer_index=index)
    else:
        payload = Question(question=question, answer=row.answer("answer"))
    return Record(
        record_id=row.record_id,
        place=row.place,
        task="vqa-mc" if choices else "vqa-open",
        images=tuple(images),
        payload=payload,
    )


def _numeric(folders: Iterable[SourcePath]) -> list[SourcePath]:
    """In the order of their numbers, then of their names."""
    return sorted(folders, key=lambda f: (len(f.name) if f.name.isdecimal() else 99, f.name))
