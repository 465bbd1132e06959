"""What a shard is made of: its rows of the plan and their records, all in one value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from datakit.shards.task import ShardTask
from datakit.sources.spool import Spool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFiles:
    """A plan on the disk of this machine: its table of samples, and each source's records."""

    samples: Path
    spools: Mapping[str, Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardContents:
    """All that decides a shard, but for the images' bytes; it can be sent to other machines.

    Attributes:
        samples: rows of the plan.
        records: of each source, the columns of a spool and `row`.
    """

    samples: pl.DataFrame
    records: Mapping[str, pa.Table]


class PlanReader:
    """Takes the contents of shards out of a plan, one at a time."""

    def __init__(self, files: PlanFiles) -> None:
        self._files = files
        self._names = list(files.spools)

    def contents(self, task: ShardTask) -> ShardContents:
        """What one shard is made of."""
        samples = pl.scan_ipc(self._files.samples).slice(task.start, task.samples).collect()
        wanted: dict[str, list[int]] = {}
        for planned in samples.select("source", "rows", "row_sources").iter_rows(named=True):
            for name, row in rows_of(planned, self._names):
                wanted.setdefault(name, []).append(row)
        records = {name: self._spools[name].table(rows) for name, rows in wanted.items()}
        return ShardContents(samples=samples, records=records)

    @cached_property
    def _spools(self) -> dict[str, Spool]:
        return {name: Spool(path) for name, path in self._files.spools.items()}


def rows_of(planned: Mapping[str, Any], names: Sequence[str]) -> Iterator[tuple[str, int]]:
    """The source and the row of each record of a planned sample.

    Args:
        names: of all sources, by their number.
    """
    numbers = planned["row_sources"]
    own = [planned["source"]] * len(planned["rows"])
    sources = own if numbers is None else [names[number] for number in numbers]
    return zip(sources, planned["rows"], strict=True)
