"""One mixture, built in many ways: the digest of each output, which must be one.

    python -m tests.shards.identity [--records 60] [--kills 10] [--without-ray]

draws raw data and prints a line for each way. `just soak` runs it with more of all.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.synchronize import Event
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import datakit
from datakit.demo import write_demo
from datakit.errors import DataError
from tests.shards.outputs import digests_of

MIXTURE = "quickstart"
FULL_DISK = """
import sys
from tests.shards.identity import Raw, build_on_a_full_disk
print(build_on_a_full_disk(Raw(*sys.argv[1:3]), sys.argv[3]))
"""


class Raw:
    """Raw data to build from, and how large a shard is."""

    def __init__(self, root: str | Path, shard_samples: int | str) -> None:
        self.root = Path(root)
        self.shard_samples = int(shard_samples)

    def build(self, out: str | Path, **options: Any) -> datakit.BuildResult:
        """Builds the mixture; by one worker, where nothing else is said."""
        overrides = [f"output.shard_samples={self.shard_samples}", "max_reject_share=1"]
        options = {"root": self.root, "workers": 1, **options}
        return datakit.build(MIXTURE, out=out, overrides=overrides, **options)


def digest(out: str | Path) -> str:
    """One digest of all files of an output, the log aside."""
    return hashlib.sha256(json.dumps(digests_of(out), sort_keys=True).encode()).hexdigest()


def ways(
    raw: Raw, folder: Path, *, kills: int, bucket: str | None, ray: bool
) -> Iterator[tuple[str, str]]:
    """Builds in every way, and yields each with the digest of what it wrote.

    Args:
        folder: where the outputs go.
        kills: builds that are killed by `kill -9` at random moments before one may end.
        bucket: the URL of an empty bucket, if there is one.
        ray: whether to build on a local Ray cluster, too.
    """
    raw.build(folder / "1")
    yield "1 worker", digest(folder / "1")
    for workers in (2, 4):
        raw.build(folder / str(workers), workers=workers)
        yield f"{workers} workers", digest(folder / str(workers))
    whole = build_with_kills(raw, folder / "killed", kills=kills)
    found = digest(folder / "killed")
    yield f"kill -9, {kills} times, with {', '.join(map(str, whole))} shards whole", found
    build_elsewhere(raw, folder / "else where" / "out")
    yield "another folder, locale, time zone and hash seed", digest(folder / "else where" / "out")
    if bucket:
        raw.build(bucket, workers=2)
        yield "a bucket", digest(bucket)
    if ray:
        raw.build(folder / "ray", workers=2, engine="ray")
        yield "Ray", digest(folder / "ray")
    if ray and bucket:
        raw.build(f"{bucket}/ray", workers=2, engine="ray")
        yield "Ray into a bucket", digest(f"{bucket}/ray")


def build_with_kills(raw: Raw, out: Path, *, kills: int) -> list[int]:
    """Kills so many builds at random moments, then lets one end; whole shards after each kill."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["datakit.api", "datakit.planning"])
    moments, whole = random.Random(11), list[int]()
    started = time.monotonic()
    raw.build(out)
    seconds = time.monotonic() - started
    all_shards = len(list(out.glob("shards/*.tar")))
    shutil.rmtree(out)
    for number in range(kills):
        writing = context.Event()
        process = context.Process(target=_build_to_be_killed, args=(raw, out, number, writing))
        process.start()
        writing.wait()
        process.join(moments.uniform(0, seconds))
        process.kill()
        process.join()
        whole.append(len(list(out.glob("shards/*.tar"))))
        if (out / "manifest.json").exists():  # it was quicker: the next begins anew
            shutil.rmtree(out)
    assert not kills or min(whole) < all_shards, "each kill came too late"
    raw.build(out)
    return whole


def _build_to_be_killed(raw: Raw, out: Path, number: int, begun: Event) -> None:
    """Says when it begins to plan, or three times out of four when it begins to write."""
    if number % 4 == 0:
        begun.set()
    told = datakit.Progress(on_plan=lambda _plan: begun.set())
    raw.build(out, workers=1 + number % 2, progress=told)


def build_elsewhere(raw: Raw, out: Path) -> None:
    """Builds from a copy under another path, in a process with another locale and time zone."""
    copy = out.parent / "raw"
    shutil.copytree(raw.root, copy)
    code = "import sys; from tests.shards.identity import Raw; Raw(*sys.argv[1:3]).build('out')"
    other = {"LC_ALL": "C", "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "7", "HOME": str(copy)}
    subprocess.run(
        [sys.executable, "-c", code, "raw", str(raw.shard_samples)],
        check=True,
        cwd=out.parent,
        env={**os.environ, **other},
    )


def build_on_a_full_disk(raw: Raw, disk: str | Path) -> str:
    """Builds on a disk that is full after a third of the shards, and has space again then."""
    ballast, out = Path(disk) / "ballast", Path(disk) / "out"

    def fill(_shard: object, done: int, total: int) -> None:
        if done == max(1, total // 3):
            with ballast.open("wb", 0) as file:
                try:
                    while True:
                        file.write(bytes(4096))
                except OSError:
                    return

    try:
        raw.build(out, progress=datakit.Progress(on_shard=fill))
    except DataError as error:
        assert "the disk is full" in str(error), error
    else:
        raise AssertionError("the disk was not full")
    ballast.unlink()
    raw.build(out)
    return digest(out)


def main(say: Callable[[str], None] = print) -> None:
    """Prints a line a way; ends with status 1 where they differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=60, help="records of each of the releases")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--shard-samples", type=int, default=10)
    parser.add_argument("--without-ray", action="store_true")
    options = parser.parse_args()
    with TemporaryDirectory() as temporary:
        write_demo(Path(temporary) / "raw", records=options.records)
        raw = Raw(Path(temporary) / "raw", options.shard_samples)
        found = set()
        for way, hexadecimal in ways(
            raw,
            Path(temporary),
            kills=options.kills,
            bucket=None,
            ray=not options.without_ray,
        ):
            say(f"{hexadecimal[:32]}  {way}")
            found.add(hexadecimal)
    if len(found) != 1:
        sys.exit(1)


if __name__ == "__main__":
    main()
