"""The public functions: whatever the command line does, one call here does."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from datakit.errors import DataError, DatakitError, Problem, UsageError
from datakit.exporting import ExportResult, export_build
from datakit.inspect import PreviewedSample, preview_samples, verify_build
from datakit.io.trees import build_place
from datakit.mixture import load_mixture
from datakit.planning import (
    Plan,
    ResolvedMixture,
    WantedDownload,
    check_first_records,
    make_plan,
    wanted_downloads,
)
from datakit.planning import resolve as resolve_mixture
from datakit.shards import BuildResult
from datakit.shards import build as build_shards
from datakit.shards.build import Progress

FilePath = str | os.PathLike[str]

CHECKED_RECORDS = 20
PREVIEWED_RECORDS = 2000


def resolve(
    mixture: FilePath,
    *,
    root: FilePath | None = None,
    templates: FilePath | None = None,
    limit_records: int | None = None,
    overrides: Sequence[str] = (),
) -> ResolvedMixture:
    """Loads a mixture and resolves every name in it; no data are read.

    Args:
        mixture: a file, or the name of a shipped mixture.
        root: replaces the mixture's `root`.
        templates: a folder of own template sets, searched before `./templates` and the shipped.
        limit_records: read only so many records of each source.
        overrides: `key.key=value`, each value parsed as YAML.

    Raises:
        ConfigError: all problems at once, each with its line and how to mend it.
    """
    if limit_records is not None and limit_records < 1:
        raise UsageError(f"limit_records is {limit_records}; expected at least 1.")
    problems: list[Problem] = []
    loaded = load_mixture(Path(mixture), overrides=overrides, problems=problems)
    return resolve_mixture(
        loaded,
        root=None if root is None else os.fspath(root),
        templates=Path(templates) if templates is not None else None,
        limit_records=limit_records,
        problems=problems,
    )


def check(mixture: ResolvedMixture) -> None:
    """Reads the first records of each source, so that a wrong layout shows at once.

    Raises:
        DataError: all sources that cannot be read or give no record, each with its reason.
    """
    faults = []
    for source in mixture.sources:
        try:
            check_first_records(source, CHECKED_RECORDS)
        except DatakitError as error:
            faults.append(f"  source {source.name}: {error}")
    if faults:
        raise DataError(f"mixture {mixture.spec.name} cannot be built:\n" + "\n".join(faults))


def downloads(
    mixture: FilePath, *, root: FilePath | None = None, overrides: Sequence[str] = ()
) -> list[WantedDownload]:
    """What has to be fetched for a mixture, where it belongs, and what is there already.

    Arguments are those of `resolve`. Other mistakes in the mixture are left to it.

    Raises:
        ConfigError: the file is no mixture.
        UsageError: a variable in a path is not set.
    """
    loaded = load_mixture(Path(mixture), overrides=overrides, problems=[])
    return wanted_downloads(loaded, Path(root) if root is not None else None)


def plan(
    mixture: FilePath,
    *,
    root: FilePath | None = None,
    templates: FilePath | None = None,
    limit_records: int | None = None,
    overrides: Sequence[str] = (),
    progress: Progress | None = None,
) -> Plan:
    """Reads every source and says what would be written; `.table` has a row a sample.

    Arguments and errors are those of `resolve`; beyond them:

    Raises:
        DataError: a source is not in the expected layout, or has no records.
    """
    resolved = resolve(
        mixture, root=root, templates=templates, limit_records=limit_records, overrides=overrides
    )
    calls = progress or Progress()
    return make_plan(resolved, on_source=calls.on_source, on_cached=calls.on_cached)


def build(
    mixture: FilePath,
    *,
    out: FilePath,
    root: FilePath | None = None,
    templates: FilePath | None = None,
    limit_records: int | None = None,
    overrides: Sequence[str] = (),
    workers: int | None = None,
    engine: str = "local",
    force: bool = False,
    progress: Progress | None = None,
) -> BuildResult:
    """Writes a mixture's shards into `out`, or goes on where an earlier call stopped.

    Arguments and errors are those of `resolve`; beyond them:

    Args:
        out: a new folder, or one of an earlier build of the same mixture; or a URL that fsspec
            knows, such as `s3://bucket/folder`.
        workers: shards that are written at once; where it is None, one a core, and with `ray` one
            a core of the cluster.
        engine: `local`: processes of this machine; `ray`: a cluster, or a local one.
        force: replaces an earlier build's output, and nothing else.

    Raises:
        OutputError: the folder cannot be written, is in use, or holds something else.
        DataError: a source cannot be read, or the disk is full.
        RejectShareError: the build is whole, but too many records of a source are faulty.
    """
    if workers is not None and workers < 1:
        raise UsageError(f"workers is {workers}; expected at least 1.")
    resolved = resolve(
        mixture, root=root, templates=templates, limit_records=limit_records, overrides=overrides
    )
    return build_shards(
        resolved,
        os.fspath(out),
        workers=workers,
        engine=engine,
        force=force,
        progress=progress,
    )


def preview(
    mixture: FilePath,
    *,
    per_source: int = 3,
    root: FilePath | None = None,
    templates: FilePath | None = None,
    overrides: Sequence[str] = (),
) -> list[PreviewedSample]:
    """Shows raw records beside their conversations, from the first 2,000 records of each source.

    Arguments and errors are those of `plan`.
    """
    made = plan(
        mixture,
        root=root,
        templates=templates,
        limit_records=PREVIEWED_RECORDS,
        overrides=overrides,
    )
    return list(preview_samples(made, per_source=per_source))


def verify(build: FilePath) -> list[str]:
    """Checks every file and every sample of a build; returns all faults found.

    Raises:
        UsageError: there is no finished build.
    """
    return verify_build(build_place(build))


def export(
    build: FilePath,
    *,
    to: str,
    out: FilePath,
    force: bool = False,
    on_shard: Callable[[int, int], None] | None = None,
) -> ExportResult:
    """Writes a build's samples into `out` in the format of another program.

    Args:
        to: `llava`, `llamafactory`, `swift` or `parquet`.
        out: a new folder, or one of an earlier export.
        force: replaces an earlier export, and nothing else.
        on_shard: called with the number of shards done and of all.

    Raises:
        UsageError: there is no such format, or no finished build.
        OutputError: the folder cannot be written, is in use, or holds something else.
        DamageError: the build is damaged, or of a newer format.
        DataError: the build has no samples, or the disk is full.
    """
    calls = {} if on_shard is None else {"on_shard": on_shard}
    return export_build(build, Path(out), target=to, force=force, **calls)
