"""Parquet and Arrow: rows with their images by name, and the images' own bytes."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Dataset, DatasetDict, Features, Image, Value

from datakit.errors import FormatError
from datakit.io.image_files import ImageFiles
from datakit.io.table_cells import parse_cell
from datakit.io.tables import TableRecords
from datakit.io.trees import SourcePath, open_source

STRUCT = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
FILLED = [b"first", None, b"", b"fourth" * 100]


def struct(data: bytes | None) -> dict[str, Any] | None:
    return None if data is None else {"bytes": data, "path": f"{len(data)}.png"}


def lists_of(items: list[Any]) -> list[Any]:
    """One row without a list, one with none in it, and the items, one row and two rows."""
    return [None, [], items[:1], items[1:]]


SHAPES: dict[str, tuple[pa.DataType, list[Any], list[Any]]] = {
    "struct": (STRUCT, list(map(struct, FILLED)), FILLED),
    "struct of bytes alone": (
        pa.struct([("bytes", pa.binary())]),
        [None if data is None else {"bytes": data} for data in FILLED],
        FILLED,
    ),
    "large struct": (
        pa.struct([("bytes", pa.large_binary()), ("path", pa.large_string())]),
        list(map(struct, FILLED)),
        FILLED,
    ),
    "binary": (pa.binary(), FILLED, FILLED),
    "large binary": (pa.large_binary(), FILLED, FILLED),
    "list of structs": (pa.list_(STRUCT), lists_of(list(map(struct, FILLED))), lists_of(FILLED)),
    "large list of structs": (
        pa.large_list(STRUCT),
        lists_of(list(map(struct, FILLED))),
        lists_of(FILLED),
    ),
    "list of binary": (pa.list_(pa.binary()), lists_of(FILLED), lists_of(FILLED)),
    "large list of binary": (pa.large_list(pa.large_binary()), lists_of(FILLED), lists_of(FILLED)),
}


def write_parquet(path: Path, table: pa.Table, **options: Any) -> None:
    pq.write_table(table, path, row_group_size=3, **options)


def write_zstd(path: Path, table: pa.Table) -> None:
    write_parquet(path, table, compression="zstd", use_dictionary=["text"])


def write_arrow_file(path: Path, table: pa.Table) -> None:
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=3)


def write_arrow_stream(path: Path, table: pa.Table) -> None:
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.ipc.new_stream(path, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=3)


WRITERS: dict[str, tuple[str, Callable[[Path, pa.Table], None]]] = {
    "snappy": ("x.parquet", write_parquet),
    "zstd": ("x.parquet", write_zstd),
    "arrow file": ("x.arrow", write_arrow_file),
    "arrow stream": ("x.arrow", write_arrow_stream),
}


def rows_of(path: SourcePath, name: str) -> list[dict[str, Any]]:
    rows = list(TableRecords(path / name, name))
    assert [number for number, _ in rows] == list(range(len(rows)))
    return [value for _, value in rows]


def images_in(files: ImageFiles, value: Any) -> Any:
    """The bytes of what a row names, in its shape."""
    if isinstance(value, list):
        return [images_in(files, item) for item in value]
    if value is None:
        return None
    data = files.read(value)
    assert files.size(value) == len(data)
    return data


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("shape", SHAPES)
def test_rows_name_their_images_and_the_names_give_their_bytes(
    tmp_path: Path, shape: str, writer: str
) -> None:
    kind, values, expected = SHAPES[shape]
    name, write = WRITERS[writer]
    texts = pa.array([f"row {number}" for number in range(8)]).dictionary_encode()
    write(tmp_path / name, pa.table({"image": pa.array(values * 2, kind), "text": texts}))
    path = open_source(tmp_path)
    rows = rows_of(path, name)
    assert [row["text"] for row in rows] == [f"row {number}" for number in range(8)]
    files = ImageFiles(path)
    found = [images_in(files, row["image"]) for row in rows]
    assert found == [[] if row is None and "list" in shape else row for row in expected * 2]
    names = [name for row in rows for name in _flat(row["image"])]
    staged = ImageFiles(path)
    with staged.staged(names[::-1], tmp_path):
        assert [staged.read(name) for name in names] == [files.read(name) for name in names]


def _flat(value: Any) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items if item is not None]


def test_a_path_without_bytes_is_an_image_that_is_missing(tmp_path: Path) -> None:
    values = [{"bytes": None, "path": "a.png"}, {"bytes": b"b", "path": None}]
    write_parquet(tmp_path / "x.parquet", pa.table({"image": pa.array(values, STRUCT)}))
    files = ImageFiles(open_source(tmp_path))
    names = [row["image"] for row in rows_of(open_source(tmp_path), "x.parquet")]
    assert names == ["x.parquet!image/0", "x.parquet!image/1"]
    assert [files.size(name) for name in names] == [None, 1]
    assert files.suggestion(names[0]) == "no image in that row of the table"
    with pytest.raises(FileNotFoundError):
        files.read(names[0])


@pytest.mark.parametrize("column", ["a.b", "left/right", "what!", "图 1", "image/0"])
def test_columns_of_any_name(tmp_path: Path, column: str) -> None:
    table = pa.table({"a": [1], column: pa.array([struct(b"data")], STRUCT)})
    write_parquet(tmp_path / "x.parquet", table)
    (row,) = rows_of(open_source(tmp_path), "x.parquet")
    assert row["a"] == 1
    assert ImageFiles(open_source(tmp_path)).read(row[column]) == b"data"


def test_images_that_polars_wrote(tmp_path: Path) -> None:
    frame = pl.DataFrame({"image": [b"one", None], "pair": [[b"a", b"b"], None]})
    frame.write_ipc(tmp_path / "x.arrow")
    frame.write_parquet(tmp_path / "x.parquet")
    path = open_source(tmp_path)
    for name in ("x.arrow", "x.parquet"):
        rows = rows_of(path, name)
        files = ImageFiles(path)
        assert [images_in(files, row["image"]) for row in rows] == [b"one", None]
        assert [images_in(files, row["pair"]) for row in rows] == [[b"a", b"b"], []]


def test_what_datasets_saves(tmp_path: Path) -> None:
    features = Features({"image": Image(), "n": Value("int64")})
    images = [{"bytes": bytes([number]) * 9, "path": None} for number in range(5)]
    own = Dataset.from_dict({"image": images, "n": list(range(5))}, features=features)
    DatasetDict({"train": own}).save_to_disk(tmp_path / "saved")
    path = open_source(tmp_path / "saved")
    (file,) = path.glob("train/*.arrow")
    rows = rows_of(path, f"train/{file.name}")
    files = ImageFiles(path)
    assert [files.read(row["image"]) for row in rows] == [image["bytes"] for image in images]


def test_a_table_in_an_archive(tmp_path: Path) -> None:
    write_parquet(tmp_path / "x.parquet", pa.table({"image": [b"one", b"two"] * 5}))
    with zipfile.ZipFile(tmp_path / "data.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(tmp_path / "x.parquet", "x.parquet")
    path = open_source(tmp_path / "data.zip")
    files = ImageFiles(path)
    found = [files.read(row["image"]) for row in rows_of(path, "x.parquet")]
    assert found == [b"one", b"two"] * 5


@pytest.mark.parametrize("writer", WRITERS)
def test_a_table_without_rows(tmp_path: Path, writer: str) -> None:
    name, write = WRITERS[writer]
    write(tmp_path / name, pa.table({"image": pa.array([], STRUCT), "text": pa.array([], "str")}))
    path = open_source(tmp_path)
    assert rows_of(path, name) == []
    assert ImageFiles(path).size(f"{name}!image/0") is None


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("left", [0, 3, 200, 0.5, 0.95])
def test_a_table_that_is_cut_off(tmp_path: Path, writer: str, left: float) -> None:
    name, write = WRITERS[writer]
    images = [struct(bytes([number]) * 500) for number in range(9)]
    texts = pa.array(["a"] * 9)
    write(tmp_path / name, pa.table({"image": pa.array(images, STRUCT), "text": texts}))
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: int(left if left > 1 else left * len(data))])
    with pytest.raises(FormatError, match=f"{name}: (cannot be read as|broken after \\d whole)"):
        rows_of(open_source(tmp_path), name)
    files = ImageFiles(open_source(tmp_path))
    assert files.size(f"{name}!image/8") is None
    assert f"{name}: cannot be read" in files.suggestion(f"{name}!image/8")


def test_text_that_is_no_utf8_is_an_error_that_says_where(tmp_path: Path) -> None:
    texts = pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff"]).buffers())
    pq.write_table(pa.table({"text": texts}), tmp_path / "x.parquet")
    with pytest.raises(FormatError, match="x.parquet: broken after 0 whole rows: .*utf-8"):
        rows_of(open_source(tmp_path), "x.parquet")


@pytest.mark.parametrize(
    "name",
    [
        "x.parquet!image/7",
        "x.parquet!image/999999999999999999",
        f"x.parquet!image/{10**30}",
        f"x.parquet!image/{'9' * 5000}",
        "x.parquet!image/0/1",
        "x.parquet!image/٣",
        "x.parquet!image/-1",
        "x.parquet!nocolumn/0",
        "x.parquet!text/0",
        "x.parquet!/0",
        "none.parquet!image/0",
        "folder.parquet!image/0",
        "pipe.parquet!image/0",
        "text.parquet!image/0",
    ],
)
def test_cells_that_a_row_makes_up(tmp_path: Path, name: str) -> None:
    table = pa.table({"image": [b"one"], "text": ["a"]})
    write_parquet(tmp_path / "x.parquet", table)
    (tmp_path / "folder.parquet").mkdir()
    os.mkfifo(tmp_path / "pipe.parquet")
    (tmp_path / "text.parquet").write_text("text")
    files = ImageFiles(open_source(tmp_path))
    assert files.size(name) is None
    assert files.suggestion(name)
    with pytest.raises(OSError):
        files.read(name)
    assert files.read("x.parquet!image/0") == b"one"


def test_names_of_cells() -> None:
    assert parse_cell("images/1.png") is None
    assert parse_cell("a!b/1.png") is None
    cell = parse_cell("data/a!b.parquet!left%2Fright/12/3")
    assert cell is not None
    assert (cell.file, cell.column, cell.row, cell.index) == (
        "data/a!b.parquet",
        "left/right",
        12,
        3,
    )


PEAK = """\
import sys
from datakit.io.image_files import ImageFiles
from datakit.io.tables import TableRecords
from datakit.io.trees import open_source

