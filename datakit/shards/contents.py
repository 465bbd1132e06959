"""What a shard is made of: its rows of the plan and their records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from datakit.io.plain_table import plain_array
from datakit.shards.task import ShardTask
from datakit.sources.spool import Spool, parse_records

RECORD_COLUMNS = ("record_id", "place", "payload")

Records = dict[str, dict[int, dict[str, Any]]]  # by source and row, as `Spool.take` gives them


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFiles:
    """A plan on the disk of this machine: its table of samples, and each source's records."""

    samples: Path
    spools: Mapping[str, Path]


class ShardContents(Protocol):
    """All that decides a shard, but for the images' bytes.

    Attributes:
        samples: rows of the plan.
    """

    @property
    def samples(self) -> pl.DataFrame: ...

    def records(self, samples: pl.DataFrame) -> Records:
        """The records of some of the samples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentContents:
    """Contents that can be sent to other machines, records among them.

    Attributes:
        names: of all sources, by their number.
        tables: of each source, the columns of a spool and `row`.
    """

    samples: pl.DataFrame
    names: Sequence[str]
    tables: Mapping[str, pa.Table]

    def records(self, samples: pl.DataFrame) -> Records:
        """See `ShardContents`."""
        found = {}
        for name, rows in wanted_rows(samples, self.names).items():
            table = self.tables[name]
            own = pc.is_in(table["row"], plain_array(rows, pl.Int64))
            found[name] = parse_records(table.filter(own), RECORD_COLUMNS)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedContents:
    """Contents that are read from a plan on the disk when they are asked for."""

    samples: pl.DataFrame
    names: Sequence[str]
    spools: Mapping[str, Spool]

    def records(self, samples: pl.DataFrame) -> Records:
        """See `ShardContents`."""
        wanted = wanted_rows(samples, self.names)
        spools = self.spools
        return {name: spools[name].take(rows, RECORD_COLUMNS) for name, rows in wanted.items()}

    def to_send(self) -> SentContents:
        """The same, read at once."""
        wanted = wanted_rows(self.samples, self.names)
        tables = {name: self.spools[name].table(rows) for name, rows in wanted.items()}
        return SentContents(samples=self.samples, names=self.names, tables=tables)


class PlanReader:
    """Takes the contents of shards out of a plan, one at a time."""

    def __init__(self, files: PlanFiles) -> None:
        self._files = files
        self._names = list(files.spools)

    def contents(self, task: ShardTask) -> PlannedContents:
        """What one shard is made of."""
        samples = pl.scan_ipc(self._files.samples).slice(task.start, task.samples).collect()
        return PlannedContents(samples=samples, names=self._names, spools=self._spools)

    @cached_property
    def _spools(self) -> dict[str, Spool]:
        return {name: Spool(path) for name, path in self._files.spools.items()}


def wanted_rows(samples: pl.DataFrame, names: Sequence[str]) -> dict[str, list[int]]:
    """The rows of each source that samples are made of."""
    wanted: dict[str, list[int]] = {}
    for planned in samples.select("source", "rows", "row_sources").iter_rows(named=True):
        for name, row in rows_of(planned, names):
            wanted.setdefault(name, []).append(row)
    return wanted


def rows_of(planned: Mapping[str, Any], names: Sequence[str]) -> Iterator[tuple[str, int]]:
    """The source and the row of each record of a planned sample.

    Args:
        names: of all sources, by their number.
    """
    numbers = planned["row_sources"]
    own = [planned["source"]] * len(planned["rows"])
    sources = own if numbers is None else [names[number] for number in numbers]
    return zip(sources, planned["rows"], strict=True)
