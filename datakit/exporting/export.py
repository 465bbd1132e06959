"""The export: a build's samples, checked as they are read, into one other format."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import orjson

from datakit.errors import DamageError, DataError, OutputError
from datakit.exporting.folder import EXPORT, refuse_what_is_there
from datakit.exporting.targets.base import Target
from datakit.inspect import BuiltDataset, LoadedSample, file_fault, open_build
from datakit.io.trees import BuildPlace
from datakit.registry import load_class
from datakit.shards.index import INDEX
from datakit.shards.manifest import FileEntry
from datakit.shards.new_folder import new_folder
from datakit.version import VERSION

TARGETS = "datakit.exporting.targets"

OnShard = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportResult:
    """A finished export.

    Attributes:
        samples: how many of each split; none is left out.
        images: of all samples; one that several samples have counts each time.
        image_files: files of one image each; none where the format embeds them.
        adjusted: how often the format could not hold something, by what became of it.
        rules: what each name in `adjusted` means, and why.
    """

    path: Path
    target: str
    samples: dict[str, int]
    turns: int
    images: int
    image_files: int
    adjusted: dict[str, int]
    rules: dict[str, str]


def export_build(
    build: str | os.PathLike[str],
    out: Path,
    *,
    target: str,
    force: bool = False,
    on_shard: OnShard = lambda _done, _total: None,
) -> ExportResult:
    """Writes a build's samples into `out` in the format of another program.

    One sample is in memory at a time, in Parquet one row group. Equal builds give equal bytes.

    Args:
        target: the name of a file in `targets/`.
        force: replaces an earlier export, and nothing else.
        on_shard: called with the number of shards done and of all.

    Raises:
        UsageError: there is no such target, or no finished build.
        OutputError: `out` cannot be written, is in use, or holds something else.
        DamageError: the build is damaged, or of a newer format.
        DataError: the build has no samples, or the disk is full.
    """
    kind: type[Target] = load_class(TARGETS, target, Target)  # type: ignore[type-abstract]
    data = open_build(build)
    _refuse_unfit(data, out)
    try:
        refuse = partial(refuse_what_is_there, out.resolve(), force=force)
        with new_folder(out, work="export", refuse=refuse) as folder:
            result = _write(kind(folder, data), Reading(data, on_shard), target, out)
            (folder / EXPORT).write_bytes(_export_json(result, data))
    except OSError as error:
        where = error.filename or out
        raise DataError(f"{where}: {error.strerror or error}. Nothing was exported.") from error
    return result


class Reading:
    """Reads the samples of one split after the other, and counts what it read."""

    def __init__(self, data: BuiltDataset, on_shard: OnShard) -> None:
        self.data = data
        self.counts: Counter[str] = Counter()
        self.samples: dict[str, int] = {}
        self._on_shard = on_shard
        self._done = 0

    @property
    def splits(self) -> list[str]:
        """The splits in the order of their shards."""
        return list(dict.fromkeys(shard.split for shard in self.data.manifest.shards))

    def read(self, split: str) -> Iterator[LoadedSample]:
        """The samples of a split, each shard checked by its digest before it is read.

        Raises:
            DamageError: a shard is not what the manifest says.
        """
        shards = self.data.manifest.shards
        rows = self.data.index.with_row_index("row")
        for shard in shards:
            if shard.split != split:
                continue
            refuse_damage(self.data.path, shard)
            for row in rows.filter(shard=Path(shard.path).name)["row"]:
                sample = self.data[row]
                self.samples[split] = self.samples.get(split, 0) + 1
                self.counts["turns"] += len(sample.provenance.turns)
                self.counts["images"] += len(sample.images)
                yield sample
            self._done += 1
            self._on_shard(self._done, len(shards))


def refuse_damage(build: BuildPlace, entry: FileEntry) -> None:
    """Compares a file with the manifest.

    Raises:
        DamageError: it is missing, or its bytes differ.
    """
    if fault := file_fault(build / entry.path, entry):
        raise DamageError(
            f"{build / entry.path}: {fault}. See `datakit verify {build}`; build it again with "
            "--force, or fetch it again."
        )


def _refuse_unfit(data: BuiltDataset, out: Path) -> None:
    """Refuses a build with a damaged index or without samples, and an output inside the build."""
    for entry in data.manifest.files:
        if entry.path in (INDEX, "mixture.lock.yaml"):
            refuse_damage(data.path, entry)
    if not len(data):
        raise DataError(f"{data.path} has no samples to export; see its rejects.parquet.")
    if isinstance(data.path, Path) and out.resolve().is_relative_to(data.path.resolve()):
        raise OutputError(f"{out} is in the build that is exported. Choose another --out.")


def _write(writer: Target, reading: Reading, target: str, out: Path) -> ExportResult:
    for split in reading.splits:
        writer.write(split, reading.read(split))
    for name, text in writer.describe(reading.splits).items():
        (writer.folder / name).write_bytes(text)
    return ExportResult(
        path=out,
        target=target,
        samples=reading.samples,
        turns=reading.counts["turns"],
        images=reading.counts["images"],
        image_files=writer.image_files,
        adjusted={name: writer.counts[name] for name in writer.rules},
        rules=dict(writer.rules),
    )


def _export_json(result: ExportResult, data: BuiltDataset) -> bytes:
    """`export.json`: what was exported from which build, without times and paths."""
    fields = {
        "target": result.target,
        "datakit_version": VERSION,
        "build": {"name": data.manifest.name, "fingerprint": data.fingerprint},
        "samples": result.samples,
        "turns": result.turns,
        "images": result.images,
        "image_files": result.image_files,
        "adjusted": result.adjusted,
        "rules": result.rules,
    }
    return orjson.dumps(fields, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
