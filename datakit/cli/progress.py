"""What a long verb says while it works: a bar on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from datakit.console import counted, shows_blocks

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from datakit.planning import Plan
    from datakit.shards.build import Progress
    from datakit.shards.task import ShardDone

FIRST_LINES_S, LAST_LINES_S = 10.0, 60.0  # between two lines of a log, at first and after an hour


class BuildDisplay:
    """Follows one build, plan or comparison on stderr."""

    def __init__(self) -> None:
        self._console = _terminal()
        self._live: RichProgress | None = None
        self._task: TaskID
        self._sources = 0
        self._lines = _Intervals()
        self._writing = _Rates()

    def __enter__(self) -> BuildDisplay:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def progress(self) -> Progress:
        """The callbacks to give to the work."""
        from datakit.shards.build import Progress

        return Progress(
            on_source=self._source,
            on_records=self._records,
            on_cached=self._cached,
            on_plan=self._plan,
            on_shard=self._shard,
        )

    def compared(self, done: int, total: int) -> None:
        """Tells how many samples' texts are compared."""
        self._now(f"comparing texts: {done:,} of {counted(total, 'sample')}")

    def close(self) -> None:
        """Ends what moves, and leaves the terminal as it was."""
        if self._live:
            self._live.stop()
            self._live = None

    def say(self, text: str) -> None:
        """Prints one line, above what moves."""
        with suppress(BrokenPipeError):  # whoever read along has left; the work goes on
            if self._live:
                self._live.console.print(text, markup=False, highlight=False, soft_wrap=True)
                return
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()

    def _source(self, name: str) -> None:
        self._sources += 1
        if self._console:
            self._now(f"reading {name}, source {self._sources:,}")
        else:
            self._lines.restart()
            self.say(f"reading {name}")

    def _records(self, name: str, records: int) -> None:
        if records:
            so_far = f"reading {name}: {counted(records, 'record')} so far"
            self._now(f"{so_far}, source {self._sources:,}" if self._console else so_far)

    def _cached(self, name: str, records: int) -> None:
        self.say(f"{name}: {counted(records, 'record')} from the cache")

    def _now(self, text: str) -> None:
        """What is going on: a line that changes, or now and then one in a log."""
        if self._console is None:
            if self._lines.due():
                self.say(text)
            return
        if self._live is None:
            self._live = _make_spinner(self._console)
            self._task = self._live.add_task(text, total=None)
            self._live.start()
        self._live.update(self._task, description=text)

    def _plan(self, plan: Plan) -> None:
        self.close()
        samples = counted(len(plan.samples), "sample")
        self.say(f"writing {samples} in {counted(plan.num_shards, 'shard')}")
        self._lines.restart()
        self._writing = _Rates()
        if self._console:
            self._live = _make_bar(self._console)
            self._task = self._live.add_task("shards", total=plan.num_shards, rates="")
            self._live.start()

    def _shard(self, shard: ShardDone, done: int, total: int) -> None:
        rates = self._writing.after(shard, total - done)
        if self._live:
            self._live.update(self._task, completed=done, rates=rates)
        elif done == total or self._lines.due():
            self.say(f"{done:,} of {counted(total, 'shard')}, {rates}")


class _Intervals:
    """When the next line of a log is due: often at first, then seldom."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self._started = self._last = time.monotonic()

    def due(self) -> bool:
        now = time.monotonic()
        wait = min(max(FIRST_LINES_S, (now - self._started) / 60), LAST_LINES_S)
        if now - self._last < wait:
            return False
        self._last = now
        return True


class _Rates:
    """Samples and bytes a second since the writing began, and the time left at that rate."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._shards = self._samples = self._bytes = 0

    def after(self, shard: ShardDone, missing_shards: int) -> str:
        """The rates, one more shard being whole."""
        self._shards += 1
        self._samples += shard.samples
        self._bytes += shard.bytes
        seconds = max(time.monotonic() - self._started, 1e-9)
        megabytes = self._bytes / seconds / 1e6
        speed = f"{megabytes:,.0f} MB/s" if megabytes >= 10 else f"{megabytes:.1f} MB/s"
        rates = f"{self._samples / seconds:,.0f} samples/s, {speed}"
        left = duration_text(seconds / self._shards * missing_shards)
        return (
            f"{rates}, {left} left" if missing_shards else f"{rates}, in {duration_text(seconds)}"
        )


def duration_text(seconds: float) -> str:
    """`42 s`, `3 min 05 s`, `2 h 07 min`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_rest = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes_rest:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _terminal() -> Console | None:
    """The terminal that stderr is; None for a log, or a terminal that cannot go back in a line."""
    if not sys.stderr.isatty():
        return None
    from rich.console import Console

    console = Console(stderr=True)
    return None if console.is_dumb_terminal else console


def _make_spinner(console: Console) -> RichProgress:
    from rich.progress import Progress, SpinnerColumn, TextColumn

    spinner = SpinnerColumn("dots" if shows_blocks(sys.stderr) else "line")
    text = TextColumn("{task.description}", markup=False)
    return Progress(spinner, text, console=console, transient=True)


def _make_bar(console: Console) -> RichProgress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rates]}"),
        console=console,
    )
