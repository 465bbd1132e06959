"""Writes shards and notes them as finished, in whatever process or machine it is used."""

from __future__ import annotations

from pathlib import Path

from datakit.io.collector import seldom_collected
from datakit.shards.contents import ShardContents
from datakit.shards.resume import FinishedShards
from datakit.shards.task import ShardDone, ShardTask, WriteJob
from datakit.shards.write_shard import ShardWriter


class Worker:
    """Writes shards of one build.

    Args:
        scratch: a folder of this machine, for what one shard needs while it is written.
    """

    def __init__(self, job: WriteJob, scratch: Path) -> None:
        self._writer = ShardWriter(job, scratch)
        self._finished = FinishedShards(job.store, job.digests)

    def write(self, task: ShardTask, contents: ShardContents) -> ShardDone:
        """Writes one shard; what it returns is in the store, and noted there."""
        with seldom_collected():
            result = self._writer.write(task, contents)
        self._finished.note(result, images_digest=task.images_digest)
        return result.done
