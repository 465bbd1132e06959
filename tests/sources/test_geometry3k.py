"""Geometry3K: the folders that may be named, files of other versions, and problems at fault."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datakit.errors import FormatError
from datakit.record import Choice
from tests.releases import read, write_json
from tests.releases.geometry3k import geometry_problem, write_geometry3k


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_geometry3k(tmp_path)


def test_problems_in_the_order_of_their_numbers(folder: Path) -> None:
    records, rejects = read("geometry3k", folder)
    assert rejects == []
    assert [record.record_id for record in records] == ["7", "64", "1203"]
    assert records[0].place == "train/7/data.json[0]"
    assert records[0].images == ("train/7/img_diagram.png",)
    assert records[0].payload == Choice(
        question="Find AB in figure 7.", choices=("5", "5\\sqrt{2}", "8", "10"), answer_index=1
    )
    assert [record.record_id for record in read("geometry3k", folder, "val")[0]] == ["2400"]


@pytest.mark.parametrize(
    ("path", "first"), [("", "geometry3k/train/7/"), ("geometry3k/train", "7/")]
)
def test_the_folders_above_and_below(tmp_path: Path, path: str, first: str) -> None:
    write_geometry3k(tmp_path)
    records, _ = read("geometry3k", tmp_path / path)
    assert len(records) == 3
    assert records[0].images == (f"{first}img_diagram.png",)


def test_files_of_another_version(folder: Path) -> None:
    row = geometry_problem(7)
    for key in ("compact_text", "compact_choices", "detailed_solution", "id"):
        del row[key]
    file = folder / "train" / "7" / "data.json"
    write_json(file, row | {"answer": "(d)", "choices": [5, "6 ", 7.5, "8"]})
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    (folder / "train" / ".DS_Store").touch()
    records, rejects = read("geometry3k", folder)
    assert rejects == []
    assert records[0].payload == Choice(
        question="Find A B in figure 7.", choices=("5", "6", "7.5", "8"), answer_index=3
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"answer": "E"}, "answer-letter-invalid"),
        ({"answer": "AB"}, "answer-letter-invalid"),
        ({"answer": ""}, "answer-empty"),
        ({"answer": None}, "answer-missing"),
        ({"compact_text": "", "problem_text": " "}, "question-empty"),
        ({"compact_choices": ["5"]}, "choices-invalid"),
        ({"compact_choices": None, "choices": None}, "bad-record"),
    ],
)
def test_problems_at_fault(folder: Path, changes: dict[str, Any], reason: str) -> None:
    write_json(folder / "train" / "64" / "data.json", geometry_problem(64) | changes)
    records, (reject,) = read("geometry3k", folder)
    assert len(records) == 2
    assert (reject.reason, reject.record_id) == (reason, "64")


def test_a_folder_without_its_file_is_one_reject(folder: Path) -> None:
    (folder / "train" / "64" / "data.json").unlink()
    records, (reject,) = read("geometry3k", folder)
    assert len(records) == 2
    assert reject.reason == "annotation-missing"


def test_other_layouts_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no problems; expected test/{id}/data.json"):
        read("geometry3k", folder, "test")
    with pytest.raises(FormatError, match="no folder"):
        read("geometry3k", tmp_path / "none")
    for problem in (folder / "train").iterdir():
        write_json(problem / "data.json", {"text": "Find x."})
    with pytest.raises(FormatError, match="no key 'problem_text'; keys found: text"):
        read("geometry3k", folder)
