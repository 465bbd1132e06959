"""A member of an archive as an open file."""

from __future__ import annotations

import io
from abc import abstractmethod
from typing import IO, Any


class Member(io.RawIOBase):
    """Reads from another open file, which is closed with it, and no more than `size` bytes."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._size = size

    @abstractmethod
    def _read(self, size: int) -> bytes:
        """The next bytes, at most so many; none at the end."""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        return self._read(self._size)

    def close(self) -> None:
        self._file.close()
        super().close()
