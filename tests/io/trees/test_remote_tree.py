"""Places that fsspec reads: the same records, images and digests as from a folder."""

from __future__ import annotations

import functools
import threading
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import pytest

from datakit.errors import DataError, UsageError
from datakit.io.image_files import ImageFiles
from datakit.io.trees import open_source
from datakit.record import Record
from datakit.sources import find_converter
from tests.releases import Release, layout_of

RELEASES = ("chartqa", "docvqa", "llava")


@pytest.fixture
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    """An empty file system in memory."""
    files = fsspec.filesystem("memory")
    files.store.clear()
    files.pseudo_dirs[:] = [""]
    yield files
    files.store.clear()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        """Says nothing."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The URL under which a server of this machine shows `tmp_path`."""
    handler = functools.partial(Quiet, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def read_all(name: str, path: Path | str) -> tuple[list[Record], dict[str, str], list[bytes]]:
    """The records of a release, the digests of its files, and its images."""
    layout = layout_of(name)
    kind = find_converter(name)
    converter = kind(path, layout.split, kind.Options(**layout.options))
    records = [item for item in converter.read() if isinstance(item, Record)]
    names = dict.fromkeys(image for record in records for image in record.images)
    files = converter.image_files
    assert all(files.size(image) == len(files.read(image)) for image in names)
    return records, converter.digests, [files.read(image) for image in names]


@pytest.mark.parametrize("name", RELEASES)
@pytest.mark.parametrize("scheme", ["memory://bucket/raw", "file://"])
def test_a_release_is_the_same_wherever_it_lies(
    release: Release, memory: fsspec.AbstractFileSystem, name: str, scheme: str
) -> None:
    memory.put(str(release.root), "/bucket/", recursive=True)
    path = layout_of(name).path
    where = f"{scheme}{release.root}" if scheme == "file://" else scheme
    expected = read_all(name, release.root / path)
    assert expected[0] and read_all(name, f"{where}/{path}") == expected


def test_a_bucket_is_a_folder_itself(memory: fsspec.AbstractFileSystem) -> None:
    memory.pipe("/bucket/a.json", b"[]")
    memory.pipe("/bucket/images/1.png", b"one")
    path = open_source("memory://bucket")
    assert path.names() == ["a.json", "images"]
    assert (path / "images/1.png").read_bytes() == b"one"
    assert open_source("memory://bucket/images/").names() == ["1.png"]
    assert path.parent.exists()


def test_an_archive_in_a_bucket(memory: fsspec.AbstractFileSystem) -> None:

    with memory.open("/bucket/images.zip", "wb") as file, zipfile.ZipFile(file, "w") as packed:
        packed.writestr("1.png", b"one")
    files = ImageFiles(open_source("memory://bucket"))
    assert files.read("images/1.png") == files.read("1.png") == b"one"
    assert files.suggestion("images/1.jpg") == "nearest is images/1.png"


def test_stamps_of_a_bucket(memory: fsspec.AbstractFileSystem) -> None:
    def stamps() -> list[str | None]:
        path = open_source("memory://bucket")
        return [path.stamp(), (path / "a.json").stamp(), (path / "none").stamp()]

    memory.pipe("/bucket/a.json", b"[]")
    before = stamps()
    assert before[2] is None and stamps() == before
    memory.pipe("/bucket/a.json", b"[1]")
    assert stamps()[0] == before[0] and stamps()[1] != before[1]
    memory.pipe("/bucket/b.json", b"[1]")
    assert stamps()[0] != before[0]


def test_a_file_of_a_web_server(tmp_path: Path, served: str) -> None:
    pytest.importorskip("aiohttp")
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "1.png").write_bytes(b"one")
    (tmp_path / "a.json").write_text("[]")
    path = open_source(f"{served}/a.json")
    assert path.is_file() and path.read_bytes() == b"[]"
    assert not (path.parent / "none.json").exists()
    files = ImageFiles(path.parent)
    assert (files.size("images/1.png"), files.size("none.png")) == (3, None)
    before = path.stamp()
    (tmp_path / "a.json").write_text("[1]")
    assert open_source(f"{served}/a.json").stamp() != before


def test_a_server_that_does_not_answer_is_no_missing_file() -> None:
    pytest.importorskip("aiohttp")
    with pytest.raises(DataError, match="127.0.0.1:9: cannot be looked up: Cannot connect"):
        open_source("http://127.0.0.1:9/a.json")


def test_an_unknown_protocol() -> None:
    with pytest.raises(UsageError, match="ftpx://a: cannot be read: Protocol not known: ftpx"):
        open_source("ftpx://a/b.json")
