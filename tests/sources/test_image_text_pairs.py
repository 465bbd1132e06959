"""Images with a text each, in every form that img2dataset writes."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import datakit
from datakit.errors import FormatError
from datakit.record import Caption
from datakit.sources import find_converter
from tests.releases.common import draw, read
from tests.releases.image_text_pairs import write_pairs

MIXTURE = """\
name: pairs
root: {root}
max_reject_share: 1
sources:
  - {{dataset: coyo, path: "{path}"}}
"""


def test_the_pairs_of_tars(tmp_path: Path) -> None:
    folder = write_pairs(tmp_path)
    records, rejects = read("image-text-pairs", folder)
    assert [record.payload for record in records] == [
        Caption(caption="a red bus"),
        Caption(caption="eine Brücke"),
    ] * 2
    assert [record.record_id for record in records[:2]] == ["00000/000000000", "00000/000000003"]
    reasons = [reject.reason for reject in rejects]
    assert reasons == ["text-empty", "caption-missing", "image-missing"] * 2
    kind = find_converter("image-text-pairs")
    files = kind(folder, "train", kind.Options()).image_files
    assert files.read(records[0].images[0]).startswith(b"\x89PNG")
    assert files.size(records[0].images[0]) == len(files.read(records[0].images[0]))


def test_tars_and_the_same_unpacked_hold_the_same(tmp_path: Path) -> None:
    packed = write_pairs(tmp_path)
    unpacked = tmp_path / "files"
    for tar in packed.glob("*.tar"):
        with tarfile.open(tar) as opened:
            opened.extractall(unpacked / tar.stem, filter="data")
    from_tars, from_files = (read("image-text-pairs", path)[0] for path in (packed, unpacked))
    assert [(r.record_id, r.payload) for r in from_tars] == [
        (r.record_id, r.payload) for r in from_files
    ]
    assert from_files[0].images == ("00000/000000000.jpg",)


def test_a_glob_takes_some_of_the_tars(tmp_path: Path) -> None:
    write_pairs(tmp_path)
    records, _ = read("image-text-pairs", tmp_path / "coyo" / "0000[1-9].tar")
    assert {record.record_id.partition("/")[0] for record in records} == {"00001"}


def test_the_parquet_form_and_coyos_own(tmp_path: Path) -> None:
    draw(tmp_path / "a.png", "a")
    image = (tmp_path / "a.png").read_bytes()
    table = pa.table({"key": ["0", "1"], "caption": ["a bus", None], "jpg": [image, image]})
    (tmp_path / "img2dataset").mkdir()
    pq.write_table(table, tmp_path / "img2dataset" / "00000.parquet")
    (record,), (reject,) = read("image-text-pairs", tmp_path / "img2dataset")
    assert (record.payload, reject.reason) == (Caption(caption="a bus"), "caption-missing")
    own = pa.table({"id": [1], "url": ["https://x.org/a.jpg"], "text": ["a bus"]})
    (tmp_path / "coyo").mkdir()
    pq.write_table(own, tmp_path / "coyo" / "part-0.parquet")
    _, (reject,) = read("image-text-pairs", tmp_path / "coyo")
    assert reject.reason == "image-missing"
    assert "https://x.org/a.jpg" in reject.detail


def test_pairs_build_from_tars(tmp_path: Path) -> None:
    folder = write_pairs(tmp_path)
    mixture = tmp_path / "pairs.yaml"
    mixture.write_text(MIXTURE.format(root=tmp_path, path="coyo"))
    result = datakit.build(mixture, out=tmp_path / "out", workers=1)
    assert result.manifest.samples == 4
    assert datakit.verify(tmp_path / "out") == []
    (folder / "00001.tar").write_bytes(b"cut off")
    with pytest.raises(FormatError, match=r"00001.tar: cannot be read as a tar"):
        datakit.build(mixture, out=tmp_path / "again", workers=1)


def test_a_folder_without_pairs(tmp_path: Path) -> None:
    (tmp_path / "readme.md").write_text("")
    with pytest.raises(FormatError, match=r"no tars, .* found readme.md"):
        read("image-text-pairs", tmp_path)
