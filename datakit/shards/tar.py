"""Uncompressed ustar archives whose bytes depend on their members alone."""

from __future__ import annotations

import hashlib
import os
import tarfile
from pathlib import Path
from types import TracebackType

import pyarrow as pa

from datakit.errors import DamageError
from datakit.io.ranges import read_range
from datakit.io.trees import BuildPlace

BLOCK_BYTES = 512
# Of each member its name, and where its content starts and how long it is, in bytes.
MEMBERS_SCHEMA = pa.schema([("name", pa.string()), ("start", pa.int64()), ("size", pa.int64())])
END = bytes(2 * BLOCK_BYTES)
# What one image fills: written while it is still in the processor's cache, for half of the time.
BATCH_BYTES = 1 << 16
FIRST_BYTES = 1 << 14  # the text of most samples
MOST_PIECES = 512  # of one `writev`; the system takes 1,024

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
        self._pieces: list[bytes] = []
        self._pieces_bytes = 0
        self._members: list[tuple[str, int, int]] = []
        self.offset = 0

    def add(self, name: str, data: bytes) -> None:
        """Appends one member; `self.offset` is where the next one starts."""
        self._members.append((name, self.offset + BLOCK_BYTES, len(data)))
        padding = -len(data) % BLOCK_BYTES
        self._pieces += (member_header(name, len(data)), data, bytes(padding))
        self._grow(BLOCK_BYTES + len(data) + padding)

    def finish(self) -> str:
        """Writes the end of the archive and returns the SHA-256 of all bytes."""
        self._pieces.append(END)
        self._grow(len(END))
        self._flush()
        return self._sha256.hexdigest()

    def members(self) -> pa.Table:
        """What was written, as MEMBERS_SCHEMA."""
        columns = zip(*self._members, strict=True) if self._members else ([], [], [])
        named = dict(zip(MEMBERS_SCHEMA.names, columns, strict=True))
        return pa.Table.from_pydict(named, schema=MEMBERS_SCHEMA)

    def __enter__(self) -> TarWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def _grow(self, size: int) -> None:
        self.offset += size
        self._pieces_bytes += size
        if self._pieces_bytes >= BATCH_BYTES or len(self._pieces) >= MOST_PIECES:
            self._flush()

    def _flush(self) -> None:
        """Writes all pieces at once: images are not copied together first."""
        for piece in self._pieces:
            self._sha256.update(piece)
        written = os.writev(self._file.fileno(), self._pieces) if self._pieces else 0
        if written < self._pieces_bytes:  # a signal came between, or the disk is almost full
            rest = memoryview(b"".join(self._pieces))[written:]
            while rest:
                rest = rest[self._file.write(rest) :]
        self._pieces, self._pieces_bytes = [], 0


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
