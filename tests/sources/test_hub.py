"""Releases of the Hub: from its cache, which tables a path means, and what is wrong with a name."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datakit.errors import FormatError, UsageError
from datakit.sources.hub import card_configs, find_tables, open_release

COMMIT = "0123456789abcdef0123456789abcdef01234567"
CARD = """\
---
license: mit
configs:
- config_name: DocVQA
  data_files:
  - {split: train, path: DocVQA/train-*}
  - {split: validation, path: [DocVQA/validation-*]}
- config_name: InfographicVQA
  data_files: [{split: validation, path: InfographicVQA/validation-*}]
---
# A dataset
"""
FILES = [
    "DocVQA/train-00000-of-00002.parquet",
    "DocVQA/train-00001-of-00002.parquet",
    "DocVQA/validation-00000-of-00001.parquet",
    "InfographicVQA/validation-00000-of-00001.parquet",
]
# The client reads its settings when it is loaded, so each case has a process of its own.
OPEN = """\
import sys
from datakit.errors import DatakitError
from datakit.sources.hub import find_tables, open_release
try:
    release = open_release(sys.argv[1])
    tables = find_tables(release.path, sys.argv[2], release.config)
    print(*(str(t.relative_to(release.path)) for t in tables))
    print(sum(len(t.read_bytes()) for t in tables))
except DatakitError as error:
    print(type(error).__name__, error)
"""


def write_tables(folder: Path, card: str = CARD) -> Path:
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({"name": [name]}), folder / name)
    (folder / "README.md").write_text(card)
    return folder


def write_cache(home: Path, repo: str = "lmms-lab/DocVQA") -> Path:
    """A copy of a dataset as the Hub's client lays it out: links into blobs."""
    copy = home / "hub" / f"datasets--{repo.replace('/', '--')}"
    snapshot = write_tables(copy / "snapshots" / COMMIT)
    (copy / "blobs").mkdir()
    for file in [path for path in snapshot.rglob("*") if path.is_file()]:
        blob = copy / "blobs" / hashlib.sha256(file.read_bytes()).hexdigest()
        file.rename(blob)
        file.symlink_to(blob)
    (copy / "refs").mkdir()
    (copy / "refs" / "main").write_text(COMMIT)
    return home


def opened(home: Path, url: str, split: str = "train", **environment: str) -> str:
    offline = {"HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "PATH": "/usr/bin"}
    done = subprocess.run(
        [sys.executable, "-c", OPEN, url, split],
        env={**offline, "PYTHONPATH": ":".join(filter(None, sys.path)), **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    return done.stdout


@pytest.mark.parametrize(
    "url",
    [
        "hf://lmms-lab/DocVQA:DocVQA",
        "hf://datasets/lmms-lab/DocVQA:DocVQA",
        "hf://lmms-lab/DocVQA@main:DocVQA",
        f"hf://lmms-lab/DocVQA@{COMMIT}:DocVQA",
    ],
)
def test_a_copy_in_the_cache_is_read_offline(tmp_path: Path, url: str) -> None:
    names, size = opened(write_cache(tmp_path), url).splitlines()
    assert names.split() == FILES[:2]
    blobs = tmp_path.glob("hub/*/snapshots/*/DocVQA/train-*")
    assert int(size) == sum(blob.stat().st_size for blob in blobs)


def test_a_folder_of_a_dataset(tmp_path: Path) -> None:
    names = opened(write_cache(tmp_path), "hf://lmms-lab/DocVQA/DocVQA", "val").split()
    assert names[0] == "validation-00000-of-00001.parquet"


@pytest.mark.parametrize(
    ("url", "split", "told"),
    [
        ("hf://lmms-lab/DocVQA", "val", "UsageError .*configurations DocVQA, InfographicVQA; name"),
        ("hf://lmms-lab/DocVQA:docvqa", "val", "UsageError .*DocVQA"),
        ("hf://lmms-lab/DocVQA:DocVQA", "test", "UsageError .*no split 'test'; found train, val"),
        ("hf://lmms-lab/other", "val", "UsageError hf://lmms-lab/other: it could not be fetched"),
        ("hf://lmms-lab/DocVQA@old", "val", "UsageError .*@old: it could not be fetched"),
        ("hf://DocVQA", "val", "UsageError hf://DocVQA: expected hf://owner/name"),
        ("hf://lmms-lab/DocVQA/../../..", "val", "UsageError .*expected hf://owner/name"),
    ],
)
def test_what_is_wrong_with_a_name(tmp_path: Path, url: str, split: str, told: str) -> None:

    assert re.match(told, opened(write_cache(tmp_path), url, split))


def test_a_folder_and_its_configuration(tmp_path: Path) -> None:
    release = open_release(f"{write_tables(tmp_path / 'copy')}:InfographicVQA")
    (file,) = find_tables(release.path, "val", release.config)
    assert str(file.relative_to(release.path)) == FILES[3]


@pytest.mark.parametrize("pattern", ["../secret.parquet", "/etc/*.parquet", "a/../../x.parquet"])
def test_a_card_names_no_file_outside(tmp_path: Path, pattern: str) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "secret.parquet")
    card = f"---\nconfigs:\n- {{config_name: default, data_files: '{pattern}'}}\n---\n"
    path = open_release(write_tables(tmp_path / "copy", card)).path
    with pytest.raises(FormatError, match="lie outside of the dataset"):
        find_tables(path, "train", "")


@pytest.mark.parametrize(
    "card", ["", "---\n---\n", "---\na: [\n---\n", "---\nconfigs: 5\n---\n", "---\n" + "[" * 9999]
)
def test_a_card_that_says_nothing(card: str) -> None:
    assert card_configs(card) == {}
    assert card_configs(f"{card}\n---\n") == {}


def test_a_card_with_the_line_ends_of_windows() -> None:
    assert set(card_configs(CARD.replace("\n", "\r\n"))) == {"DocVQA", "InfographicVQA"}


@pytest.mark.parametrize(
    ("names", "split", "found"),
    [
        (["data/train-0.parquet", "data/test-0.parquet"], "train", ["data/train-0.parquet"]),
        (["validation/0.parquet", "train/0.parquet"], "val", ["validation/0.parquet"]),
        (["data-00000-of-00001.arrow"], "train", ["data-00000-of-00001.arrow"]),
        (["train/data-0.arrow", "test/data-0.arrow"], "test", ["test/data-0.arrow"]),
        (["notes.txt"], "train", []),
    ],
)
def test_tables_are_told_apart_by_name(
    tmp_path: Path, names: list[str], split: str, found: list[str]
) -> None:
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    path = open_release(tmp_path).path
    tables = find_tables(path, split, "")
    assert [str(table.relative_to(path)) for table in tables] == found


def test_a_split_that_no_table_has(tmp_path: Path) -> None:
    (tmp_path / "train-0.parquet").touch()
    with pytest.raises(FormatError, match="of the split 'test'; found train-0.parquet"):
        find_tables(open_release(tmp_path).path, "test", "")


def test_another_name_than_a_datasets() -> None:
    with pytest.raises(UsageError, match="expected hf://owner/name"):
        open_release("hf://a")
