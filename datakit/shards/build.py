"""The build: plan, write the shards that are missing, then what describes them, manifest last."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from datakit.errors import DataError
from datakit.io.plain_table import frame_of
from datakit.io.stores import Store, open_store
from datakit.io.stores.store import HOLDER
from datakit.io.trees import BuildPlace
from datakit.planning import Plan, ResolvedMixture, make_plan
from datakit.planning.source_plan import VAL
from datakit.shards import folder
from datakit.shards.build_log import BuildLog
from datakit.shards.contents import PlanFiles
from datakit.shards.describe import describe
from datakit.shards.engine import LOCAL, Engine, make_engine
from datakit.shards.free_space import check_free_space
from datakit.shards.gathered import GatheredShards
from datakit.shards.leaks import refuse_leaks
from datakit.shards.manifest import (
    MANIFEST,
    FileEntry,
    Manifest,
    parse_manifest,
)
from datakit.shards.mixture_lock import LOCK, lock_text
from datakit.shards.reject_share import check_reject_share
from datakit.shards.renew import renew
from datakit.shards.resume import FinishedShards
from datakit.shards.shard_digest import shard_digests
from datakit.shards.task import ShardDone, SourceJob, WriteJob
from datakit.shards.watch import SourceWatch, shard_tasks

RECORDS = "records"
PLAN = "plan.arrow"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildResult:
    """A finished build.

    Attributes:
        written_shards: how many this call wrote; the others were whole already.
    """

    path: BuildPlace
    manifest: Manifest
    written_shards: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a build calls while it works."""

    on_source: Callable[[str], None] = lambda _name: None
    on_records: Callable[[str, int], None] = lambda _name, _records: None
    on_cached: Callable[[str, int], None] = lambda _name, _records: None
    on_plan: Callable[[Plan], None] = lambda _plan: None
    on_shard: Callable[[ShardDone, int, int], None] = lambda _shard, _done, _total: None


def build(
    mixture: ResolvedMixture,
    out: str | Path,
    *,
    workers: int | None = None,
    engine: str = LOCAL,
    force: bool = False,
    progress: Progress | None = None,
) -> BuildResult:
    """Writes a mixture's shards into `out`, or goes on where an earlier call stopped.

    The bytes depend on the data and the mixture alone, not on the engine, the number of workers
    or of interruptions.

    Args:
        out: a folder, or a URL that fsspec knows.
        workers: shards that are written at once; one a core where it is None.
        engine: `local`, or `ray`.
        force: replaces an earlier build's output, and nothing else.

    Raises:
        OutputError: the place cannot be written, is in use, or holds something else.
        DataError: a source cannot be read, or the disk is full.
        RejectShareError: the build is whole, but too many records of a source are faulty.
    """
    progress = progress or Progress()
    store, runner = open_store(out), make_engine(engine, workers)
    with store.held(), closing(runner):
        folder.refuse_foreign_files(store)
        fresh = not any(name != HOLDER for name in store.names())
        try:
            with store.workplace() as work:
                result = _build(mixture, store, work, runner, fresh, force, progress)
        except OSError as error:
            raise _disk_error(store, error) from error
        finally:
            _tidy(store, fresh)
    check_reject_share(result.manifest.sources, mixture.spec.max_reject_share)
    return result


def _build(
    mixture: ResolvedMixture,
    store: Store,
    work: Path,
    engine: Engine,
    fresh: bool,
    force: bool,
    progress: Progress,
) -> BuildResult:
    (work / RECORDS).mkdir(exist_ok=True)

    def on_records(name: str, records: int) -> None:
        if fresh or force:  # a build that goes on may have a shard left, or none
            engine.expect(records)
        progress.on_records(name, records)

    plan = make_plan(
        mixture,
        folder=work / RECORDS,
        on_source=progress.on_source,
        on_records=on_records,
        on_cached=progress.on_cached,
    )
    if not force:
        renew(store, plan)
        folder.refuse_other_mixture(store, lock_text(plan))
        if found := _finished(store, plan):
            return found
    check_free_space(store, plan)
    if force:
        folder.remove_output(store)
    with store.appended(folder.LOG) as log:
        return _write(store, work, plan, engine, BuildLog(log), progress)


