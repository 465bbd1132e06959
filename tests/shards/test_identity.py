"""The bytes of a build depend on data and mixture alone; the digests are printed (`pytest -s`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit.demo import write_demo
from tests.shards.identity import FULL_DISK, Raw, ways
from tests.shards.small_disk import run_on_disk


def test_one_mixture_built_in_many_ways_gives_one_digest(tmp_path: Path, bucket: str) -> None:
    pytest.importorskip("ray")
    write_demo(tmp_path / "raw", records=60)
    raw = Raw(tmp_path / "raw", shard_samples=2)
    digests = {}
    for way, digest in ways(raw, tmp_path, kills=10, bucket=bucket, ray=True):
        digests[way] = digest
    disk = tmp_path / "disk"
    disk.mkdir()
    done = run_on_disk(disk, "size=64m", FULL_DISK, raw.root, raw.shard_samples, disk)
    assert done.returncode == 0, done.stderr
    digests["a full disk, then space again"] = done.stdout.strip()
    for way, digest in digests.items():
        print(f"{digest[:32]}  {way}")  # noqa: T201 - what this test is to show
    assert len(digests) == 9
    assert len(set(digests.values())) == 1, digests