def high_water_mb():
    line = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1000

path, name = open_source(sys.argv[1]), sys.argv[2]
before = high_water_mb()
names = [value["image"] for _, value in TableRecords(path / name, name)]
files = ImageFiles(path)
total = sum(files.size(name) for name in names)
with files.staged(names[::50], "/tmp"):
    staged = [len(files.read(name)) for name in names[::50]]
print(len(names), total, round(high_water_mb() - before))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "shape"), [("parquet", "binary"), ("arrow", "struct")])
def test_a_large_table_is_never_held_whole(tmp_path: Path, kind: str, shape: str) -> None:
    """Reads 600 MB of images of 200 kB, a hundred rows a group."""
    noise = np.random.default_rng(7)
    of = STRUCT if shape == "struct" else pa.binary()
    schema = pa.schema({"image": of})
    name = f"x.{kind}"
    with (
        pq.ParquetWriter(tmp_path / name, schema, compression="none")
        if kind == "parquet"
        else pa.ipc.new_stream(tmp_path / name, schema)
    ) as writer:
        for _ in range(30):
            images = [noise.bytes(200_000) for _ in range(100)]
            values = list(map(struct, images)) if shape == "struct" else images
            writer.write_table(pa.table({"image": pa.array(values, of)}))
    command = [sys.executable, "-c", PEAK, str(tmp_path), name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows, total, peak_mb = map(int, done.stdout.split())
    assert (rows, total) == (3000, 600_000_000)
    assert peak_mb < 300
