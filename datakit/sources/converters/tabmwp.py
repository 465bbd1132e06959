"""TabMWP: problems in mathematics about a table, with the solution."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import cached_property
from typing import Literal

from pydantic import Field

from datakit.io.trees import SourcePath
from datakit.record import Choice, Question, Record, Reject
from datakit.sources.converter import Converter, ConverterOptions, first_existing
from datakit.sources.row import BadRow, Row, inner_path, optional_text, read_choices
from datakit.sources.row_files import convert_by_id

FOLDERS = ("", "data/tabmwp/", "tabmwp/")
SIGNS = ("$", "€", "£", "¥")


class TabMWPOptions(ConverterOptions):
    """Options of the converter `tabmwp`."""

    table: Literal["image", "text", "both"] = Field(
        "image", description="the table as the release's image, as text (no image), or as both"
    )


class TabMWP(Converter):
    """The official release: `problems_{split}.json` beside `tables/{id}.png`.

    The path is their folder, one above it (`data/tabmwp/`), or the file itself. Problems stand in
    one object by id; a raw row:

        "117": {"question": "… What is the weight of the lightest child?", "choices": null,
                "answer": "10", "unit": "pounds", "table_title": "Children's weights (lbs)",
                "table": "Stem | Leaf \\n1 | 0\\n2 | 1, 3, 7", "solution": "Look at the first …",
                "ques_type": "free_text", "ans_type": "integer_number", "split": "dev", …}

    becomes

        Record(record_id="117", place="problems_dev1k.json[1]", task="math",
               images=("tables/117.png",),
               payload=Question(question="… What is the weight of the lightest child?",
                                answer="10", answers=("10", "10 pounds"),
                                rationale="Look at the first …"))

    and a `Choice` where `choices` is a list, whose right one is written out under `answer`. With
    the option `table: text` or `both` the table and its title become the `context`. `splits.json`
    says nothing that the files do not, and is not read.
    """

    Options = TabMWPOptions
    splits = ("train", "dev", "test", "dev1k", "test1k")

    def records(self) -> Iterator[Record | Reject]:
        rows = convert_by_id(self, self._file, self._record, "problem_id")
        with contextlib.closing(rows):
            yield from rows

    @property
    def folder(self) -> SourcePath:
        own = super().folder
        name = f"problems_{self.split}.json"
        folders = (own / inner for inner in FOLDERS)
        return next((folder for folder in folders if (folder / name).is_file()), own)

    @cached_property
    def _file(self) -> SourcePath:
        if self.path.is_file():
            return self.path
        names = [f"{inner}problems_{self.split}.json" for inner in FOLDERS]
        return first_existing(self.path, names, "problems")

    def _record(self, row: Row) -> Record:
        assert isinstance(self.options, TabMWPOptions)
        row.record_id = row.id("problem_id")
        if not (question := row.text("question")):
            raise BadRow("question-empty", f"problem {row.record_id}")
        is_text, has_text = self.options.table == "text", self.options.table != "image"
        context = _table(row) if has_text else ""
        make = _free if row.get("choices") is None else _choice
        return Record(
            record_id=row.record_id,
            place=row.place,
            task="math",
            images=() if is_text else (inner_path(f"tables/{row.record_id}.png"),),
            payload=make(row, question, context, optional_text(row, "solution")),
        )


def _free(row: Row, question: str, context: str, rationale: str) -> Question:
    answer, unit = row.answer("answer"), optional_text(row, "unit")
    with_unit = f"{unit}{answer}" if unit in SIGNS else f"{answer} {unit}"
    return Question(
        question=question,
        answer=answer,
        answers=(answer, with_unit) if unit else (answer,),
        context=context,
        rationale=rationale,
    )


def _choice(row: Row, question: str, context: str, rationale: str) -> Choice:
    choices, answer = read_choices(row, "choices"), row.answer("answer")
    if answer not in choices:
        raise BadRow("answer-not-a-choice", f"{answer!r}, choices are {list(choices)!r}")
    return Choice(
        question=question,
        choices=choices,
        answer_index=choices.index(answer),
        context=context,
        rationale=rationale,
    )


def _table(row: Row) -> str:
    """The table as text, a line a row, under its title."""
    lines = [line.strip() for line in row.text("table").split("\n")]
    if not any(lines):
        raise BadRow("table-empty", "no table, and the option `table` asks for its text")
    return "\n".join([*filter(None, [optional_text(row, "table_title")]), *lines])
