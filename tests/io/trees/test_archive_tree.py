"""Archives read in place: what is found in them, what is refused, and how it is told."""

from __future__ import annotations

import io
import os
import pickle
import stat
import struct
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from datakit.errors import FormatError
from datakit.io.image_files import ImageFiles
from datakit.io.trees import SourcePath, open_source
from datakit.io.trees.zip_tree import ZipTree


def write_zip(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    return path


def write_tar(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as packed:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            packed.addfile(info, io.BytesIO(data))
    return path


def write_links(path: Path, links: dict[str, str], kind: bytes = tarfile.SYMTYPE) -> Path:
    """An archive with the file `a/real.png` and symbolic links, by name and target."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as packed:
            packed.writestr("a/real.png", b"real")
            for name, target in links.items():
                info = zipfile.ZipInfo(name)
                info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
                packed.writestr(info, target)
    else:
        with tarfile.open(path, "w") as packed_tar:
            real = tarfile.TarInfo("a/real.png")
            real.size = 4
            packed_tar.addfile(real, io.BytesIO(b"real"))
            for name, target in links.items():
                link = tarfile.TarInfo(name)
                link.type, link.linkname = kind, target
                packed_tar.addfile(link)
    return path


def all_files(path: SourcePath) -> list[str]:
    return [str(p.relative_to(path)) for p in path.glob("**/*") if p.is_file()]


WRITERS = {"zip": write_zip, "tar": write_tar}


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_members_are_the_files_and_folders_of_an_archive(tmp_path: Path, kind: str) -> None:
    members = {"a/b/1.png": b"one", "./a/2.png": b"two", "3.png": b"", "a/b/é 1.png": b"four"}
    path = open_source(WRITERS[kind](tmp_path / f"x.{kind}", members))
    assert path.names() == ["3.png", "a"]
    assert (path / "a").names() == ["2.png", "b"]
    assert (path / "a" / "b").is_dir() and not (path / "a" / "b").is_file()
    for name, data in members.items():
        assert (path / name).read_bytes() == data
        assert (path / name).size() == len(data)
    assert not (path / "a" / "none.png").exists()
    with pytest.raises(FileNotFoundError):
        (path / "a" / "none.png").open()
    with (path / "a" / "b" / "1.png").open() as file:
        assert file.read(2) == b"on"
        assert file.seek(-1, os.SEEK_END) == 2
        assert file.read() == b"e"
        file.seek(0)
        assert file.read() == b"one"


def test_an_archive_with_one_folder_of_its_name_is_that_folder(tmp_path: Path) -> None:
    members = {"DocVQA/val.json": b"[]", "__MACOSX/DocVQA/._val.json": b"\0"}
    write_zip(tmp_path / "DocVQA.zip", members)
    assert open_source(tmp_path / "DocVQA.zip").names() == ["val.json"]
    write_zip(tmp_path / "other.zip", members)
    assert open_source(tmp_path / "other.zip").names() == ["DocVQA", "__MACOSX"]
    assert open_source(tmp_path / "other.zip" / "DocVQA").names() == ["val.json"]


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_members_that_lead_out_are_not_there(tmp_path: Path, kind: str) -> None:
    members = {"/etc/passwd": b"x", "../up.png": b"x", "a/../../up.png": b"x", "a/in.png": b"x"}
    path = open_source(WRITERS[kind](tmp_path / f"x.{kind}", members))
    (tmp_path / "up.png").write_bytes(b"outside")
    assert all_files(path) == ["a/in.png"]
    assert path.tree.size("../up.png") is None
    assert "3 names or links" in ImageFiles(path).suggestion("up.png")


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_links_are_followed_inside_and_never_out(tmp_path: Path, kind: str) -> None:
    (tmp_path / "outside.png").write_bytes(b"secret")
    links = {
        "a/link.png": "real.png",
        "b/up.png": "../a/link.png",
        "b/absolute.png": str(tmp_path / "outside.png"),
        "b/out.png": "../../outside.png",
        "b/loop.png": "../c/loop.png",
        "c/loop.png": "../b/loop.png",
        "c/self.png": "self.png",
        "c/none.png": "gone.png",
        "c/folder": "../a",
    }
    path = open_source(write_links(tmp_path / f"x.{kind}", links))
    assert all_files(path) == ["a/link.png", "a/real.png", "b/up.png"]
    assert (path / "b/up.png").read_bytes() == b"real"
    assert "7 names or links" in ImageFiles(path).suggestion("b/out.png")


def test_hard_links_of_a_tar(tmp_path: Path) -> None:
    links = {"b/same.png": "a/real.png", "b/out.png": "../outside.png", "b/etc": "/etc/passwd"}
    path = open_source(write_links(tmp_path / "x.tar", links, tarfile.LNKTYPE))
    assert all_files(path) == ["a/real.png", "b/same.png"]
    assert (path / "b/same.png").read_bytes() == b"real"


def test_a_link_too_long_for_a_name_is_not_unpacked(tmp_path: Path) -> None:
    path = write_links(tmp_path / "x.zip", {"l.png": "a" * 100_000_000})
    assert all_files(open_source(path)) == ["a/real.png"]


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("ok.png", b"fine")
        with packed.open("bomb.png", "w", force_zip64=True) as member:
            for _ in range(300):
                member.write(bytes(1 << 20))
    path = open_source(tmp_path / "x.zip")
    with pytest.raises(OSError, match="314,572,800 bytes packed into .* zip bomb; unpack it if"):
        (path / "bomb.png").read_bytes()
    assert (path / "ok.png").read_bytes() == b"fine"


def edit_length(path: Path, packed: int, announced: int) -> None:
    """Changes the length of a zip's first member, in its header and in the directory."""
    data = bytearray(path.read_bytes())
    directory = data.index(b"PK\x01\x02")
    for at in (22, directory + 24):
        assert struct.unpack_from("<I", data, at) == (packed,)
        struct.pack_into("<I", data, at, announced)
    path.write_bytes(data)


@pytest.mark.parametrize("announced", [100, 100_000])
def test_a_length_that_lies(tmp_path: Path, announced: int) -> None:
    content = os.urandom(1000)
    write_zip(tmp_path / "x.zip", {"a.png": content, "b.png": b"fine"})
    edit_length(tmp_path / "x.zip", 1000, announced)
    path = open_source(tmp_path / "x.zip")
    with pytest.raises(OSError, match="Bad CRC-32|1,000 bytes, and 100,000 announced"):
        (path / "a.png").read_bytes()
    assert (path / "b.png").read_bytes() == b"fine"


def test_a_bomb_that_announces_little_is_not_unpacked_further(tmp_path: Path) -> None:
    write_zip(tmp_path / "x.zip", {"a.png": bytes(400_000_000)})
    edit_length(tmp_path / "x.zip", 400_000_000, 1000)
    member = open_source(tmp_path / "x.zip") / "a.png"
    tracemalloc.start()
    with pytest.raises(OSError, match="Bad CRC-32"):
        member.read_bytes()
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_damage_in_a_member_is_that_members(tmp_path: Path) -> None:
    write_zip(tmp_path / "x.zip", {"a.png": os.urandom(5000), "b.png": b"fine"})
    data = bytearray((tmp_path / "x.zip").read_bytes())
    data[1000:1010] = bytes(10)
    (tmp_path / "x.zip").write_bytes(data)
    path = open_source(tmp_path / "x.zip")
    with pytest.raises(OSError, match="CRC|decompress"):
        (path / "a.png").read_bytes()
    assert (path / "b.png").read_bytes() == b"fine"


def test_an_encrypted_member_and_another_method(tmp_path: Path) -> None:
    write_zip(tmp_path / "x.zip", {"a.png": b"secret"}, zipfile.ZIP_STORED)
    data = bytearray((tmp_path / "x.zip").read_bytes())
    for at in (6, data.index(b"PK\x01\x02") + 8):
        data[at] |= 1
    (tmp_path / "x.zip").write_bytes(data)
    with pytest.raises(OSError, match="encrypted"):
        (open_source(tmp_path / "x.zip") / "a.png").read_bytes()
    write_zip(tmp_path / "y.zip", {"a.png": b"other"}, zipfile.ZIP_BZIP2)
    with pytest.raises(OSError, match="another method than deflate; unpack it"):
        (open_source(tmp_path / "y.zip") / "a.png").read_bytes()


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize("left", [0, 100, 600, 3000])
def test_an_archive_that_is_cut_off(tmp_path: Path, kind: str, left: int) -> None:
    path = WRITERS[kind](tmp_path / f"x.{kind}", {f"{n}.png": os.urandom(2000) for n in range(3)})
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(FormatError, match=rf"x.{kind}: cannot be read as an archive: .* unpack"):
        open_source(path).names()
    (tmp_path / "own.png").write_bytes(b"own")
    beside = ImageFiles(open_source(tmp_path))
    assert beside.size("own.png") == 3
    assert beside.size("0.png") is None
    assert "cannot be read as an archive" in beside.suggestion("0.png")


def test_a_tar_with_a_damaged_header_is_not_taken_for_a_shorter_one(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "x.tar", {f"{n}.png": b"abc" for n in range(3)})
    data = bytearray(path.read_bytes())
    data[1024:1034] = b"x" * 10
    path.write_bytes(data)
    with pytest.raises(FormatError, match="damaged at byte 1,024"):
        open_source(path).names()


@pytest.mark.parametrize("size", [b"\xff" * 11 + b"\x00", b"\x80" + b"\x7f" * 11])
def test_a_tar_with_a_size_below_zero_or_beyond_all_ends(tmp_path: Path, size: bytes) -> None:
    path = write_tar(tmp_path / "x.tar", {"a.png": b"abc", "b.png": b"abc"})
    data = bytearray(path.read_bytes())
    data[124:136] = size
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    path.write_bytes(data)
    with pytest.raises(FormatError, match="cannot be read as an archive"):
        open_source(path).names()


@pytest.mark.parametrize("name", ["x.tar.gz", "x.tgz", "x.7z"])
def test_what_cannot_be_read_in_place_says_to_unpack_it(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x1f\x8b")
    with pytest.raises(FormatError, match="cannot be read in place. Unpack it"):
        open_source(tmp_path / name)
    images = ImageFiles(open_source(tmp_path))
    assert images.suggestion("a.png") == f"{name} is not read; unpack it"


def test_a_compressed_tar_under_a_plain_name(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w:gz") as packed:
        packed.addfile(tarfile.TarInfo("a.png"))
    with pytest.raises(FormatError, match="cannot be read as an archive"):
        open_source(tmp_path / "x.tar").names()


def test_names_that_are_no_utf8(tmp_path: Path) -> None:
    with tarfile.open(
        tmp_path / "x.tar", "w", format=tarfile.GNU_FORMAT, encoding="latin-1"
    ) as packed:
        packed.addfile(tarfile.TarInfo("é.png"))
    images = ImageFiles(open_source(tmp_path / "x.tar"))
    assert images.suggestion("e.png") == "nearest is \N{REPLACEMENT CHARACTER}.png"


def test_a_zip_of_macos_has_its_names_in_utf8_without_saying_so(tmp_path: Path) -> None:
    write_zip(tmp_path / "x.zip", {"图.png": b"map"})
    data = bytearray((tmp_path / "x.zip").read_bytes())
    for at in (6, data.index(b"PK\x01\x02") + 8):
        data[at : at + 2] = bytes(2)
    (tmp_path / "x.zip").write_bytes(data)
    assert (open_source(tmp_path / "x.zip") / "图.png").read_bytes() == b"map"


def test_a_copy_in_another_process_opens_its_archive_anew(tmp_path: Path) -> None:
    path = open_source(write_zip(tmp_path / "x.zip", {"a.png": b"one"}))
    assert (path / "a.png").read_bytes() == b"one"
    copy: SourcePath = pickle.loads(pickle.dumps(path))
    assert isinstance(copy.tree, ZipTree)
    assert (copy / "a.png").read_bytes() == b"one"
