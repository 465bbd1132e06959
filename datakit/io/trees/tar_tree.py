"""The members of a tar that is not compressed."""

from __future__ import annotations

import io
import posixpath
import tarfile
from collections.abc import Iterator
from typing import IO, Any

from datakit.io.trees.archive_tree import ArchiveTree
from datakit.io.trees.member import Member


class TarTree(ArchiveTree):
    """The members of a tar; one that is compressed as a whole has no places to read from.

    Sparse files, which are stored in pieces, are not there.
    """

    def _index(self) -> Iterator[tuple[str, Any]]:
        with (
            self.outer.open(self.name) as file,
            tarfile.open(fileobj=file, mode="r:") as tar,
        ):
            at = 0
            while (member := tar.next()) is not None:
                if tar.offset <= at:
                    raise tarfile.ReadError(f"a size below 0 at byte {at:,}")
                at = tar.offset
                if member.issym():
                    folder = posixpath.dirname(member.name)
                    yield member.name, posixpath.join(folder, member.linkname)
                elif member.islnk():
                    yield member.name, member.linkname
                elif member.isreg() and not member.issparse():
                    yield member.name, (member.offset_data, member.size)
                tar.members = []  # type: ignore[attr-defined]  # half a kilobyte of each
            _check_end(file, at)

    def _size(self, member: Any) -> int:
        return int(member[1])

    def _open(self, member: Any) -> IO[bytes]:
        return io.BufferedReader(_Part(self.outer.open(self.name), *member))


class _Part(Member):
    """A part of an open file, which is closed with it."""

    def __init__(self, file: IO[bytes], start: int, size: int) -> None:
        super().__init__(file, size)
        self._start = start
        self._at = 0
        file.seek(start)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        self._file.seek(self._start + self._at)
        return self._at

    def tell(self) -> int:
        return self._at

    def _read(self, size: int) -> bytes:
        data = self._file.read(max(0, min(size, self._size - self._at)))
        self._at += len(data)
        return data


def _check_end(file: IO[bytes], at: int) -> None:
    """Requires zeros where the headers end: `tarfile` takes a damaged header for the end."""
    file.seek(at)
    if any(file.read(tarfile.BLOCKSIZE)):
        raise tarfile.ReadError(f"damaged at byte {at:,}")
