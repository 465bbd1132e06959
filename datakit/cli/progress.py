"""What a build says while it works: a bar on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from datakit.console import counted

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

    from datakit.planning import Plan
    from datakit.shards.build import Progress
    from datakit.shards.task import ShardDone

LINE_SECONDS = 5.0


class BuildDisplay:
    """Follows one build on stderr."""

    def __init__(self) -> None:
        self._bar: RichProgress | None = None
        self._task = 0
        self._started = self._last_line = time.monotonic()
        self._samples = self._bytes = 0

    def __enter__(self) -> BuildDisplay:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def progress(self) -> Progress:
        """The callbacks to give to the build."""
        from datakit.shards.build import Progress

        return Progress(
            on_source=self._source,
            on_cached=self._cached,
            on_plan=self._plan,
            on_shard=self._shard,
        )

    def close(self) -> None:
        """Ends the bar, where there is one."""
        if self._bar:
            self._bar.stop()

    def _source(self, name: str) -> None:
        self.say(f"reading {name}")

    def _cached(self, name: str, records: int) -> None:
        self.say(f"{name}: {counted(records, 'record')} from the cache")

    def _plan(self, plan: Plan) -> None:
        self.say(
            f"writing {counted(len(plan.samples), 'sample')} in {counted(plan.num_shards, 'shard')}"
        )
        self._started = time.monotonic()
        if sys.stderr.isatty():
            self._bar = _make_bar()
            self._task = self._bar.add_task("shards", total=plan.num_shards, rates="")
            self._bar.start()

    def _shard(self, shard: ShardDone, done: int, total: int) -> None:
        self._samples += shard.samples
        self._bytes += shard.bytes
        seconds = max(time.monotonic() - self._started, 1e-9)
        rates = f"{self._samples / seconds:,.0f} samples/s, {self._bytes / seconds / 1e6:,.0f} MB/s"
        if self._bar:
            self._bar.update(self._task, completed=done, rates=rates)  # type: ignore[arg-type]
        elif done == total or time.monotonic() - self._last_line > LINE_SECONDS:
            self._last_line = time.monotonic()
            self.say(f"{done:,} of {total:,} shards, {rates}")

    def say(self, text: str) -> None:
        """Prints one line."""
        with suppress(BrokenPipeError):  # whoever read along has left; the work goes on
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()


def _make_bar() -> RichProgress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rates]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
