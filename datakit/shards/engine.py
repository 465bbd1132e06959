"""Runs the shards of a build, in this process or in several."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from types import ModuleType

from datakit.errors import DataError
from datakit.io.image_style import ImageStyle
from datakit.shards.resume import FinishedShards
from datakit.shards.task import ShardDone, ShardTask, WriteJob
from datakit.shards.write_shard import ShardWriter


class _Worker:
    """Writes shards and notes each as finished."""

    def __init__(self, job: WriteJob) -> None:
        self._writer = ShardWriter(job)
        self._finished = FinishedShards(job)

    def write(self, task: ShardTask) -> ShardDone:
        result = self._writer.write(task)
        self._finished.note(result)
        return result.done


_worker: _Worker


def run_shards(job: WriteJob, tasks: Sequence[ShardTask], *, workers: int) -> Iterator[ShardDone]:
    """Yields each shard as it is done, in any order.

    Raises:
        DataError: a shard failed, or a worker process died.
    """
    job = replace(job, image_threads=image_threads(job.images, workers, len(tasks)))
    if workers <= 1 or len(tasks) <= 1:
        worker = _Worker(job)
        for task in tasks:
            yield worker.write(task)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(
        min(workers, len(tasks)), mp_context=context, initializer=_start, initargs=(job,)
    )
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


def image_threads(style: ImageStyle, workers: int, tasks: int) -> int:
    """Threads for images in each worker, so that no core rests where there are few shards.

    Where pixels are decoded, that is also while the last shards are written: several threads for
    each core cost nothing then.
    """
    idle = workers // max(1, min(workers, tasks))
    few = -(-4 * workers // max(1, tasks)) if style.decodes else 1
    return max(idle, min(workers, few))


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


def _start(job: WriteJob) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent answers Ctrl-C for all
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # The one global of the package: a process pool has no other place for a worker's state.
    global _worker
    _worker = _Worker(job)


def _end_with_parent() -> None:
    """A worker whose parent was killed must not write beside the build that goes on."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _write(task: ShardTask) -> ShardDone:
    return _worker.write(task)
