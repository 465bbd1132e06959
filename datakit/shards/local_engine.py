"""Runs the shards of a build in this process, or in several of this machine."""

from __future__ import annotations

import os
import pickle
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from datakit.errors import DataError
from datakit.io.processes import begin_work, no_main_module, process_context, start_server
from datakit.shards.contents import PlanFiles, PlanReader
from datakit.shards.engine import LOCAL
from datakit.shards.image_threads import image_threads
from datakit.shards.task import ShardDone, ShardTask, WriteJob
from datakit.shards.worker import Worker

JOB = "job.pickle"
MANY_RECORDS = 5_000  # are read in a tenth of a second; fewer may fill a single shard


class LocalEngine:
    """Processes of this machine, `workers` at most; one is this process itself."""

    name = LOCAL

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None
        self._has_server = False

    def expect(self, records: int) -> None:
        """See `Engine`; many records will fill many shards."""
        if records >= MANY_RECORDS and self._workers > 1 and not self._has_server:
            start_server(__name__)
            self._has_server = True

    def close(self) -> None:
        """See `Engine`; processes end after the tasks that they are at."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

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
        (scratch / JOB).write_bytes(pickle.dumps((job, plan, scratch)))
        yield from self._run_in_pool(workers, scratch / JOB, tasks)

    def _run_in_pool(
        self, workers: int, job: Path, tasks: Sequence[ShardTask]
    ) -> Iterator[ShardDone]:
        start_server(__name__)
        self._pool = ProcessPoolExecutor(
            workers,
            mp_context=process_context(),
            initializer=begin_work,
            initargs=(dict(os.environ),),
        )
        try:
            futures = _submit(self._pool, job, tasks)
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool as error:
            raise DataError(
                "a worker process died, perhaps for want of memory. Shards that were whole are "
                "kept; run the same command again, with fewer --workers."
            ) from error
        self._pool.shutdown(wait=False)  # they end while the build is described


def _submit(
    pool: ProcessPoolExecutor, job: Path, tasks: Sequence[ShardTask]
) -> list[Future[ShardDone]]:
    try:
        with no_main_module():
            return [pool.submit(_write, job, task) for task in tasks]
    except EOFError as error:  # the server of all workers died while one was waited for
        raise BrokenProcessPool from error


def _write(job: Path, task: ShardTask) -> ShardDone:
    reader, worker = _opened(job)
    return worker.write(task, reader.contents(task))


@lru_cache(maxsize=1)
def _opened(job: Path) -> tuple[PlanReader, Worker]:
    """The job of this process; what it opened for one shard, archives above all, stays open."""
    written, plan, scratch = pickle.loads(job.read_bytes())
    return PlanReader(plan), Worker(written, scratch)
