"""CSV and TSV of any size, a row at a time, hashed on the way."""

from __future__ import annotations

import csv
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datakit.errors import FormatError
from datakit.io.json_stream import BYTE_ORDER_MARK, HashedFile
from datakit.io.trees import SourcePath

DELIMITERS = ",\t;"
TAB_SUFFIXES = (".tsv", ".tab")
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
QUOTED = re.compile(r'"[^"]*"')
UNDECODED = re.compile("[\udc80-\udcff]")
SHOWN_CHARACTERS = 80

# The limit is one for the process, and csv's own, 131072, is less than an image in base64.
MAX_FIELD_CHARACTERS = 1 << 28
csv.field_size_limit(MAX_FIELD_CHARACTERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How the fields of a file are told apart.

    Attributes:
        delimiter: comma, tab or semicolon; empty to go by the first line.
        quoted: whether a field in `"` may hold delimiters and line ends; a `"` in it is doubled.
        escape: what stands before a character that means itself, such as a backslash; or nothing.
        header: whether the first row names the columns.
    """

    delimiter: str = ""
    quoted: bool = True
    escape: str = ""
    header: bool = True


@dataclass(frozen=True, slots=True)
class BadCsvRow:
    """A row that cannot be read: a short stable reason, and what was found."""

    reason: str
    detail: str


class CsvRecords:
    """The rows of one CSV or TSV file, in UTF-8.

    Iterating yields `(row, value)`, counted from 0 without the header: a dict by column, or a list
    where there is no header. A row with too few or too many fields, with broken quotes or in
    another encoding yields `(row, BadCsvRow)`; blank lines are no rows. `sha256` is the file's
    digest, known after the iteration, also where it ended early.

    Raises:
        FormatError: empty, in UTF-16, or two columns have one name.
    """

    def __init__(self, path: Path | SourcePath, dialect: Dialect | None = None) -> None:
        self.path = path
        self.dialect = dialect or Dialect()
        self.sha256 = ""

    def __iter__(self) -> Generator[tuple[int, Any], None, None]:
        try:
            with self.path.open("rb") as raw:
                file = HashedFile(raw)
                try:
                    yield from self._records(file)
                finally:
                    self.sha256 = file.drain()
        except OSError as error:
            raise FormatError(f"{self.path}: cannot be read: {error.strerror}.") from error

    def _records(self, file: HashedFile) -> Iterator[tuple[int, Any]]:
        rows = self._rows(file)
        first = next(rows, None)
        if first is None:
            raise FormatError(f"{self.path}: the file is empty; expected rows of fields.")
        if isinstance(first, BadCsvRow):
            raise FormatError(f"{self.path}: {first.detail}. Mend the first line.")
        columns = self._columns(first) if self.dialect.header else []
        if not columns:
            yield 0, first
        for number, row in enumerate(rows, start=0 if columns else 1):
            yield number, _fitting(row, columns, len(first))

    def _columns(self, first: list[str]) -> list[str]:
        columns = [name.strip() for name in first]
        twice = sorted({name for name in columns if name and columns.count(name) > 1})
        if twice:
            raise FormatError(
                f"{self.path}: the column {', '.join(map(repr, twice))} stands there more than "
                "once. Rename one of them."
            )
        return columns

    def _rows(self, file: HashedFile) -> Iterator[list[str] | BadCsvRow]:
        lines = self._lines(file)
        head = next(lines, "")
        delimiter = self.dialect.delimiter or sniff_delimiter(head, self.path.suffix)
        reader = csv.reader(
            _joined(head, lines),
            delimiter=delimiter,
            quoting=csv.QUOTE_MINIMAL if self.dialect.quoted else csv.QUOTE_NONE,
            doublequote=not self.dialect.escape,
            escapechar=self.dialect.escape or None,
            strict=True,
        )
        while True:
            start = reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield BadCsvRow("bad-line", f"line {start}: {error}")
                continue
            if row:
                yield _decoded(row, start)

    def _lines(self, file: HashedFile) -> Iterator[str]:
        line = file.readline()
        if line.startswith(UTF_16):
            raise FormatError(f"{self.path}: in UTF-16; expected UTF-8. Save it as CSV UTF-8.")
        line = line.removeprefix(BYTE_ORDER_MARK)
        while line:
            yield line.decode("utf-8", "surrogateescape")
            line = file.readline()


def sniff_delimiter(line: str, suffix: str = "") -> str:
    """The delimiter that a first line has most of outside quotes; a tab, where the suffix says so.

    A line without any is one column.
    """
    bare = QUOTED.sub("", line)
    if suffix.lower() in TAB_SUFFIXES and ("\t" in bare or not set(DELIMITERS) & set(bare)):
        return "\t"
    return max(DELIMITERS, key=bare.count)


def _joined(head: str, lines: Iterator[str]) -> Iterator[str]:
    if head:
        yield head
    yield from lines


def _decoded(row: list[str], line: int) -> list[str] | BadCsvRow:
    for field in row:
        if (match := UNDECODED.search(field)) is not None:
            byte = ord(match[0]) - 0xDC00
            return BadCsvRow("bad-encoding", f"line {line}: the byte 0x{byte:02x} is not UTF-8")
    return row


def _fitting(row: list[str] | BadCsvRow, columns: list[str], width: int) -> Any:
    """A row as its file's rows are given, or why it is none."""
    if isinstance(row, BadCsvRow):
        return row
    if len(row) != width:
        start = " ".join(" ".join(row).split())[:SHOWN_CHARACTERS]
        return BadCsvRow("fields-mismatch", f"{len(row)} fields, expected {width}: {start}")
    return dict(zip(columns, row, strict=True)) if columns else row
