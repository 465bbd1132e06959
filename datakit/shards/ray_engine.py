"""Shards on a Ray cluster: what they are made of is sent, what they become is put in the store."""

from __future__ import annotations

import logging
import os
import socket
import warnings
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from uuid import uuid4

import polars as pl

from datakit.errors import DataError, UsageError
from datakit.io.stores import WORK, Store
from datakit.io.trees.source_path import URL
from datakit.shards.contents import PlanFiles, PlanReader, ShardContents
from datakit.shards.engine import RAY
from datakit.shards.task import ShardDone, ShardTask, WriteJob
from datakit.shards.worker import Worker
from datakit.version import VERSION

MOST_RETRIES = 5  # of one shard, where the worker or its node died
KNOCK_SECONDS = 10.0
SPARE_SHARDS = 2  # sent before a core is free, so that none waits
PACKAGES = ("jinja2", "orjson", "pillow")  # of which other versions may write other bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RayJob:
    """A job, and what every node must have to do it.

    Attributes:
        paths: files and folders that are needed and have no URL.
        versions: of datakit and what decides its bytes.
    """

    job: WriteJob
    paths: tuple[str, ...]
    versions: dict[str, str]


class RayEngine:
    """A Ray cluster: the one at `RAY_ADDRESS`, else one is started on this machine.

    Args:
        workers: shards that are written at once; where it is None, one a core of the cluster.

    Raises:
        UsageError: Ray is not installed.
    """

    name = RAY

    def __init__(self, workers: int | None) -> None:
        self._workers = workers
        try:
            import ray  # noqa: F401
        except ImportError as error:
            raise UsageError(
                "the engine 'ray' needs the extra 'ray': pip install 'datakit-vlm[ray]', in a "
                "checkout pip install '.[ray]'; on every node of the cluster."
            ) from error

    def expect(self, records: int) -> None:
        """See `Engine`; a cluster is there already, or starts when it is needed."""

    def close(self) -> None:
        """See `Engine`; nothing outlives `run`."""

    def run(
        self, job: WriteJob, plan: PlanFiles, tasks: Sequence[ShardTask], scratch: Path
    ) -> Generator[ShardDone, None, None]:
        """See `Engine`; a shard whose worker or node dies is written again by another."""
        del scratch  # each node uses its own
        if not tasks:
            return
        with _cluster(), _mark(job.store) as mark:
            needed = (*_paths_of_images(job, plan), *mark)
            wanted = RayJob(job=job, paths=needed, versions=_versions())
            _refuse_unfit_nodes(wanted)
            yield from self._write(wanted, PlanReader(plan), tasks)

    def _write(
        self, job: RayJob, reader: PlanReader, tasks: Sequence[ShardTask]
    ) -> Iterator[ShardDone]:
        import ray

        write = ray.remote(num_cpus=1, max_retries=MOST_RETRIES)(_write_shard)
        most = self._workers or int(ray.cluster_resources().get("CPU", 1)) + SPARE_SHARDS
        kept = ray.put(job)
        todo, running = iter(tasks), list[Any]()
        try:
            while True:
                while len(running) < most and (task := next(todo, None)):
                    # In a list, so that a worker fetches the job once and not with each shard.
                    running.append(write.remote([kept], task, reader.contents(task).to_send()))
                if not running:
                    return
                ready, running = ray.wait(running)
                yield from map(_result, ready)
        finally:
            for reference in running:
                with suppress(ray.exceptions.RayError):
                    ray.cancel(reference, force=True)


def _write_shard(job: list[Any], task: ShardTask, contents: ShardContents) -> ShardDone:
    """Runs on any node."""
    return _worker(job[0]).write(task, contents)


@lru_cache(maxsize=1)
def _worker(reference: Any) -> Worker:
    """The worker of this process; what it opened for one shard, archives above all, stays open."""
    import ray

    job: RayJob = ray.get(reference)
    if unfit := unfitness(job):
        raise DataError(unfit)
    return Worker(job.job, Path(gettempdir()))


