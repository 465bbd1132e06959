"""Parquet and Arrow files: rows as plain values, images left where they are until wanted.

A **cell** is an image in a column of such a file. Its name is that of the file, `!`, the column,
the row and, where the column holds lists, the place in the list: `data/train-0.parquet!image/17`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

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
    """One open file of rows.

    Attributes:
        images: its columns of images, by name.
    """

    schema: pa.Schema

    @property
    def images(self) -> dict[str, ImageColumn]:
        found = map(_image_column, self.schema)
        return {column.name: column for column in found if column}

    @abstractmethod
    def light_batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, without the bytes of images that also have a path."""

    @abstractmethod
    def image_batches(self, column: str) -> Iterator[pa.Array]:
        """The bytes of one column of images, a few rows at a time."""


class ParquetTable(Table):
    """A Parquet file."""

    def __init__(self, path: SourcePath) -> None:
        self._file = pq.ParquetFile(path.open(), buffer_size=BUFFER_BYTES)
        self.schema = self._file.schema_arrow
        self._leaves = [self._file.schema.column(i).path for i in range(len(self._file.schema))]

    def light_batches(self) -> Iterator[pa.RecordBatch]:
        heavy = {name for name, column in self.images.items() if column.has_path}
        light = [
            leaf
            for leaf in self._leaves
            if leaf.split(".")[0] not in heavy or leaf.rpartition(".")[2] == "path"
        ]
        yield from self._file.iter_batches(PLAIN_ROWS_AT_ONCE, columns=light)

    def image_batches(self, column: str) -> Iterator[pa.Array]:
        image = self.images[column]
        own = [leaf for leaf in self._leaves if leaf.split(".")[0] == column]
        leaves = [leaf for leaf in own if leaf.endswith(".bytes")] if image.is_struct else own
        for batch in self._file.iter_batches(ROWS_AT_ONCE, columns=leaves):
            yield _bytes_of(batch.column(0), image)


class ArrowTable(Table):
    """An Arrow file, or a stream as `datasets` keeps them."""

    def __init__(self, path: SourcePath) -> None:
        with path.open() as file:
            is_file = file.read(len(ARROW_FILE)) == ARROW_FILE
        self._path = path
        self._is_file = is_file
        self.schema = self._reader().schema

    def light_batches(self) -> Iterator[pa.RecordBatch]:
        yield from self._batches()

    def image_batches(self, column: str) -> Iterator[pa.Array]:
        for batch in self._batches():
            yield _bytes_of(batch.column(column), self.images[column])

    def _batches(self) -> Iterator[pa.RecordBatch]:
        reader = self._reader()
        if self._is_file:
            yield from (reader.get_batch(i) for i in range(reader.num_record_batches))
        else:
            yield from reader

    def _reader(self) -> Any:
        file = self._path.open()
        return pa.ipc.open_file(file) if self._is_file else pa.ipc.open_stream(file)


def open_table(path: SourcePath) -> Table:
    """Opens a Parquet or Arrow file.

    Raises:
        FormatError: it is neither, or cannot be read.
    """
    try:
        return ParquetTable(path) if path.suffix == ".parquet" else ArrowTable(path)
    except (pa.ArrowException, OSError) as error:
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
            for batch in table.light_batches():
                for value in batch.to_pylist():
                    for column in table.images.values():
                        value[column.name] = self._cells(value[column.name], column, row)
                    yield row, value
                    row += 1
        except (pa.ArrowException, OSError) as error:
            raise FormatError(
                f"{self.path}: broken after {row} whole rows: {error}. Fetch the file again."
            ) from error
        finally:
            self.sha256 = file_sha256(self.path)

    def _cells(self, value: Any, column: ImageColumn, row: int) -> Any:
        """The name of an image, or of each in a list; null where there is none."""
        at = f"{self.name}{CELL}{column.name}/{row}"
        if not column.is_list:
            return None if value is None else at
        return [None if item is None else f"{at}/{k}" for k, item in enumerate(value or ())]


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
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _bytes_of(column: pa.Array, image: ImageColumn) -> pa.Array:
    """A column of bytes, or of lists of them, without the structs around them."""
    if not image.is_struct:
        return column
    if not image.is_list:
        return compute.struct_field(column, "bytes")
    values = compute.struct_field(column.values, "bytes")
    lists = pa.LargeListArray if pa.types.is_large_list(column.type) else pa.ListArray
    return lists.from_arrays(column.offsets, values)
