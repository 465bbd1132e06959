"""Outputs and sources that others change, fill or hold: each is told, none corrupts."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import datakit
from datakit.errors import DataError, OutputError, UsageError
from tests.releases import Release
from tests.shards.outputs import SMALL_SHARDS, build_part, digests_of
from tests.shards.small_disk import run_on_disk

BUILD = "import sys; from datakit.cli.main import run; sys.argv[0] = 'datakit'; run()"


def build(release: Release, out: Path, *overrides: str, force: bool = False) -> None:
    chosen = [*SMALL_SHARDS, *overrides]
    datakit.build(release.mixture, out=out, workers=1, overrides=chosen, force=force)


def test_a_shard_that_was_edited_after_the_build(release: Release, tmp_path: Path) -> None:
    build(release, tmp_path / "out")
    shard = tmp_path / "out" / "shards" / "train-000001.tar"
    status = shard.stat()
    shard.write_bytes(shard.read_bytes().replace(b"user", b"usEr", 1))
    os.utime(shard, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert datakit.verify(tmp_path / "out")[0].startswith("shards/train-000001.tar: its bytes")
    with pytest.raises(DataError, match="damaged"):
        build(release, tmp_path / "out")
    build(release, tmp_path / "out", force=True)
    assert datakit.verify(tmp_path / "out") == []


def test_offsets_that_were_edited_while_the_build_was_stopped(
    release: Release, tmp_path: Path
) -> None:
    build(release, tmp_path / "whole")
    build_part(release.mixture, tmp_path / "out", shards=2)
    offsets = tmp_path / "out" / "shards" / "train-000000.tar.idx"
    offsets.write_bytes(bytes(len(offsets.read_bytes())))
    build(release, tmp_path / "out")
    assert digests_of(tmp_path / "out") == digests_of(tmp_path / "whole")


def test_a_manifest_of_another_mixture(release: Release, tmp_path: Path) -> None:
    build(release, tmp_path / "out")
    build(release, tmp_path / "other", "seed=8")
    shutil.copy(tmp_path / "other" / "manifest.json", tmp_path / "out")
    with pytest.raises(DataError, match="damaged"):
        build(release, tmp_path / "out")
    assert datakit.verify(tmp_path / "out")
    shutil.copy(tmp_path / "other" / "mixture.lock.yaml", tmp_path / "out")
    with pytest.raises(OutputError, match="another mixture"):
        build(release, tmp_path / "out")


def test_half_written_files_of_other_tools(release: Release, tmp_path: Path) -> None:
    build(release, tmp_path / "whole")
    build_part(release.mixture, tmp_path / "out", shards=2)
    shards = tmp_path / "out" / "shards"
    foreign = shards / ".train-000003.tar.Xy12ab"  # as rsync writes
    foreign.write_bytes(b"half")
    with pytest.raises(OutputError, match=r"no build wrote: shards/\.train-000003\.tar\.Xy12ab"):
        build(release, tmp_path / "out")
    foreign.rename(shards / "train-000003.tar")
    (shards / "train-000099.tar").write_bytes(b"half")
    with pytest.raises(OutputError, match="does not have: shards/train-000099.tar"):
        build(release, tmp_path / "out")
    (shards / "train-000099.tar").unlink()
    build(release, tmp_path / "out")
    assert digests_of(tmp_path / "out") == digests_of(tmp_path / "whole")


def test_images_that_changed_before_they_were_written(release: Release, tmp_path: Path) -> None:
    """Of the same size, and with the old time of modification."""

    def edit(_shard: object, done: int, _total: int) -> None:
        for image in release.root.rglob("*.*g") if done == 1 else ():
            status = image.stat()
            image.write_bytes(image.read_bytes())
            os.utime(image, ns=(status.st_atime_ns, status.st_mtime_ns))

    with pytest.raises(DataError, match=r"changed since the plan was made: .*g of source \w+"):
        datakit.build(
            release.mixture,
            out=tmp_path / "out",
            workers=1,
            overrides=SMALL_SHARDS,
            progress=datakit.Progress(on_shard=edit),
        )
    assert not (tmp_path / "out" / "manifest.json").exists()
    build(release, tmp_path / "out")
    assert datakit.verify(tmp_path / "out") == []


def test_an_image_that_changed_while_the_build_was_stopped(
    release: Release, tmp_path: Path
) -> None:
    """A build that goes on is what a new one would be, and no mix of old and new."""
    images = sorted((release.charts / "png").iterdir())

    def paint(colour: str) -> set[int]:
        for image in images:
            Image.new("RGB", (64, 48), colour).save(image, compress_level=0)
        return {image.stat().st_size for image in images}

    sizes = paint("red")
    build_part(release.mixture, tmp_path / "out", shards=3)
    assert paint("blue") == sizes
    build(release, tmp_path / "out")
    build(release, tmp_path / "new")
    assert digests_of(tmp_path / "out") == digests_of(tmp_path / "new")


@pytest.mark.parametrize("from_cache", [False, True])
def test_annotations_that_changed_after_they_were_read(
    release: Release, tmp_path: Path, from_cache: bool
) -> None:
    table = release.root / "mine.csv"
    table.write_text("question,answer\n" + "".join(f"How much is {n}?,{n}\n" for n in range(6)))
    mixture = release.write_mixture(
        "name: small\nroot: '{root}'\nsources:\n"
        "  - {dataset: chartqa, path: ChartQA Dataset}\n"
        "  - {dataset: columns, name: mine, path: mine.csv,"
        " options: {question: question, answer: answer}}\n"
    )
    files = [table, release.charts / "train_human.json"]
    if from_cache:
        datakit.plan(mixture)

    def edit(_plan: object) -> None:
        for file in files:
            file.write_bytes(file.read_bytes())

    with pytest.raises(DataError) as error:
        datakit.build(
            mixture, out=tmp_path / "out", workers=1, progress=datakit.Progress(on_plan=edit)
        )
    for file in files:
        assert str(file) in str(error.value)
    assert not (tmp_path / "out" / "manifest.json").exists()
    datakit.build(mixture, out=tmp_path / "out", workers=1)
    assert datakit.verify(tmp_path / "out") == []


def test_a_folder_that_is_read_only(release: Release, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    done = run_on_disk(out, "ro", BUILD, "build", release.mixture, "--out", out)
    assert done.returncode == 2, done.stderr
    assert f"error: {out} cannot be written: Read-only file system." in done.stderr


def test_too_little_space_is_told_before_the_first_byte(release: Release, tmp_path: Path) -> None:
    with (release.charts / "png" / "0.png").open("r+b") as image:
        image.truncate(shutil.disk_usage(tmp_path).total)
    with pytest.raises(DataError, match=r"takes about [\d,.]+ GB, the disk has [\d,.]+ [GM]B free"):
        build(release, tmp_path / "out")
    assert not (tmp_path / "out").exists()


FILLED = """
import os, sys, datakit
from pathlib import Path
mixture, out, ballast = sys.argv[1], Path(sys.argv[2]) / "out", Path(sys.argv[2]) / "ballast"
def fill(shard, done, total):
    if done == 2:
        with ballast.open("wb", 0) as file:
            try:
                while True: file.write(bytes(4096))
            except OSError: pass
