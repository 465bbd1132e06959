"""Runs the shards of a build in this process, or in several of this machine."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import sys
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import ModuleType

from datakit.errors import DataError
from datakit.io.worker_start import start_worker
from datakit.shards.contents import PlanFiles, PlanReader
from datakit.shards.engine import LOCAL
from datakit.shards.image_threads import image_threads
from datakit.shards.task import ShardDone, ShardTask, WriteJob
from datakit.shards.worker import Worker

JOB = "job.pickle"
MANY_RECORDS = 20_000  # are read in a second, which starting processes takes too


class LocalEngine:
    """Processes of this machine, `workers` at most; one is this process itself."""

    name = LOCAL

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool: _Pool | None = None

    def expect(self, records: int) -> None:
        """See `Engine`; many records will fill many shards, and processes take time to start."""
        if records >= MANY_RECORDS and self._workers > 1 and self._pool is None:
            self._pool = _Pool(self._workers)

    def close(self) -> None:
        """See `Engine`."""
        if self._pool is not None:
            self._pool.close()

    def run(
        self, job: WriteJob, plan: PlanFiles, tasks: Sequence[ShardTask], scratch: Path
    ) -> Generator[ShardDone, None, None]:
        """See `Engine`."""
        job = replace(job, image_threads=image_threads(job.images, self._workers, len(tasks)))
        workers = min(self._workers, len(tasks))
        if workers <= 1:
            reader, worker = PlanReader(plan), Worker(job, scratch)
            for task in tasks:
                yield worker.write(task, reader.contents(task))
            return
        self._pool = self._pool or _Pool(workers)
        (scratch / JOB).write_bytes(pickle.dumps((job, plan, scratch)))
        yield from self._pool.write(scratch / JOB, tasks)


class _Pool:
    """Processes that start at once; all but one core's import datakit before there are tasks.

    That core is left to this process, which reads records meanwhile.
    """

    def __init__(self, workers: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._workers = workers
        self._turns = context.Semaphore(max(1, (os.cpu_count() or 1) - 1))
        self._pool = ProcessPoolExecutor(
            workers, mp_context=context, initializer=start_worker, initargs=(__name__, self._turns)
        )
        with _no_main_module():
            for _ in range(workers):  # each starts a process, as none is idle yet
                self._pool.submit(_do_nothing)

    def write(self, job: Path, tasks: Sequence[ShardTask]) -> Iterator[ShardDone]:
        """Yields each shard that is done."""
        for _ in range(self._workers):
            self._turns.release()
        try:
            with _no_main_module():
                futures = [self._pool.submit(_write, job, task) for task in tasks]
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool as error:
            raise DataError(
                "a worker process died, perhaps for want of memory. Shards that were whole are "
                "kept; run the same command again, with fewer --workers."
            ) from error
        self._pool.shutdown(wait=False)  # they end while the build is described

    def close(self) -> None:
        """Ends the processes, after the tasks that they are at."""
        self._pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _no_main_module() -> Iterator[None]:
    """Hides the user's script while the workers start.

    They need none of it, and importing it again would run it again wherever it has no
    `if __name__ == "__main__"`.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _do_nothing() -> None:
    pass


def _write(job: Path, task: ShardTask) -> ShardDone:
    reader, worker = _opened(job)
    return worker.write(task, reader.contents(task))


@lru_cache(maxsize=1)
def _opened(job: Path) -> tuple[PlanReader, Worker]:
    """The job of this process; what it opened for one shard, archives above all, stays open."""
    written, plan, scratch = pickle.loads(job.read_bytes())
    return PlanReader(plan), Worker(written, scratch)
