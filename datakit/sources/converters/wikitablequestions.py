"""WikiTableQuestions: questions about tables of Wikipedia, which are text."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import cached_property

from datakit.errors import FormatError
from datakit.io.csv_rows import BadCsvRow, CsvRecords, Dialect
from datakit.io.trees import SourcePath
from datakit.io.trees.tree import clean_name
from datakit.record import Question, Record, Reject
from datakit.sources.converter import Converter, first_existing
from datakit.sources.csv_files import convert_csv
from datakit.sources.row import BadRow, Row

ROOTS = ("", "WikiTableQuestions/")
TABLES = "csv"
FILES = {"train": "training", "test": "pristine-unseen-tables"}
RANDOM_SPLITS = tuple(f"random-split-{n}-{part}" for n in range(1, 6) for part in ("train", "dev"))
QUESTIONS = Dialect(delimiter="\t", quoted=False)
CELLS = Dialect(delimiter=",", escape="\\", header=False)
ESCAPE = re.compile(r"\\([np\\])")
ESCAPED = {"n": "\n", "p": "|", "\\": "\\"}


class WikiTableQuestions(Converter):
    """The official release: `data/training.tsv` and its kin beside `csv/`.

    The path is the folder of both, one above it, or a file of questions. The split `train` is
    `training.tsv`, `test` is `pristine-unseen-tables.tsv`; `random-split-1-dev` and the like name
    their files, which part `training.tsv`. A raw row, its fields between tabs:

        {"id": "nt-23", "utterance": "what counties had the least participants?",
         "context": "csv/204-csv/849.csv", "targetValue": "Morocco|France"}

    becomes, with its table,

        Record(record_id="nt-23", place="data/training.tsv[23]", task="table-qa", images=(),
               payload=Question(question="what counties had the least participants?",
                                answer="Morocco, France",
                                context="| Rank | County |\\n|---|---|\\n| 1 | Kenya |\\n…"))

    In the questions' file `\\n`, `\\p` and `\\\\` stand for a line end, `|` and a backslash, and a
    bare `|` is between several answers: they are joined by commas, or by semicolons where one
    holds a comma. The tables are CSV with backslashes before quotes.
    """

    splits = ("train", "test", *RANDOM_SPLITS)

    def records(self) -> Iterator[Record | Reject]:
        self._tables_read = hashlib.sha256()
        try:
            yield from convert_csv(self, self._file, self._record, QUESTIONS)
        finally:
            self.digests[f"{TABLES}/"] = self._tables_read.hexdigest()

    @property
    def folder(self) -> SourcePath:
        own = super().folder
        roots = [own.parent] if self.path.is_file() else [own / root for root in ROOTS]
        return next((root for root in roots if (root / TABLES).is_dir()), own)

    @cached_property
    def _file(self) -> SourcePath:
        if self.path.is_file():
            return self.path
        name = f"{FILES.get(self.split, self.split)}.tsv"
        names = [f"{root}{inner}{name}" for root in ROOTS for inner in ("data/", "")]
        return first_existing(self.path, names, "questions")

    def _record(self, row: Row) -> Record:
        row.record_id = row.id("id")
        if not (question := _unescaped(row.text("utterance"))):
            raise BadRow("question-empty", f"question {row.record_id}")
        answers = [_unescaped(part).strip() for part in row.answer("targetValue").split("|")]
        if not all(answers):
            raise BadRow("answer-empty", f"targetValue is {row.value['targetValue']!r}")
        between = "; " if len(answers) > 1 and any("," in answer for answer in answers) else ", "
        return Record(
            record_id=row.record_id,
            place=row.place,
            task="table-qa",
            images=(),
            payload=Question(
                question=question,
                answer=between.join(answers),
                context=self._table(row.text("context")),
            ),
        )

    def _table(self, name: str) -> str:
        """A table in Markdown, its first row as the header."""
        inside = clean_name(name)
        file = self.folder / (inside or "")
        if not inside or not file.is_file():
            raise BadRow("table-missing", f"no file {name!r} in the release")
        rows = CsvRecords(file, CELLS)
        try:
            cells = [value for _, value in rows]
        except FormatError as error:
            raise BadRow("table-broken", str(error)) from None
        self._tables_read.update(f"{name}\0{rows.sha256}\0".encode())
        bad = next((row for row in cells if isinstance(row, BadCsvRow)), None)
        if bad is not None:
            raise BadRow("table-broken", f"{name}: {bad.detail}")
        return "\n".join([_line(cells[0]), "|---" * len(cells[0]) + "|", *map(_line, cells[1:])])


def _line(cells: list[str]) -> str:
    texts = (" ".join(cell.split()).replace("|", "\\|") for cell in cells)
    return f"|{'|'.join(f' {text} ' if text else ' ' for text in texts)}|"


def _unescaped(text: str) -> str:
    return ESCAPE.sub(lambda match: ESCAPED[match[1]], text)
