"""The members of an archive, read where they are."""

from __future__ import annotations

import posixpath
import tarfile
import zipfile
from abc import abstractmethod
from collections.abc import Iterator
from functools import cached_property
from typing import IO, Any

from datakit.errors import FormatError
from datakit.io.trees.tree import Stamp, Tree, clean_name

MAX_LINKS = 8
BROKEN = (
    zipfile.BadZipFile, tarfile.TarError, EOFError, ValueError, OverflowError, MemoryError
)  # fmt: skip

Link = str


class ArchiveTree(Tree):
    """The members of one archive, listed once.

    Members whose names lead out of the archive are not there, nor are links that lead out of it,
    to a folder or nowhere; `unsafe` counts them.
    """

    def __init__(self, outer: Tree, name: str) -> None:
        self.outer = outer
        self.name = name
        self.root = outer.full_name(name)
        self.unsafe = 0

    def __reduce__(self) -> tuple[type[ArchiveTree], tuple[Tree, str]]:
        return type(self), (self.outer, self.name)

    @property
    def trace(self) -> dict[tuple[str, str], Stamp]:
        return self.outer.trace

    def size(self, name: str) -> int | None:
        member = self._members.get(name)
        return None if member is None else self._size(member)

    def is_dir(self, name: str) -> bool:
        return name in self._folders

    def names(self, folder: str) -> list[str]:
        return sorted(self._folders.get(folder, ()))

    def open(self, name: str) -> IO[bytes]:
        if name not in self._members:
            raise FileNotFoundError(2, "no such member", self.full_name(name))
        return self._open(self._members[name])

    def stamp(self, name: str) -> Stamp:  # noqa: ARG002 - a member changes with its archive
        return self.outer.stamp(self.name)

    def above(self) -> tuple[Tree, str]:
        return self.outer, self.name

    def remark(self, name: str) -> str:  # noqa: ARG002
        _ = self._members
        return (
            f"{self.unsafe} names or links in {self.root} lead out of it, to a folder or nowhere"
            if self.unsafe
            else ""
        )

    @abstractmethod
    def _index(self) -> Iterator[tuple[str, Any]]:
        """Every member's name as it stands there, with where it is, or the name it links to."""

    @abstractmethod
    def _size(self, member: Any) -> int: ...

    @abstractmethod
    def _open(self, member: Any) -> IO[bytes]: ...

    @cached_property
    def _members(self) -> dict[str, Any]:
        """Where each file is, by its name."""
        found: dict[str, Any] = {}
        for name, member in self._read_index():
            clean = clean_name(name)
            if clean is None:
                self.unsafe += 1
            elif clean:
                found[clean] = member
        links = [name for name, member in found.items() if isinstance(member, Link)]
        targets = {name: _follow(found, name) for name in links}
        self.unsafe += sum(target is None for target in targets.values())
        own = {name: member for name, member in found.items() if name not in targets}
        return own | {name: target for name, target in targets.items() if target is not None}

    @cached_property
    def _folders(self) -> dict[str, set[str]]:
        folders: dict[str, set[str]] = {"": set()}
        for name in self._members:
            folder, _, base = name.rpartition("/")
            while base and base not in folders.setdefault(folder, set()):
                folders[folder].add(base)
                folder, _, base = folder.rpartition("/")
        return folders

    def _read_index(self) -> Iterator[tuple[str, Any]]:
        try:
            yield from self._index()
        except BROKEN as error:
            raise FormatError(
                f"{self.root}: cannot be read as an archive: {error}. Fetch it again, or unpack it."
            ) from error
        except OSError as error:
            raise FormatError(f"{self.root}: cannot be read: {error.strerror or error}.") from error


def _follow(members: dict[str, Any], name: str) -> Any | None:
    """What a link leads to inside the archive; None where it leads out, or nowhere."""
    for _ in range(MAX_LINKS):
        found = members.get(name)
        if not isinstance(found, Link):
            return found
        target = posixpath.normpath(found)
        if target.startswith(("/", "../")) or target == "..":
            return None
        name = target
    return None
