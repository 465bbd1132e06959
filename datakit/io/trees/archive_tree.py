"""The members of a zip, or of a tar that is not compressed, read where they are."""

from __future__ import annotations

import io
import posixpath
import stat
import tarfile
import zipfile
from abc import abstractmethod
from collections.abc import Iterator
from functools import cached_property
from typing import IO, Any

from datakit.errors import FormatError
from datakit.io.trees.tree import Stamp, Tree, clean_name

SUFFIXES = (".zip", ".tar")
COMPRESSED = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")
MAX_LINKS = 8
# Text packs to a tenth, seldom to a fiftieth; deflate can do a thousandth, and a bomb does.
MAX_RATIO = 200
SMALL_BYTES = 100_000_000

Link = str


def open_archive(outer: Tree, name: str) -> ArchiveTree:
    """The archive that a file of another tree is."""
    return ZipTree(outer, name) if name.lower().endswith(".zip") else TarTree(outer, name)


class ArchiveTree(Tree):
    """The members of one archive, listed once.

    Members whose names lead out of the archive, and links that do, are not there; `unsafe` counts
    them.
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
        return f"{self.unsafe} names or links of {self.root} lead out of it" if self.unsafe else ""

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
        except (zipfile.BadZipFile, tarfile.TarError, EOFError, ValueError) as error:
            raise FormatError(
                f"{self.root}: cannot be read as an archive: {error}. Fetch it again, or unpack it."
            ) from error
        except OSError as error:
            raise FormatError(f"{self.root}: cannot be read: {error.strerror or error}.") from error


class ZipTree(ArchiveTree):
    """The members of a zip archive."""

    def _index(self) -> Iterator[tuple[str, Any]]:
        for info in self._zip.infolist():
            if info.is_dir():
                continue
            if stat.S_ISLNK(info.external_attr >> 16):
                target = self._zip.read(info).decode("utf-8", "replace")
                yield info.filename, posixpath.join(posixpath.dirname(info.filename), target)
            else:
                yield info.filename, info

    def _size(self, member: Any) -> int:
        return int(member.file_size)

    def _open(self, member: Any) -> IO[bytes]:
        bomb = member.file_size > MAX_RATIO * max(member.compress_size, 1)
        if bomb and member.file_size > SMALL_BYTES:
            raise OSError(
                0,
                f"{member.file_size:,} bytes packed into {member.compress_size:,}, as in a zip "
                "bomb; unpack it if you trust it",
                self.full_name(member.filename),
            )
        try:
            return self._zip.open(member)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            raise OSError(0, str(error), self.full_name(member.filename)) from error

    @cached_property
    def _zip(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(self.outer.open(self.name))


class TarTree(ArchiveTree):
    """The members of a tar; one that is compressed as a whole has no places to read from."""

    def _index(self) -> Iterator[tuple[str, Any]]:
        with (
            self.outer.open(self.name) as file,
            tarfile.open(fileobj=file, mode="r:") as tar,
        ):
            while (member := tar.next()) is not None:
                if member.issym():
                    folder = posixpath.dirname(member.name)
                    yield member.name, posixpath.join(folder, member.linkname)
                elif member.islnk():
                    yield member.name, member.linkname
                elif member.isreg():
                    yield member.name, (member.offset_data, member.size)
                tar.members = []  # type: ignore[attr-defined]  # half a kilobyte of each

    def _size(self, member: Any) -> int:
        return int(member[1])

    def _open(self, member: Any) -> IO[bytes]:
        return io.BufferedReader(_Part(self.outer.open(self.name), *member))


class _Part(io.RawIOBase):
    """A part of an open file, which is closed with it."""

    def __init__(self, file: IO[bytes], start: int, size: int) -> None:
        self._file = file
        self._start = start
        self._size = size
        self._at = 0
        file.seek(start)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        self._file.seek(self._start + self._at)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(max(0, min(len(buffer), self._size - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def is_archive(name: str) -> bool:
    """Whether a file is an archive that can be read in place, by its name."""
    return name.lower().endswith(SUFFIXES)


def is_compressed(name: str) -> bool:
    """Whether a file is an archive that must be unpacked first, by its name."""
    return name.lower().endswith(COMPRESSED)


def archive_stem(name: str) -> str:
    """An archive's name without the end that makes it one."""
    return name.rpartition(".")[0]


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
