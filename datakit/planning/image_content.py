"""What images are, whatever they are called: read once each, a few at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from datakit.io.image_files import ImageFiles
from datakit.io.image_header import without_warnings
from datakit.io.perceptual import difference_hash

STAGED_IMAGES = 1000
IMAGES_IN_MEMORY = 64

Named = tuple[int, str]  # a source's number and the name of an image


def sha256(data: bytes) -> str:
    """What the bytes of an image are."""
    return hashlib.sha256(data).hexdigest()


def looks(data: bytes) -> str:
    """What an image looks like: its `difference_hash`; its bytes where they cannot be decoded."""
    found = difference_hash(data)
    return sha256(data) if found is None else found.hex()


def image_contents(
    names: Mapping[int, Iterable[str]],
    files: Mapping[int, ImageFiles],
    describe: Callable[[bytes], str],
    folder: Path,
) -> dict[Named, str]:
    """What each image is; one that cannot be read is left out, for its sample is rejected later.

    Args:
        names: the images of each source, by its number.
        files: where they lie.
        folder: for temporary files.
    """
    found: dict[Named, str] = {}
    known: dict[str, str] = {}
    with without_warnings(), ThreadPoolExecutor() as pool:
        for source, own in names.items():
            new = {name: files[source].identity(name) for name in own}
            unread = {identity: name for name, identity in new.items() if identity not in known}
            read = _readable(unread, files[source], folder)
            while part := list(islice(read, IMAGES_IN_MEMORY)):
                said = pool.map(describe, [data for _, data in part])
                known |= zip([identity for identity, _ in part], said, strict=True)
            found |= {(source, n): known[i] for n, i in new.items() if i in known}
    return found


def _readable(
    names: Mapping[str, str], files: ImageFiles, folder: Path
) -> Iterator[tuple[str, bytes]]:
    """Identity and bytes of the images that can be read."""
    waiting = iter(names.items())
    while part := list(islice(waiting, STAGED_IMAGES)):
        with files.staged([name for _, name in part], folder):
            for identity, name in part:
                try:
                    yield identity, files.read(name)
                except OSError:
                    continue
