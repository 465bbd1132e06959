"""`build.log.jsonl`: times and rates, the one file that differs between equal builds."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import orjson

from datakit.shards.task import ShardDone


class BuildLog:
    """Appends one JSON object a line; an interrupted build's lines stay."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, event: str, **fields: str | int | float) -> None:
        """Appends one event with the current time (UTC)."""
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        with self._path.open("ab") as file:
            file.write(orjson.dumps({"time": time, "event": event, **fields}) + b"\n")

    def shard(self, shard: ShardDone) -> None:
        """Appends a finished shard with its rates."""
        seconds = max(shard.seconds, 1e-9)
        self.write(
            "shard",
            path=shard.path,
            samples=shard.samples,
            bytes=shard.bytes,
            seconds=round(shard.seconds, 3),
            samples_per_s=round(shard.samples / seconds, 1),
            megabytes_per_s=round(shard.bytes / seconds / 1e6, 1),
        )
