"""Builds on Ray: two nodes that share no disk, one of them lost; and what is wrong with clusters."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import s3fs

import datakit
from datakit.errors import UsageError
from tests.releases import Release
from tests.shards.outputs import SMALL_SHARDS, digests_of

ray = pytest.importorskip("ray")

from tests.shards.ray_cluster import TwoNodes, two_nodes  # noqa: E402


@pytest.fixture
def nodes(tmp_path: Path, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[TwoNodes]:
    """Two nodes, of which the second does not see the test's folder; buckets are seen by both."""
    assert endpoint
    with two_nodes(tmp_path) as cluster:
        monkeypatch.setenv("RAY_ADDRESS", cluster.address)
        yield cluster


def test_two_nodes_that_share_no_disk_and_one_is_lost(
    release: Release, tmp_path: Path, bucket: str, nodes: TwoNodes
) -> None:
    with pytest.raises(UsageError, match=r"does not see .*\. Use a path that all nodes share"):
        datakit.build(release.mixture, out=tmp_path / "out", engine="ray")
    assert not (tmp_path / "out").exists()
    s3fs.S3FileSystem().put(f"{release.root}/", f"{bucket}/raw/", recursive=True)
    datakit.build(release.mixture, out=tmp_path / "local", workers=1, overrides=SMALL_SHARDS)

    def kill(_shard: object, done: int, _total: int) -> None:
        if done == 1:
            nodes.kill_second()

    datakit.build(
        release.mixture,
        out=f"{bucket}/out",
        root=f"{bucket}/raw",
        engine="ray",
        overrides=SMALL_SHARDS,
        progress=datakit.Progress(on_shard=kill),
    )
    there, here = digests_of(f"{bucket}/out"), digests_of(tmp_path / "local")
    # The fingerprint knows images by their names and sizes, wherever they are.
    assert there == here


def test_ray_that_is_not_installed(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"needs the extra 'ray': pip install"):
        datakit.build(release.mixture, out="out", engine="ray")


def test_an_engine_that_is_unknown(release: Release) -> None:
    with pytest.raises(UsageError, match="no engine 'rya'. Did you mean 'ray'?"):
        datakit.build(release.mixture, out="out", engine="rya")
