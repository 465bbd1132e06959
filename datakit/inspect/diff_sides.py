"""The two sides of a comparison: a build, a plan, or the counts that `plan --json` wrote."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson
import polars as pl
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from datakit.errors import DamageError, UsageError
from datakit.inspect.plan_fields import plan_fields
from datakit.planning import Plan
from datakit.planning.record_names import RecordNames
from datakit.record import FORMAT_VERSION
from datakit.shards.index import INDEX
from datakit.shards.manifest import Manifest, read_manifest
from datakit.shards.mixture_lock import LOCK
from datakit.sources.spool import Spool

SAMPLE_COLUMNS = ("key", "source", "split", "shard", "offset", "images")
TOLD_OF_A_SOURCE = ("records", "used_records", "not_drawn_records", "rejected_records", "samples")


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What is known of one side; None is what this kind of side does not tell.

    Attributes:
        sources: counts of each source, by its name.
        settings: the resolved mixture, as the lock file has it.
        samples: SAMPLE_COLUMNS, a row a sample; `images` is a hash of their digests; of a plan the
            first three alone.
        templates: `template` and `turns`.
        records: `source`, `record` (a hash of its id) and `fate`, a row a record.
    """

    name: str
    kind: Literal["build", "plan", "counts"]
    label: str
    fingerprint: str | None
    sources: dict[str, dict[str, int]]
    settings: dict[str, Any]
    build: Path | None = None
    manifest: Manifest | None = None
    samples: pl.LazyFrame | None = None
    templates: pl.LazyFrame | None = None
    records: pl.LazyFrame | None = None

    @property
    def num_samples(self) -> int:
        return sum(source["samples"] for source in self.sources.values())


def open_side(name: str, make_plan: Callable[[], Plan]) -> Side:
    """A side by what the user called it: a build's folder, JSON of a plan, or else a mixture.

    Raises:
        UsageError: nothing is there, no finished build, or JSON that is no plan's.
        DamageError: the build is damaged, or of a newer format.
    """
    path = Path(name)
    if path.is_dir():
        return _of_build(path)
    if path.suffix == ".json" and path.is_file():
        return _of_counts(path)
    if not path.exists() and path.parent != Path():
        raise UsageError(
            f"nothing at {path}: expected a build's folder, a mixture, or the JSON of a plan."
        )
    return _of_plan(name, make_plan())


def _of_build(path: Path) -> Side:
    manifest = read_manifest(path)
    index = _scan(path / INDEX)
    wanted = {*SAMPLE_COLUMNS, "image_sha256", "templates", "record_ids", "record_sources"}
    missing = wanted - {"images"} - set(_names(index, path))
    if missing:
        raise DamageError(
            f"{path}/index.parquet has no {', '.join(sorted(missing))}: another datakit wrote it. "
            "Build it again to compare it."
        )
    rows = index.select(pl.len()).collect().item()
    if rows != manifest.samples:
        raise DamageError(
            f"{path}: index.parquet has {rows:,} samples, the manifest {manifest.samples:,}. "
            f"See `datakit verify {path}`."
        )
    return Side(
        name=manifest.name,
        kind="build",
        label=str(path),
        fingerprint=manifest.fingerprint,
        sources={s.name: _told(s.model_dump()) for s in manifest.sources},
        settings=_read_lock(path / LOCK),
        build=path,
        manifest=manifest,
        samples=index.with_columns(images=pl.col("image_sha256").list.join(",").hash()).select(
            SAMPLE_COLUMNS
        ),
        templates=index.select(template=pl.col("templates").explode())
        .drop_nulls()
        .group_by("template")
        .agg(turns=pl.len()),
        records=_records_of_build(path, index),
    )


def _records_of_build(path: Path, index: pl.LazyFrame) -> pl.LazyFrame:
    used = index.select("record_ids", source="record_sources").explode("record_ids", "source")
    named = [(used.rename({"record_ids": "record_id"}), "used")]
    named += [
        (_scan(path / f"{file}.parquet"), fate)
        for file, fate in (("rejects", "rejected"), ("not_drawn", "not drawn"))
    ]
    return pl.concat([_fates(frame, fate) for frame, fate in named])


