"""`datakit build` of many JPEGs beside GNU tar, a webdataset loop and one process that decodes.

    python benchmarks/build_throughput.py [--images 40000] [--rounds 5]
        [--folder DIR] [--output DIR]

Draws JPEGs of 110 KB, all different, with two questions about each. Every round runs, one after the
other, and each after all images were read once, so that it finds them in memory,

- `datakit build` with two workers: the whole command, from Python's start to the manifest, with
  header checks, two digests, index and provenance, and no cache of records;
- a bare prototype of as many processes, which reads, digests twice and writes, and no more: no
  order of records, no text, no header check, no index;
- `tar cf` of the same images;
- a loop over them with `webdataset.ShardWriter` and `PIL.Image.open`, in one process;
- `datakit build` with `check: decode` and shards of 64 MB, by two workers and by one; a loop of
  `PIL.Image.open(…).load()` in one process; and two such loops at once over half the images each,
  which is what the two cores can give.

Some systems take pages back that nothing read for a few seconds. With `--folder` in a tmpfs
(`/dev/shm/photos`) and `--output` on a disk, all contestants read from memory.

The first round is discarded. Times are told without and with a `sync` of the output; datakit syncs
each shard by itself in either case. Ratios are of one round, their medians of all.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from dvqa_scale import START
from photos import draw_photos
from processors import machine_cpu_s

IMAGE_BYTES = 110_000
WORKERS = 2
PACKAGES = ("pillow", "polars", "pyarrow", "orjson", "webdataset")
SHARD_WRITER = """
import json, sys, webdataset
from io import BytesIO
from PIL import Image
from pathlib import Path
texts = {}
for line in open("photos.jsonl"):
    row = json.loads(line)
    texts.setdefault(row["image"], []).append({"q": row["question"], "a": row["answer"]})
with webdataset.ShardWriter(sys.argv[1] + "/%06d.tar", maxsize=512e6, verbose=0) as sink:
    for number, (name, turns) in enumerate(texts.items()):
        data = Path(name).read_bytes()
        about = {"size": Image.open(BytesIO(data)).size, "turns": turns}
        sink.write({"__key__": f"{number:06d}", "jpg": data, "json": about})
"""
# What no builder can leave out: reading, two digests and writing (as datakit does, in blocks that
# the system is soon asked to forget), in as many processes.
PROTOTYPE = """
import hashlib, multiprocessing, os, random, sys
def write(part):
    number, names = part
    tar = os.open(f"{sys.argv[1]}/{number}.tar", os.O_WRONLY | os.O_CREAT)
    whole, block, filled, written = hashlib.sha256(), memoryview(bytearray(1 << 20)), 0, 0
    for name in names:
        file = os.open("images/" + name, os.O_RDONLY)
        data = os.read(file, os.fstat(file).st_size + 1)
        os.close(file)
        hashlib.sha256(data).hexdigest()
        member = bytes(512), data, bytes(-len(data) % 512)
        if filled + sum(map(len, member)) > len(block):
            whole.update(block[:filled])
            written += os.write(tar, block[:filled])
            if written % (1 << 23) < filled:
                os.posix_fadvise(tar, 0, 0, os.POSIX_FADV_DONTNEED)
            filled = 0
        for piece in member:
            block[filled : filled + len(piece)] = piece
            filled += len(piece)
    whole.update(block[:filled])
    os.write(tar, block[:filled])
    os.fsync(tar)
if __name__ == "__main__":
    names = sorted(os.listdir("images"))
    random.Random(0).shuffle(names)
    with multiprocessing.Pool(WORKERS) as pool:
        pool.map(write, [(n, names[n::9]) for n in range(9)], chunksize=1)
"""
DECODE = """
import json, sys
from io import BytesIO
from PIL import Image
from pathlib import Path
part, parts = map(int, sys.argv[1:])
names = dict.fromkeys(json.loads(line)["image"] for line in open("photos.jsonl"))
for name in list(names)[part::parts]:
    Image.open(BytesIO(Path(name).read_bytes())).load()
"""
TWICE = """
import subprocess, sys
parts = [subprocess.Popen([sys.executable, "-c", sys.argv[1], part, "2"]) for part in "01"]
sys.exit(any(part.wait() for part in parts))
"""


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds of one command: without and with a sync of what it wrote, and of processors."""

    wall_s: float
    synced_s: float
    cpu_s: float
    planning_s: float = 0.0


RATIOS = (
    ("datakit build / tar", "datakit build", "tar", "<= 1.0"),
    ("datakit build / prototype", "datakit build", "prototype", "told only"),
    ("prototype / tar", "prototype", "tar", "told only"),
    ("ShardWriter / datakit build", "ShardWriter", "datakit build", ">= 2.5"),
    ("decoding loop / datakit, decode", "decoding loop", "datakit, decode", ">= 1.8"),
    ("one worker / two, decode", "datakit, decode, 1", "datakit, decode", ">= 1.8"),
    ("decoding loop / two of half", "decoding loop", "two decoding loops", "told only"),
)
SECONDS: dict[str, Callable[[Run], float]] = {
    "": lambda run: run.wall_s,
    ", with sync": lambda run: run.synced_s,
}


