"""`.nv-meta/`: what lets megatron-energon open a build with no `prepare`."""

from __future__ import annotations

import errno
import json
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from datakit.io.atomic import write_whole
from datakit.io.plain_table import table_of_rows
from datakit.shards.manifest import ShardEntry
from datakit.shards.tar import BLOCK_BYTES, MEMBERS_SCHEMA

FOLDER = ".nv-meta"
SAMPLE_INDEX = f"{FOLDER}/index.sqlite"
ENERGON_VERSION = "7.4.0"
TABLES = """
CREATE TABLE samples (tar_file_id INTEGER, sample_key TEXT UNIQUE, sample_index INTEGER,
    byte_offset INTEGER, byte_size INTEGER);
CREATE TABLE sample_parts (tar_file_id INTEGER, sample_index INTEGER, part_name TEXT,
    content_byte_offset INTEGER, content_byte_size INTEGER);
"""
INDEXES = """
CREATE INDEX idx_samples_sample_key ON samples(sample_key);
CREATE INDEX idx_samples_by_tar_and_idx ON samples(tar_file_id, sample_index);
CREATE INDEX idx_sample_parts_seq
    ON sample_parts(tar_file_id, sample_index, content_byte_offset);
"""
DISK_ERRORS = {sqlite3.SQLITE_FULL: errno.ENOSPC, sqlite3.SQLITE_IOERR: errno.EIO}
DATASET = "__module__: megatron.energon\n__class__: CrudeWebdataset\n"


def write_energon_files(out: Path, shards: Sequence[ShardEntry], fingerprint: str) -> list[Path]:
    """Writes `.nv-meta/`, in which SAMPLE_INDEX is already, and returns its files."""
    folder = out / FOLDER
    counts = {
        "energon_version": ENERGON_VERSION,
        "shard_counts": {s.path: s.samples for s in shards},
    }
    write_whole(folder / ".info.json", json.dumps(counts, indent=2).encode() + b"\n")
    write_whole(folder / "dataset.yaml", DATASET.encode())
    write_whole(folder / "split.yaml", _splits(shards).encode())
    # Energon compares this with its caches; it must change with the content and only with it.
    write_whole(folder / "index.uuid", str(uuid.UUID(fingerprint[:32])).encode())
    return sorted(path for path in folder.iterdir() if path.is_file())


def _splits(shards: Sequence[ShardEntry]) -> str:
    lines = ["split_parts:"]
    for split in ("train", "val", "test"):
        paths = [shard.path for shard in shards if shard.split == split]
        lines.append(f"  {split}:{'' if paths else ' []'}")
        lines += [f"  - {path}" for path in paths]
    return "\n".join([*lines, "exclude: []", ""])


class SampleIndex:
    """Writes an `index.sqlite`, in which energon finds samples by key; shards come in order."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        with _as_system_error():
            self._connection = sqlite3.connect(path)
            self._connection.executescript(
                f"PRAGMA journal_mode = OFF; PRAGMA page_size = 4096; {TABLES}"
            )

    def add(self, file_id: int, members: pa.Table) -> None:
        """Adds the samples of one shard.

        Args:
            file_id: the shard's place among all, from 0.
            members: MEMBERS_SCHEMA, of its tar.

        Raises:
            OSError: the disk is full, or fails.
        """
        with _as_system_error():
            _index_shard(self._connection, file_id, members)

    def finish(self) -> None:
        """Indexes all samples, after the last of them."""
        with _as_system_error():
            self._connection.executescript(INDEXES)
            self._connection.commit()

    def close(self) -> None:
        """Closes the file, however far it is."""
        self._connection.close()


@contextmanager
def _as_system_error() -> Iterator[None]:
    """Has SQLite say of a disk what the system says of it elsewhere."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if (kind := DISK_ERRORS.get(error.sqlite_errorcode & 0xFF)) is None:
            raise
        raise OSError(kind, str(error), SAMPLE_INDEX) from error


def read_members_index(index: bytes, num_shards: int) -> list[pa.Table]:
    """The members of each shard, as MEMBERS_SCHEMA, in an `index.sqlite` of ours."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(index)
        rows = connection.execute(
            "SELECT tar_file_id, sample_key || '.' || part_name, content_byte_offset,"
            " content_byte_size FROM samples JOIN sample_parts USING (tar_file_id, sample_index)"
            " ORDER BY tar_file_id, content_byte_offset"
        )
        by_shard: list[list[dict[str, Any]]] = [[] for _ in range(num_shards)]
        for number, *member in rows:
            by_shard[number].append(dict(zip(MEMBERS_SCHEMA.names, member, strict=True)))
    finally:
        connection.close()
    return [table_of_rows(members, MEMBERS_SCHEMA) for members in by_shard]


def _index_shard(connection: sqlite3.Connection, file_id: int, members: pa.Table) -> None:
    samples: list[tuple[int, str, int, int, int]] = []
    parts: list[tuple[int, int, str, int, int]] = []
    key, start, end = "", 0, 0
    columns = members.to_pydict()
    for name, content, size in zip(*columns.values(), strict=True):
        found, _, part = name.partition(".")
        if found != key:
            if key:
                samples.append((file_id, key, len(samples), start, end - start))
            key, start = found, content - BLOCK_BYTES
        parts.append((file_id, len(samples), part, content, size))
        end = content + size + -size % BLOCK_BYTES
    if key:
        samples.append((file_id, key, len(samples), start, end - start))
    connection.executemany("INSERT INTO samples VALUES (?, ?, ?, ?, ?)", samples)
    connection.executemany("INSERT INTO sample_parts VALUES (?, ?, ?, ?, ?)", parts)
