"""`datakit.open`: random access to a build's samples by number or key."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from datakit.errors import DamageError, UsageError, nearest
from datakit.inspect.loaded_sample import LoadedSample
from datakit.inspect.quick_faults import quick_faults
from datakit.inspect.why import RecordFate, SampleOrigin, why_record, why_sample
from datakit.io.cat import cat_url
from datakit.io.stable_hash import stable_hash
from datakit.io.trees import BuildPlace, SourcePath, build_place
from datakit.record import Sample
from datakit.shards.index import INDEX, read_table
from datakit.shards.manifest import Manifest, read_manifest
from datakit.shards.sample_json import decode_sample
from datakit.shards.tar import read_first_member, read_members, read_names

if TYPE_CHECKING:
    from webdataset import WebDataset


def open_build(path: str | os.PathLike[str], *, split: str | None = None) -> BuiltDataset:
    """Opens a finished build: a folder, or a URL that fsspec knows.

    Args:
        split: `train`, or `val` for what is held out; all samples where it is None.

    Raises:
        UsageError: there is no finished build, or no such split in it.
        DamageError: its manifest or index is broken, or of a newer format.
    """
    return BuiltDataset(build_place(path), split=split)


class BuiltDataset:
    """The samples of one build, or of one split of it, in the order of its shards.

    `data[3]` and `data["key"]` read one sample, `for sample in data` all of them. It holds no open
    file, so it can be pickled and used in several processes.

    Attributes:
        path: the build's folder.
        split: the one that it is limited to, if any.
        manifest: counts and digests, of the whole build.
        index: a row a sample, as `index.parquet` has it.
    """

    def __init__(self, path: BuildPlace, *, split: str | None = None) -> None:
        self.path = path
        self.split = split
        self.manifest: Manifest = read_manifest(path)
        if split is not None and split not in self.manifest.splits:
            hint = nearest(split, list(self.manifest.splits))
            raise UsageError(f"{path} has no split {split!r}. {hint}")
        self.index: pl.DataFrame = read_table(path / INDEX)
        if len(self.index) != self.manifest.samples:
            raise DamageError(
                f"{path}: index.parquet has {len(self.index)} samples, the manifest "
                f"{self.manifest.samples}. See `datakit verify {path}`."
            )
        if split is not None:
            self.index = self.index.filter(pl.col("split") == split)
        # Plain values: a loader's forked process must not wait for the threads of polars.
        self._keys: list[str] = self.index["key"].to_list()
        self._places = self.index["shard"].to_list(), self.index.select("offset", "size").to_numpy()

    @property
    def fingerprint(self) -> str:
        """A hash of everything that decided this build's bytes."""
        return self.manifest.fingerprint

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, which: int | str) -> LoadedSample:
        """One sample by number (negative ones count from the end) or key.

        Raises:
            IndexError, KeyError: there is none.
            DamageError: the shard is not what the index says.
        """
        path, offset, size = self._place(which)
        with _damage(path):
            members = read_members(path, offset, size)
        return _loaded(members, f"{path}, byte {offset}")

    def text(self, which: int | str) -> Sample:
        """One sample without its images: a fraction of its bytes.

        On this machine the shard's headers say whether the images are there; a bucket would take a
        request for each.

        Raises:
            IndexError, KeyError, DamageError: as for all of it.
        """
        path, offset, size = self._place(which)
        with _damage(path):
            sample = decode_sample(read_first_member(path, offset), f"{path}, byte {offset}")
            names = set(read_names(path, offset, size)) if isinstance(path, Path) else None
        for member in sample.images:
            if names is not None and f"{sample.id}.{member}" not in names:
                raise _no_member(f"{path}, byte {offset}", f"{sample.id}.{member}")
        return sample

    def from_webdataset(self, fields: Mapping[str, Any]) -> LoadedSample:
        """A sample as it comes from `webdataset()`.

        Raises:
            DamageError: an image is missing, or it is no sample.
        """
        key = fields["__key__"]
        members = {f"{key}.{name}": data for name, data in fields.items() if name[0] != "_"}
        text = f"{key}.json"
        if text not in members:
            raise _no_member(f"{fields['__url__']}, {key}", text)
        return _loaded({text: members.pop(text), **members}, f"{fields['__url__']}, {key}")

    def check_files(self) -> None:
        """Checks what takes no time: the sizes of the shards, and the bytes of the index.

        `datakit verify` reads all of them.

        Raises:
            DamageError: a file is missing or was changed since the build; all of them are named.
        """
        faults = list(quick_faults(self.path, self.manifest))
        if faults:
            raise DamageError(
                f"{self.path} is not what was built: {'; '.join(faults)}. See "
                f"`datakit verify {self.path}`, or build it again."
            )

    @property
    def stamp(self) -> str:
        """What changes with the fingerprint, and when somebody writes a shard anew or moves it."""
        paths = [self.path / shard.path for shard in self.manifest.shards]
        stamps = [path.stamp() if isinstance(path, SourcePath) else _times(path) for path in paths]
        return f"{stable_hash(self.fingerprint, *map(str, stamps)):016x}"

    def __contains__(self, key: object) -> bool:
        """Whether a sample has this key."""
        return key in self._rows

    def __iter__(self) -> Iterator[LoadedSample]:
        return (self[number] for number in range(len(self)))

    def __repr__(self) -> str:
        of = f" of {self.split}" if self.split else ""
        return f"<datakit build {self.manifest.name!r}: {len(self):,} samples{of} in {self.path}>"

    def why(self, key: str) -> SampleOrigin:
        """Where a sample came from.

        Raises:
            UsageError: no sample has this key.
        """
        return why_sample(self.path, key)

    def why_record(self, source: str, record_id: str) -> RecordFate:
        """What became of a record: used, rejected, not drawn or unknown."""
        return why_record(self.path, source, record_id)

    def webdataset(self, **options: Any) -> WebDataset:
        """The shards as a `webdataset.WebDataset`, in order; `options` go to its constructor.

        They are those of the split that was opened, or all of them. Shards of one source each are
        shuffled among each other; a buffer (`.shuffle(samples)`) mixes what is in them.

        Raises:
            DamageError: the build has no samples.
        """
        import webdataset

        if not self.manifest.shards:
            raise DamageError(f"{self.path} has no samples; see its rejects.parquet.")
        urls = [
            cat_url(self.path / shard.path)
            for shard in self.manifest.shards
            if self.split in (None, shard.split)
        ]
        mixed = self.manifest.layout == "mixed"
        order = {"shardshuffle": False} if mixed else {"shardshuffle": len(urls), "seed": 0}
        return webdataset.WebDataset(urls, **{**order, **options})

    def _place(self, which: int | str) -> tuple[BuildPlace, int, int]:
        """The shard of a sample, and where in it the sample stands, in bytes."""
        row = self._rows[which] if isinstance(which, str) else self._number(which)
        offset, size = map(int, self._places[1][row])
        return self.path / "shards" / self._places[0][row], offset, size

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {key: row for row, key in enumerate(self._keys)}

    def _number(self, number: int) -> int:
        if not -len(self) <= number < len(self):
            raise IndexError(f"sample {number} of {len(self)}")
        return number % len(self)


@contextmanager
def _damage(path: BuildPlace) -> Iterator[None]:
    """Names the shard that cannot be read."""
    try:
        yield
    except OSError as error:
        raise DamageError(f"{path}: {error.strerror or error}.") from error


def _no_member(where: str, name: str) -> DamageError:
    return DamageError(f"{where}: no member {name!r} beside the sample.")


def _times(path: Path) -> str:
    status = path.stat()
    return f"{status.st_size} {status.st_mtime_ns}"


def _loaded(members: dict[str, bytes], where: str) -> LoadedSample:
    name = next(iter(members))
    sample = decode_sample(members[name], where)
    try:
        images = tuple(members[f"{sample.id}.{member}"] for member in sample.images)
    except KeyError as error:
        raise _no_member(where, error.args[0]) from error
    fields = {field: getattr(sample, field) for field in Sample.__slots__}
    return LoadedSample(**fields, image_bytes=images)
