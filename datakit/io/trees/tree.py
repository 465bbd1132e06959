"""What every place with files in it can do, by names relative to its root."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import IO

Stamp = str | None

# An image, or a cell of a table, is read whole; what is larger is no image.
MAX_WHOLE_BYTES = 1 << 29


class Tree(ABC):
    """Files under one root. Names have forward slashes; the root's own is empty.

    A tree is a value: it travels to other processes, and opens its files there anew.

    Attributes:
        root: where it is, as messages name it.
    """

    root: str

    @abstractmethod
    def size(self, name: str) -> int | None:
        """Bytes of a file; None where there is no file of this name."""

    @abstractmethod
    def is_dir(self, name: str) -> bool:
        """Whether it is a folder."""

    @abstractmethod
    def names(self, folder: str) -> list[str]:
        """What a folder holds, sorted; nothing where there is no such folder."""

    @abstractmethod
    def open(self, name: str) -> IO[bytes]:
        """A file, to be read from its start.

        Raises:
            OSError: there is no such file, or it cannot be read.
        """

    @abstractmethod
    def stamp(self, name: str) -> Stamp:
        """What changes when a file is written anew, or names in a folder come and go.

        None where there is nothing of this name.
        """

    def sizes(self, names: Sequence[str]) -> list[int | None]:
        """The `size` of each of many files, which may take less time together."""
        return [self.size(name) for name in names]

    def stamps(self, names: Sequence[str]) -> list[Stamp]:
        """The `stamp` of each of many files, which may take less time together."""
        return [self.stamp(name) for name in names]

    @abstractmethod
    def above(self) -> tuple[Tree, str]:
        """The tree around this one, and this one's name in it."""

    @property
    def trace(self) -> dict[tuple[str, str], Stamp]:
        """Stamps, by root and name, of what was asked so far, where that is noted."""
        return {}

    def inside(self, folder: str) -> Tree:
        """The same place with a folder of it as the root."""
        raise NotImplementedError

    def read(self, name: str) -> bytes:
        """The bytes of a file of at most `MAX_WHOLE_BYTES`.

        Raises:
            OSError: as `open`, or the file is larger.
        """
        if (self.size(name) or 0) > MAX_WHOLE_BYTES:
            raise OSError(0, f"larger than {MAX_WHOLE_BYTES:,} bytes", self.full_name(name))
        with self.open(name) as file:
            return file.read()

    def read_range(self, name: str, start: int, size: int) -> bytes:
        """`size` bytes of a file from `start` on, fewer where it ends.

        Raises:
            OSError: as `open`.
        """
        with self.open(name) as file:
            file.seek(start)
            return file.read(size)

    def full_name(self, name: str) -> str:
        """A name with the root before it."""
        return f"{self.root}/{name}" if name else self.root

    @property
    def place(self) -> str:
        """The root, so that it means the same from every working directory."""
        return self.root

    def identity(self, name: str) -> str:
        """Equal for two names only if they are one file."""
        return self.full_name(name)

    def remark(self, name: str) -> str:  # noqa: ARG002
        """Why there may be no file of this name, in a sentence; or nothing."""
        return ""


def join(folder: str, name: str) -> str:
    """A name in a folder; either may be empty."""
    return f"{folder}/{name}" if folder and name else folder or name


def clean_name(name: str) -> str | None:
    """A relative name with forward slashes, or None where it leads out of its root."""
    parts = name.replace("\\", "/").split("/")
    if (parts[0] == "" and name) or ".." in parts or "\x00" in name:
        return None
    return "/".join(part for part in parts if part not in ("", "."))