def timed(command: list[str], folder: Path, output: Path) -> Run:
    """Runs a command that writes `output`, which is removed before; the images are in memory."""
    warm(folder)
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir()
    environment = {**os.environ, "DATAKIT_CACHE": "off", "PYTHONDONTWRITEBYTECODE": ""}
    environment["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
    started, cpu_started = time.perf_counter(), machine_cpu_s()
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    wall_s, cpu_s = time.perf_counter() - started, machine_cpu_s() - cpu_started
    files = [str(path) for path in output.rglob("*") if path.is_file()]
    subprocess.run(["sync", *files], check=True)
    synced_s = time.perf_counter() - started
    log = output / "build.log.jsonl"
    writing_s = json.loads(log.read_text().splitlines()[-1])["seconds"] if log.exists() else wall_s
    return Run(wall_s, synced_s, cpu_s, wall_s - writing_s)


def contestants(folder: Path, output: Path) -> dict[str, Callable[[], Run]]:
    """What is measured, by name, in the order of one round."""
    build = [sys.executable, "-c", START, "build", "--root", ".", "--out", str(output)]
    decode = ["photos.yaml", "--set", "images.check=decode", "--set", "output.shard_bytes=64MB"]
    by_all = ["--workers", str(WORKERS)]
    commands = {
        "datakit build": [*build, *by_all, "photos.yaml"],
        "prototype": [
            sys.executable,
            "-c",
            PROTOTYPE.replace("WORKERS", str(WORKERS)),
            str(output),
        ],
        "tar": ["tar", "cf", str(output / "all.tar"), "-C", "images", "."],
        "ShardWriter": [sys.executable, "-c", SHARD_WRITER, str(output)],
        "datakit, decode": [*build, *by_all, *decode],
        "datakit, decode, 1": [*build, "--workers", "1", *decode],
        "decoding loop": [sys.executable, "-c", DECODE, "0", "1"],
        "two decoding loops": [sys.executable, "-c", TWICE, DECODE],
    }
    return {
        name: lambda command=command: timed(command, folder, output)  # type: ignore[misc]
        for name, command in commands.items()
    }


def warm(folder: Path) -> None:
    """Reads all images, as a kernel may have reclaimed those that were not read of late."""
    for path in (folder / "images").iterdir():
        path.read_bytes()


def report(rounds: list[dict[str, Run]]) -> None:
    """Medians, and ratios of runs that were next to each other."""
    print(f"\n{'medians':<18}{'wall s':>9}{'with sync s':>13}{'CPU s':>8}")
    for name in rounds[0]:
        runs = [one[name] for one in rounds]
        parts = [statistics.median(values) for values in zip(*map(figures, runs), strict=True)]
        told = f", of which {parts[3]:.1f} before the first shard" if parts[3] else ""
        print(f"{name:<18}{parts[0]:>9.2f}{parts[1]:>13.2f}{parts[2]:>8.1f}{told}")
    print(f"\n{'ratios of wall time':<54}{'median':>8}   each")
    for text, one, other, wanted in RATIOS:
        for how, seconds in SECONDS.items():
            ratios = [seconds(r[one]) / seconds(r[other]) for r in rounds]
            each = " ".join(f"{ratio:.2f}" for ratio in ratios)
            label = f"{text}{how} (wanted {wanted})"
            print(f"{label:<54}{statistics.median(ratios):>8.2f}   {each}")


def figures(run: Run) -> tuple[float, float, float, float]:
    return run.wall_s, run.synced_s, run.cpu_s, run.planning_s


def main(folder: Path, output: Path, images: int, rounds: int) -> None:
    draw_photos(folder, images, IMAGE_BYTES)
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    tar = subprocess.run(["tar", "--version"], capture_output=True, text=True, check=True).stdout
    print(f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before")
    print(f"Python {platform.python_version()}, {packages}, {tar.splitlines()[0]}")
    print(f"{images:,} JPEGs of {IMAGE_BYTES:,} bytes, two questions each, {WORKERS} workers")
    done = []
    for number in range(rounds):
        runs = {name: run() for name, run in contestants(folder, output).items()}
        told = ", ".join(f"{name} {r.wall_s:.2f} ({r.synced_s:.2f})" for name, r in runs.items())
        note = " (discarded)" if number == 0 else ""
        print(f"round {number}{note}: {told}; load {os.getloadavg()[0]:.1f}", flush=True)
        done.append(runs)
    shutil.rmtree(output)
    report(done[1:] or done)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="keeps the images for the next run")
    parser.add_argument("--output", type=Path, help="where builds and archives are written")
    given = parser.parse_args()
    with TemporaryDirectory(dir=given.output) as output, TemporaryDirectory() as temporary:
        folder = (given.folder or Path(temporary)).resolve()
        main(folder, Path(output) / "output", given.images, given.rounds)
