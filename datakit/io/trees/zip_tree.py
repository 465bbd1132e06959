"""The members of a zip archive."""

from __future__ import annotations

import io
import posixpath
import stat
import struct
import weakref
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import IO, Any, TypeVar

from datakit.io.trees.archive_tree import ArchiveTree
from datakit.io.trees.member import Member

T = TypeVar("T")

# Text packs to a tenth, seldom to a fiftieth; deflate can do a thousandth, and a bomb does.
MAX_RATIO = 200
SMALL_BYTES = 100_000_000
MAX_LINK_BYTES = 4096
UTF8_NAME = 0x800
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError)


class ZipTree(ArchiveTree):
    """The members of a zip archive, stored or deflated."""

    def _index(self) -> Iterator[tuple[str, Any]]:
        for info in self._zip.infolist():
            name = _name_of(info)
            if info.is_dir():
                continue
            if stat.S_ISLNK(info.external_attr >> 16):
                yield name, posixpath.join(posixpath.dirname(name), self._link(info))
            else:
                yield name, info

    def _size(self, member: Any) -> int:
        return int(member.file_size)

    def _open(self, member: Any) -> IO[bytes]:
        name = self.full_name(member.filename)
        bomb = member.file_size > MAX_RATIO * max(member.compress_size, 1)
        if bomb and member.file_size > SMALL_BYTES:
            raise OSError(
                0,
                f"{member.file_size:,} bytes packed into {member.compress_size:,}, as in a zip "
                "bomb; unpack it if you trust it",
                name,
            )
        if member.compress_type not in METHODS:
            raise OSError(0, "packed by another method than deflate; unpack it", name)
        file = _or_os_error(name, lambda: self._zip.open(member))
        return io.BufferedReader(_Member(file, member.file_size, name))

    def _link(self, info: zipfile.ZipInfo) -> str:
        """Where a link leads; its root, which is no file, where it is too long for a name."""
        if info.file_size > MAX_LINK_BYTES:
            return "/"
        with self._open(info) as file:
            return file.read().decode("utf-8", "replace")

    @cached_property
    def _zip(self) -> zipfile.ZipFile:
        file = self.outer.open(self.name)
        weakref.finalize(self, file.close)
        return zipfile.ZipFile(file)


class _Member(Member):
    """An open member; damage in it, or a length that is not its own, is an OSError.

    It is never asked for more bytes than its length: `zipfile` would unpack what there is.
    """

    def __init__(self, file: IO[bytes], size: int, name: str) -> None:
        super().__init__(file, size)
        self._name = name

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return _or_os_error(self._name, lambda: self._file.seek(offset, whence))

    def tell(self) -> int:
        return self._file.tell()

    def _read(self, size: int) -> bytes:
        wanted = min(size, self._size - self.tell())
        data = _or_os_error(self._name, lambda: self._file.read(wanted))
        if len(data) < wanted:
            raise OSError(0, f"{self.tell():,} bytes, and {self._size:,} announced", self._name)
        return data


def _or_os_error(name: str, act: Callable[[], T]) -> T:
    """What an act on a member gives; its failure as one of reading."""
    try:
        return act()
    except DAMAGE as error:
        raise OSError(0, str(error) or "the archive ends inside it", name) from error


def _name_of(info: zipfile.ZipInfo) -> str:
    """A member's name; macOS writes UTF-8 without saying so."""
    if info.flag_bits & UTF8_NAME:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename
