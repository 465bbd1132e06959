"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

TEMPORARY_SUFFIX = ".partial"


@contextlib.contextmanager
def whole_file(path: Path, *, synced: bool = True) -> Iterator[Path]:
    """Yields a temporary path beside `path`, which replaces it when the block ends well.

    The bytes are synced before the rename, and the folder after it, so that a crash of the machine
    leaves the old file or the new one; `synced=False` promises that for the process alone.
    """
    temporary = path.with_name(path.name + TEMPORARY_SUFFIX)
    try:
        yield temporary
        if synced:
            sync(temporary)
        temporary.replace(path)
        if synced:
            sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes, *, synced: bool = True) -> None:
    """Writes `data` as `path`, whole or not at all."""
    with whole_file(path, synced=synced) as temporary:
        temporary.write_bytes(data)


def sync(path: Path) -> None:
    """Asks the system to put a file's bytes, or a folder's names, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
