"""A build's promises: byte-identical, whole or absent, nothing lost."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

import datakit
from datakit.errors import DataError, OutputError
from tests.releases import Release

SMALL_SHARDS = ("output.shard_samples=3",)


def digests(build: Path) -> dict[str, str]:
    """SHA-256 of every file of a build, the log aside."""
    return {
        path.relative_to(build).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(build.rglob("*"))
        if path.is_file() and path.name != "build.log.jsonl"
    }


def test_the_files_of_a_build(release: Release, tmp_path: Path) -> None:
    datakit.build(release.mixture, out=tmp_path / "out", workers=1)
    assert set(digests(tmp_path / "out")) == {
        ".nv-meta/.info.json",
        ".nv-meta/dataset.yaml",
        ".nv-meta/index.sqlite",
        ".nv-meta/index.uuid",
        ".nv-meta/split.yaml",
        "README.md",
        "index.parquet",
        "manifest.json",
        "mixture.lock.yaml",
        "not_drawn.parquet",
        "rejects.parquet",
        "shards/train-000000.tar",
        "shards/train-000000.tar.idx",
        "train.wids.json",
    }
    assert datakit.verify(tmp_path / "out") == []


def test_one_and_two_workers_give_the_same_bytes(release: Release, tmp_path: Path) -> None:
    for workers in (1, 2):
        datakit.build(
            release.mixture, out=tmp_path / str(workers), workers=workers, overrides=SMALL_SHARDS
        )
    assert digests(tmp_path / "1") == digests(tmp_path / "2")
    assert len(datakit.open(tmp_path / "1").manifest.shards) > 2


def test_how_many_records_are_in_memory_at_once_changes_no_byte(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sorted((release.charts / "png").iterdir())[1].write_bytes(b"no image")
    overrides = ("max_reject_share=1",)
    datakit.build(release.mixture, out=tmp_path / "all", workers=1, overrides=overrides)
    monkeypatch.setattr("datakit.shards.write_shard.SAMPLES_AT_ONCE", 2)
    datakit.build(release.mixture, out=tmp_path / "two", workers=1, overrides=overrides)
    assert digests(tmp_path / "two") == digests(tmp_path / "all")


def test_a_script_without_a_main_guard_builds_with_two_workers(
    release: Release, tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, datakit\nprint('once')\n"
        "datakit.build(sys.argv[1], out=sys.argv[2], workers=2,\n"
        "    overrides=['output.shard_samples=3'])"
    )
    command = [sys.executable, str(script), str(release.mixture), str(tmp_path / "out")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == "once\n"
    assert datakit.verify(tmp_path / "out") == []


KILLED_SERVER = """
import os, signal, sys, threading, time
from multiprocessing.forkserver import _forkserver as server
import datakit, datakit.api
from datakit.errors import DatakitError

def kill():
    while server._forkserver_pid is None:
        time.sleep(0.001)
    time.sleep(0.1)
    os.kill(server._forkserver_pid, signal.SIGKILL)

threading.Thread(target=kill).start()
small = ["output.shard_samples=3"]
try:
    datakit.build(sys.argv[1], out=sys.argv[2], workers=2, overrides=small)
except DatakitError as error:
    print(error)
