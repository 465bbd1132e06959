"""Uncompressed ustar archives whose bytes depend on their members alone."""

from __future__ import annotations

import hashlib
import os
import tarfile
from pathlib import Path

import pyarrow as pa

from datakit.errors import DamageError
from datakit.io.plain_table import table_of_columns
from datakit.io.ranges import read_range
from datakit.io.trees import BuildPlace

BLOCK_BYTES = 512
# Of each member its name, and where its content starts and how long it is, in bytes.
MEMBERS_SCHEMA = pa.schema([("name", pa.string()), ("start", pa.int64()), ("size", pa.int64())])
END = bytes(2 * BLOCK_BYTES)
BUFFER_BYTES = 1 << 20  # of one write: the system takes pages of one write together
BEHIND_BYTES = 1 << 23  # that were written and may wait for the disk
SMALL_BYTES = 1 << 13  # of a member: three pieces cost more than one copy
FIRST_BYTES = 1 << 14  # the text of most samples

NAME = slice(0, 100)
SIZE = slice(124, 136)
CHECKSUM = slice(148, 156)


def _blank_header() -> bytes:
    """What the headers of all members share, with a blank checksum."""
    header = bytearray(tarfile.TarInfo().tobuf(tarfile.USTAR_FORMAT))
    header[SIZE] = bytes(12)
    header[CHECKSUM] = b" " * 8
    return bytes(header)


BLANK_HEADER = _blank_header()
BLANK_SUM = sum(BLANK_HEADER)


class TarWriter:
    """Writes members and keeps the offsets and the digest of what it wrote.

    No member carries a time, an owner or a mode of this machine.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=0)
        self._sha256 = hashlib.sha256()
        self._buffer = memoryview(bytearray(BUFFER_BYTES))
        self._filled = 0
        self._behind_bytes = 0
        self._members: list[tuple[str, int, int]] = []
        self.offset = 0

    def add(self, name: str, data: bytes) -> None:
        """Appends one member; `self.offset` is where the next one starts."""
        size = len(data)
        self._members.append((name, self.offset + BLOCK_BYTES, size))
        header, padding = member_header(name, size), END[: -size % BLOCK_BYTES]
        if size < SMALL_BYTES:
            self._append(header + data + padding)
            return
        for piece in (header, data, padding):
            self._append(piece)

    def finish(self) -> str:
        """Writes the end of the archive and returns the SHA-256 of all bytes."""
        self._append(END)
        self._flush()
        return self._sha256.hexdigest()

    def members(self) -> pa.Table:
        """What was written, as MEMBERS_SCHEMA."""
        columns = zip(*self._members, strict=True) if self._members else ([], [], [])
        named = dict(zip(MEMBERS_SCHEMA.names, columns, strict=True))
        return table_of_columns(named, MEMBERS_SCHEMA)

    def close(self) -> None:
        """Closes the file, however far it is."""
        self._file.close()

    def _append(self, piece: bytes) -> None:
        size = len(piece)
        end = self._filled + size
        if end > BUFFER_BYTES:
            self._flush()
            end = size
        if size > BUFFER_BYTES:
            self._write(memoryview(piece))
        else:
            self._buffer[self._filled : end] = piece
            self._filled = end
        self.offset += size

    def _flush(self) -> None:
        self._write(self._buffer[: self._filled])
        self._filled = 0

    def _write(self, data: memoryview) -> None:
        self._sha256.update(data)
        self._behind_bytes += len(data)
        while data:  # more than once where a signal came between, or the disk is almost full
            data = data[self._file.write(data) :]
        if self._behind_bytes > BEHIND_BYTES:
            self._let_go()
            self._behind_bytes = 0

    def _let_go(self) -> None:
        """Has the system put on the disk what was written, and forget what is there already.

        The disk works while the next images are read, so that a sync at the end finds little to
        do; and the same few pages of memory are used again, which takes half the time of new ones.
        """
        if hasattr(os, "posix_fadvise"):  # not everywhere; it is a hint alone
            os.posix_fadvise(self._file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def member_header(name: str, size: int) -> bytes:
    """The header that `tarfile` makes of a member, in a tenth of the time."""
    encoded = name.encode()
    if len(encoded) > NAME.stop:
        info = tarfile.TarInfo(name)
        info.size = size
        return info.tobuf(tarfile.USTAR_FORMAT)
    digits = b"%011o\0" % size
    checksum = BLANK_SUM + sum(encoded) + sum(digits)
    return b"".join(
        (
            encoded.ljust(NAME.stop, b"\0"),
            BLANK_HEADER[NAME.stop : SIZE.start],
            digits,
            BLANK_HEADER[SIZE.stop : CHECKSUM.start],
            b"%06o\0 " % checksum,
            BLANK_HEADER[CHECKSUM.stop :],
        )
    )


def read_members(path: BuildPlace, offset: int, size: int) -> dict[str, bytes]:
    """The members that stand in `size` bytes of an archive from `offset` on, by name.

    Raises:
        DamageError: there are no whole members there.
    """
    data = read_range(path, offset, size)
    members: dict[str, bytes] = {}
    at = 0
    while at < len(data):
        name, length = _parse(data[at : at + BLOCK_BYTES], f"{path}, byte {offset + at}")
        start = at + BLOCK_BYTES
        members[name] = data[start : start + length]
        at = start + length + -length % BLOCK_BYTES
    if at != size:
        raise DamageError(f"{path}: cut off within the sample at byte {offset}.")
    return members


def read_first_member(path: BuildPlace, offset: int) -> bytes:
    """The content of the member whose header is at `offset`; of a bucket most often one request.

    Raises:
        DamageError: there is no whole member there.
    """
    data = read_range(path, offset, FIRST_BYTES)
    _, length = _parse(data[:BLOCK_BYTES], f"{path}, byte {offset}")
    end = BLOCK_BYTES + length
    if end > len(data):
        data += read_range(path, offset + len(data), end - len(data))
    if end > len(data):
        raise DamageError(f"{path}: cut off within the sample at byte {offset}.")
    return data[BLOCK_BYTES:end]


def read_names(path: Path, offset: int, size: int) -> list[str]:
    """The names of the members that stand in `size` bytes of an archive from `offset` on.

    Raises:
        DamageError: there are no whole members there.
    """
    names: list[str] = []
    with path.open("rb") as file:
        at = offset
        while at < offset + size:
            file.seek(at)
            name, length = _parse(file.read(BLOCK_BYTES), f"{path}, byte {at}")
            names.append(name)
            at += BLOCK_BYTES + length + -length % BLOCK_BYTES
    if at != offset + size:
        raise DamageError(f"{path}: cut off within the sample at byte {offset}.")
    return names


def _parse(header: bytes, where: str) -> tuple[str, int]:
    try:
        info = tarfile.TarInfo.frombuf(header, "utf-8", "strict")
    except (tarfile.HeaderError, UnicodeDecodeError) as error:
        raise DamageError(f"{where}: no tar header: {error}") from error
    return info.name, info.size
