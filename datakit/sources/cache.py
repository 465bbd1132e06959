"""Converted records on disk, so that another template, cap or seed reads no raw data again."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import orjson
import polars as pl

import datakit.io
import datakit.sources
from datakit.io.cache_folder import ENTRY, cache_folder
from datakit.io.trees import Stamp, stamp_of
from datakit.sources.converter import Converter
from datakit.version import VERSION

RECORDS = "records.parquet"
REJECTS = "rejects.parquet"
PART = ".datakit-"
# Somebody may name a folder that holds other things, too.
ENTRY_NAME = re.compile(r"[0-9a-f]{32}")
OWN_NAME = re.compile(rf"[0-9a-f]{{32}}|{re.escape(PART)}\w+")


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """The records of one source as they were converted once.

    Attributes:
        version: of the raw data; another build may put a newer entry into the same folder.
    """

    folder: Path
    version: str = ""

    @property
    def about(self) -> dict[str, Any]:
        """What was read: `converter`, `path`, `split`, `records`, `rejected_records`, …

        Sizes of samples have `samples` in place of `records`.
        """
        found: dict[str, Any] = orjson.loads((self.folder / ENTRY).read_bytes())
        return found

    @property
    def bytes(self) -> int:
        """Bytes on disk; none where another process removed it."""
        with suppress(OSError):
            return sum(file.stat().st_size for file in self.folder.iterdir())
        return 0

    def frame(self, name: str, make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        """A table that follows from the records: kept beside them under `name`, or made."""
        path = self.folder / f"{name}-{self.version}.parquet"
        part = path.with_suffix(f".{os.getpid()}.part")
        with suppress(OSError, pl.exceptions.PolarsError):
            return pl.read_parquet(path)
        made = make()
        try:
            made.write_parquet(part)
            part.replace(path)
        except (OSError, pl.exceptions.PolarsError):  # polars' own, where the disk is full
            with suppress(OSError):
                part.unlink()
        return made


class RecordCache:
    """The entries under one folder; see `cache_folder`.

    The trainer keeps the sizes of samples there, too (`trainer/data/size_cache.py`), so that they
    are listed and cleared with the records.

    An entry is used while the code of the converters is the same, and while every file that they
    read and every folder that they looked into is as it was, by size and time of change.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    @staticmethod
    def of_user() -> RecordCache:
        """The cache that the environment names."""
        return RecordCache(cache_folder())

    def entries(self) -> list[CacheEntry]:
        """What is cached, by folder."""
        return [
            CacheEntry(folder) for folder in self._folders() if ENTRY_NAME.fullmatch(folder.name)
        ]

    def _folders(self) -> list[Path]:
        """The folders that are the cache's own, those of killed builds included."""
        if self.folder is None or not self.folder.is_dir():
            return []
        return sorted(path for path in self.folder.iterdir() if OWN_NAME.fullmatch(path.name))

    def clear(self) -> int:
        """Removes every entry, and nothing else; returns how many bytes that freed."""
        freed = 0
        for folder in self._folders():
            freed += CacheEntry(folder).bytes
            shutil.rmtree(folder)
        return freed

    def find(self, converter: Converter) -> CacheEntry | None:
        """The entry of what a converter would read, if it is still what would be read."""
        if self.folder is None:
            return None
        folder = self.folder / _key(converter)
        try:
            text = (folder / ENTRY).read_bytes()
            seen = orjson.loads(text)["seen"]
            same = all(stamp_of(root, name) == stamp for root, name, stamp in seen)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if not same:
            return None
        # What is taken from here depends on these files as if it had been read from them now.
        converter.path.tree.trace.update({(root, name): stamp for root, name, stamp in seen})
        return CacheEntry(folder, _version(text))

    def store(
        self,
        converter: Converter,
        about: dict[str, Any],
        write: Callable[[Path], None],
    ) -> CacheEntry | None:
        """Keeps what was read; None where there is no room or no right to.

        Args:
            about: what to say of it, beside what was read and looked into.
            write: writes the tables into a folder.
        """
        if self.folder is None:
            return None
        folder = self.folder / _key(converter)
        fields = {
            "converter": converter.name,
            "path": converter.path.absolute(),
            "split": converter.split,
            **about,
            "seen": _lines(converter.path.tree.trace),
        }
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            part = Path(mkdtemp(dir=self.folder, prefix=PART))
            text = orjson.dumps(fields)
            try:
                write(part)
                (part / ENTRY).write_bytes(text)
                shutil.rmtree(folder, ignore_errors=True)
                part.rename(folder)
            finally:
                shutil.rmtree(part, ignore_errors=True)
        except OSError:
            return None
        return CacheEntry(folder, _version(text))


def _version(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:16]


def _lines(trace: dict[tuple[str, str], Stamp]) -> list[tuple[str, str, Stamp]]:
    return [(root, name, stamp) for (root, name), stamp in trace.items()]


def _key(converter: Converter) -> str:
    """A name for what a converter reads and how, the code included."""
    parts = [
        _code_digest(),
        converter.name,
        converter.path.absolute(),
        converter.config,
        converter.split,
        converter.group_by,
        converter.options.model_dump(mode="json"),
    ]
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()[:32]


@cache
def _code_digest() -> str:
    """Of all code that decides what a record is."""
    packages = [Path(str(package.__file__)).parent for package in (datakit.io, datakit.sources)]
    return code_digest([*packages, *(packages[0].parent / n for n in ("record.py", "geometry.py"))])


def code_digest(paths: Iterable[Path]) -> str:
    """The SHA-256 of the Python files at some paths, and of datakit's version."""
    digest = hashlib.sha256(VERSION.encode())
    for path in paths:
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    return digest.hexdigest()
