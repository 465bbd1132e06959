"""What finished shards say of themselves, gathered in their order while others are written."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Container, Sequence
from contextlib import ExitStack
from pathlib import Path

from datakit.io.atomic import whole_file
from datakit.shards.energon import SAMPLE_INDEX, SampleIndex
from datakit.shards.index import INDEX, INDEX_SCHEMA, append_rows, table_writer
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
        self._paths = paths
        self._finished = finished
        self._waiting = deque(enumerate(paths))
        self._growing = {name: folder / Path(name).name for name in (INDEX, SAMPLE_INDEX)}
        self._files = ExitStack()
        self._index = table_writer(self._growing[INDEX], INDEX_SCHEMA)
        self._files.callback(self._index.close)
        self._samples = SampleIndex(self._growing[SAMPLE_INDEX])
        self._files.callback(self._samples.close)
        self._tally, self._recount = Tally(), Tally()
        self.member_names: set[str] = set()

    def take(self, done: Container[str]) -> None:
        """Gathers the shards that are done and next in order."""
        while self._waiting and self._waiting[0][1] in done:
            self._add(*self._waiting.popleft())

    def put(self, out: Path) -> None:
        """Moves both indexes to their places in `out`, each whole or not at all."""
        assert not self._waiting, "shards are missing"
        self._samples.finish()
        self.close()
        for name, grown in self._growing.items():
            (out / name).parent.mkdir(exist_ok=True)
            with whole_file(out / name) as temporary:
                shutil.move(grown, temporary)

    def counts(self) -> Tally:
        """Counts of all samples; what a shard rejected another may have used."""
        if not self._recount.faulty:
            return self._tally
        for path in self._paths:
            self._recount.index(self._finished.rows(path))
        return self._recount

    def close(self) -> None:
        """Closes both indexes, however far they are."""
        self._files.close()

    def _add(self, number: int, path: str) -> None:
        rows, members = self._finished.rows(path), self._finished.members(path)
        append_rows(self._index, rows)
        self._samples.add(number, members)
        self._tally.index(rows)
        self._recount.note_faulty(self._finished.rejects(path))
        names = members["name"].to_pylist()
        self.member_names.update(name.partition(".")[2] for name in names)
