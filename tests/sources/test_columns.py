"""Files of one's own, of any columns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from datakit.record import (
    Caption,
    Choice,
    Instruction,
    Payload,
    Question,
    Region,
    Statement,
    Transcription,
)
from datakit.sources import find_converter
from tests.cli.command import datakit
from tests.releases.columns import LAYOUT, write_columns
from tests.releases.common import draw, read

QA = {"question": "q", "answer": "a"}
SEEN = {**QA, "image": "i"}


def test_a_csv_with_everything_that_people_put_in_one(tmp_path: Path) -> None:
    file = write_columns(tmp_path) / "mine.csv"
    records, rejects = read("columns", file, "train", **LAYOUT.options)
    assert [record.payload for record in records[:3]] == [
        Question(question="What colour is the bus?", answer="red"),
        Question(question='Who says "stop"?', answer="the man"),
        Question(question="What is left?", answer="a bag"),
    ]
    assert records[0].images == records[2].images == ("photos/a.png",)
    assert records[0].record_id == "mine.csv-0"
    found = {reject.place: reject.reason for reject in rejects}
    assert found == {
        "mine.csv[3]": "answer-empty",
        "mine.csv[6]": "fields-mismatch",
        "mine.csv[7]": "image-outside-root",
    }


@pytest.mark.parametrize(
    ("options", "row", "payload"),
    [
        (
            SEEN,
            {"q": "Q?", "a": ["x", "y", "x"], "i": "b.png"},
            Question(question="Q?", answer="x", answers=("x", "y")),
        ),
        (SEEN, {"q": "Q?", "a": 7, "i": "b.png"}, Question(question="Q?", answer="7")),
        (
            {**SEEN, "answer": "m.a"},
            {"q": "Q?", "m": {"a": "x"}, "i": "b.png"},
            Question(question="Q?", answer="x"),
        ),
        (QA, {"q": "Q?", "a": ["x", "y"]}, Instruction(instruction="Q?", output="x")),
        (
            {**QA, "context": "t"},
            {"q": "Q?", "a": "x", "t": "| a |"},
            Question(question="Q?", answer="x", context="| a |"),
        ),
        (
            {**QA, "choices": "o"},
            {"q": "Q?", "a": "y", "o": ["x", "y"]},
            Choice(question="Q?", choices=("x", "y"), answer_index=1),
        ),
        (
            {**QA, "choices": "o"},
            {"q": "Q?", "a": "(b)", "o": '["x", "y"]'},
            Choice(question="Q?", choices=("x", "y"), answer_index=1),
        ),
        (
            {**QA, "choices": ["A", "B", "C"]},
            {"q": "Q?", "a": 1, "A": "1", "B": "0", "C": None},
            Choice(question="Q?", choices=("1", "0"), answer_index=1),
        ),
        (
            {**QA, "choices": "o", "separator": "|"},
            {"q": "Q?", "a": "1", "o": "1 | 0"},
            Choice(question="Q?", choices=("1", "0"), answer_index=0),
        ),
        ({"caption": "c"}, {"c": "A bus."}, Caption(caption="A bus.")),
        ({"text": "t"}, {"t": "STOP"}, Transcription(text="STOP")),
        (
            {"statement": "s", "label": "l"},
            {"s": "It is.", "l": True},
            Statement(statement="It is.", holds=True),
        ),
        (
            {"statement": "s", "label": "l"},
            {"s": "It is.", "l": "No"},
            Statement(statement="It is.", holds=False),
        ),
        (
            {"phrase": "p", "bbox": "b", "width": "w", "height": "h"},
            {"p": "bus", "b": "[1, 2, 30, 4]", "w": 20, "h": 10},
            Region(phrase="bus", bbox_px=(1, 2, 20, 6), width_px=20, height_px=10),
        ),
        (
            {"instruction": "i", "output": "o", "input": "n"},
            {"i": "Add.", "o": "3", "n": "1 2"},
            Instruction(instruction="Add.", output="3", input="1 2"),
        ),
    ],
)
def test_what_columns_make(
    tmp_path: Path, options: dict[str, Any], row: dict[str, Any], payload: Payload
) -> None:
    (tmp_path / "own.json").write_text(json.dumps([row]))
    (record,), _ = read("columns", tmp_path, "train", **options)
    assert record.payload == payload


@pytest.mark.parametrize(
    ("options", "row", "reason"),
    [
        (QA, {"q": "Q?", "a": None}, "answer-missing"),
        (QA, {"q": " ", "a": "x"}, "question-empty"),
        (QA, {"q": {"x": 1}, "a": "x"}, "bad-record"),
        ({**QA, "choices": "o"}, {"q": "Q?", "a": "z", "o": ["x", "y"]}, "answer-no-option"),
        ({**QA, "choices": "o"}, {"q": "Q?", "a": "2", "o": ["x", "y"]}, "answer-no-option"),
        ({**QA, "choices": "o"}, {"q": "Q?", "a": "x", "o": ["x"]}, "choices-invalid"),
        ({**QA, "image": "i"}, {"q": "Q?", "a": "x", "i": ""}, "image-missing"),
        ({**QA, "image": "i"}, {"q": "Q?", "a": "x", "i": "https://x.org/a.png"}, "image-remote"),
        ({**QA, "image": "i"}, {"q": "Q?", "a": "x", "i": "/etc/passwd"}, "image-outside-root"),
        ({"statement": "s", "label": "l"}, {"s": "It is.", "l": "maybe"}, "label-unknown"),
        ({"phrase": "p", "bbox": "b"}, {"p": "bus", "b": "[1, 2"}, "box-invalid"),
    ],
)
def test_rows_that_cannot_be_used(
    tmp_path: Path, options: dict[str, Any], row: dict[str, Any], reason: str
) -> None:
    good = {"q": "Q?", "a": "x", "o": ["x", "y"], "i": "a.png", "s": "It is.", "l": 1}
    good |= {"p": "bus", "b": [1, 2, 3, 4]}
    (tmp_path / "own.jsonl").write_text("\n".join(map(json.dumps, [good, row])))
    records, (reject,) = read("columns", tmp_path / "own.jsonl", "train", **options)
    assert (len(records), reject.reason) == (1, reason)


def test_several_images_and_a_prefix(tmp_path: Path) -> None:
    row = {"q": "Q?", "a": "x", "i": ["/data/coco/a.jpg", "/data/coco/b.jpg"]}
    (tmp_path / "own.json").write_text(json.dumps({"version": 1, "rows": [row]}))
    options = {**QA, "image": "i", "strip_prefix": "/data/", "rows": "rows"}
    (record,), _ = read("columns", tmp_path / "own.json", "train", **options)
    assert record.images == ("coco/a.jpg", "coco/b.jpg")


@pytest.mark.parametrize(
    "options", [{}, {"question": "q"}, {**QA, "caption": "c"}, {**QA, "width": "w"}]
)
def test_columns_that_make_no_record(options: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match=r"expected one of these: question \+ answer"):
        find_converter("columns").Options(**options)


def test_images_in_a_column_of_a_parquet_file(tmp_path: Path) -> None:
    draw(tmp_path / "a.png", "a")
    data = (tmp_path / "a.png").read_bytes()
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    images = pa.array([{"bytes": data, "path": "a.png"}, None], kind)
    (tmp_path / "hub").mkdir()
    table = pa.table({"q": ["Q?", "R?"], "a": ["x", "y"], "i": images})
    pq.write_table(table, tmp_path / "hub" / "train-00000-of-00001.parquet")
    (record,), (reject,) = read("columns", tmp_path / "hub", "train", **QA, image="i")
    assert record.images == ("train-00000-of-00001.parquet!i/0",)
    assert reject.reason == "image-missing"
    options = find_converter("columns").Options.model_validate({**QA, "image": "i"})
    files = find_converter("columns")(tmp_path / "hub", "train", options).image_files
    assert files.read(record.images[0]) == data


def test_a_csv_of_ones_own_builds(tmp_path: Path) -> None:
    write_columns(tmp_path)
    mixture = tmp_path / "own.yaml"
    mixture.write_text(
        f"name: own\nroot: {tmp_path}\nmax_reject_share: 0.5\nsources:\n"
        "  - dataset: columns\n    path: mine/mine.csv\n    license: CC0-1.0\n"
        "    options: {question: q, answer: a, image: file}\n"
    )
    built = datakit("build", mixture, "--out", tmp_path / "out", "--workers", 1)
    assert built.returncode == 0, built.stderr
    assert "coarse/vqa-open" in datakit("plan", mixture).stdout
    assert datakit("verify", tmp_path / "out").returncode == 0


def test_an_id_inside_another_column(tmp_path: Path) -> None:
    row = {"meta": {"id": 0}, "q": "Q?", "a": "x"}
    (tmp_path / "own.json").write_text(json.dumps([row]))
    records, _ = read("columns", tmp_path / "own.json", "train", **QA, id="meta.id")
    assert [record.record_id for record in records] == ["0"]
