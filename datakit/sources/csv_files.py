"""Rows of CSV and TSV files as records."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from typing import TypeVar

from datakit.io.csv_rows import BadCsvRow, CsvRecords, Dialect
from datakit.io.trees import SourcePath
from datakit.record import Reject
from datakit.sources.converter import Converter
from datakit.sources.row import BadRow, Row

T = TypeVar("T")


def convert_csv(
    converter: Converter,
    file: SourcePath,
    to_record: Callable[[Row], T],
    dialect: Dialect | None = None,
) -> Generator[T | Reject, None, None]:
    """As `convert_rows`, of a CSV or TSV file; a row that cannot be read becomes a reject.

    Raises:
        FormatError: not such a file, or none of its first 20 rows has the expected columns.
    """
    rows = CsvRecords(file, dialect)

    def convert(row: Row) -> T:
        if isinstance(row.value, BadCsvRow):
            raise BadRow(row.value.reason, row.value.detail)
        return to_record(row)

    try:
        with contextlib.closing(iter(rows)) as numbered:
            yield from converter.convert_values(file, numbered, convert)
    finally:
        converter.digests[converter.relative_name(file)] = rows.sha256
