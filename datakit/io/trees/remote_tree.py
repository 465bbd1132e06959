"""A bucket, or another place that fsspec can read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cached_property
from io import BufferedReader, BytesIO
from typing import IO, Any, TypeVar

from fsspec.core import url_to_fs

from datakit.errors import DataError, UsageError
from datakit.io.trees.tree import Stamp, Tree

T = TypeVar("T")

ABSENT = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
SERVER_FAILED = 500
# Where a file was fetched from may be signed anew each time.
FLEETING = ("url",)


class RemoteTree(Tree):
    """The files under one URL such as `s3://bucket/folder`; each folder is listed once.

    Args:
        anew: forgets what this process listed there for other trees.

    Raises:
        UsageError: no installed package reads such URLs.
        DataError: the place cannot be reached, or does not let one in; raised when it is asked.
    """

    def __init__(self, root: str, *, anew: bool = False) -> None:
        self.root = root.rstrip("/")
        self._listed: dict[str, dict[str, dict[str, Any]]] = {}
        try:
            self._files, self._base = url_to_fs(self.root)
        except (ImportError, ValueError) as error:
            raise UsageError(
                f"{root}: cannot be read: {error}. Install the package that reads such URLs "
                "(`s3fs` for s3://, `gcsfs` for gs://), or use a local copy."
            ) from error
        if anew:
            self._files.invalidate_cache()

    def __reduce__(self) -> tuple[type[RemoteTree], tuple[str]]:
        return RemoteTree, (self.root,)

    def size(self, name: str) -> int | None:
        found = self._entry(name)
        return int(found["size"] or 0) if found and found["type"] == "file" else None

    def is_dir(self, name: str) -> bool:
        if not name:
            return bool(self._list(""))
        found = self._entry(name)
        return found is not None and found["type"] == "directory"

    def names(self, folder: str) -> list[str]:
        return sorted(self._list(folder)) if self.is_dir(folder) else []

    def open(self, name: str) -> IO[bytes]:
        file: Any = self._read(name, lambda: self._files.open(self._path(name), "rb"))
        # In memory, all who open a file share one position in it; others' lines have no limit.
        return BytesIO(file.getvalue()) if isinstance(file, BytesIO) else BufferedReader(file)

    def read(self, name: str) -> bytes:
        return self._read(name, lambda: super(RemoteTree, self).read(name))

    def read_range(self, name: str, start: int, size: int) -> bytes:
        """As in `Tree`, in one request: an open file would read far ahead."""

        def ask() -> bytes:
            found: bytes = self._files.cat_file(self._path(name), start=start, end=start + size)
            return found

        return self._read(name, ask)

    def stamp(self, name: str) -> Stamp:
        if self.is_dir(name):
            return _digest(self.names(name))
        found = self._entry(name)
        if found is None:
            return None
        return _digest(sorted(f"{key} {found[key]}" for key in found if key not in FLEETING))

    def above(self) -> tuple[Tree, str]:
        parent, _, name = self.root.rpartition("/")
        return (self, "") if parent.endswith("/") else (RemoteTree(parent), name)

    def inside(self, folder: str) -> Tree:
        return RemoteTree(self.full_name(folder))

    @cached_property
    def _is_flat(self) -> bool:
        """Whether the place has files but no listings, as most web servers."""
        return self.root.startswith(("http://", "https://"))

    def _path(self, name: str) -> str:
        return f"{self._base}/{name}" if name else self._base

    def _entry(self, name: str) -> dict[str, Any] | None:
        folder, _, base = name.rpartition("/")
        if self._is_flat:
            return self._ask(name)
        return self._list(folder).get(base)

    def _ask(self, name: str) -> dict[str, Any] | None:
        return self._look(name, lambda: dict(self._files.info(self._path(name))), None)

    def _list(self, folder: str) -> dict[str, dict[str, Any]]:
        if folder not in self._listed:
            listing = list[dict[str, Any]]()
            if not self._is_flat:
                path = self._path(folder)
                listing = self._look(folder, lambda: self._files.ls(path, detail=True), listing)
            entries = {str(e["name"]).rstrip("/").rpartition("/")[2]: e for e in listing}
            # A bucket may list a folder as an empty file in itself.
            entries.pop("", None)
            self._listed[folder] = entries
        return self._listed[folder]

    def _look(self, name: str, act: Callable[[], T], absent: T) -> T:
        """What an act gives, or `absent` where there is nothing of that name."""
        try:
            return act()
        except Exception as error:
            if isinstance(error, ABSENT) and not _is_unanswered(error):
                return absent
            raise DataError(
                f"{self.full_name(name)}: cannot be looked up: {_one_line(error)}. Check the name, "
                "the network and what you may read there, or use a local copy."
            ) from error

    def _read(self, name: str, act: Callable[[], T]) -> T:
        """What an act on a file gives; each package fails by errors of its own."""
        try:
            return act()
        except OSError:
            raise
        except Exception as error:
            raise OSError(0, _one_line(error), self.full_name(name)) from error


def _is_unanswered(error: Exception) -> bool:
    """Whether a web server failed; fsspec calls a file missing that could not be asked for."""
    cause = error.__cause__
    if cause is None or type(cause).__module__.partition(".")[0] != "aiohttp":
        return False
    status: int = getattr(cause, "status", SERVER_FAILED)
    return status >= SERVER_FAILED


def _one_line(error: Exception) -> str:
    error = error.__cause__ if isinstance(error.__cause__, Exception) else error
    return " ".join(str(error).split()) or type(error).__name__


def _digest(lines: list[str]) -> str:
    return hashlib.sha256("\0".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
