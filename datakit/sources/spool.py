"""Records on disk between reading and writing: one Arrow file a source.

`first_row` is the row of the first record with the same images: a number that stands for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, islice
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyarrow import compute, ipc

from datakit.io.plain_table import frame_of, list_array, plain_array
from datakit.record import Payload, Record

BATCH_RECORDS = 4096
GROUP_RECORDS = 32 * BATCH_RECORDS
SCHEMA = pa.schema(
    [
        ("record_id", pa.string()),
        ("place", pa.string()),
        ("group", pa.string()),
        ("task", pa.string()),
        ("kind", pa.string()),
        ("images", pa.list_(pa.string())),
        ("first_row", pa.int64()),
        ("payload", pa.binary()),
    ]
)
TEXTS = ("record_id", "place", "group", "task")  # attributes of a record
NUMBERS = pa.schema(
    [("first_row", pa.uint32()), ("num_images", pa.uint16()), ("payload_bytes", pa.int32())]
)


OnPayloads = Callable[[bytes, list[int]], None]


def payload_kind(payload: Payload) -> str:
    """The name of a payload's type: `question`, `choice`, `conversation`, …"""
    return type(payload).__name__.lower()


class SpoolWriter:
    """Appends records to an Arrow file, a batch at a time.

    Args:
        on_payloads: gets the payloads of each batch, one behind the other, and where each ends.
    """

    def __init__(self, path: Path, on_payloads: OnPayloads | None = None) -> None:
        self.path = path
        self._on_payloads = on_payloads
        self._file = ipc.new_file(str(path), SCHEMA)
        self._first_rows: dict[tuple[str, ...], int] = {}
        self._pending = _Pending()
        self.count = 0

    def append(self, record: Record, dump: bytes | None = None) -> None:
        """Adds one record; its row is how many came before.

        Args:
            dump: its payload as JSON, where that is known already.
        """
        first_row = self._first_rows.setdefault(record.images, self.count)
        self._pending.append(record, first_row, dump or orjson.dumps(record.payload))
        self.count += 1
        if self.count % BATCH_RECORDS == 0:
            self._flush()

    def close(self) -> None:
        """Writes what is pending and the end of the file."""
        self._flush()
        self._file.close()

    def _flush(self) -> None:
        payloads, ends = self._pending.payloads()
        if self._on_payloads:
            self._on_payloads(payloads, ends)
        self._file.write_batch(self._pending.batch(payloads, ends))
        self._pending = _Pending()


class _Pending:
    """Records to be written."""

    def __init__(self) -> None:
        self._records: list[Record] = []
        self._first_rows: list[int] = []
        self._payloads: list[bytes] = []

    def append(self, record: Record, first_row: int, payload: bytes) -> None:
        self._records.append(record)
        self._first_rows.append(first_row)
        self._payloads.append(payload)

    def payloads(self) -> tuple[bytes, list[int]]:
        """All payloads, one behind the other, and where each ends."""
        return b"".join(self._payloads), [*accumulate(map(len, self._payloads))]

    def batch(self, payloads: bytes, ends: list[int]) -> pa.RecordBatch:
        """As one batch of SCHEMA, with what `payloads` gave."""
        records = self._records
        offsets = plain_array([0, *ends], pl.Int32).buffers()[1]
        columns = {
            name: plain_array([*map(attrgetter(name), records)], pl.String) for name in TEXTS
        }
        columns["kind"] = plain_array([payload_kind(r.payload) for r in records], pl.String)
        columns["images"] = list_array([record.images for record in records], pl.String)
        columns["first_row"] = plain_array(self._first_rows, pl.Int64)
        columns["payload"] = pa.Array.from_buffers(
            pa.binary(), len(records), [None, offsets, pa.py_buffer(payloads)]
        )
        arrays = [columns[field.name].cast(field.type) for field in SCHEMA]
        return pa.record_batch(arrays, schema=SCHEMA)


