"""A build of another state of the same mixture is renewed: its shards that need not change stay."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from datakit.errors import DamageError
from datakit.io.atomic import write_whole
from datakit.io.digest import file_sha256
from datakit.planning import Plan
from datakit.shards.index import SHARD_REJECTS
from datakit.shards.manifest import MANIFEST, Manifest, read_manifest
from datakit.shards.mixture_lock import LOCK, lock_text
from datakit.shards.resume import FinishedShards
from datakit.shards.task import ShardDone, WriteJob
from datakit.shards.write_shard import ShardResult

NOTED = ("index.parquet", SHARD_REJECTS)


def renew(plan: Plan, job: WriteJob) -> None:
    """Makes an earlier build of this mixture an unfinished one of the plan.

    Only with shards of one source each, where the mixture's name is the same. The finished shards
    are noted before the manifest goes, and those that the plan does not have are removed after it.
    """
    out = job.out
    there = _lock(out)
    output = there.get("output")
    same = there.get("name") == plan.mixture.spec.name and there.get("fingerprint")
    if not same or same == plan.fingerprint or plan.mixture.spec.output.layout == "mixed":
        return
    if not isinstance(output, dict) or output.get("layout") != "per-source":
        return
    with suppress(DamageError):
        if (out / MANIFEST).is_file():
            _note_shards(read_manifest(out), job)
    (out / MANIFEST).unlink(missing_ok=True)
    (out / "val.wids.json").unlink(missing_ok=True)
    planned = {f"{shard.path}{end}" for shard in plan.shards for end in ("", ".idx")}
    for path in sorted((out / "shards").iterdir()):
        if path.relative_to(out).as_posix() not in planned:
            path.unlink()
    write_whole(out / LOCK, lock_text(plan).encode())


def _lock(out: Path) -> dict[str, Any]:
    """The lock file that is there; nothing where there is none."""
    try:
        found = YAML(typ="safe").load(out / LOCK)
    except (OSError, YAMLError):
        return {}
    return found if isinstance(found, dict) else {}


def _note_shards(manifest: Manifest, job: WriteJob) -> None:
    """Notes the shards of a finished build, as if it had been stopped before its end."""
    kept = {file.path: file.sha256 for file in manifest.files}
    if any(kept.get(name) != file_sha256(job.out / name) for name in NOTED):
        raise DamageError(f"{job.out}: its tables are not those of its manifest.")
    index, rejects = (pq.read_table(job.out / name) for name in NOTED)
    digests = {shard.path: shard.plan_sha256 for shard in manifest.shards}
    finished = FinishedShards(replace(job, digests=digests))
    for shard in manifest.shards:
        name = Path(shard.path).name
        done = ShardDone(
            path=shard.path,
            samples=shard.samples,
            bytes=shard.bytes,
            sha256=shard.sha256,
            seconds=0.0,
        )
        own = rejects.filter(pc.equal(rejects["shard"], name)).drop_columns(["shard"])
        rows = index.filter(pc.equal(index["shard"], name))
        finished.note(ShardResult(done=done, rows=rows, rejects=own))
