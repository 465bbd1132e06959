"""A build from a bucket, over the real protocol: moto's server on loopback, read by s3fs."""

from __future__ import annotations

from pathlib import Path

import s3fs

from tests.cli.command import datakit
from tests.releases import Release


def test_a_bucket_builds_the_same_bytes(release: Release, tmp_path: Path, endpoint: str) -> None:
    files = s3fs.S3FileSystem(endpoint_url=endpoint)
    files.mkdir("bucket")
    files.put(f"{release.root}/", "bucket/raw/", recursive=True)
    for name, root in (("here", release.root), ("there", "s3://bucket/raw")):
        done = datakit(
            "build", release.mixture, "--root", root, "--out", tmp_path / name, "--workers", 2,
            "--set", "output.shard_samples=3",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    shards = [path.name for path in sorted((tmp_path / "here" / "shards").glob("*.tar"))]
    assert len(shards) > 2
    for name in shards:
        here, there = (tmp_path / place / "shards" / name for place in ("here", "there"))
        assert here.read_bytes() == there.read_bytes()


def test_what_a_bucket_lacks_is_said(release: Release, endpoint: str) -> None:
    files = s3fs.S3FileSystem(endpoint_url=endpoint)
    files.mkdir("empty")
    done = datakit("plan", release.mixture, "--root", "s3://empty/raw")
    assert done.returncode == 1
    assert "s3://empty/raw" in done.stderr and "Traceback" not in done.stderr
