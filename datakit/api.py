"""The public functions: whatever the command line does, one call here does."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from datakit.errors import DataError, DatakitError, Problem, UsageError, nearest
from datakit.exporting import ExportResult, export_build
from datakit.inspect import (
    Difference,
    PreviewedSample,
    compare,
    open_side,
    preview_samples,
    verify_build,
)
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
    without_images: bool = False,
    progress: Progress | None = None,
) -> Plan:
    """Reads every source and says what would be written; `.table` has a row a sample.

    Arguments and errors are those of `resolve`; beyond them:

    Args:
        without_images: looks for no image, as where they are not at hand yet: each counts as there.

    Raises:
        DataError: a source is not in the expected layout, or has no records.
    """
    resolved = resolve(
        mixture, root=root, templates=templates, limit_records=limit_records, overrides=overrides
    )
    calls = progress or Progress()
    return make_plan(
        resolved,
        without_images=without_images,
        on_source=calls.on_source,
        on_records=calls.on_records,
        on_cached=calls.on_cached,
    )


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
    if not os.fspath(out):
        raise UsageError("out is empty; expected a folder or a URL. Is a variable not set?")
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
    source: str | None = None,
    root: FilePath | None = None,
    templates: FilePath | None = None,
    overrides: Sequence[str] = (),
) -> list[PreviewedSample]:
    """Shows raw records beside their conversations, from the first 2,000 records of each source.

    Arguments and errors are those of `plan`; beyond them:

    Args:
        source: only this one is read, or one that another becomes by `split_by`.

    Raises:
        UsageError: there is no such source.
    """
    resolved = resolve(
        mixture,
        root=root,
        templates=templates,
        limit_records=PREVIEWED_RECORDS,
        overrides=overrides,
    )
    made = make_plan(resolved if source is None else _only(resolved, source))
    if source is not None and source not in made.by_source:
        raise UsageError(f"no source {source!r}. {nearest(source, list(made.by_source))}")
    return list(preview_samples(made, per_source=per_source, source=source))


def _only(mixture: ResolvedMixture, name: str) -> ResolvedMixture:
    """The mixture with one source, those that share conversations with it, and no others."""
    names = [source.name for source in mixture.sources]
    split = [s.name for s in mixture.sources if s.spec.split_by and name.startswith(f"{s.name}-")]
    if name not in names and not split:
        raise UsageError(f"no source {name!r}. {nearest(name, names)}")
    members = mixture.group_of(name) if name in names else split
    return replace(mixture, sources=tuple(s for s in mixture.sources if s.name in members))


def diff(
    before: FilePath,
    after: FilePath,
    *,
    show_texts: int = 3,
    root: FilePath | None = None,
    templates: FilePath | None = None,
    limit_records: int | None = None,
    progress: Progress | None = None,
    on_samples: Callable[[int, int], None] = lambda _done, _total: None,
) -> Difference:
    """Compares two builds or plans: samples, shares, texts, templates, images and records.

    Args:
        before, after: each a build's folder, a mixture, which is planned, or the JSON of a plan.
        show_texts: how many samples with another text are returned in full.
        root, templates, limit_records: of the mixtures among them, as in `resolve`.
        on_samples: called with the samples whose texts are compared, and all.

    Raises:
        UsageError: there is no such mixture or finished build.
        DamageError: a build is damaged, or of a newer format.
    """
    sides = [
        open_side(
            os.fspath(side),
            lambda side=side: plan(  # type: ignore[misc]
                side,
                root=root,
                templates=templates,
                limit_records=limit_records,
                progress=progress,
            ),
        )
        for side in (before, after)
    ]
    return compare(*sides, show_texts=show_texts, on_samples=on_samples)


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
