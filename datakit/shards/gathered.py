"""What finished shards say of themselves, gathered in their order while others are written."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Container, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import pyarrow.parquet as pq

from datakit.io.atomic import whole_file
from datakit.shards import energon
from datakit.shards.index import INDEX, INDEX_SCHEMA, table_writer
from datakit.shards.resume import FinishedShards
from datakit.shards.tally import Tally


class GatheredShards:
    """The index of a build, energon's, and its counts, as far as its shards are finished.

    Args:
        folder: of this machine, where both indexes grow.
        paths: of all shards, in order.
        finished: the notes of those that are finished.
    """

    def __init__(self, folder: Path, paths: Sequence[str], finished: FinishedShards) -> None:
        self._folder = folder
        self._paths = paths
        self._finished = finished
        self._waiting = deque(enumerate(paths))
        self._files = ExitStack()
        self._index: pq.ParquetWriter = self._files.enter_context(
            table_writer(folder / INDEX, INDEX_SCHEMA)
        )
        self._samples = self._files.enter_context(
            energon.SampleIndex(folder / Path(energon.INDEX).name)
        )
        self._tally = Tally()
        self.member_names: set[str] = set()

    def take(self, done: Container[str]) -> None:
        """Gathers the shards that are done and next in order."""
        while self._waiting and self._waiting[0][1] in done:
            self._add(*self._waiting.popleft())

    def put(self, out: Path) -> None:
        """Moves both indexes to their places in `out`, each whole or not at all."""
        assert not self._waiting, "shards are missing"
        self._samples.finish()
        self._files.close()
        for name in (INDEX, energon.INDEX):
            (out / name).parent.mkdir(exist_ok=True)
            with whole_file(out / name) as temporary:
                shutil.move(self._folder / Path(name).name, temporary)

    def counts(self) -> Tally:
        """Counts of all samples; what a shard rejected another may have used."""
        faulty = Tally()
        for path in self._paths:
            faulty.note_faulty(self._finished.rejects(path))
        if not faulty.faulty:
            return self._tally
        for path in self._paths:
            faulty.index(self._finished.rows(path))
        return faulty

    def __enter__(self) -> GatheredShards:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._files.close()

    def _add(self, number: int, path: str) -> None:
        rows, members = self._finished.rows(path), self._finished.members(path)
        if rows.num_rows:
            self._index.write_table(rows.cast(INDEX_SCHEMA))
        self._tally.index(rows)
        self._samples.add(number, members)
        names = members["name"].to_pylist()
        self.member_names.update(name.partition(".")[2] for name in names)
