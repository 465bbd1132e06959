"""Builds into a bucket: the same bytes, whole or absent, one builder, nothing foreign harmed."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import datakit
from datakit.errors import DataError, OutputError, UsageError
from datakit.io.stores import Holder, open_store
from datakit.io.stores.store import HOLDER
from tests.cli.command import datakit as command
from tests.releases import Release
from tests.shards.outputs import SMALL_SHARDS, build_part, digests_of


@pytest.fixture
def local(release: Release, tmp_path: Path) -> dict[str, str]:
    """The digests of the same build on this machine."""
    datakit.build(release.mixture, out=tmp_path / "local", workers=1, overrides=SMALL_SHARDS)
    return digests_of(tmp_path / "local")


def test_the_same_bytes_and_readers_as_in_a_folder(
    release: Release, bucket: str, local: dict[str, str], tmp_path: Path
) -> None:
    out = f"{bucket}/deep/out"
    result = datakit.build(release.mixture, out=out, workers=2, overrides=SMALL_SHARDS)
    assert digests_of(out) == local
    assert str(result.path) == out
    assert datakit.verify(out) == []
    data = datakit.open(out)
    assert [sample.id for sample in data] == data.index["key"].to_list()
    assert [row["__key__"] for row in data.webdataset()] == data.index["key"].to_list()
    assert [data.text(key).messages for key in data.index["key"]] == [s.messages for s in data]
    data.check_files()
    assert data.stamp == datakit.open(out).stamp != datakit.open(tmp_path / "local").stamp
    assert data.why(data[0].id).row["key"] == data[0].id
    done = command("info", out)
    assert done.returncode == 0, done.stderr
    assert out in done.stdout


def test_an_interrupted_build_goes_on(release: Release, bucket: str, local: dict[str, str]) -> None:
    build_part(release.mixture, bucket, shards=3)
    store = open_store(bucket)
    assert "manifest.json" not in set(store.names())
    with pytest.raises(UsageError, match="unfinished build"):
        datakit.open(bucket)
    edited = "shards/train-000001.tar"
    store.write(edited, store.read(edited).replace(b"user", b"usEr"))
    again = datakit.build(release.mixture, out=bucket, workers=1, overrides=SMALL_SHARDS)
    assert again.written_shards == len(again.manifest.shards) - 2
    assert digests_of(bucket) == local
    assert datakit.build(release.mixture, out=bucket, overrides=SMALL_SHARDS).written_shards == 0
    store.write(edited, store.read(edited).replace(b"user", b"usEr"))
    assert datakit.verify(bucket)[0] == f"{edited}: its bytes differ from the manifest's"
    with pytest.raises(DataError, match="damaged"):
        datakit.build(release.mixture, out=bucket, overrides=SMALL_SHARDS)


def test_another_builder_is_named_and_so_is_what_to_remove(release: Release, bucket: str) -> None:
    other = replace(Holder.this(), host="node-7", user="ana", pid=4711, place="another boot")
    open_store(bucket).write(HOLDER, other.dump())
    with pytest.raises(OutputError) as error:
        datakit.build(release.mixture, out=bucket, workers=1)
    assert "process 4711 of ana on node-7, since 20" in str(error.value)
    assert f"remove {bucket}/.build/holder.json" in str(error.value)
    assert list(open_store(bucket).names()) == [HOLDER]


def test_a_builder_that_was_killed_on_this_machine_holds_nothing(
    release: Release, bucket: str
) -> None:
    code = "from datakit.io.stores import Holder as h; print(h.this().dump().decode())"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    open_store(bucket).write(HOLDER, done.stdout)
    datakit.build(release.mixture, out=bucket, workers=1)
    assert datakit.verify(bucket) == []


def test_foreign_objects_are_kept(release: Release, bucket: str) -> None:
    store = open_store(bucket)
    store.write("shards/mine.tar", b"years of work")
    with pytest.raises(OutputError, match="no build wrote: shards/mine.tar"):
        datakit.build(release.mixture, out=bucket, workers=1, force=True)
    assert list(store.names()) == ["shards/mine.tar"]


def test_another_mixture_is_refused_unless_forced(release: Release, bucket: str) -> None:
    datakit.build(release.mixture, out=bucket, workers=1, overrides=SMALL_SHARDS)
    with pytest.raises(OutputError, match=r"\+seed: 8"):
        datakit.build(release.mixture, out=bucket, workers=1, overrides=["seed=8"])
    datakit.build(release.mixture, out=bucket, workers=1, overrides=["seed=8"], force=True)
    assert datakit.verify(bucket) == []


def test_a_bucket_that_is_not_there_is_said(release: Release, endpoint: str) -> None:
    assert endpoint == os.environ["AWS_ENDPOINT_URL"]
    with pytest.raises(OutputError, match="s3://no-such-bucket/out cannot be written"):
        datakit.build(release.mixture, out="s3://no-such-bucket/out", workers=1)
    with pytest.raises(UsageError, match="nowhere://out/mix: cannot be written"):
        datakit.build(release.mixture, out="nowhere://out/mix", workers=1)
