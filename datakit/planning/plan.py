"""The plan of a mixture: a table with a row for each sample to write, in the order of writing."""

from __future__ import annotations

import hashlib
import shutil
import weakref
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import orjson
import polars as pl

from datakit.io.collector import seldom_collected
from datakit.io.digest import file_sha256
from datakit.io.image_rewrite import codec_versions
from datakit.io.unseen_images import UnseenImages
from datakit.planning.balancing import balance_sources
from datakit.planning.holdout import with_holdout
from datakit.planning.order import in_order, shard_key
from datakit.planning.resolve import ResolvedMixture
from datakit.planning.screen import ScreenedSource, draw_from, screen_source
from datakit.planning.source_plan import TRAIN, VAL, SourcePlan, plan_group
from datakit.planning.split import SourcePart, read_parts, with_parts
from datakit.record import FORMAT_VERSION
from datakit.version import VERSION

TABLE_COLUMNS = [
    "key", "repeat", "split", "shard", "source", "dataset", "task",
    "num_records", "num_images", "image_bytes", "planned_bytes",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCounts:
    """What becomes of one source's records; each count names its unit.

    Attributes:
        used_records: of samples that are written, those held out included.
        candidate_samples: that could be drawn; those held out are none.
        samples: that are written to be trained on, repeats among them.
        unique_samples: of those, the ones that are no repeat.
        val_samples: that are held out for validation, and written beside them.
        planned_bytes: of all that is written.
    """

    name: str
    dataset: str
    records: int
    rejected_records: dict[str, int]
    not_drawn_records: int
    used_records: int
    candidate_samples: int
    samples: int
    unique_samples: int
    val_samples: int
    planned_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedShard:
    """One shard: its path under the build's folder, and its rows of the plan."""

    path: str
    start: int
    samples: int


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class Plan:
    """Every sample to write, known before a byte is written.

    Attributes:
        samples: TABLE_COLUMNS, `images`, `rows` (of a source's spool) and `row_sources` (numbers of
            those sources; null where all are the sample's own) and `duplicates` (of each row, the
            records dropped in its favour); in order of writing.
        fingerprint: of all that decides the output, without paths and times.
        without_images: whether no image was looked for: then each counts as there, with 0 bytes,
            and neither the fingerprint nor the shards are those of a build.
    """

    mixture: ResolvedMixture
    by_source: dict[str, SourcePlan]
    samples: pl.DataFrame
    fingerprint: str
    without_images: bool = False

    @property
    def table(self) -> pl.DataFrame:
        """A row a sample, in the order of writing."""
        return self.samples.select(TABLE_COLUMNS)

    @property
    def num_shards(self) -> int:
        """Shards that the samples fill."""
        return len(self.shards)

    @property
    def shards(self) -> list[PlannedShard]:
        """The shards in the order of their samples.

        The name of a shard of one source depends on that source alone.
        """
        key = shard_key(self.mixture)
        sizes = self.samples.group_by(*key, "shard", maintain_order=True).len("samples")
        starts = sizes["samples"].cum_sum() - sizes["samples"]
        names = ["-".join(row) for row in sizes.select(key).iter_rows()]
        numbers = sizes.select("shard", "samples").iter_rows()
        return [
            PlannedShard(path=f"shards/{name}-{shard:06d}.tar", start=start, samples=count)
            for name, (shard, count), start in zip(names, numbers, starts, strict=True)
        ]

    @property
    def sources(self) -> tuple[SourceCounts, ...]:
        """Counts of each source, in the mixture's order."""
        return tuple(self._counts(name, part) for name, part in self.by_source.items())

    def _counts(self, name: str, part: SourcePlan) -> SourceCounts:
        reasons = part.rejects.group_by("reason").len().sort("reason")
        own = self.samples.filter(pl.col("source") == name)
        number = list(self.by_source).index(name)
        once = pl.col("repeat") == 0
        shared = self.samples.filter(once & pl.col("row_sources").is_not_null())
        used = int(own.filter(once & pl.col("row_sources").is_null())["num_records"].sum())
        used += int((shared["row_sources"].explode() == number).sum())
        dataset = next(s.spec.dataset for s in self.mixture.sources if s.name == name)
        trained = own.filter(pl.col("split") == TRAIN)
        return SourceCounts(
            name=name,
            dataset=dataset,
            records=part.records,
            rejected_records=dict(reasons.iter_rows()),
            not_drawn_records=len(part.not_drawn),
            used_records=used,
            candidate_samples=part.candidate_samples,
            samples=len(trained),
            unique_samples=int((trained["repeat"] == 0).sum()),
            val_samples=len(own) - len(trained),
            planned_bytes=int(own["planned_bytes"].sum()),
        )


def make_plan(
    mixture: ResolvedMixture,
    *,
    folder: Path | None = None,
    without_images: bool = False,
    on_source: Callable[[str], None] = lambda _name: None,
    on_records: Callable[[str, int], None] = lambda _name, _records: None,
    on_cached: Callable[[str, int], None] = lambda _name, _records: None,
) -> Plan:
    """Reads every source and decides which samples are written, in which order and shard.

    Args:
        folder: where the records are kept until they are written; a temporary one that lives as
            long as the plan where it is None.
        without_images: looks for no image, as where they are not at hand yet.
        on_source: called with a source's name before it is read.
        on_records: called now and then with a source's name and the records read so far.
        on_cached: called with a source's name and records where these came from the cache.

    Raises:
        DataError: a source is not in the expected layout, or has no records.
        ConfigError: the sources cannot give the mixture's `total_samples`.
    """
    with ExitStack() as undo, seldom_collected():
        keep = folder or Path(mkdtemp(prefix="datakit-"))
        if folder is None:
            undo.callback(shutil.rmtree, keep, ignore_errors=True)
        parts = _read_sources(mixture, keep, on_source, on_records, on_cached)
        if without_images:
            parts = [
                replace(part, images=UnseenImages(part.images.root, part.images.tables))
                for part in parts
            ]
        mixture = with_parts(mixture, parts)
        by_source = _plan_sources(mixture, parts, keep)
        samples = in_order(mixture, by_source)
        made = Plan(
            mixture=mixture,
            by_source=by_source,
            samples=samples,
            fingerprint=_fingerprint(mixture, by_source, samples),
            without_images=without_images,
        )
        weakref.finalize(made, undo.pop_all().close)
    return made


def _read_sources(
    mixture: ResolvedMixture,
    folder: Path,
    on_source: Callable[[str], None],
    on_records: Callable[[str, int], None],
    on_cached: Callable[[str, int], None],
) -> list[SourcePart]:
    parts: list[SourcePart] = []
    left_out = set(mixture.spec.leave_out)
    for source in mixture.sources:
        on_source(source.name)
        note = partial(on_records, source.name)
        own = read_parts(source, folder, mixture.limit_records, left_out, on_records=note)
        if own and own[0].read.from_cache:
            on_cached(source.name, own[0].read.records)
        parts += own
    return parts


def _plan_sources(
    mixture: ResolvedMixture, parts: list[SourcePart], folder: Path
) -> dict[str, SourcePlan]:
    """The plan of each source, in the mixture's order; groups that merge are planned together."""
    spec, names = mixture.spec, [part.name for part in parts]
    waiting: dict[str, list[ScreenedSource]] = {}
    made: dict[str, SourcePlan] = {}
    screened = (screen_source(number, part, spec) for number, part in enumerate(parts))
    for member in with_holdout(screened, spec.holdout, spec.seed, folder):
        draw_from(member, spec.seed)
        group = mixture.group_of(member.source.name)
        waiting.setdefault(group[0], []).append(member)
        if len(waiting[group[0]]) == len(group):
            made |= plan_group(waiting.pop(group[0]), names)
    return balance_sources(mixture, {name: made[name] for name in names})


def _held_out(samples: pl.DataFrame) -> str:
    """A digest of what is held out, which the content of images decides."""
    keys = samples.filter(pl.col("split") == VAL)["key"].sort()
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()


def _fingerprint(
    mixture: ResolvedMixture, by_source: dict[str, SourcePlan], samples: pl.DataFrame
) -> str:
    # Neither where the data lie nor how many faults are tolerated decides a byte.
    left_out: Any = {"root": True, "max_reject_share": True, "sources": {"__all__": {"path"}}}
    spec = mixture.spec.model_dump(mode="json", exclude=left_out)
    parts: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "datakit": VERSION,
        "mixture": spec,
        "limit_records": mixture.limit_records,
        "held_out": _held_out(samples),
        "templates": mixture.template_digests(),
        "sources": {
            source.name: {
                "converter": source.converter,
                "license": source.license,
                "prompt": source.instructions.prompt_text,
                "embeddings": file_sha256(source.embeddings) if source.embeddings else "",
                "annotations": by_source[source.name].annotation_digests,
                "images": by_source[source.name].image_digest,
            }
            for source in mixture.sources
        },
    }
    if mixture.spec.images.style.rewrites:
        parts["image_codecs"] = codec_versions()
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()
