"""Geometry3K: problems of plane geometry with a diagram and four options."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import cached_property

from datakit.errors import FormatError
from datakit.io.trees import SourcePath
from datakit.record import Choice, Record, Reject
from datakit.sources.converter import Converter
from datakit.sources.option_letters import read_letter
from datakit.sources.row import BadRow, Row, inner_path, optional_text, read_choices
from datakit.sources.row_files import convert_files

ROOTS = ("", "geometry3k/", "data/geometry3k/")
FILE = "data.json"


class Geometry3K(Converter):
    """The official release: `{split}/{id}/` with `data.json` and `img_diagram.png`.

    The path is the folder of the splits, one above it (`data/geometry3k/`), or that of the
    problems, whatever its name. A raw row, with some of its keys:

        {"id": 15, "problem_text": "Find A B.", "compact_text": "Find AB.",
         "choices": ["5", "5 \\\\sqrt { 2 }", "8", "10"], "answer": "B",
         "compact_choices": ["5", "5\\\\sqrt{2}", "8", "10"], "detailed_solution": " ", …}

    becomes

        Record(record_id="15", place="train/15/data.json[0]", task="vqa-mc",
               images=("train/15/img_diagram.png",),
               payload=Choice(question="Find AB.", choices=("5", "5\\\\sqrt{2}", "8", "10"),
                              answer_index=1))

    The compact texts are those without the spaces that OCR put into formulas; files that lack them
    (versions differ) are read by their `problem_text` and `choices`. The diagram with its points
    named, `img_diagram_point.png`, and the logic forms are not read.
    """

    splits = ("train", "val", "test")

    def records(self) -> Iterator[Record | Reject]:
        folders = (entry for entry in self._problems.iterdir() if entry.is_dir())
        by_number = sorted(folders, key=lambda folder: (len(folder.name), folder.name))
        files = (folder / FILE for folder in by_number)
        with contextlib.closing(convert_files(self, self._problems, files, self._record)) as rows:
            yield from rows

    @cached_property
    def _problems(self) -> SourcePath:
        """The folder of the problems' folders."""
        if not self.path.is_dir():
            raise FormatError(f"{self.path}: no folder; expected that of the splits.")
        named = (self.path / root / self.split for root in ROOTS)
        found = next((folder for folder in named if folder.is_dir()), self.path)
        if found == self.path and not any(found.glob(f"*/{FILE}")):
            there = ", ".join(sorted(entry.name for entry in found.iterdir())[:8])
            raise FormatError(
                f"{self.path}: no problems; expected {self.split}/{{id}}/{FILE} or {{id}}/{FILE}; "
                f"found {there or 'nothing'}."
            )
        return found

    def _record(self, row: Row) -> Record:
        folder, _, _ = row.file.rpartition("/")
        row.record_id = folder.rpartition("/")[2]
        fallback = row.text("problem_text")
        question = optional_text(row, "compact_text") or fallback
        if not question:
            raise BadRow("question-empty", f"problem {row.record_id}")
        has_compact = row.value.get("compact_choices") is not None
        choices = read_choices(row, "compact_choices" if has_compact else "choices")
        return Record(
            record_id=row.record_id,
            place=row.place,
            task="vqa-mc",
            images=(inner_path(f"{folder}/img_diagram.png"),),
            payload=Choice(
                question=question,
                choices=choices,
                answer_index=read_letter(row, "answer", len(choices)),
                rationale=optional_text(row, "detailed_solution"),
            ),
        )
