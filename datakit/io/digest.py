"""Digests of files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from datakit.io.trees import SourcePath

READ_BYTES = 1 << 22


def file_sha256(path: Path | SourcePath) -> str:
    """The SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(READ_BYTES):
            digest.update(data)
    return digest.hexdigest()
