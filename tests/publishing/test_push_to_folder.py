"""`datakit push` to a folder: a copy, whole or absent."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

import pytest

import datakit
from datakit.errors import DamageError, DataError, OutputError, UsageError
from tests.publishing.test_push_to_hub import files_of


def test_a_copy_is_the_build(build: Path, tmp_path: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    result = datakit.push(
        build, f"file://{tmp_path}/to%20here", on_file=lambda *call: calls.append(call)
    )
    copy = tmp_path / "to here"
    assert (result.place, result.sent) == (str(copy), True)
    assert files_of(copy) == files_of(build)
    assert datakit.verify(copy) == []
    assert not (copy / "build.log.jsonl").exists()
    assert calls[-1][1:] == (len(result.files), len(result.files))
    assert calls[-1][0] == "manifest.json"
    again = datakit.push(build, str(copy))
    assert (again.sent, again.files) == (False, {})
    assert [path.name for path in tmp_path.iterdir()] == ["to here"]


def test_a_dry_run_copies_nothing(build: Path, tmp_path: Path) -> None:
    result = datakit.push(build, str(tmp_path / "copy"), dry_run=True)
    assert result.files == {path: len(data) for path, data in files_of(build).items()}
    assert not result.sent
    assert list(tmp_path.iterdir()) == []


def test_another_build_is_replaced_by_force_only(
    build: Path, smaller: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    datakit.push(build, str(copy))
    with pytest.raises(OutputError, match=r"another build:\n(.|\n)*\+seed: 8"):
        datakit.push(smaller, str(copy))
    assert files_of(copy) == files_of(build)
    result = datakit.push(smaller, str(copy), force=True)
    assert files_of(copy) == files_of(smaller)
    assert result.removed == sorted(set(files_of(build)) - set(files_of(smaller)))
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


def test_a_damaged_copy_is_mended_by_force(build: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    datakit.push(build, str(copy))
    (copy / "index.parquet").unlink()
    with pytest.raises(OutputError, match="another copy of this build"):
        datakit.push(build, str(copy))
    datakit.push(build, str(copy), force=True)
    assert datakit.verify(copy) == []


def test_other_files_are_never_harmed(build: Path, tmp_path: Path) -> None:
    mine = tmp_path / "copy" / "thesis.tex"
    mine.parent.mkdir()
    mine.write_text("years of work")
    with pytest.raises(OutputError, match=r"no build wrote: thesis.tex"):
        datakit.push(build, str(mine.parent), force=True)
    with pytest.raises(OutputError, match="is a file"):
        datakit.push(build, str(mine), force=True)
    assert files_of(tmp_path) == {"copy/thesis.tex": b"years of work"}


def test_a_folder_that_reads_as_a_repository_is_pointed_out(
    build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(DataError, match=r"For a folder, write \./out/pushed"):
        datakit.push(build.resolve(), "out/pushed")


def test_what_is_no_place_is_refused(build: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="neither a repository nor a folder"):
        datakit.push(build, "copy")
    with pytest.raises(UsageError, match="a folder has no revisions"):
        datakit.push(build, str(tmp_path / "copy"), revision="v1")
    for inside in (build / "copy", build, build.parent):
        with pytest.raises(OutputError, match="lie in each other"):
            datakit.push(build, str(inside))
    with pytest.raises(UsageError, match="holds no build"):
        datakit.push(tmp_path, str(tmp_path / "copy"))


def test_a_damaged_build_leaves_no_copy(build: Path, tmp_path: Path) -> None:
    damaged = Path(shutil.copytree(build, tmp_path / "damaged"))
    (damaged / "shards" / "train-000001.tar.idx").unlink()
    with pytest.raises(DamageError, match=r"shards/train-000001.tar.idx: missing"):
        datakit.push(damaged, str(tmp_path / "copy"))
    assert [path.name for path in tmp_path.iterdir()] == ["damaged"]


def test_a_second_push_to_the_same_folder_is_refused(build: Path, tmp_path: Path) -> None:
    partial = tmp_path / "copy.partial"
    (partial / "new" / "shards").mkdir(parents=True)  # as a killed push leaves it
    descriptor = os.open(partial, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with pytest.raises(OutputError, match="another push is writing"):
            datakit.push(build, str(tmp_path / "copy"))
    finally:
        os.close(descriptor)
    datakit.push(build, str(tmp_path / "copy"))
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]
