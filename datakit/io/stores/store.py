"""What a build needs of the place that it writes to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from datakit.io.trees import BuildPlace

WORK = ".build"
HOLDER = f"{WORK}/holder.json"


class Store(ABC):
    """Files by name under one root; whatever is written appears whole or not at all.

    Names have forward slashes. What lies under `WORK` is no output: notes of an unfinished build,
    half-written files, the name of its holder. A store can be sent to other processes.
    """

    @abstractmethod
    def __str__(self) -> str:
        """What a user calls it."""

    @property
    @abstractmethod
    def place(self) -> BuildPlace:
        """Where readers find what was written."""

    @abstractmethod
    def held(self) -> AbstractContextManager[None]:
        """Makes the place, and keeps others from writing there for as long as this lasts.

        Raises:
            OutputError: it cannot be written, or another one writes there, who is named.
        """

    @abstractmethod
    def workplace(self) -> AbstractContextManager[Path]:
        """A folder of this machine for what an unfinished build needs beside its notes.

        Raises:
            OutputError: the place cannot be written.
        """

    @abstractmethod
    def whole_file(self, name: str) -> AbstractContextManager[Path]:
        """Yields a path on this machine; what is there becomes the file when the block ends well.

        Several may write one name at once: each has a path of its own.
        """

    @abstractmethod
    def filled(self, *, last: str) -> AbstractContextManager[Path]:
        """Yields a folder of this machine; its files are the store's when the block ends well.

        Args:
            last: the file that comes after all others.
        """

    @abstractmethod
    def appended(self, name: str) -> AbstractContextManager[Path]:
        """Yields a path with what the file holds so far, to append to; kept however it ends."""

    @abstractmethod
    def names(self) -> Iterator[str]:
        """The names of all files, in order."""

    @abstractmethod
    def read(self, name: str) -> bytes:
        """The bytes of a file.

        Raises:
            FileNotFoundError: there is none.
        """

    @abstractmethod
    def size(self, name: str) -> int:
        """Bytes of a file; none where there is no such file."""

    @abstractmethod
    def sha256(self, name: str) -> str:
        """The SHA-256 of a file's bytes.

        Raises:
            FileNotFoundError: there is none.
        """

    @abstractmethod
    def stamp(self, name: str) -> str:
        """What changes whenever a file is written; empty where the place knows nothing such."""

    @abstractmethod
    def is_untouched(self, name: str, stamp: str, *, noted_in: str) -> bool:
        """Whether a file is surely as it was when it had this stamp.

        Args:
            noted_in: the file that the stamp was written down in, right after it was taken.
        """

    @abstractmethod
    def remove(self, name: str) -> None:
        """Removes a file, if it is there."""

    @abstractmethod
    def remove_work(self) -> None:
        """Removes everything under `WORK`, and the root where nothing is left in it."""

    @abstractmethod
    def free_bytes(self) -> int | None:
        """Bytes that can still be written; None where nobody can tell."""

    def write(self, name: str, data: bytes) -> None:
        """Writes a file, whole or not at all."""
        with self.whole_file(name) as path:
            path.write_bytes(data)
