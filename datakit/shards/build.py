"""The build: plan, write the shards that are missing, then what describes them, manifest last."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from datakit.errors import DataError, RejectShareError
from datakit.io.atomic import write_whole
from datakit.io.digest import file_sha256
from datakit.planning import Plan, ResolvedMixture, is_faultless, make_plan
from datakit.shards import folder
from datakit.shards.build_log import BuildLog
from datakit.shards.describe import describe
from datakit.shards.engine import run_shards
from datakit.shards.manifest import MANIFEST, Manifest, SourceEntry, read_manifest
from datakit.shards.mixture_lock import LOCK, lock_text
from datakit.shards.renew import renew
from datakit.shards.resume import FinishedShards
from datakit.shards.shard_digest import shard_digests
from datakit.shards.task import PLAN, ShardDone, ShardTask, SourceJob, WriteJob


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildResult:
    """A finished build.

    Attributes:
        written_shards: how many this call wrote; the others were whole already.
    """

    path: Path
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
    out: Path,
    *,
    workers: int | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> BuildResult:
    """Writes a mixture's shards into `out`, or goes on where an earlier call stopped.

    The bytes depend on the data and the mixture alone, not on the number of workers or of
    interruptions.

    Args:
        workers: processes that write; one a core where it is None.
        force: replaces an earlier build's output, and nothing else.

    Raises:
        OutputError: the folder cannot be written, is in use, or holds something else.
        DataError: a source cannot be read, or the disk is full.
        RejectShareError: the build is whole, but too many records of a source are faulty.
    """
    progress = progress or Progress()
    with folder.locked(out):
        fresh = not any(out.iterdir())
        work = folder.prepare(out)
        try:
            plan = make_plan(
                mixture,
                folder=work / "records",
                on_source=progress.on_source,
                on_records=progress.on_records,
                on_cached=progress.on_cached,
            )
            if force:
                folder.remove_own_output(out)
            job = _job(out, work, plan)
            renew(plan, job)
            folder.refuse_other_mixture(out, lock_text(plan))
            result = _finished(out, plan) or _write(job, plan, workers, progress)
        except OSError as error:
            raise _disk_error(out, error) from error
        finally:
            _tidy(out, work, fresh)
    check_reject_share(result.manifest.sources, mixture.spec.max_reject_share)
    return result


def check_reject_share(sources: list[SourceEntry], allowed: float) -> None:
    """Compares each source's share of faulty records with the one that is allowed.

    Raises:
        RejectShareError: it is above, for one source or several, with their reasons.
    """
    lines = []
    for source in sources:
        faulty = {why: n for why, n in source.rejected_records.items() if not is_faultless(why)}
        if sum(faulty.values()) > allowed * source.records:
            share = sum(faulty.values()) / source.records
            reasons = ", ".join(f"{n:,} {why}" for why, n in faulty.items())
            lines.append(f"  {source.name}: {share:.1%} of {source.records:,} records: {reasons}")
    if lines:
        raise RejectShareError(
            f"the build is whole, but more than {allowed:.1%} of a source's records are faulty:\n"
            + "\n".join(lines)
            + "\nEach is in rejects.parquet. Mend the data, or raise max_reject_share."
        )


def _finished(out: Path, plan: Plan) -> BuildResult | None:
    """The build that is there, where it is whole; its shards are checked by their digests."""
    if not (out / MANIFEST).is_file():
        return None
    manifest = read_manifest(out)
    whole = manifest.fingerprint == plan.fingerprint and all(
        (out / entry.path).is_file() and file_sha256(out / entry.path) == entry.sha256
        for entry in manifest.all_files
    )
    if not whole:
        raise DataError(
            f"{out} holds a finished build that is damaged. See `datakit verify {out}`, or "
            "replace it with --force."
        )
    return BuildResult(path=out, manifest=manifest, written_shards=0)


def _write(job: WriteJob, plan: Plan, workers: int | None, progress: Progress) -> BuildResult:
    progress.on_plan(plan)
    out = job.out
    plan.samples.write_ipc(job.work / PLAN)
    (out / "shards").mkdir(exist_ok=True)
    write_whole(out / LOCK, lock_text(plan).encode())
    log, finished = BuildLog(out / folder.LOG), FinishedShards(job)
    tasks = _tasks(plan)
    done = {task.path: shard for task in tasks if (shard := finished.find(task.path))}
    log.write("start", shards=len(tasks), whole_shards=len(done), workers=workers or 0)
    missing = [task for task in tasks if task.path not in done]
    started = time.perf_counter()
    for shard in run_shards(job, missing, workers=workers or os.cpu_count() or 1):
        done[shard.path] = shard
        log.shard(shard)
        progress.on_shard(shard, len(done), len(tasks))
    in_order = [done[task.path] for task in tasks]
    manifest = describe(out, plan, in_order, finished, job.digests)
    log.write("end", seconds=round(time.perf_counter() - started, 3), samples=manifest.samples)
    return BuildResult(path=out, manifest=manifest, written_shards=len(missing))


def _job(out: Path, work: Path, plan: Plan) -> WriteJob:
    sources = {
        source.name: SourceJob(
            name=source.name,
            dataset=source.spec.dataset,
            category=source.dataset.category,
            license=source.license,
            spool=plan.by_source[source.name].spool,
            images=plan.by_source[source.name].images,
            instructions=source.instructions,
        )
        for source in plan.mixture.sources
    }
    return WriteJob(
        out=out,
        work=work,
        digests=shard_digests(plan),
        images=plan.mixture.spec.images.style,
        sources=sources,
    )


def _tasks(plan: Plan) -> list[ShardTask]:
    """The shards as consecutive rows of the plan."""
    return [ShardTask(path=s.path, start=s.start, samples=s.samples) for s in plan.shards]


def _disk_error(out: Path, error: OSError) -> DataError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DataError(
            f"{out}: the disk is full. The shards written so far are whole: free some space and "
            "run the same command again."
        )
    return DataError(f"{error.filename or out}: {error.strerror or error}.")


def _tidy(out: Path, work: Path, fresh: bool) -> None:
    """Removes the work folder of a finished build, and all of one that never wrote a shard."""
    nothing_written = fresh and not (out / "shards").is_dir()
    if (out / MANIFEST).is_file() or nothing_written:
        shutil.rmtree(work, ignore_errors=True)
    if nothing_written:
        with suppress(OSError):
            out.rmdir()
