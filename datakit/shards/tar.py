"""Uncompressed ustar archives whose bytes depend on their members alone."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path
from types import TracebackType

import pyarrow as pa

from datakit.errors import DamageError
from datakit.io.trees import BuildPlace

BLOCK_BYTES = 512
# Of each member its name, and where its content starts and how long it is, in bytes.
MEMBERS_SCHEMA = pa.schema([("name", pa.string()), ("start", pa.int64()), ("size", pa.int64())])
END = bytes(2 * BLOCK_BYTES)


class TarWriter:
    """Writes members and keeps the offsets and the digest of what it wrote.

    No member carries a time, an owner or a mode of this machine.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=1 << 20)
        self._sha256 = hashlib.sha256()
        self._members: list[tuple[str, int, int]] = []
        self.offset = 0

    def add(self, name: str, data: bytes) -> None:
        """Appends one member; `self.offset` is where the next one starts."""
        info = tarfile.TarInfo(name)
        info.size = len(data)
        self._members.append((name, self.offset + BLOCK_BYTES, len(data)))
        self._write(info.tobuf(tarfile.USTAR_FORMAT))
        self._write(data)
        self._write(bytes(-len(data) % BLOCK_BYTES))

    def finish(self) -> str:
        """Writes the end of the archive and returns the SHA-256 of all bytes."""
        self._write(END)
        self._file.flush()
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

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._sha256.update(data)
        self.offset += len(data)


def read_members(path: BuildPlace, offset: int, size: int) -> dict[str, bytes]:
    """The members that stand in `size` bytes of an archive from `offset` on, by name.

    Raises:
        DamageError: there are no whole members there.
    """
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(size)
    members: dict[str, bytes] = {}
    at = 0
    while at < len(data):
        info = _parse(data[at : at + BLOCK_BYTES], f"{path}, byte {offset + at}")
        start = at + BLOCK_BYTES
        members[info.name] = data[start : start + info.size]
        at = start + info.size + -info.size % BLOCK_BYTES
    if at != size:
        raise DamageError(f"{path}: cut off within the sample at byte {offset}.")
    return members


def _parse(header: bytes, where: str) -> tarfile.TarInfo:
    try:
        return tarfile.TarInfo.frombuf(header, "utf-8", "strict")
    except (tarfile.HeaderError, UnicodeDecodeError) as error:
        raise DamageError(f"{where}: no tar header: {error}") from error
