"""A bucket, or another place that fsspec can read."""

from __future__ import annotations

from functools import cached_property
from typing import IO, Any

from fsspec.core import url_to_fs

from datakit.errors import UsageError
from datakit.io.trees.tree import Stamp, Tree


class RemoteTree(Tree):
    """The files under one URL such as `s3://bucket/folder`; each folder is listed once.

    Raises:
        UsageError: no installed package reads such URLs.
    """

    def __init__(self, root: str) -> None:
        self.root = root.rstrip("/")
        self._listed: dict[str, dict[str, dict[str, Any]]] = {}
        try:
            self._files, self._base = url_to_fs(self.root)
        except (ImportError, ValueError) as error:
            raise UsageError(
                f"{root}: cannot be read: {error}. Install the package that reads such URLs "
                "(`s3fs` for s3://, `gcsfs` for gs://), or use a local copy."
            ) from error

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
        return sorted(self._list(folder))

    def open(self, name: str) -> IO[bytes]:
        file: IO[bytes] = self._files.open(self._path(name), "rb")
        return file

    def stamp(self, name: str) -> Stamp:
        if self.is_dir(name):
            return " ".join(self.names(name))
        found = self._entry(name)
        return None if found is None else str(self._files.ukey(self._path(name)))

    def above(self) -> tuple[Tree, str]:
        parent, _, name = self.root.rpartition("/")
        return RemoteTree(parent), name

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
        try:
            found: dict[str, Any] = self._files.info(self._path(name))
        except OSError:
            return None
        return found

    def _list(self, folder: str) -> dict[str, dict[str, Any]]:
        if folder not in self._listed:
            try:
                found = [] if self._is_flat else self._files.ls(self._path(folder), detail=True)
            except OSError:
                found = []
            entries = {str(e["name"]).rstrip("/").rpartition("/")[2]: e for e in found}
            # A bucket may list a folder as an empty file in itself.
            entries.pop("", None)
            self._listed[folder] = entries
        return self._listed[folder]
