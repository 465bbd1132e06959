"""Parquet and Arrow files: rows as plain values, images left where they are until wanted.

A **cell** is an image in a column of such a file. Its name is that of the file, `!`, the column,
the row and, where the column holds lists, the place in the list: `data/train-0.parquet!image/17`.
The column is quoted as in a URL.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import compute

from datakit.errors import FormatError
from datakit.io.digest import file_sha256
from datakit.io.trees import SourcePath

SUFFIXES = (".parquet", ".arrow")
CELL = "!"
ROWS_AT_ONCE = 64  # images of one batch are held at the same time
PLAIN_ROWS_AT_ONCE = 4096
BUFFER_BYTES = 1 << 20
ARROW_FILE = b"ARROW1"
UNREADABLE = (pa.ArrowException, OSError)


def is_table(name: str) -> bool:
    """Whether a file is Parquet or Arrow, by its name."""
    return name.endswith(SUFFIXES)


@dataclass(frozen=True, slots=True)
class ImageColumn:
    """A column of images: bytes, or a struct with `bytes` (and `path`), or lists of either."""

    name: str
    is_list: bool
    is_struct: bool
    has_path: bool


class Table(ABC):
    """A file of rows; it is open only while it is read.

    Attributes:
        images: its columns of images, by name.
    """

    schema: pa.Schema

    @cached_property
    def images(self) -> dict[str, ImageColumn]:
        found = map(_image_column, self.schema)
        return {column.name: column for column in found if column}

    def light_batches(self) -> Iterator[pa.RecordBatch]:
        """All rows; in place of an image, whether there is one."""
        for batch in self._light_batches():
            for name, image in self.images.items():
                at = batch.schema.get_field_index(name)
                batch = batch.set_column(at, name, _presence(batch.column(at), image))
            yield batch

    @abstractmethod
    def image_batches(
        self, column: str, rows: Sequence[int] | None = None
    ) -> Iterator[tuple[int, pa.Array]]:
        """The bytes of one column of images, a few rows at a time, and the first row's number.

        Args:
            rows: those that are wanted, sorted; what has none of them may be passed over.
        """

    @abstractmethod
    def _light_batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, without the bytes of images where they can be left out."""


class ParquetTable(Table):
    """A Parquet file."""

    def __init__(self, path: SourcePath) -> None:
        self._path = path
        self._metadata = None
        with self._opened() as file:
            self._metadata = file.metadata
            self.schema = file.schema_arrow
            self._leaves = [file.schema.column(i).path for i in range(len(file.schema))]

    def image_batches(
        self, column: str, rows: Sequence[int] | None = None
    ) -> Iterator[tuple[int, pa.Array]]:
        image = self.images[column]
        own = self._leaves_of(column)
        leaves = [leaf for leaf in own if leaf.endswith(".bytes")] if image.is_struct else own
        start = 0
        with self._opened() as file:
            for group in range(file.num_row_groups):
                end = start + file.metadata.row_group(group).num_rows
                if rows is not None and bisect_left(rows, start) == bisect_left(rows, end):
                    start = end
                    continue
                for batch in file.iter_batches(ROWS_AT_ONCE, row_groups=[group], columns=leaves):
                    yield start, _bytes_of(batch.column(0), image)
                    start += len(batch)

    def _light_batches(self) -> Iterator[pa.RecordBatch]:
        with_path = {name for name, image in self.images.items() if image.has_path}
        heavy = {leaf for name in with_path for leaf in self._leaves_of(name)}
        light = [leaf for leaf in self._leaves if leaf not in heavy or leaf.endswith(".path")]
        rows_at_once = PLAIN_ROWS_AT_ONCE if len(with_path) == len(self.images) else ROWS_AT_ONCE
        with self._opened() as file:
            yield from file.iter_batches(rows_at_once, columns=light)

    def _leaves_of(self, column: str) -> list[str]:
        return [leaf for leaf in self._leaves if leaf == column or leaf.startswith(f"{column}.")]

    @contextmanager
    def _opened(self) -> Iterator[pq.ParquetFile]:
        with self._path.open() as file:
            # Buffered ahead, a whole file's images would be in memory.
            yield pq.ParquetFile(
                file, metadata=self._metadata, buffer_size=BUFFER_BYTES, pre_buffer=False
            )


