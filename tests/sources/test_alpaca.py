"""Alpaca: inputs given, absent and disclaimed, and rows at fault."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datakit.errors import FormatError
from datakit.record import Instruction, Record
from datakit.sources import find_converter
from tests.releases import read
from tests.releases.alpaca import write_alpaca

GOOD = {"instruction": "Name a colour.", "input": "", "output": "Red."}


def test_instructions_with_an_input_and_without(tmp_path: Path) -> None:
    folder = write_alpaca(tmp_path)
    records, rejects = read("alpaca", folder)
    assert rejects == []
    assert records[0].record_id == "alpaca_data.json-0"
    assert (records[0].task, records[0].images) == ("text-only", ())
    assert [record.payload for record in records] == [
        Instruction(instruction="Put the words in order.", input="pear, fig", output="fig, pear"),
        Instruction(instruction="Name a colour.", output="Red."),
        Instruction(instruction="Name a city.", output="Porto."),
    ]
    assert read("alpaca", folder / "alpaca_data.json")[0] == records


def test_an_input_that_says_there_is_none_is_emptied_and_counted(tmp_path: Path) -> None:
    inputs = ("<noinput>", "No input.", None, "No input is too small")
    folder = write_alpaca(tmp_path, *({**GOOD, "input": value} for value in inputs))
    kind = find_converter("alpaca")
    converter = kind(folder, "train", kind.Options())
    payloads = [item.payload for item in converter.records() if isinstance(item, Record)]
    assert [p.input for p in payloads if isinstance(p, Instruction)] == [
        "", "", "", "No input is too small",
    ]  # fmt: skip
    assert converter.mended == {"emptied_inputs": 2}


def test_json_lines_numbers_and_a_broken_line(tmp_path: Path) -> None:
    folder = write_alpaca(tmp_path)
    (folder / "alpaca_data.json").unlink()
    lines = [json.dumps({**GOOD, "output": 4}), '{"instruction": "Na']
    (folder / "own.jsonl").write_text("\ufeff" + "\n".join(lines))
    (record,), (reject,) = read("alpaca", folder)
    assert record.record_id == "own.jsonl-0"
    assert record.payload == Instruction(instruction="Name a colour.", output="4")
    assert reject.reason == "bad-line"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (GOOD | {"instruction": " "}, "instruction-empty"),
        (GOOD | {"output": ""}, "answer-empty"),
        (GOOD | {"output": None}, "answer-missing"),
        (GOOD | {"input": ["a"]}, "bad-record"),
        ({"prompt": "Name a colour."}, "bad-record"),
        ("Name a colour.", "bad-record"),
    ],
)
def test_rows_at_fault(tmp_path: Path, row: Any, reason: str) -> None:
    records, (reject,) = read("alpaca", write_alpaca(tmp_path, GOOD, row))
    assert len(records) == 1
    assert (reject.reason, reject.place) == (reason, "alpaca_data.json[1]")


def test_other_layouts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no key 'instruction'; keys found: conversations"):
        read("alpaca", write_alpaca(tmp_path, {"conversations": []}))
