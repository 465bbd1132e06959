"""A stretch of a file, wherever it lies."""

from __future__ import annotations

from pathlib import Path

from datakit.io.trees import BuildPlace


def read_range(path: BuildPlace, start: int, size: int) -> bytes:
    """`size` bytes of a file from `start` on, fewer where it ends; of a bucket in one request.

    Raises:
        OSError: there is no such file, or it cannot be read.
    """
    if not isinstance(path, Path):
        return path.read_range(start, size)
    with path.open("rb") as file:
        file.seek(start)
        return file.read(size)
