"""Members of tar files by where they are: samples of WebDataset, in their order, unindexed.

A **part** is a member's bytes. Its name is that of the tar, `!`, where it starts and how long it
is: `00000.tar!1536/48211`.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass

from datakit.errors import FormatError
from datakit.io.trees import SourcePath

MARK = "!"
MAX_TEXT_BYTES = 1 << 24


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a file; `start` and `size` in bytes."""

    file: str
    start: int
    size: int

    @property
    def name(self) -> str:
        """How images name it."""
        return f"{self.file}{MARK}{self.start}/{self.size}"

    def read(self, folder: SourcePath) -> bytes:
        """Its bytes; `folder` is what its file's name is relative to."""
        with (folder / self.file).open() as file:
            file.seek(self.start)
            return file.read(self.size)


def parse_part(name: str) -> Part | None:
    """The part that a name means; None for the name of a file."""
    file, mark, inner = name.rpartition(MARK)
    start, slash, size = inner.partition("/")
    if not (mark and slash and file.endswith(".tar") and start.isdecimal() and size.isdecimal()):
        return None
    return Part(file, int(start), int(size))


def tar_samples(path: SourcePath, name: str) -> Iterator[tuple[str, dict[str, Part]]]:
    """The samples of a WebDataset: members that follow each other with one key, by extension.

    Args:
        name: of the file, as parts call it.

    Raises:
        FormatError: it is no tar, compressed, or cut off.
    """
    key, members = "", dict[str, Part]()
    try:
        with path.open() as file, tarfile.open(fileobj=file, mode="r:") as tar:
            while (member := tar.next()) is not None:
                tar.members = []  # type: ignore[attr-defined]  # half a kilobyte of each
                if not member.isreg():
                    continue
                folder, _, base = member.name.rpartition("/")
                stem, _, extension = base.partition(".")
                own = f"{folder}/{stem}" if folder else stem
                if own != key and members:
                    yield key, members
                    members = {}
                key = own
                members[extension.lower()] = Part(name, member.offset_data, member.size)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise FormatError(f"{path}: cannot be read as a tar: {error}.") from error
    if members:
        yield key, members
