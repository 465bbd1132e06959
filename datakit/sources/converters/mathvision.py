"""MATH-Vision: competition problems with a picture, some with options."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from string import ascii_uppercase

from datakit.io.trees import SourcePath
from datakit.record import Choice, Question, Record, Reject
from datakit.sources.converter import Converter, first_existing
from datakit.sources.option_letters import read_letter
from datakit.sources.row import BadRow, Row, optional_text, read_choices

FILES = ("{split}.jsonl", "data/{split}.jsonl", "MATH-V/data/{split}.jsonl")
MARKER = re.compile(r"<image\d+>")
ALONE = re.compile(r"[ \t]*\n?[ \t]*<image\d+>")


class MathVision(Converter):
    """The official release: `data/{split}.jsonl` beside `images/`.

    The path is the folder of both, one above it, or the file itself. A raw row without options, and
    one with:

        {"id": "4", "question": "How many digits does the picture hide?\\n<image1>",
         "options": [], "answer": "6", "solution": null, "image": "images/4.jpg", "level": 1, …}

        {"id": "55", "question": "<image1>\\nWhich word does she read?\\n<image2>",
         "options": ["KNAO", "KNGO", "KNR", "AGRO", "KAO"], "answer": "A", …}

    become

        Record(record_id="4", place="data/testmini.jsonl[0]", task="math",
               images=("images/4.jpg",),
               payload=Question(question="How many digits does the picture hide?", answer="6"))

    and a `Choice`. Each problem has one image: where it is made of several pictures, they are
    headed `<image1>:`, `<image2>:`, … in it, and the question keeps these names; a name that stands
    alone is left out, as its picture has no heading. Options that are nothing but the letters A to
    E stand in the picture, and their order cannot be changed: such a problem is a `Question` whose
    answer is the letter.

    The Hub's form (`MathLLMs/MathVision`) has the same columns, with the picture itself under
    `decoded_image`.
    """

    splits = ("test", "testmini")

    def records(self) -> Iterator[Record | Reject]:
        yield from self.convert_rows(self._file, self._record)

    @property
    def folder(self) -> SourcePath:
        own = super().folder
        roots = (own, own.parent if self.path.is_file() else own / "MATH-V")
        return next((root for root in roots if (root / "images").is_dir()), own)

    @cached_property
    def _file(self) -> SourcePath:
        if self.path.is_file():
            return self.path
        return first_existing(self.path, [name.format(split=self.split) for name in FILES], "rows")

    def table_record(self, row: Row) -> Record:
        return self._record(row, "decoded_image")

    def _record(self, row: Row, image: str = "image") -> Record:
        row.record_id = row.id("id")
        question = _without_lone_marker(row.text("question"))
        if not question:
            raise BadRow("question-empty", f"problem {row.record_id}")
        make = _choice if _has_options(row) else _free
        return Record(
            record_id=row.record_id,
            place=row.place,
            task="math",
            images=(row.image(image),),
            payload=make(row, question, optional_text(row, "solution")),
        )


def _without_lone_marker(text: str) -> str:
    is_alone = len(MARKER.findall(text)) == 1
    return ALONE.sub("", text).strip() if is_alone else text


def _has_options(row: Row) -> bool:
    """Whether the options are texts, and not only letters that the picture explains."""
    options = row.get("options")
    return bool(options) and options != list(ascii_uppercase[: len(options)])


def _free(row: Row, question: str, solution: str) -> Question:
    return Question(question=question, answer=row.answer("answer"), rationale=solution)


def _choice(row: Row, question: str, solution: str) -> Choice:
    choices = read_choices(row, "options")
    return Choice(
        question=question,
        choices=choices,
        answer_index=read_letter(row, "answer", len(choices)),
        rationale=solution,
    )