print(datakit.build(sys.argv[1], out=sys.argv[2], workers=2, overrides=small).written_shards > 1)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="no server there")
def test_a_server_of_workers_that_dies_while_it_imports_is_told(
    release: Release, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", KILLED_SERVER, release.mixture, tmp_path / "out"]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    told, again = done.stdout.splitlines()
    assert told.startswith("a worker process died") and again == "True"


def test_how_many_faults_are_tolerated_decides_no_byte(release: Release, tmp_path: Path) -> None:
    datakit.build(release.mixture, out=tmp_path / "out", workers=1)
    again = datakit.build(
        release.mixture, out=tmp_path / "out", workers=1, overrides=["max_reject_share=0.5"]
    )
    assert again.written_shards == 0


def test_folder_locale_and_time_zone_change_nothing(release: Release, tmp_path: Path) -> None:
    datakit.build(release.mixture, out=tmp_path / "here", workers=1)
    moved = tmp_path / "else where" / "raw"
    moved.parent.mkdir()
    release.root.rename(moved)
    code = (
        "import sys, datakit\n"
        "datakit.build(sys.argv[1], out=sys.argv[2], root=sys.argv[3], workers=1)"
    )
    arguments = [str(release.mixture), str(tmp_path / "there"), str(moved)]
    environment = {**os.environ, "LC_ALL": "C", "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "1"}
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, env=environment)
    assert digests(tmp_path / "here") == digests(tmp_path / "there")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_build_that_was_killed_goes_on_and_ends_with_the_same_bytes(
    release: Release, tmp_path: Path, workers: int
) -> None:
    datakit.build(release.mixture, out=tmp_path / "whole", workers=1, overrides=SMALL_SHARDS)
    code = (
        "import os, signal, sys, datakit\n"
        "from datakit.shards.build import Progress\n"
        "def kill(shard, done, total):\n"
        "    if done == 2: os.kill(os.getpid(), signal.SIGKILL)\n"
        "if __name__ == '__main__':\n"
        "    datakit.build(sys.argv[1], out=sys.argv[2], workers=int(sys.argv[3]),\n"
        "        overrides=['output.shard_samples=3'], progress=Progress(on_shard=kill))"
    )
    script = tmp_path / "killed_build.py"
    script.write_text(code)
    arguments = [str(release.mixture), str(tmp_path / "killed"), str(workers)]
    command = [sys.executable, str(script), *arguments]
    killed = subprocess.run(command, check=False, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "killed" / "manifest.json").exists()
    result = datakit.build(
        release.mixture, out=tmp_path / "killed", workers=1, overrides=SMALL_SHARDS
    )
    assert result.written_shards <= len(result.manifest.shards) - 2
    assert digests(tmp_path / "killed") == digests(tmp_path / "whole")


def test_a_shard_that_was_edited_after_a_kill_is_written_again(
    release: Release, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    datakit.build(release.mixture, out=tmp_path / "whole", workers=1, overrides=SMALL_SHARDS)

    def stop(_shard: object, done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    from datakit.shards.build import Progress

    with pytest.raises(KeyboardInterrupt):
        datakit.build(
            release.mixture,
            out=out,
            workers=1,
            overrides=SMALL_SHARDS,
            progress=Progress(on_shard=stop),
        )
    shard = out / "shards" / "train-000000.tar"
    shard.write_bytes(shard.read_bytes().replace(b"user", b"usEr"))
    result = datakit.build(release.mixture, out=out, workers=1, overrides=SMALL_SHARDS)
    assert result.written_shards == len(result.manifest.shards) - 1
    assert digests(out) == digests(tmp_path / "whole")


def test_a_finished_build_is_left_alone(release: Release, tmp_path: Path) -> None:
    first = datakit.build(release.mixture, out=tmp_path / "out", workers=1)
    before = digests(tmp_path / "out")
    again = datakit.build(release.mixture, out=tmp_path / "out", workers=1)
    assert (first.written_shards, again.written_shards) == (1, 0)
    assert digests(tmp_path / "out") == before


def test_a_finished_build_that_was_damaged_is_an_error(release: Release, tmp_path: Path) -> None:
    datakit.build(release.mixture, out=tmp_path / "out", workers=1)
    shard = tmp_path / "out" / "shards" / "train-000000.tar"
    shard.write_bytes(shard.read_bytes()[:-100])
    with pytest.raises(DataError, match="damaged"):
        datakit.build(release.mixture, out=tmp_path / "out", workers=1)
    (size, *rest) = datakit.verify(tmp_path / "out")
    assert size.startswith("shards/train-000000.tar:")
    assert rest == []


def _hold(mixture: str, out: str, started: str) -> None:
    from datakit.shards.build import Progress

    def wait(_name: str) -> None:
        Path(started).touch()
        time.sleep(30)

    datakit.build(mixture, out=out, workers=1, progress=Progress(on_source=wait))


def test_two_builds_into_one_folder_are_refused(release: Release, tmp_path: Path) -> None:
    started = tmp_path / "started"
    arguments = (str(release.mixture), str(tmp_path / "out"), str(started))
    holder = multiprocessing.get_context("spawn").Process(target=_hold, args=arguments)
    holder.start()
    try:
        while not started.exists():
            time.sleep(0.05)
        named = rf"\(process {holder.pid} of .+ on .+, since 20.+\). Wait for it to end"
        with pytest.raises(OutputError, match=rf"another build is writing to .+ {named}"):
            datakit.build(release.mixture, out=tmp_path / "out", workers=1)
    finally:
        holder.kill()
        holder.join()
    datakit.build(release.mixture, out=tmp_path / "out", workers=1)


def test_every_record_is_used_rejected_or_not_drawn(release: Release, tmp_path: Path) -> None:
    caps = ("sources.chartqa.cap_records=10", "sources.docvqa.cap_samples=1")
    datakit.build(release.mixture, out=tmp_path / "out", workers=1, overrides=caps)
    data = datakit.open(tmp_path / "out")
    for source in data.manifest.sources:
        rejected = sum(source.rejected_records.values())
        assert source.records == source.used_records + source.not_drawn_records + rejected
    by_name = {source.name: source for source in data.manifest.sources}
    assert by_name["chartqa"].not_drawn_records == 3
    assert by_name["docvqa"].samples == 1
    left = pl.read_parquet(tmp_path / "out" / "not_drawn.parquet")
    assert left["by"].value_counts(sort=True).rows()[0][0] in ("cap_records", "cap_samples")
    used = {i for row in data.index["record_ids"] for i in row}
    assert used.isdisjoint(left["record_id"])


def test_raising_a_cap_only_adds_samples(release: Release) -> None:
    keys = []
    for cap in (1, 2, 4):
        plan = datakit.plan(release.mixture, overrides=[f"balance.cap_samples={cap}"])
        keys.append(set(plan.table["key"]))
    assert keys[0] < keys[1] < keys[2]


def test_other_data_do_not_change_a_samples_key(release: Release) -> None:
    before = set(datakit.plan(release.mixture).table["key"])
    alone = release.write_mixture(
        "name: other\nroot: '{root}'\nsources:\n  - {dataset: docvqa, path: DocVQA, split: val}\n"
    )
    assert set(datakit.plan(alone).table["key"]) < before


def test_limit_reads_so_many_records_of_each_source(release: Release, tmp_path: Path) -> None:
    result = datakit.build(release.mixture, out=tmp_path / "out", workers=1, limit_records=2)
    assert [source.records for source in result.manifest.sources] == [2, 2, 2]