def _fates(records: pl.LazyFrame, fate: str) -> pl.LazyFrame:
    hashed = records.select("source", record=pl.col("record_id").hash(), fate=pl.lit(fate))
    return hashed.unique()


def _of_plan(name: str, plan: Plan) -> Side:
    fields = plan_fields(plan)
    return Side(
        name=fields["name"],
        kind="plan",
        label=name,
        fingerprint=fields["fingerprint"],
        sources=_sources_of(fields),
        settings=fields["mixture"],
        samples=plan.samples.lazy().select("key", "source", "split"),
        records=_records_of_plan(plan),
    )


def _records_of_plan(plan: Plan) -> pl.LazyFrame:
    names = list(plan.by_source)
    number = pl.col("source").replace_strict(names, range(len(names)), return_dtype=pl.UInt16)
    own = number.repeat_by(pl.col("rows").list.len())
    used = plan.samples.select(row="rows", source=pl.coalesce("row_sources", own))
    used = used.explode("row", "source").unique(maintain_order=True)
    records = RecordNames({n: Spool(part.spool) for n, part in enumerate(plan.by_source.values())})
    parts = [pl.DataFrame(schema={"source": pl.String, "record_id": pl.String}).lazy()]
    if len(used):
        name = pl.col("source").replace_strict(range(len(names)), names, return_dtype=pl.String)
        parts.append(used.select(name, record_id=records.ids(used)).lazy())
    fates = [_fates(pl.concat(parts), "used")]
    for source, part in plan.by_source.items():
        for frame, fate in ((part.rejects, "rejected"), (part.not_drawn, "not drawn")):
            named = frame.lazy().select("record_id", source=pl.lit(source))
            fates.append(_fates(named, fate))
    return pl.concat(fates)


def _of_counts(path: Path) -> Side:
    try:
        fields = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise UsageError(f"{path}: no JSON: {error}.") from error
    if not isinstance(fields, dict) or fields.get("kind") != "plan":
        raise UsageError(
            f"{path}: not a plan. Write one by `datakit plan MIXTURE --json > plan.json`, or name "
            "a build's folder or a mixture."
        )
    if fields["format_version"] > FORMAT_VERSION:
        raise DamageError(
            f"{path}: format version {fields['format_version']}, but this datakit reads up to "
            f"{FORMAT_VERSION}. Upgrade datakit."
        )
    try:
        return Side(
            name=fields["name"],
            kind="counts",
            label=str(path),
            fingerprint=fields["fingerprint"],
            sources=_sources_of(fields),
            settings=fields["mixture"],
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise DamageError(f"{path}: not a whole plan: {error!r}. Write it again.") from error


def _sources_of(fields: dict[str, Any]) -> dict[str, dict[str, int]]:
    return {source["name"]: _told(source) for source in fields["sources"]}


def _told(source: dict[str, Any]) -> dict[str, int]:
    told = {name: source[name] for name in TOLD_OF_A_SOURCE}
    return told | {"rejected_records": sum(source["rejected_records"].values())}


def _read_lock(path: Path) -> dict[str, Any]:
    try:
        fields = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, YAMLError) as error:
        raise DamageError(f"{path}: cannot be read: {error}. Build again with --force.") from error
    if not isinstance(fields, dict):
        raise DamageError(f"{path}: not a mixture. Build again with --force.")
    return fields


def _scan(path: Path) -> pl.LazyFrame:
    if not path.is_file():
        raise DamageError(f"{path} is missing. See `datakit verify {path.parent}`.")
    return pl.scan_parquet(path)


def _names(frame: pl.LazyFrame, build: Path) -> Sequence[str]:
    try:
        return frame.collect_schema().names()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DamageError(f"{build}/index.parquet: cannot be read: {error}") from error