def unfitness(job: RayJob) -> str:
    """Why this machine cannot do a job, in a sentence; empty where it can."""
    host = socket.gethostname()
    other = [
        f"{k} {v}, not {job.versions[k]}" for k, v in _versions().items() if v != job.versions[k]
    ]
    if other:
        return f"node {host} has {'; '.join(other)}. Install the same versions on every node."
    missing = [path for path in job.paths if not Path(path).exists()]
    if missing:
        return (
            f"node {host} of the Ray cluster does not see {', '.join(missing)}. Use a path that "
            "all nodes share, or a URL such as s3://bucket/folder, for sources and --out alike."
        )
    return ""


def _result(reference: Any) -> ShardDone:
    """What a task gave.

    Raises:
        DataError: the shard failed, or whoever wrote it died again and again.
    """
    import ray

    try:
        done: ShardDone = ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
    except ray.exceptions.RayError as error:
        reason = str(error).strip().partition("\n")[0]
        raise DataError(
            f"a shard was lost {MOST_RETRIES + 1} times: {reason} Shards that were whole are kept; "
            "run the same command again."
        ) from error
    return done


def _refuse_unfit_nodes(job: RayJob) -> None:
    """Asks each node, before anything is written.

    Raises:
        UsageError: a node has no datakit, or another one, or does not see a path that it needs.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    nodes = [n for n in ray.nodes() if n["Alive"] and n["Resources"].get("CPU")]
    answers = {}
    for node in nodes:
        there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        ask = ray.remote(num_cpus=0, scheduling_strategy=there)(unfitness)
        answers[node["NodeManagerAddress"], node["NodeID"]] = ask.remote(job)
    for (address, _), answer in answers.items():
        try:
            unfit = ray.get(answer)
        except ray.exceptions.RayError as error:
            reason = str(error).strip().rpartition("\n")[2]
            raise UsageError(
                f"node {address} of the Ray cluster cannot run datakit {VERSION}: {reason}. "
                "Install it there, with the extras 'ray' and those of its buckets."
            ) from error
        if unfit:
            raise UsageError(unfit)


def _paths_of_images(job: WriteJob, plan: PlanFiles) -> list[str]:
    """Files and folders of this machine that hold images of the plan."""
    with_images = pl.scan_ipc(plan.samples).filter(pl.col("num_images") > 0)
    names = with_images.select(pl.col("source").unique()).collect()["source"]
    folders = {
        place.absolute()
        for name in names
        for place in (job.sources[name].images.root, job.sources[name].images.tables)
    }
    return sorted({_on_disk(Path(folder)) for folder in folders if not URL.match(folder)})


def _on_disk(path: Path) -> str:
    """The path itself, or the archive or folder that it is in."""
    return str(next(p for p in (path, *path.parents) if p.exists()))


@contextmanager
def _mark(store: Store) -> Iterator[list[str]]:
    """While it lasts, a file in a local store, by which a node is known to see that very store."""
    if not isinstance(store.place, Path):
        yield []
        return
    name = f"{WORK}/{uuid4().hex}"
    store.write(name, b"")
    try:
        yield [str((store.place / name).absolute())]
    finally:
        store.remove(name)


@cache
def _versions() -> dict[str, str]:
    return {"datakit": VERSION, **{name: version(name) for name in PACKAGES}}


@contextmanager
def _cluster() -> Iterator[None]:
    """Connects to a cluster, or starts one; where the program is connected, that one is used.

    Raises:
        UsageError: there is none at the address.
    """
    import ray

    if ray.is_initialized():
        yield
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    address = os.environ.get("RAY_ADDRESS") or "local"
    try:
        _knock(address)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # tips on accelerators, which nothing here uses
            ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False)
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).strip().partition("\n")[0].rstrip(".")
        raise UsageError(
            f"the Ray cluster {address!r} cannot be reached: {reason}. Check RAY_ADDRESS, and "
            "RAY_AUTH_MODE where it asks for a token."
        ) from error
    try:
        yield
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Tries a `host:port` first: Ray itself would try for minutes.

    Raises:
        OSError: nobody answers there.
    """
    host, _, port = address.rpartition(":")
    if port.isdecimal() and "://" not in address:
        socket.create_connection((host, int(port)), timeout=KNOCK_SECONDS).close()