def save_spool(spool: Path, parquet: Path) -> None:
    """Copies a spool into a Parquet file, which is a tenth of its size."""
    batches = read_batches(spool, SCHEMA.names)
    with pq.ParquetWriter(parquet, SCHEMA, compression="zstd", compression_level=1) as writer:
        while group := list(islice(batches, GROUP_RECORDS // BATCH_RECORDS)):
            writer.write_table(pa.Table.from_batches(group), row_group_size=GROUP_RECORDS)


def load_spool(parquet: Path, spool: Path) -> None:
    """Makes the spool again that `save_spool` copied.

    Raises:
        ValueError: it is of another version.
    """
    with pq.ParquetFile(parquet) as saved, ipc.new_file(str(spool), SCHEMA) as writer:
        if not saved.schema_arrow.equals(SCHEMA):
            raise ValueError("another schema")
        for batch in saved.iter_batches(BATCH_RECORDS):
            writer.write_batch(batch)


class Spool:
    """Reads the records of one source by their row, without loading the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._mapped = ipc.open_file(pa.memory_map(str(path)))

    def numbers(self) -> pl.DataFrame:
        """A row a record: `row`, `first_row`, `num_images` and `payload_bytes`."""
        batches = map(_numbers, read_batches(self.path, ["images", "first_row", "payload"]))
        return _frame(list(batches), NUMBERS).with_row_index("row")

    def kinds(self) -> set[tuple[str, str]]:
        """Every task with every type of payload that it has."""
        batches = read_batches(self.path, ["task", "kind"])
        return {pair for batch in batches for pair in _frame([batch], batch.schema).unique().rows()}

    def groups(self) -> pl.Series:
        """The `group` of every record."""
        batches = read_batches(self.path, ["group"])
        parts = [_frame([batch], batch.schema)["group"].cast(pl.Categorical) for batch in batches]
        return pl.concat(parts) if parts else pl.Series("group", [], pl.Categorical)

    def payloads(self) -> Iterator[list[bytes]]:
        """Yields the payloads of all records, in order, a batch at a time."""
        for batch in read_batches(self.path, ["payload"]):
            yield batch.column("payload").to_pylist()

    def texts(self, rows: pl.Series, columns: Sequence[str]) -> pl.DataFrame:
        """These columns of the records at these rows, in the order of the rows."""
        schema = pa.schema([SCHEMA.field(name) for name in columns])
        wanted, places = _distinct(rows.to_numpy())
        inside = dict(_by_batch(wanted))
        batches = zip(inside, read_batches(self.path, columns, list(inside)), strict=True)
        parts = [batch.select(list(columns)).take(_places(inside[i])) for i, batch in batches]
        found = _frame(parts, schema)
        return found if places is None else found[places]

    def take(
        self, rows: Sequence[int], columns: Sequence[str] = tuple(SCHEMA.names)
    ) -> dict[int, dict[str, Any]]:
        """The records at these rows, as plain columns with `payload` parsed."""
        return parse_records(self.table(rows), columns)

    def table(self, rows: Sequence[int]) -> pa.Table:
        """The records at these rows, each once, with a column `row`."""
        wanted = np.unique(np.asarray(rows, dtype=np.int64))
        parts = [
            self._mapped.get_batch(index).take(_places(inside))
            for index, inside in _by_batch(wanted)
        ]
        return pa.Table.from_batches(parts, schema=SCHEMA).append_column("row", _places(wanted))


def parse_records(table: pa.Table, columns: Sequence[str]) -> dict[int, dict[str, Any]]:
    """These columns of what `Spool.table` took, by row, each record with its payload parsed."""
    frame = frame_of(table.select(["row", *columns]))
    lists = {name: frame[name].to_list() for name in columns}
    if "payload" in lists:
        lists["payload"] = [orjson.loads(payload) for payload in lists["payload"]]
    records = zip(*lists.values(), strict=True)
    return {
        row: dict(zip(columns, values, strict=True))
        for row, values in zip(frame["row"].to_list(), records, strict=True)
    }


def read_batches(
    spool: Path, columns: Sequence[str], indices: Sequence[int] | None = None
) -> Iterator[pa.RecordBatch]:
    """These columns of all batches of a spool, or of those at `indices`."""
    options = ipc.IpcReadOptions(included_fields=[SCHEMA.get_field_index(c) for c in columns])
    # Read, not mapped: every page that is mapped would count as memory of this process.
    with pa.OSFile(str(spool)) as file, ipc.open_file(file, options=options) as reader:
        for index in range(reader.num_record_batches) if indices is None else indices:
            yield reader.get_batch(index)


def _distinct(
    rows: NDArray[np.integer[Any]],
) -> tuple[NDArray[np.integer[Any]], NDArray[np.intp] | None]:
    """Rows in order, each once, and where each stands in them; None where they were so already."""
    if (rows[1:] > rows[:-1]).all():
        return rows, None
    distinct, places = np.unique(rows, return_inverse=True)
    return distinct, places


def _numbers(batch: pa.RecordBatch) -> pa.RecordBatch:
    columns = [
        # Cast is copied: a column as it is would keep the whole batch in memory.
        batch.column("first_row").cast(pa.uint32()),
        compute.list_value_length(batch.column("images")).cast(pa.uint16()),
        compute.binary_length(batch.column("payload")),
    ]
    return pa.record_batch(columns, schema=NUMBERS)


def _by_batch(rows: NDArray[np.integer[Any]]) -> Iterator[tuple[int, NDArray[np.integer[Any]]]]:
    """Sorted rows as the number of a batch and the places inside it."""
    if not len(rows):
        return
    batches, starts = np.unique(rows // BATCH_RECORDS, return_index=True)
    for batch, part in zip(batches.tolist(), np.split(rows, starts[1:]), strict=True):
        yield batch, part - batch * BATCH_RECORDS


def _places(inside: NDArray[np.integer[Any]]) -> pa.Array:
    return pl.Series(inside).to_arrow()


def _frame(batches: list[pa.RecordBatch], schema: pa.Schema) -> pl.DataFrame:
    return frame_of(pa.Table.from_batches(batches, schema=schema))
