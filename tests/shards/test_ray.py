"""Builds on Ray: two nodes that share no disk, of which one is lost; clusters that are wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import s3fs

import datakit
from datakit.errors import ConfigError, UsageError
from tests.releases import Release
from tests.shards.outputs import SMALL_SHARDS, digests_of
from tests.shards.small_disk import namespace


def test_two_nodes_that_share_no_disk_and_one_is_lost(
    release: Release, tmp_path: Path, bucket: str
) -> None:
    pytest.importorskip("ray")
    s3fs.S3FileSystem().put(f"{release.root}/", f"{bucket}/raw/", recursive=True)
    datakit.build(release.mixture, out=tmp_path / "local", workers=1, overrides=SMALL_SHARDS)
    command = [sys.executable, "-m", "tests.shards.two_nodes", release.mixture, release.root]
    done = subprocess.run(
        [*map(str, command), bucket, "--namespace", " ".join(namespace())],
        stdout=subprocess.PIPE,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert "of the Ray cluster does not see" in found["refusal"]
    assert str(release.root) in found["refusal"]
    assert found["second_node_ended_with"] == -9
    assert found["digests"] == digests_of(tmp_path / "local")


def test_ray_that_is_not_installed(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"needs the extra 'ray': pip install"):
        datakit.build(release.mixture, out="out", engine="ray")
    assert not Path("out").exists()


def test_templates_are_checked_before_anything_is_sent(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ray, without which nothing can be sent, is not even asked for."""
    monkeypatch.setitem(sys.modules, "ray", None)
    bad = tmp_path / "templates" / "fine" / "chartqa.yaml"
    bad.parent.mkdir(parents=True)
    bad.write_text(
        "task: vqa-open\nanswer: short\ntemplates:\n"
        "  - {id: ask, user: '{{ question.__class__ }}', assistant: '{{ answer }}'}\n"
    )
    with pytest.raises(ConfigError, match="__class__"):
        datakit.build(release.mixture, out=tmp_path / "out", templates=bad.parents[1], engine="ray")


def test_an_engine_that_is_unknown(release: Release) -> None:
    with pytest.raises(UsageError, match="no engine 'rya'. Did you mean 'ray'?"):
        datakit.build(release.mixture, out="out", engine="rya")


def test_a_cluster_that_is_not_there(release: Release, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    code = "from datakit.cli.main import run; run()"
    out = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-c", code, "build", release.mixture, "--out", out, "--engine", "ray"],
        capture_output=True,
        text=True,
        env={**os.environ, "RAY_ADDRESS": "127.0.0.1:1"},
    )
    assert done.returncode == 2
    assert "error: the Ray cluster '127.0.0.1:1' cannot be reached" in done.stderr