def _finished(store: Store, plan: Plan) -> BuildResult | None:
    """The build that is there, where it is whole; its files are checked by their digests."""
    try:
        manifest = parse_manifest(store.read(MANIFEST), f"{store}/{MANIFEST}")
    except FileNotFoundError:
        return None

    def is_whole(entry: FileEntry) -> bool:
        with suppress(OSError):
            return store.sha256(entry.path) == entry.sha256
        return False

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        whole = all(pool.map(is_whole, manifest.all_files))
    if not whole or manifest.fingerprint != plan.fingerprint:
        raise DataError(
            f"{store} holds a finished build that is damaged. See `datakit verify {store}`, or "
            "replace it with --force."
        )
    return BuildResult(path=store.place, manifest=manifest, written_shards=0)


def _write(
    store: Store, work: Path, plan: Plan, engine: Engine, log: BuildLog, progress: Progress
) -> BuildResult:
    progress.on_plan(plan)
    files = PlanFiles(
        samples=work / PLAN,
        spools={source.name: plan.by_source[source.name].spool for source in plan.mixture.sources},
    )
    plan.samples.write_ipc(files.samples)
    store.write(LOCK, lock_text(plan).encode())
    digests = shard_digests(plan)
    watch, finished = SourceWatch(plan), FinishedShards(store, digests)
    tasks = {task.path: task for task in watch.stamped(shard_tasks(plan))}
    folder.refuse_other_shards(store, tasks)
    done = finished.find_all([*tasks.values()], threads=os.cpu_count() or 1)
    missing = [task for task in tasks.values() if task.path not in done]
    log.write("start", shards=len(tasks), whole_shards=len(done), engine=engine.name)
    started = time.perf_counter()
    with closing(GatheredShards(work, [*tasks], finished)) as gathered:
        with closing(engine.run(_job(store, plan, digests), files, missing, work)) as written:
            for shard in written:
                watch.refuse_changed_images(tasks[shard.path])
                done[shard.path] = shard
                log.shard(shard)
                progress.on_shard(shard, len(done), len(tasks))
                gathered.take(done)
        gathered.take(done)
        watch.refuse_changed_annotations()
        if plan.mixture.spec.images.style.rewrites and VAL in plan.samples["split"]:
            refuse_leaks(frame_of(pa.concat_tables(map(finished.rows, tasks))))
        with store.filled(last=MANIFEST) as folder_to_fill:
            shards = [done[path] for path in tasks]
            manifest = describe(folder_to_fill, plan, shards, gathered, finished, digests)
    log.write("end", seconds=round(time.perf_counter() - started, 3), samples=manifest.samples)
    return BuildResult(path=store.place, manifest=manifest, written_shards=len(missing))


def _job(store: Store, plan: Plan, digests: Mapping[str, str]) -> WriteJob:
    sources = {
        source.name: SourceJob(
            name=source.name,
            dataset=source.spec.dataset,
            category=source.dataset.category,
            license=source.license,
            images=plan.by_source[source.name].images,
            instructions=source.instructions,
        )
        for source in plan.mixture.sources
    }
    return WriteJob(
        store=store,
        digests=digests,
        images=plan.mixture.spec.images.style,
        sources=sources,
    )


def _disk_error(store: Store, error: OSError) -> DataError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DataError(
            f"{store}: the disk is full. The shards written so far are whole: free some space and "
            "run the same command again."
        )
    return DataError(f"{error.filename or store}: {error.strerror or error}.")


def _tidy(store: Store, fresh: bool) -> None:
    """Removes the work files of a finished build, and of one that never wrote a shard."""
    names = set(store.names())
    if MANIFEST in names or (fresh and LOCK not in names):
        store.remove_work()