options = dict(out=out, workers=1, overrides=["output.shard_samples=3"])
try: datakit.build(mixture, progress=datakit.Progress(on_shard=fill), **options)
except datakit.errors.DataError as error: print(error)
try: datakit.build(mixture, **options)
except datakit.errors.DataError as error: print(error)
ballast.unlink()
print(datakit.build(mixture, **options).written_shards)
from tests.shards.outputs import digests_of
import json; print(json.dumps(digests_of(out)))
"""


def test_a_full_disk_then_space_again(release: Release, tmp_path: Path) -> None:
    build(release, tmp_path / "whole")
    (tmp_path / "disk").mkdir()
    done = run_on_disk(tmp_path / "disk", "size=4m", FILLED, release.mixture, tmp_path / "disk")
    assert done.returncode == 0, done.stderr
    full, still_full, written, digests = done.stdout.splitlines()
    assert re.search(
        r"takes about [\d,.]+ \w+, [\d,.]+ \w+ of it are there and the disk", still_full
    )
    assert full.endswith(
        "the disk is full. The shards written so far are whole: free some space "
        "and run the same command again."
    )
    assert int(written) == 2
    assert json.loads(digests) == digests_of(tmp_path / "whole")


RESUMED = """
import sys, datakit
from tests.shards.outputs import SMALL_SHARDS, build_part
overrides = [*SMALL_SHARDS, "images.check=none"]
build_part(sys.argv[1], sys.argv[2], shards=3, overrides=overrides)
print(datakit.build(sys.argv[1], out=sys.argv[2], workers=1, overrides=overrides).written_shards)
"""


def test_what_is_there_already_needs_no_space(release: Release, tmp_path: Path) -> None:
    for image in release.root.rglob("*.*g"):
        with image.open("r+b") as file:
            file.truncate(1_000_000)
    total = int(datakit.plan(release.mixture).table["planned_bytes"].sum())
    (tmp_path / "disk").mkdir()
    size = f"size={int(total * 1.4)}"
    done = run_on_disk(tmp_path / "disk", size, RESUMED, release.mixture, tmp_path / "disk" / "out")
    assert done.stdout == "1\n", done.stderr


JUMPING = """
import random, sys, time
jumps = random.Random(3)
time.time = lambda: jumps.uniform(1, 4e9)
time.time_ns = lambda: int(time.time() * 1e9)
import datakit
datakit.build(sys.argv[1], out=sys.argv[2], workers=1, overrides=["output.shard_samples=3"])
"""


def test_a_clock_that_jumps(release: Release, tmp_path: Path) -> None:
    build(release, tmp_path / "whole")
    build_part(release.mixture, tmp_path / "out", shards=2)
    for year, path in enumerate(sorted(release.root.rglob("*"))):
        os.utime(path, (-1e9 + year * 3e8, -1e9 + year * 3e8))
    for shard in (tmp_path / "out" / "shards").iterdir():
        os.utime(shard, (4e9, 4e9))
    command = [sys.executable, "-c", JUMPING, str(release.mixture), str(tmp_path / "out")]
    subprocess.run(command, check=True, env={**os.environ, "DATAKIT_CACHE": "off"})
    assert digests_of(tmp_path / "out") == digests_of(tmp_path / "whole")


def test_an_empty_name_is_no_folder(release: Release) -> None:
    with pytest.raises(UsageError, match="out is empty"):
        datakit.build(release.mixture, out="")


def test_the_data_may_move_while_a_build_is_stopped(release: Release, tmp_path: Path) -> None:
    build(release, tmp_path / "whole")
    build_part(release.mixture, tmp_path / "out", shards=2)
    shutil.move(release.root, tmp_path / "moved")
    text = release.mixture.read_text().replace(str(release.root), str(tmp_path / "moved"))
    release.mixture.write_text(text)
    build(release, tmp_path / "out")
    names = {"mixture.lock.yaml", "manifest.json"}  # which state the root as it is written
    whole, out = (digests_of(tmp_path / name) for name in ("whole", "out"))
    assert {n: d for n, d in out.items() if n not in names} == {
        n: d for n, d in whole.items() if n not in names
    }


GROWN = """
import sys
from pathlib import Path
from datakit.io.plain_table import table_of_rows
from datakit.shards.energon import SampleIndex
from datakit.shards.tar import MEMBERS_SCHEMA
rows = [{"name": f"key-{n}.json", "start": 1024 * n + 512, "size": 9} for n in range(40_000)]
index = SampleIndex(Path(sys.argv[1]) / "index.sqlite")
try:
    index.add(0, table_of_rows(rows, MEMBERS_SCHEMA))
    index.finish()
except OSError as error:
    print(error.errno)
index.close()
"""


def test_an_index_that_does_not_fit_says_that_the_disk_is_full(tmp_path: Path) -> None:
    done = run_on_disk(tmp_path, "size=1m", GROWN, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{errno.ENOSPC}\n", "")
