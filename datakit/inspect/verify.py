"""Whether a build on disk is what its manifest says, down to each sample."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from datakit.errors import DamageError
from datakit.inspect.built_dataset import BuiltDataset
from datakit.inspect.loaded_sample import LoadedSample
from datakit.inspect.quick_faults import size_fault
from datakit.io.digest import file_sha256
from datakit.io.image_header import ImageError, read_header
from datakit.io.stores import open_store
from datakit.io.trees import BuildPlace
from datakit.record import IMAGE_PLACEHOLDER
from datakit.shards.folder import LOG, WORK
from datakit.shards.index import INDEX, read_table
from datakit.shards.leaks import leaked_images
from datakit.shards.manifest import MANIFEST, FileEntry, Manifest, read_manifest


def verify_build(build: BuildPlace) -> list[str]:
    """Checks every file's digest, then every sample against the index; returns all faults.

    Raises:
        UsageError: there is no finished build.
        DamageError: the manifest itself is broken.
    """
    manifest = read_manifest(build)
    faults = [*_file_faults(build, manifest), *_stray_files(build, manifest)]
    if not any(INDEX in fault for fault in faults):
        faults += _index_faults(build, manifest)
        faults += _sample_faults(build)
    return faults


def _file_faults(build: BuildPlace, manifest: Manifest) -> Iterator[str]:
    for entry in manifest.all_files:
        fault = file_fault(build / entry.path, entry)
        if fault:
            yield f"{entry.path}: {fault}"


def file_fault(path: BuildPlace, entry: FileEntry) -> str:
    """What is wrong with a file that the manifest knows; empty where nothing is."""
    fault = size_fault(path, entry)
    if fault:
        return fault
    return "" if file_sha256(path) == entry.sha256 else "its bytes differ from the manifest's"


def _stray_files(build: BuildPlace, manifest: Manifest) -> Iterator[str]:
    known = {entry.path for entry in manifest.all_files} | {MANIFEST, LOG}
    names = list(open_store(str(build)).names())
    if any(name.startswith(f"{WORK}/") for name in names):
        yield f"{WORK}: left by a build that was stopped; run that build once more"
    for name in names:
        if name not in known and not name.startswith(f"{WORK}/"):
            yield f"{name}: the manifest does not know this file"


def _index_faults(build: BuildPlace, manifest: Manifest) -> Iterator[str]:
    index = read_table(build / INDEX)
    counts = dict(index.group_by("source").len().iter_rows())
    for source in manifest.sources:
        if counts.get(source.name, 0) != (written := source.samples + source.val_samples):
            found = counts.get(source.name, 0)
            yield f"index.parquet: {found} samples of {source.name}, not {written}"
        rejected = sum(source.rejected_records.values())
        if source.used_records + source.not_drawn_records + rejected != source.records:
            yield f"manifest.json: the records of {source.name} do not add up"
    if len(manifest.splits) > 1:
        yield from leaked_images(index)
    for shard in manifest.shards:
        rows = index.filter(pl.col("shard") == Path(shard.path).name)
        if not (build / f"{shard.path}.idx").is_file():
            continue  # reported among the files
        offsets = np.frombuffer((build / f"{shard.path}.idx").read_bytes(), dtype=np.uint64)
        if offsets[:-1].tolist() != rows["offset"].to_list():
            yield f"{shard.path}.idx: its offsets are not the index's"


def _sample_faults(build: BuildPlace) -> Iterator[str]:
    data = BuiltDataset(build)
    for number, key in enumerate(data.index["key"]):
        try:
            sample = data[number]
        except DamageError as error:
            yield f"{key}: {error}"
            continue
        if sample.id != key:
            yield f"{key}: the shard has {sample.id} in its place"
        yield from (f"{key}: {fault}" for fault in _faults_of(sample))


def _faults_of(sample: LoadedSample) -> Iterator[str]:
    for data, member, expected in zip(
        sample.image_bytes, sample.images, sample.image_sha256, strict=True
    ):
        if hashlib.sha256(data).hexdigest() != expected:
            yield f"{member}: its bytes are not those of image_sha256"
        try:
            extension = read_header(data, check="none").extension
        except ImageError as error:
            yield f"{member}: {error}"
        else:
            if member.rpartition(".")[2] != extension:
                yield f"{member}: its bytes are {extension}"
    yield from _conversation_faults(sample)


def _conversation_faults(sample: LoadedSample) -> Iterator[str]:
    roles = [message.role for message in sample.messages]
    spoken = roles[1:] if roles[:1] == ["system"] else roles
    if any(not message.content.strip() for message in sample.messages):
        yield "a message is blank"
    if not spoken or spoken != ["user", "assistant"] * (len(spoken) // 2):
        yield f"turns do not alternate: {', '.join(roles)}"
    if len(sample.provenance.turns) != Counter(roles)["assistant"]:
        yield "its provenance has another number of turns"
    placeholders = sum(
        message.content.count(IMAGE_PLACEHOLDER)
        for message in sample.messages
        if message.role == "user"
    )
    if placeholders != len(sample.images):
        yield f"{placeholders} {IMAGE_PLACEHOLDER} for {len(sample.images)} images"