class ArrowTable(Table):
    """An Arrow file, or a stream as `datasets` keeps them."""

    def __init__(self, path: SourcePath) -> None:
        self._path = path
        with self._opened() as reader:
            self.schema = reader.schema

    def image_batches(
        self,
        column: str,
        rows: Sequence[int] | None = None,  # noqa: ARG002 - a stream has no index
    ) -> Iterator[tuple[int, pa.Array]]:
        start = 0
        for batch in self._batches():
            yield start, _bytes_of(batch.column(column), self.images[column])
            start += len(batch)

    def _light_batches(self) -> Iterator[pa.RecordBatch]:
        for batch in self._batches():
            starts = range(0, len(batch), PLAIN_ROWS_AT_ONCE)
            yield from (batch.slice(start, PLAIN_ROWS_AT_ONCE) for start in starts)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        with self._opened() as reader:
            if isinstance(reader, pa.ipc.RecordBatchFileReader):
                yield from (reader.get_batch(i) for i in range(reader.num_record_batches))
            else:
                yield from reader

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        with self._path.open() as file:
            is_file = file.read(len(ARROW_FILE)) == ARROW_FILE
            file.seek(0)
            yield pa.ipc.open_file(file) if is_file else pa.ipc.open_stream(file)


def open_table(path: SourcePath) -> Table:
    """Opens a Parquet or Arrow file.

    Raises:
        FormatError: it is neither, or cannot be read.
    """
    try:
        return ParquetTable(path) if path.suffix == ".parquet" else ArrowTable(path)
    except UNREADABLE as error:
        raise FormatError(f"{path}: cannot be read as {path.suffix[1:]}: {error}.") from error


class TableRecords:
    """The rows of a Parquet or Arrow file as `(row, values by column)`; images as cell names.

    Args:
        name: of the file, as cells call it.

    Raises:
        FormatError: it cannot be read.
    """

    def __init__(self, path: SourcePath, name: str) -> None:
        self.path = path
        self.name = name
        self.sha256 = ""

    def __iter__(self) -> Generator[tuple[int, dict[str, Any]], None, None]:
        table = open_table(self.path)
        row = 0
        try:
            try:
                for batch in table.light_batches():
                    for value in batch.to_pylist():
                        for column in table.images.values():
                            value[column.name] = self._cells(value[column.name], column, row)
                        yield row, value
                        row += 1
            finally:
                self.sha256 = file_sha256(self.path)
        except (*UNREADABLE, ValueError, OverflowError) as error:
            raise FormatError(
                f"{self.path}: broken after {row} whole rows: {error}. Fetch the file again."
            ) from error

    def _cells(self, value: Any, column: ImageColumn, row: int) -> Any:
        """The name of an image, or of each in a list; null where there is none."""
        at = f"{self.name}{CELL}{quote(column.name, safe='')}/{row}"
        if not column.is_list:
            return at if value else None
        return [f"{at}/{k}" if item else None for k, item in enumerate(value or ())]


def _image_column(field: pa.Field) -> ImageColumn | None:
    kind, is_list = field.type, False
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        kind, is_list = kind.value_type, True
    if _is_bytes(kind):
        return ImageColumn(field.name, is_list, is_struct=False, has_path=False)
    if pa.types.is_struct(kind):
        names = {kind.field(i).name: kind.field(i).type for i in range(kind.num_fields)}
        if "bytes" in names and _is_bytes(names["bytes"]):
            return ImageColumn(field.name, is_list, is_struct=True, has_path="path" in names)
    return None


def _is_bytes(kind: pa.DataType) -> bool:
    kinds = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view)
    return any(is_kind(kind) for is_kind in kinds)


def _presence(column: pa.Array, image: ImageColumn) -> pa.Array:
    """Whether there is an image in each row, or in each place of its list."""
    return _with_lists(column, column.values.is_valid()) if image.is_list else column.is_valid()


def _bytes_of(column: pa.Array, image: ImageColumn) -> pa.Array:
    """A column of bytes, or of lists of them, without the structs around them."""
    values = column.values if image.is_list else column
    if image.is_struct:
        values = compute.struct_field(values, "bytes")
    if pa.types.is_binary_view(values.type):
        values = values.cast(pa.large_binary())
    return _with_lists(column, values) if image.is_list else values


def _with_lists(column: pa.Array, values: pa.Array) -> pa.Array:
    """The lists of a column with other values in them; a null list becomes an empty one."""
    lists = pa.LargeListArray if pa.types.is_large_list(column.type) else pa.ListArray
    return lists.from_arrays(column.offsets, values)
