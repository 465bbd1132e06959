"""Shards that were whole when a build stopped: known by their digests, not by their names."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from datakit.io.atomic import write_whole
from datakit.io.digest import file_sha256
from datakit.shards.index import INDEX_SCHEMA, REJECTS_SCHEMA, write_table
from datakit.shards.task import ShardDone, WriteJob
from datakit.shards.write_shard import ShardResult

INDEX_SUFFIX = ".index.parquet"
REJECTS_SUFFIX = ".rejects.parquet"


class FinishedShards:
    """The finished shards of one build, noted under its work folder."""

    def __init__(self, job: WriteJob) -> None:
        self._out = job.out
        self._folder = job.work / "done"
        self._digests = job.digests

    def note(self, result: ShardResult) -> None:
        """Notes a shard as finished; the note itself is written last."""
        stem = self._stem(result.done.path)
        write_table(stem.with_suffix(INDEX_SUFFIX), INDEX_SCHEMA, [result.rows])
        write_table(stem.with_suffix(REJECTS_SUFFIX), REJECTS_SCHEMA, [result.rejects])
        fields = {"plan_sha256": self._digests[result.done.path], **asdict(result.done)}
        write_whole(stem.with_suffix(".json"), orjson.dumps(fields))

    def find(self, path: str) -> ShardDone | None:
        """A shard that was noted with this digest and whose bytes are still the same."""
        try:
            fields = orjson.loads(self._stem(path).with_suffix(".json").read_bytes())
            same_plan = fields.pop("plan_sha256") == self._digests[path]
            done = ShardDone(**fields)
            whole = same_plan and file_sha256(self._out / path) == done.sha256
            return done if whole and (self._out / f"{path}.idx").is_file() else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def rows(self, path: str) -> pa.Table:
        """The index rows of a finished shard."""
        return pq.read_table(self._stem(path).with_suffix(INDEX_SUFFIX))

    def rejects(self, path: str) -> pa.Table:
        """The records that a finished shard rejected."""
        return pq.read_table(self._stem(path).with_suffix(REJECTS_SUFFIX))

    def _stem(self, path: str) -> Path:
        return self._folder / Path(path).name
