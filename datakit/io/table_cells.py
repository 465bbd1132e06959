"""Images that are cells of Parquet and Arrow files: how large they are, and their bytes."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
from pyarrow import compute

from datakit.errors import FormatError
from datakit.io.tables import CELL, SUFFIXES, UNREADABLE, open_table
from datakit.io.trees import SourcePath

Place = tuple[int, int]  # row and place in its list

INNER = re.compile(r"(?P<column>[^/]+)/(?P<row>[0-9]{1,18})(?:/(?P<index>[0-9]{1,9}))?")


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """Where a cell is: file, column, row, and place in the row's list (0 where it is no list)."""

    file: str
    column: str
    row: int
    index: int = 0


def parse_cell(name: str) -> Cell | None:
    """The cell that a name means; None for the name of a file."""
    file, mark, inner = name.rpartition(CELL)
    found = INNER.fullmatch(inner) if mark and file.endswith(SUFFIXES) else None
    if found is None:
        return None
    return Cell(file, unquote(found["column"]), int(found["row"]), int(found["index"] or 0))


class CellColumn:
    """The images of one column of one file; sizes are read once, and take 4 bytes an image.

    Raises:
        FormatError: there is no such column of images, or the file cannot be read.
    """

    def __init__(self, path: SourcePath, column: str) -> None:
        self._path = path
        self._column = column
        self._starts, self._sizes = self._measure()

    def size(self, row: int, index: int) -> int | None:
        """Bytes of an image; None where there is none."""
        if row + 1 >= len(self._starts):
            return None
        at = int(self._starts[row]) + index
        size = int(self._sizes[at]) if at < self._starts[row + 1] else -1
        return size if size >= 0 else None

    def read(self, places: Iterable[Place]) -> Iterator[tuple[Place, bytes]]:
        """The bytes of some images that are there, in the file's order; it is read once."""
        wanted: dict[int, set[int]] = {}
        for row, index in places:
            wanted.setdefault(row, set()).add(index)
        rows = sorted(wanted)
        for start, batch in self._batches(rows):
            end = start + len(batch)
            for row in rows[bisect_left(rows, start) : bisect_left(rows, end)]:
                for index in sorted(wanted[row]):
                    yield (row, index), _item(batch, row - start, index)
            if end > rows[-1]:
                return

    def _measure(self) -> tuple[np.ndarray, np.ndarray]:
        """Where each row's images start among all, and the size of each; -1 where it is null."""
        counts, sizes = [np.zeros(1, np.int64)], []
        for _, batch in self._batches():
            is_list = not _is_flat(batch)
            flat = compute.list_flatten(batch) if is_list else batch
            own = compute.list_value_length(batch) if is_list else None
            lengths = compute.fill_null(compute.binary_length(flat), -1)
            sizes.append(lengths.to_numpy(zero_copy_only=False).astype(np.int32))
            ones = np.ones(len(batch), np.int64)
            filled = ones if own is None else compute.fill_null(own, 0).to_numpy(False)
            counts.append(filled.astype(np.int64))
        return np.cumsum(np.concatenate(counts)), np.concatenate([np.zeros(0, np.int32), *sizes])

    def _batches(self, rows: Sequence[int] | None = None) -> Iterator[tuple[int, pa.Array]]:
        table = open_table(self._path)
        if self._column not in table.images:
            raise FormatError(
                f"{self._path}: no column of images {self._column!r}; found "
                f"{', '.join(table.images) or 'none'}."
            )
        try:
            yield from table.image_batches(self._column, rows)
        except UNREADABLE as error:
            raise FormatError(f"{self._path}: cannot be read: {error}.") from error


def _is_flat(batch: pa.Array) -> bool:
    return not (pa.types.is_list(batch.type) or pa.types.is_large_list(batch.type))


def _item(batch: pa.Array, row: int, index: int) -> bytes:
    value = batch[row] if _is_flat(batch) else batch[row].values[index]
    data: bytes = value.as_py()
    return data
