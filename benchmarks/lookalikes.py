"""How well copies of an image are told from other images, at what price, by `holdout.match`.

    python benchmarks/lookalikes.py [folder of real samples]

Each real image is encoded anew and scaled; a copy is found where its hash differs from the
original's in at most MOST_BITS bits. Pairs of different files that are as near are listed, for one
to look at: most are drawings of the same figure. Then the hashes of N images are grouped: drawn at
random, and all within a few bits of each other, which is the worst case.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import time
import warnings
from collections.abc import Callable
from io import BytesIO
from itertools import combinations
from pathlib import Path

import numpy as np
import PIL
from PIL import Image

from datakit.io.perceptual import HASH_BYTES, difference_hash
from datakit.planning.lookalikes import MOST_BITS, same_looks

REAL_DATA = Path(os.environ.get("DATAKIT_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))
COPIES = ((95, 1.0), (75, 1.0), (50, 1.0), (75, 0.5), (75, 1.5))
COUNTS = (10_000, 100_000)


def real_images(folder: Path) -> dict[Path, bytes]:
    """Every decodable image, each content once."""
    found: dict[bytes, tuple[Path, bytes]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"):
            data = path.read_bytes()
            if difference_hash(data) is not None:
                found.setdefault(hashlib.sha256(data).digest(), (path.relative_to(folder), data))
    return dict(found.values())


def copy_of(data: bytes, quality: int, scale: float) -> bytes:
    """The image as a JPEG of another quality and size."""
    image = Image.open(BytesIO(data)).convert("RGB")
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    file = BytesIO()
    image.resize(size, Image.Resampling.BICUBIC).save(file, "JPEG", quality=quality)
    return file.getvalue()


def bits_apart(one: bytes, other: bytes) -> int:
    """Bits in which two hashes differ."""
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


def hash_of(data: bytes) -> bytes:
    """The hash of an image that can be decoded."""
    found = difference_hash(data)
    assert found is not None
    return found


def seconds_of(work: Callable[[], object]) -> float:
    """How long it takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def print_pairs(hashes: dict[Path, bytes]) -> None:
    """Different images whose hashes are near."""
    near = [
        (distance, one, other)
        for (one, a), (other, b) in combinations(hashes.items(), 2)
        if (distance := bits_apart(a, b)) <= MOST_BITS
    ]
    pairs = len(hashes) * (len(hashes) - 1) // 2
    print(f"pairs of different images taken for one: {len(near)} of {pairs:,}")
    for distance, one, other in sorted(near, key=lambda pair: (pair[0], str(pair[1]))):
        print(f"  {distance:2} bits: {one} and {other}")


def crowded(count: int) -> list[bytes]:
    """Hashes within some 20 bits of one: all bands are shared by very many."""
    flips = np.random.default_rng(2).random((count, 8 * HASH_BYTES)) < 10 / (8 * HASH_BYTES)
    return [row.tobytes() for row in np.packbits(flips, axis=1)]


def main() -> None:
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1]) if sys.argv[1:] else REAL_DATA
    images = real_images(folder)
    print(f"$ python {' '.join(['benchmarks/lookalikes.py', *sys.argv[1:]])}")
    versions = f"Python {platform.python_version()}, Pillow {PIL.__version__}"
    print(f"{platform.platform()}, {versions}, {os.cpu_count()} CPUs")
    hashes = {path: hash_of(data) for path, data in images.items()}
    print(f"{len(images)} different images; one by at most {MOST_BITS} of {8 * HASH_BYTES} bits")
    print("copies found, of JPEG quality and scale")
    for quality, scale in COPIES:
        copies = {path: hash_of(copy_of(data, quality, scale)) for path, data in images.items()}
        apart = [bits_apart(hashes[path], copy) for path, copy in copies.items()]
        share = sum(bits <= MOST_BITS for bits in apart) / len(apart)
        print(f"  {quality} x {scale}: {share:6.1%}  (median {int(np.median(apart))} bits)")
    print_pairs(hashes)
    size = sum(map(len, images.values()))
    shown = {"sha256": lambda d: hashlib.sha256(d).digest(), "hash of looks": difference_hash}
    for name, work in shown.items():
        seconds = seconds_of(lambda work=work: [work(data) for data in images.values()])  # type: ignore[misc]
        print(f"{name}: {len(images) / seconds:,.0f} images/s of {size / len(images) / 1e3:.0f} KB")
    for count in COUNTS:
        evenly = np.random.default_rng(1).integers(0, 256, (count, HASH_BYTES), dtype=np.uint8)
        even = seconds_of(lambda evenly=evenly: same_looks([row.tobytes() for row in evenly]))  # type: ignore[misc]
        worst = seconds_of(lambda count=count: same_looks(crowded(count)))  # type: ignore[misc]
        print(f"grouping {count:,} hashes: {even:.1f} s drawn evenly, {worst:.1f} s in one crowd")


if __name__ == "__main__":
    main()
