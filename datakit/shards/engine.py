"""Who writes the shards of a build: a shard is a unit of work that needs no other."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Protocol

from datakit.errors import UsageError, nearest
from datakit.shards.contents import PlanFiles
from datakit.shards.task import ShardDone, ShardTask, WriteJob

LOCAL, RAY = "local", "ray"
ENGINES = (LOCAL, RAY)


class Engine(Protocol):
    """Writes shards, several at once."""

    @property
    def name(self) -> str:
        """One of ENGINES."""

    def expect(self, records: int) -> None:
        """Told now and then how many records a build has read: it may get ready meanwhile."""

    def close(self) -> None:
        """Ends what it started."""

    def run(
        self, job: WriteJob, plan: PlanFiles, tasks: Sequence[ShardTask], scratch: Path
    ) -> Generator[ShardDone, None, None]:
        """Yields each shard as it is done, in any order.

        Args:
            scratch: a folder of this machine, for what shards need while they are written.

        Raises:
            DataError: a shard failed, or who was to write it died.
        """


def make_engine(name: str, workers: int | None) -> Engine:
    """The engine of a name.

    Args:
        workers: shards that are written at once; where it is None, one a core.

    Raises:
        UsageError: there is no such engine, or a package that it needs is missing.
    """
    if name == LOCAL:
        from datakit.shards.local_engine import LocalEngine

        return LocalEngine(workers or os.cpu_count() or 1)
    if name == RAY:
        from datakit.shards.ray_engine import RayEngine

        return RayEngine(workers)
    raise UsageError(f"no engine {name!r}. {nearest(name, ENGINES)}")
