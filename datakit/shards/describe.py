"""What is written once all shards are whole: indexes, rejects, card, readers' files, manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

import pyarrow as pa

from datakit.io.atomic import write_whole
from datakit.io.digest import file_sha256
from datakit.planning import Plan
from datakit.planning.source_plan import TRAIN
from datakit.record import FORMAT_VERSION
from datakit.shards.card import card_text
from datakit.shards.energon import write_energon_files
from datakit.shards.gathered import GatheredShards
from datakit.shards.index import (
    INDEX,
    NOT_DRAWN_SCHEMA,
    REJECTS_SCHEMA,
    SHARD_REJECTS,
    SHARD_REJECTS_SCHEMA,
    to_arrow,
    write_table,
)
from datakit.shards.manifest import FileEntry, Manifest, ShardEntry, SourceEntry, write_manifest
from datakit.shards.mixture_lock import LOCK, lock_text
from datakit.shards.resume import FinishedShards
from datakit.shards.tally import ANSWERS, Tally
from datakit.shards.task import ShardDone
from datakit.shards.wids import write_wids
from datakit.version import VERSION


def describe(
    out: Path,
    plan: Plan,
    done: Sequence[ShardDone],
    gathered: GatheredShards,
    finished: FinishedShards,
    digests: Mapping[str, str],
) -> Manifest:
    """Writes everything but the shards into `out`; the manifest comes last.

    Of the shards nothing is read: what there is to know of them was noted when they were written.

    Args:
        gathered: all shards.
        digests: of each shard, by its path.
    """
    gathered.put(out)
    tally = gathered.counts()
    write_table(out / "rejects.parquet", REJECTS_SCHEMA, _rejects(plan, done, finished, tally))
    not_drawn = (to_arrow(part.not_drawn, name) for name, part in plan.by_source.items())
    write_table(out / "not_drawn.parquet", NOT_DRAWN_SCHEMA, not_drawn)
    layout = plan.mixture.spec.output.layout
    others = [_write_shard_rejects(out, done, finished)] if layout == "per-source" else []
    shards = [
        ShardEntry(
            path=d.path,
            split=split_of(d.path),
            plan_sha256=digests[d.path],
            samples=d.samples,
            bytes=d.bytes,
            sha256=d.sha256,
        )
        for d in done
    ]
    sources = _source_entries(plan, tally)
    write_whole(out / LOCK, lock_text(plan).encode())
    card = card_text(plan, shards, sources, sorted(gathered.member_names - {"json"}))
    write_whole(out / "README.md", card.encode())
    others += write_energon_files(out, shards, plan.fingerprint)
    for split in dict.fromkeys([TRAIN, *(shard.split for shard in shards)]):
        others.append(write_wids(out, plan.mixture.spec.name, split, shards))
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        datakit_version=VERSION,
        name=plan.mixture.spec.name,
        fingerprint=plan.fingerprint,
        seed=plan.mixture.spec.seed,
        layout=layout,
        shards=shards,
        files=_file_entries(out, done, others),
        sources=sources,
    )
    write_manifest(out, manifest)
    return manifest


def split_of(shard: str) -> str:
    """The split of a shard, which its name begins with."""
    return Path(shard).name.partition("-")[0]


def _write_shard_rejects(out: Path, done: Sequence[ShardDone], finished: FinishedShards) -> Path:
    """Writes the rejects of each shard, by which a later build keeps it."""
    tables = (
        rejects.add_column(0, "shard", pa.repeat(Path(shard.path).name, len(rejects)))
        for shard in done
        for rejects in [finished.rejects(shard.path)]
    )
    write_table(out / SHARD_REJECTS, SHARD_REJECTS_SCHEMA, tables)
    return out / SHARD_REJECTS


def _rejects(
    plan: Plan, done: Sequence[ShardDone], finished: FinishedShards, tally: Tally
) -> Iterator[pa.Table]:
    for name, part in plan.by_source.items():
        yield tally.rejects(to_arrow(part.rejects, name))
    for shard in done:
        yield tally.shard_rejects(finished.rejects(shard.path))


def _source_entries(plan: Plan, tally: Tally) -> list[SourceEntry]:
    entries = []
    for source in plan.mixture.sources:
        part = plan.by_source[source.name]
        rejected = tally.rejected.get(source.name, Counter())
        entry = SourceEntry(
            name=source.name,
            dataset=source.spec.dataset,
            license=source.license,
            records=part.records,
            used_records=tally.used_records[source.name],
            not_drawn_records=len(part.not_drawn),
            rejected_records=dict(sorted(rejected.items())),
            candidate_samples=part.candidate_samples,
            samples=tally.samples[source.name],
            unique_samples=tally.unique_samples[source.name],
            val_samples=tally.val_samples[source.name],
            share=tally.samples[source.name] / max(tally.samples.total(), 1),
            turns=tally.turns[source.name],
            **{name: tally.answers.get(source.name, Counter())[name] for name in ANSWERS},
            changed_images=dict(sorted(tally.changed_images.get(source.name, Counter()).items())),
            mended=part.mended,
        )
        accounted = entry.used_records + entry.not_drawn_records + rejected.total()
        assert accounted == entry.records, f"{entry.name}: {accounted} of {entry.records} records"
        entries.append(entry)
    return entries


def _file_entries(out: Path, done: Sequence[ShardDone], others: Sequence[Path]) -> list[FileEntry]:
    named = ["README.md", LOCK, INDEX, "rejects.parquet", "not_drawn.parquet"]
    entries = [
        FileEntry(
            path=path.relative_to(out).as_posix(),
            bytes=path.stat().st_size,
            sha256=file_sha256(path),
        )
        for path in [*(out / name for name in named), *others]
    ]
    entries += [
        FileEntry(path=f"{d.path}.idx", bytes=d.offsets_bytes, sha256=d.offsets_sha256)
        for d in done
    ]
    return sorted(entries, key=lambda entry: PurePosixPath(entry.path))
