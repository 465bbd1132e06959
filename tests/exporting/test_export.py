"""Every target: nothing lost, the same bytes each time, whole or absent, no other file harmed."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import datakit
from datakit.errors import DamageError, DataError, OutputError, UsageError
from datakit.registry import module_names
from tests.cli.command import datakit as command

TARGETS = module_names("datakit.exporting.targets")


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def copied(build: Path, tmp_path: Path) -> Path:
    """A copy of the build that a test may damage."""
    return Path(shutil.copytree(build, tmp_path / "build"))


@pytest.mark.parametrize("target", TARGETS)
def test_every_sample_is_exported_and_counted(build: Path, tmp_path: Path, target: str) -> None:
    out = tmp_path / "out"
    shards: list[tuple[int, int]] = []
    result = datakit.export(build, to=target, out=out, on_shard=lambda *done: shards.append(done))
    data = datakit.open(build)
    assert result.samples == {"train": len(data)}
    assert result.turns == data.index["num_turns"].sum()
    assert result.images == data.index["num_images"].sum()
    assert shards[-1] == (len(data.manifest.shards), len(data.manifest.shards))
    told = json.loads((out / "export.json").read_text())
    assert told["build"] == {"name": "mixed", "fingerprint": data.fingerprint}
    assert (told["target"], told["samples"]) == (target, result.samples)
    assert told["adjusted"] == result.adjusted
    assert set(result.adjusted) == set(result.rules)


@pytest.mark.parametrize("target", TARGETS)
def test_two_exports_are_equal_to_the_byte(build: Path, tmp_path: Path, target: str) -> None:
    datakit.export(build, to=target, out=tmp_path / "first")
    datakit.export(copied(build, tmp_path), to=target, out=tmp_path / "second")
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


@pytest.mark.parametrize("target", sorted(set(TARGETS) - {"parquet"}))
def test_one_image_is_one_file(build: Path, tmp_path: Path, target: str) -> None:
    result = datakit.export(build, to=target, out=tmp_path / "out")
    digests = {digest for sample in datakit.open(build) for digest in sample.image_sha256}
    files = [path for path in (tmp_path / "out" / "images").rglob("*") if path.is_file()]
    assert {path.stem for path in files} == digests
    assert len(files) == len(digests) == result.image_files < result.images


def test_an_unknown_target_gives_the_nearest(build: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no target 'lava'. Did you mean 'llava'"):
        datakit.export(build, to="lava", out=tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_build_or_a_newer_one_is_refused(build: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no build"):
        datakit.export(tmp_path, to="llava", out=tmp_path / "out")
    newer = copied(build, tmp_path)
    fields = json.loads((newer / "manifest.json").read_text())
    (newer / "manifest.json").write_text(json.dumps({**fields, "format_version": 99}))
    with pytest.raises(DamageError, match="format version 99"):
        datakit.export(newer, to="llava", out=tmp_path / "out")


@pytest.mark.parametrize("file", ["shards/train-000001.tar", "index.parquet", "mixture.lock.yaml"])
def test_a_damaged_build_leaves_no_export(build: Path, tmp_path: Path, file: str) -> None:
    damaged = copied(build, tmp_path)
    data = bytearray((damaged / file).read_bytes())
    data[len(data) // 3] ^= 1
    (damaged / file).write_bytes(data)
    with pytest.raises(DamageError, match=file):
        datakit.export(damaged, to="swift", out=tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["build"]


def test_a_shard_that_is_gone_is_damage(build: Path, tmp_path: Path) -> None:
    damaged = copied(build, tmp_path)
    (damaged / "shards" / "train-000002.tar").unlink()
    with pytest.raises(DamageError, match=r"train-000002.tar: missing. See `datakit verify"):
        datakit.export(damaged, to="parquet", out=tmp_path / "out")


def test_an_export_is_replaced_by_force_only(build: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    datakit.export(build, to="llava", out=out)
    with pytest.raises(OutputError, match="holds an export already"):
        datakit.export(build, to="swift", out=out)
    assert (out / "train.json").is_file()
    datakit.export(build, to="swift", out=out, force=True)
    assert sorted(path.name for path in out.iterdir()) == ["export.json", "images", "train.jsonl"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("name", ["thesis.tex", "train.json", "images/ab/me.jpg"])
def test_other_files_are_never_harmed(build: Path, tmp_path: Path, name: str) -> None:
    mine = tmp_path / "out" / name
    if name != "train.json":
        datakit.export(build, to="llava", out=tmp_path / "out")
    mine.parent.mkdir(parents=True, exist_ok=True)
    mine.write_text("years of work")
    before = contents(tmp_path)
    with pytest.raises(OutputError, match=f"no export wrote: {name}"):
        datakit.export(build, to="llava", out=tmp_path / "out", force=True)
    assert contents(tmp_path) == before


def test_an_output_in_the_build_or_under_a_file_is_refused(build: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is in the build"):
        datakit.export(build, to="llava", out=build / "llava")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="is a file"):
        datakit.export(build, to="llava", out=tmp_path / "file")
    with pytest.raises(OutputError, match="Not a directory"):
        datakit.export(build, to="llava", out=tmp_path / "file" / "out")
    assert datakit.verify(build) == []


def test_what_a_killed_export_left_is_cleared_and_other_work_is_not(
    build: Path, tmp_path: Path
) -> None:
    partial = tmp_path / "out.partial"
    (partial / "new" / "images").mkdir(parents=True)
    datakit.export(build, to="llava", out=tmp_path / "out")
    assert not partial.exists()
    partial.mkdir()
    (partial / "thesis.tex").write_text("years of work")
    with pytest.raises(OutputError, match=r"holds other files: thesis.tex"):
        datakit.export(build, to="llava", out=tmp_path / "out", force=True)
    assert (partial / "thesis.tex").read_text() == "years of work"


def test_a_second_export_into_the_same_folder_is_refused(build: Path, tmp_path: Path) -> None:
    partial = tmp_path / "out.partial"
    partial.mkdir()
    descriptor = os.open(partial, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with pytest.raises(OutputError, match="another export is writing"):
            datakit.export(build, to="llava", out=tmp_path / "out")
    finally:
        os.close(descriptor)


def test_a_build_without_samples_is_refused(tmp_path: Path) -> None:
    rows = tmp_path / "rows.json"
    rows.write_text('[{"instruction": "", "input": "", "output": ""}]')
    mixture = tmp_path / "empty.yaml"
    mixture.write_text(
        f"{{name: empty, root: {tmp_path}, max_reject_share: 1,"
        " sources: [{dataset: alpaca, path: rows.json}]}"
    )
    datakit.build(mixture, out=tmp_path / "build", workers=1)
    with pytest.raises(DataError, match="has no samples to export"):
        datakit.export(tmp_path / "build", to="llava", out=tmp_path / "out")


def test_the_command_prints_what_was_adjusted_and_why(build: Path, tmp_path: Path) -> None:
    done = command("export", build, "--to", "llava", "--out", tmp_path / "out")
    assert done.returncode == 0
    assert "1 system messages folded: each now leads the first human turn" in done.stdout
    assert "1 samples with several images: `image` is a list" in done.stdout
    assert "3 boxes left out" in done.stdout
    again = command("export", build, "--to", "llava", "--out", tmp_path / "out")
    assert again.returncode == 2
    assert "replace it with --force" in again.stderr


def test_a_reader_that_leaves_does_not_stop_the_export(build: Path, tmp_path: Path) -> None:
    command = f"datakit export {build} --to llava --out {tmp_path / 'out'} 2>&1 | true"
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-c", command], check=True, env=environment)
    assert (tmp_path / "out" / "export.json").is_file()
