"""Output folders that cannot be used, hold something else, or must not be harmed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import build, datakit
from tests.releases import Release


def test_an_output_that_cannot_be_written(release: Release, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = build(release, tmp_path / "file" / "out")
    assert result.returncode == 2
    assert f"{tmp_path / 'file' / 'out'} cannot be made: Not a directory." in result.stderr


def test_an_output_that_holds_other_files(release: Release, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("years of work")
    result = build(release, tmp_path / "out", "--force")
    assert result.returncode == 2
    assert "files that no build wrote: thesis.tex" in result.stderr
    assert (tmp_path / "out" / "thesis.tex").read_text() == "years of work"


@pytest.mark.parametrize("name", ["README.md", "shards/mine.tar", "index.parquet"])
def test_files_that_only_bear_a_builds_names_are_kept(
    release: Release, tmp_path: Path, name: str
) -> None:
    mine = tmp_path / "out" / name
    mine.parent.mkdir(parents=True)
    mine.write_text("years of work")
    result = build(release, tmp_path / "out", "--force")
    assert result.returncode == 2
    assert f"files that no build wrote: {name.partition('/')[0]}" in result.stderr
    assert mine.read_text() == "years of work"


def test_a_foreign_file_among_the_shards_of_a_build_is_kept(
    release: Release, tmp_path: Path
) -> None:
    assert build(release, tmp_path / "out").returncode == 0
    mine = tmp_path / "out" / "shards" / "mine.tar"
    mine.write_text("years of work")
    assert build(release, tmp_path / "out", "--force").returncode == 2
    assert mine.read_text() == "years of work"


def test_force_keeps_the_old_build_where_the_new_one_cannot_be_read(
    release: Release, tmp_path: Path
) -> None:
    import datakit as api

    assert build(release, tmp_path / "out").returncode == 0
    file = release.charts / "train_human.json"
    file.write_text(file.read_text()[:-30])
    assert build(release, tmp_path / "out", "--force").returncode == 1
    assert api.verify(tmp_path / "out") == []


def test_a_reader_that_leaves_does_not_stop_the_build(release: Release, tmp_path: Path) -> None:
    command = f"datakit build {release.mixture} --out {tmp_path / 'out'} 2>&1 | true"
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-c", command], check=True, env=environment)
    assert datakit("verify", tmp_path / "out").returncode == 0


def test_an_output_of_another_mixture_is_refused_with_the_difference(
    release: Release, tmp_path: Path
) -> None:
    assert build(release, tmp_path / "out").returncode == 0
    before = (tmp_path / "out" / "manifest.json").read_bytes()
    result = build(release, tmp_path / "out", "--set", "seed=8")
    assert result.returncode == 2
    assert "-seed: 7" in result.stderr
    assert "+seed: 8" in result.stderr
    assert (tmp_path / "out" / "manifest.json").read_bytes() == before
    assert build(release, tmp_path / "out", "--set", "seed=8", "--force").returncode == 0


def test_a_reader_refuses_a_newer_format(release: Release, tmp_path: Path) -> None:
    assert build(release, tmp_path / "out").returncode == 0
    manifest = tmp_path / "out" / "manifest.json"
    fields = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**fields, "format_version": 99}))
    result = datakit("info", tmp_path / "out")
    assert result.returncode == 1
    assert "format version 99" in result.stderr
