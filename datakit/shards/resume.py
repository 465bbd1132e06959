"""Shards that were whole when a build stopped: known by their digests, not by their names."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from datakit.io.stores import WORK, Store
from datakit.shards.index import INDEX_SCHEMA, REJECTS_SCHEMA, fill_table
from datakit.shards.tar import MEMBERS_SCHEMA
from datakit.shards.task import ShardDone, ShardTask
from datakit.shards.write_shard import ShardResult

NOTES = f"{WORK}/done"
NOTE_SUFFIX = ".json"
INDEX_SUFFIX = ".index.parquet"
REJECTS_SUFFIX = ".rejects.parquet"
MEMBERS_SUFFIX = ".members.parquet"


class FinishedShards:
    """The finished shards of one build, noted under the store's work folder."""

    def __init__(self, store: Store, digests: Mapping[str, str]) -> None:
        """Takes where they are, and the digest of each shard; see `shard_digests`."""
        self._store = store
        self._digests = digests

    def note(self, result: ShardResult, *, images_digest: str) -> None:
        """Notes a shard that was written just now; the note itself is written last.

        Args:
            images_digest: of the task that it was written by.
        """
        self._note_tables(result)
        stamp = self._store.stamp(result.done.path)
        self._note(result.done, images_digest=images_digest, stamp=stamp)

    def note_earlier(self, result: ShardResult) -> None:
        """Notes a shard of an earlier build, whose bytes and images' times are not vouched for."""
        self._note_tables(result)
        self._note(result.done, images_digest="", stamp="")

    def _note_tables(self, result: ShardResult) -> None:
        path = result.done.path
        self._write_table(path, INDEX_SUFFIX, INDEX_SCHEMA, result.rows)
        self._write_table(path, REJECTS_SUFFIX, REJECTS_SCHEMA, result.rejects)
        self._write_table(path, MEMBERS_SUFFIX, MEMBERS_SCHEMA, result.members)

    def _note(self, done: ShardDone, *, images_digest: str, stamp: str) -> None:
        fields = {
            "plan_sha256": self._digests[done.path],
            "images_digest": images_digest,
            "stamp": stamp,
            **asdict(done),
        }
        self._store.write(_note(done.path, NOTE_SUFFIX), orjson.dumps(fields))

    def find_all(self, tasks: Sequence[ShardTask], *, threads: int) -> dict[str, ShardDone]:
        """The shards that are noted and whole, by path; several are read at once."""
        noted = {name for name in self._store.names() if name.startswith(NOTES)}
        asked = [task for task in tasks if _note(task.path, NOTE_SUFFIX) in noted]
        with ThreadPoolExecutor(threads) as pool:
            found = pool.map(self.find, asked)
        return {shard.path: shard for shard in found if shard}

    def find(self, task: ShardTask) -> ShardDone | None:
        """A shard that was noted with its digest, from these images, and whose bytes are the same.

        They are read again, unless the place itself tells that nobody has written them since.
        """
        path = task.path
        try:
            fields = orjson.loads(self._store.read(_note(path, NOTE_SUFFIX)))
            same_plan = fields.pop("plan_sha256") == self._digests[path] and fields.pop(
                "images_digest"
            ) in ("", task.images_digest)
            stamp = fields.pop("stamp")
            done = ShardDone(**fields)
            whole = (
                same_plan
                and self._is_whole(done, stamp)
                and _sha256(self._store.read(f"{path}.idx")) == done.offsets_sha256
            )
            return done if whole else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def rows(self, path: str) -> pa.Table:
        """The index rows of a finished shard."""
        return self._read_table(path, INDEX_SUFFIX)

    def rejects(self, path: str) -> pa.Table:
        """The records that a finished shard rejected."""
        return self._read_table(path, REJECTS_SUFFIX)

    def members(self, path: str) -> pa.Table:
        """The members of a finished shard, as MEMBERS_SCHEMA."""
        return self._read_table(path, MEMBERS_SUFFIX)

    def _is_whole(self, done: ShardDone, stamp: str) -> bool:
        note = _note(done.path, NOTE_SUFFIX)
        untouched = self._store.is_untouched(done.path, stamp, noted_in=note)
        return untouched or self._store.sha256(done.path) == done.sha256

    def _write_table(self, path: str, suffix: str, schema: pa.Schema, table: pa.Table) -> None:
        with self._store.whole_file(_note(path, suffix)) as temporary:
            fill_table(temporary, schema, [table])

    def _read_table(self, path: str, suffix: str) -> pa.Table:
        return pq.ParquetFile(pa.BufferReader(self._store.read(_note(path, suffix)))).read()


def _note(path: str, suffix: str) -> str:
    """The name of one note of a shard, `shards/train-000003.tar` for example."""
    stem = path.rpartition("/")[2].removesuffix(".tar")
    return f"{NOTES}/{stem}{suffix}"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
