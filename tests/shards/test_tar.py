"""Shards to the byte: headers as `tarfile` makes them, and readers that find them again."""

from __future__ import annotations

import hashlib
import tarfile
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datakit.errors import DamageError
from datakit.shards.tar import TarWriter, member_header, read_members

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=40)


@given(NAMES, st.integers(0, 8**11 - 1))
def test_headers_are_those_of_tarfile(name: str, size: int) -> None:
    info = tarfile.TarInfo(name)
    info.size = size
    assert member_header(name, size) == info.tobuf(tarfile.USTAR_FORMAT)


def test_a_tar_is_what_tarfile_writes_and_reads(tmp_path: Path) -> None:
    members = {f"key-{n}.{end}": bytes([n]) * (n * 5000) for n in range(60) for end in ("a", "b")}
    members["x" * 99] = bytes(3 << 20)
    with closing(TarWriter(tmp_path / "own.tar")) as tar:
        for name, data in members.items():
            tar.add(name, data)
        end, sha256, listed = tar.offset, tar.finish(), tar.members().to_pylist()
    written = (tmp_path / "own.tar").read_bytes()
    assert (len(written), hashlib.sha256(written).hexdigest()) == (end + 1024, sha256)
    with tarfile.open(tmp_path / "own.tar") as tar_file:
        found = {info.name: tar_file.extractfile(info).read() for info in tar_file}  # type: ignore[union-attr]
    assert found == members
    assert [(m["name"], m["size"]) for m in listed] == [(n, len(d)) for n, d in members.items()]
    assert all(written[m["start"] :][: m["size"]] == members[m["name"]] for m in listed)
    start, end = (listed[number]["start"] - 512 for number in (7, 9))
    assert read_members(tmp_path / "own.tar", start, end - start) == {
        m["name"]: members[m["name"]] for m in listed[7:9]
    }


def test_headers_of_others_are_read_and_damaged_ones_named(tmp_path: Path) -> None:
    other = BytesIO()
    with tarfile.open(fileobj=other, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        info = tarfile.TarInfo("a.json")
        info.size, info.mtime = 3, 1_000_000
        tar.addfile(info, BytesIO(b"{ }"))
    path = tmp_path / "other.tar"
    path.write_bytes(other.getvalue())
    assert read_members(path, 0, 1024) == {"a.json": b"{ }"}
    path.write_bytes(b"?" + other.getvalue()[1:])
    with pytest.raises(DamageError, match="byte 0"):
        read_members(path, 0, 1024)
