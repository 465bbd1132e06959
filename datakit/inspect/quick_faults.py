"""Whether samples are where the manifest says, as far as sizes of shards and the index tell."""

from __future__ import annotations

from collections.abc import Iterator

from datakit.io.digest import file_sha256
from datakit.io.trees import BuildPlace, SourcePath
from datakit.shards.index import INDEX
from datakit.shards.manifest import FileEntry, Manifest


def quick_faults(build: BuildPlace, manifest: Manifest) -> Iterator[str]:
    """What is wrong, a line a file; the index is read, the shards are not."""
    indexes = [entry for entry in manifest.files if entry.path == INDEX]
    for entry in (*manifest.shards, *indexes):
        path = build / entry.path
        fault = size_fault(path, entry)
        if not fault and entry.path == INDEX and file_sha256(path) != entry.sha256:
            fault = "its bytes differ from the manifest's"
        if fault:
            yield f"{entry.path}: {fault}"


def size_fault(path: BuildPlace, entry: FileEntry) -> str:
    """Whether a file is missing or has another size than the manifest says; empty where not."""
    if not path.is_file():
        return "missing"
    size = path.size() if isinstance(path, SourcePath) else path.stat().st_size
    return "" if size == entry.bytes else f"{size:,} bytes, the manifest says {entry.bytes:,}"
