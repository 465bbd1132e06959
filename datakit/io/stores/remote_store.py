"""A bucket, or another place that fsspec can write to."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from fsspec.core import url_to_fs

from datakit.errors import DataError, OutputError, UsageError
from datakit.io.digest import READ_BYTES
from datakit.io.stores.holder import Holder
from datakit.io.stores.store import HOLDER, WORK, Store
from datakit.io.trees import BuildPlace, build_place

T = TypeVar("T")

# What stores call the mark of one object's content or version.
MARKS = ("ETag", "etag", "generation", "md5Hash", "crc32c", "VersionId")
ATTEMPTS = 3
WAIT_SECONDS = 1.0


class RemoteStore(Store):
    """The files under one URL such as `s3://bucket/folder`.

    A file is written on this machine and then put there; in a bucket it appears when all of it is
    there. Nothing that was listed is remembered.

    Raises:
        UsageError: no installed package knows such URLs.
    """

    def __init__(self, root: str) -> None:
        self.root = root.rstrip("/")
        try:
            self._files, self._base = url_to_fs(self.root, use_listings_cache=False)
        except (ImportError, ValueError) as error:
            raise UsageError(
                f"{root}: cannot be written: {error}. Install the package that knows such URLs "
                "(`s3fs` for s3://, which is the extra `s3`; `gcsfs` for gs://)."
            ) from error

    def __reduce__(self) -> tuple[type[RemoteStore], tuple[str]]:
        return RemoteStore, (self.root,)

    def __str__(self) -> str:
        return self.root

    @property
    def place(self) -> BuildPlace:
        return build_place(self.root)

    @contextmanager
    def held(self) -> Iterator[None]:
        mine = Holder.this().dump()
        try:
            while not self._create(HOLDER, mine):
                self._take_over_or_refuse()
        except (DataError, FileNotFoundError) as error:
            raise OutputError(f"{self.root} cannot be written: {error}") from error
        try:
            yield
        finally:
            with suppress(FileNotFoundError):
                if self.read(HOLDER) == mine:
                    self.remove(HOLDER)

    @contextmanager
    def workplace(self) -> Iterator[Path]:
        with TemporaryDirectory(prefix="datakit-") as folder:
            yield Path(folder)

    @contextmanager
    def whole_file(self, name: str) -> Iterator[Path]:
        with TemporaryDirectory(prefix="datakit-") as folder:
            path = Path(folder) / name.rpartition("/")[2]
            yield path
            self._put(path, name)

    @contextmanager
    def filled(self, *, last: str) -> Iterator[Path]:
        with TemporaryDirectory(prefix="datakit-") as temporary:
            folder = Path(temporary)
            yield folder
            names = (p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
            for name in sorted(names, key=lambda name: (name == last, name)):
                self._put(folder / name, name)

    @contextmanager
    def appended(self, name: str) -> Iterator[Path]:
        with TemporaryDirectory(prefix="datakit-") as folder:
            path = Path(folder) / name
            with suppress(FileNotFoundError):
                path.write_bytes(self.read(name))
            try:
                yield path
            finally:
                if path.is_file():
                    self._put(path, name)

    def names(self) -> Iterator[str]:
        found: list[str] = self._act("", lambda: self._files.find(self._base))
        start = len(self._base) + 1
        yield from sorted(path[start:] for path in found if path[start:])

    def read(self, name: str) -> bytes:
        data: bytes = self._act(name, lambda: self._files.cat_file(self._path(name)))
        return data

    def size(self, name: str) -> int:
        with suppress(FileNotFoundError):
            return int(self._act(name, lambda: self._files.info(self._path(name)))["size"] or 0)
        return 0

    def sha256(self, name: str) -> str:
        return self._act(name, lambda: self._digest(name))

    def stamp(self, name: str) -> str:
        about: dict[str, Any] = self._act(name, lambda: self._files.info(self._path(name)))
        marks = [f"{key} {about[key]}" for key in MARKS if about.get(key)]
        return f"{about['size']} {' '.join(marks)}" if marks else ""

    def is_untouched(self, name: str, stamp: str, *, noted_in: str) -> bool:  # noqa: ARG002
        with suppress(FileNotFoundError):
            return stamp != "" and self.stamp(name) == stamp
        return False

    def remove(self, name: str) -> None:
        with suppress(FileNotFoundError):
            self._act(name, lambda: self._files.rm_file(self._path(name)))

    def remove_work(self) -> None:
        for name in self.names():
            if name.startswith(f"{WORK}/") and name != HOLDER:
                self.remove(name)

    def free_bytes(self) -> int | None:
        return None

    def _path(self, name: str) -> str:
        return f"{self._base}/{name}" if name else self._base

    def _put(self, path: Path, name: str) -> None:
        self._act(name, lambda: self._files.put_file(str(path), self._path(name)))

    def _create(self, name: str, data: bytes) -> bool:
        """Writes a file that must not be there yet; whether it was this call that wrote it."""
        path = self._path(name)
        if self._act(name, lambda: self._files.exists(path)):
            return False
        with suppress(FileExistsError):
            self._act(name, lambda: self._files.pipe_file(path, data, mode="create"))
            # A store that knows no exclusive writing lets the last of two win.
            return self.read(name) == data
        return False

    def _take_over_or_refuse(self) -> None:
        try:
            other = Holder.parse(self.read(HOLDER))
        except FileNotFoundError:
            return
        if other is None or not other.is_gone():
            named = f" ({other})" if other else ""
            raise OutputError(
                f"another build is writing to {self.root}{named}. Wait for it to end. If it no "
                f"longer runs, remove {self.root}/{HOLDER}: a bucket cannot know."
            )
        self.remove(HOLDER)

    def _digest(self, name: str) -> str:
        digest = hashlib.sha256()
        with self._files.open(self._path(name), "rb") as file:
            while data := file.read(READ_BYTES):
                digest.update(data)
        return digest.hexdigest()

    def _act(self, name: str, act: Callable[[], T]) -> T:
        """What an act gives; it is tried again where the network failed.

        Raises:
            FileNotFoundError, FileExistsError: as the store says.
            DataError: the store failed.
        """
        for attempt in range(ATTEMPTS):
            try:
                return act()
            except (FileNotFoundError, FileExistsError):
                raise
            except Exception as error:
                if attempt + 1 < ATTEMPTS and isinstance(error, ConnectionError | TimeoutError):
                    time.sleep(WAIT_SECONDS * 2**attempt)
                    continue
                where = f"{self.root}/{name}" if name else self.root
                raise DataError(
                    f"{where}: {_one_line(error)}. Check the name, the network and what you may "
                    "do there. Shards that are whole are kept; the same command goes on."
                ) from error
        raise AssertionError("unreachable")


def _one_line(error: Exception) -> str:
    error = error.__cause__ if isinstance(error.__cause__, Exception) else error
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
