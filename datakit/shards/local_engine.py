"""Runs the shards of a build in this process, or in several of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from datakit.errors import DataError
from datakit.shards.contents import PlanFiles, PlanReader
from datakit.shards.engine import LOCAL
from datakit.shards.image_threads import image_threads
from datakit.shards.task import ShardDone, ShardTask, WriteJob
from datakit.shards.worker import Worker

_state: tuple[PlanReader, Worker]


class LocalEngine:
    """Processes of this machine, `workers` at most; one is this process itself."""

    name = LOCAL

    def __init__(self, workers: int) -> None:
        self._workers = workers

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
        yield from _in_processes(workers, (job, plan, scratch), tasks)


def _in_processes(
    workers: int, job: tuple[WriteJob, PlanFiles, Path], tasks: Sequence[ShardTask]
) -> Iterator[ShardDone]:
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start, initargs=job)
    try:
        with _no_main_module():
            futures = [pool.submit(_write, task) for task in tasks]
        for future in as_completed(futures):
            yield future.result()
    except BrokenProcessPool as error:
        raise DataError(
            "a worker process died, perhaps for want of memory. Shards that were whole are kept; "
            "run the same command again, with fewer --workers."
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


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


def _start(job: WriteJob, plan: PlanFiles, scratch: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent answers Ctrl-C for all
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # The one global of the package: a process pool has no other place for a worker's state.
    global _state
    _state = PlanReader(plan), Worker(job, scratch)


def _end_with_parent() -> None:
    """A worker whose parent was killed must not write beside the build that goes on."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _write(task: ShardTask) -> ShardDone:
    reader, worker = _state
    return worker.write(task, reader.contents(task))
