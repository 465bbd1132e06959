"""Records on disk between reading and writing: one memory-mapped Arrow file a source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import compute, ipc

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
        ("first_row", pa.uint32()),
        ("payload", pa.binary()),
    ]
)

LIGHT_SCHEMA = SCHEMA.remove(SCHEMA.get_field_index("payload")).append(
    pa.field("payload_bytes", pa.int32())
)


def payload_kind(payload: Payload) -> str:
    """The name of a payload's type: `question`, `choice`, `conversation`, …"""
    return type(payload).__name__.lower()


class SpoolWriter:
    """Appends records to an Arrow file, a batch at a time."""

    def __init__(self, path: Path) -> None:
        self._file = ipc.new_file(str(path), SCHEMA)
        self._pending: list[tuple[Any, ...]] = []
        self._first_rows: dict[tuple[str, ...], int] = {}
        self.count = 0

    def append(self, record: Record) -> None:
        """Adds one record; its row is how many came before."""
        payload = record.payload
        first_row = self._first_rows.setdefault(record.images, self.count)
        self._pending.append(
            (
                record.record_id,
                record.place,
                record.group,
                record.task,
                payload_kind(payload),
                record.images,
                first_row,
                orjson.dumps(payload),
            )
        )
        self.count += 1
        if len(self._pending) == BATCH_RECORDS:
            self._flush()

    def close(self) -> None:
        """Writes what is pending and the end of the file."""
        self._flush()
        self._file.close()

    def _flush(self) -> None:
        columns = list(zip(*self._pending, strict=True)) or [()] * len(SCHEMA)
        arrays = [pa.array(c, type=f.type) for c, f in zip(columns, SCHEMA, strict=True)]
        self._file.write_batch(pa.record_batch(arrays, schema=SCHEMA))
        self._pending.clear()


def save_spool(spool: Path, parquet: Path) -> None:
    """Copies a spool into a Parquet file, which is a tenth of its size."""
    reader = ipc.open_file(pa.memory_map(str(spool)))
    with pq.ParquetWriter(parquet, SCHEMA, compression="zstd", compression_level=1) as writer:
        for start in range(0, reader.num_record_batches, GROUP_RECORDS // BATCH_RECORDS):
            end = min(start + GROUP_RECORDS // BATCH_RECORDS, reader.num_record_batches)
            batches = [reader.get_batch(index) for index in range(start, end)]
            writer.write_table(pa.Table.from_batches(batches), row_group_size=GROUP_RECORDS)


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
        self._reader = ipc.open_file(pa.memory_map(str(path)))

    def light_columns(self) -> pl.DataFrame:
        """A row a record: everything but the payloads, with `row` and `payload_bytes`."""
        batches = [_light(self._batch(index)) for index in range(self._batches)]
        frame = pl.from_arrow(pa.Table.from_batches(batches, schema=LIGHT_SCHEMA))
        assert isinstance(frame, pl.DataFrame)
        return frame.with_row_index("row")

    def payloads(self) -> Iterator[tuple[str, bytes]]:
        """Yields task and payload of every record, in order."""
        for index in range(self._batches):
            batch = self._batch(index)
            tasks, payloads = batch.column("task"), batch.column("payload")
            yield from zip(tasks.to_pylist(), payloads.to_pylist(), strict=True)

    def take(self, rows: Sequence[int]) -> dict[int, dict[str, Any]]:
        """The records at these rows, as plain columns with `payload` parsed."""
        wanted = np.unique(np.asarray(rows, dtype=np.int64))
        found: dict[int, dict[str, Any]] = {}
        for index in np.unique(wanted // BATCH_RECORDS):
            inside = wanted[wanted // BATCH_RECORDS == index]
            part = self._batch(int(index)).take(pa.array(inside % BATCH_RECORDS)).to_pylist()
            for row, record in zip(inside.tolist(), part, strict=True):
                found[row] = {**record, "payload": orjson.loads(record["payload"])}
        return found

    @property
    def _batches(self) -> int:
        return int(self._reader.num_record_batches)

    def _batch(self, index: int) -> pa.RecordBatch:
        return self._reader.get_batch(index)


def _light(batch: pa.RecordBatch) -> pa.RecordBatch:
    columns = [batch.column(name) for name in LIGHT_SCHEMA.names[:-1]]
    sizes = compute.binary_length(batch.column("payload"))
    return pa.record_batch([*columns, sizes], schema=LIGHT_SCHEMA)
