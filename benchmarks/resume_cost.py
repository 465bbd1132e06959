"""What it costs to finish an almost complete build, as a share of the whole build.

    python benchmarks/resume_cost.py [--images 10000] [--pairs 3] [--workers 2] [--check decode]

Draws charts as ChartQA has them (JPEGs of 110 KB with two questions each), then runs whole
processes: a build from nothing, and one that goes on where `kill -9` stopped another before its
last shard; it must end with the bytes of the first. A third one goes on after a `touch` of all
shards, so that every byte is hashed again. For scale, the time in which Python imports datakit.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image
from processors import machine_cpu_s

import datakit

Seconds = tuple[float, float]

IMAGE_BYTES = 110_000
MIXTURE = (
    "name: resume\nroot: .\nsources:\n  - {dataset: chartqa, path: raw, options: {subset: human}}\n"
)
PACKAGES = ("polars", "pyarrow", "pillow")
BUILD = """
import os, signal, sys, datakit
def kill(shard, done, total):
    if "kill" in sys.argv and done == total - 1: os.kill(os.getpid(), signal.SIGKILL)
if __name__ == "__main__":
    overrides = ["output.shard_bytes=32MB", f"images.check={sys.argv[3]}"]
    datakit.build("mixture.yaml", out=sys.argv[1], workers=int(sys.argv[2]),
        overrides=overrides, progress=datakit.Progress(on_shard=kill))
"""


def draw(folder: Path, images: int) -> None:
    """Writes the release: each image has bytes of its own, in a comment behind the first marker."""
    pixels = np.random.default_rng(0).integers(0, 255, (400, 400, 3), dtype=np.uint8)
    drawn = BytesIO()
    Image.fromarray(pixels).save(drawn, "JPEG", quality=60)
    jpeg = drawn.getvalue()
    padding = max(8, IMAGE_BYTES - len(jpeg) - 4)
    charts = folder / "raw" / "train" / "png"
    charts.mkdir(parents=True)
    rows = []
    for number in range(images):
        comment = f"{number:0{min(padding, 60000)}d}".encode()
        head = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
        (charts / f"{number}.png").write_bytes(jpeg[:2] + head + jpeg[2:])
        rows += [
            {"imgname": f"{number}.png", "query": f"What is bar {n}?", "label": f"{number + n}"}
            for n in range(2)
        ]
    (folder / "raw" / "train" / "train_human.json").write_text(json.dumps(rows))
    (folder / "raw" / "train" / "train_augmented.json").write_text("[]")
    (folder / "mixture.yaml").write_text(MIXTURE)
    (folder / "build.py").write_text(BUILD)


def run(folder: Path, *arguments: object, cache: str) -> Seconds:
    """Seconds of one whole process and all that it starts, by the clock and of the processors."""
    started, used = time.perf_counter(), machine_cpu_s()
    subprocess.run(
        [sys.executable, "build.py", *map(str, arguments)],
        cwd=folder,
        check="kill" not in arguments,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "DATAKIT_CACHE": str(folder / cache)},
    )
    return time.perf_counter() - started, machine_cpu_s() - used


def measure(folder: Path, workers: int, check: str) -> tuple[Seconds, Seconds, Seconds]:
    """Seconds of a whole build, of finishing one, and of finishing one whose shards are hashed."""
    for name in ("whole", "rest", "touched", "cache"):
        shutil.rmtree(folder / name, ignore_errors=True)
    whole = run(folder, "whole", workers, check, cache="cache")
    rest, touched = (finish(folder, name, workers, check) for name in ("rest", "touched"))
    return whole, rest, touched


def finish(folder: Path, name: str, workers: int, check: str) -> Seconds:
    """What it takes to finish a build that was killed before its last shard."""
    run(folder, name, workers, check, "kill", cache="cache")
    if name == "touched":
        for shard in (folder / name / "shards").iterdir():
            shard.touch()
    seconds = run(folder, name, workers, check, cache="cache")
    assert datakit.open(folder / name).manifest == datakit.open(folder / "whole").manifest
    return seconds


def main() -> None:
    """Prints a line a pair, then the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--check", default="header")
    options = parser.parse_args()
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    print(f"$ python {' '.join(sys.argv)}")
    print(f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"Python {platform.python_version()}, {packages}\n")
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        draw(folder, options.images)
        started = time.perf_counter()
        code = "import datakit, datakit.api, datakit.shards.local_engine"
        subprocess.run([sys.executable, "-c", code], check=True)
        print(f"import alone: {time.perf_counter() - started:.1f} s\n")
        print("s by the clock, of the processors; share of the whole build")
        print("whole build    finishing                    finishing, all hashed")
        rounds = [measure(folder, options.workers, options.check) for _ in range(options.pairs)]
        for whole, *others in rounds:
            shares = (
                f"{wall:6.1f} {cpu:6.1f} {wall / whole[0]:6.1%} {cpu / whole[1]:6.1%}"
                for wall, cpu in others
            )
            print(f"{whole[0]:6.1f} {whole[1]:6.1f}  {'  '.join(shares)}")
        shards = datakit.open(folder / "whole").manifest.shards
    size = sum(shard.bytes for shard in shards)
    print(f"\n{len(shards)} shards, {size / 1e9:.2f} GB, check: {options.check}")


if __name__ == "__main__":
    main()
