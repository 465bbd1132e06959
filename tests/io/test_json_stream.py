"""JSON files of any size and shape, a record at a time."""

from __future__ import annotations

import hashlib
import json
import tracemalloc
from pathlib import Path

import pytest

from datakit.errors import FormatError
from datakit.io.json_stream import BadLine, JsonRecords


def read(path: Path, *keys: str) -> list[object]:
    return [value for _, value in JsonRecords(path, keys)]


@pytest.mark.parametrize(
    "text",
    [
        '[{"a": 1}, {"a": 2.5}]',
        '{"version": 1, "data": [{"a": 1}, {"a": 2.5}]}',
        '{\n "version": 1,\n "data": [{"a": 1},\n {"a": 2.5}]}\n',
        '{"a": 1}\n{"a": 2.5}\n',
        '\n {"a": 1}\n\n{"a": 2.5}',
        '\ufeff[{"a": 1}, {"a": 2.5}]',
    ],
)
def test_lists_wrapped_lists_and_lines(tmp_path: Path, text: str) -> None:
    path = tmp_path / "file.json"
    path.write_text(text, encoding="utf-8")
    assert read(path, "data") == [{"a": 1}, {"a": 2.5}]


def test_the_digest_is_of_the_whole_file_even_when_reading_stops_early(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text(json.dumps([{"a": "x" * 1000}] * 500))
    records = JsonRecords(path)
    iterator = iter(records)
    next(iterator)
    iterator.close()
    assert records.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("   \n", "empty"),
        ("<html>", "starts with b'<html>'"),
        ('[{"a": 1}, {"a"', "broken after 1 whole records"),
        ('[{"a": 1}, {"a": 2}', "broken after 2 whole records"),
        ('{"rows": [{"a": 1}]', "not valid JSON|keys rows"),
        ('{"data": [{"a": 1}, {', "broken after 1 whole records"),
        ('{"rows": [],\n "more": 1}', "keys rows, more; expected a list, or a list under 'data'"),
    ],
)
def test_what_cannot_be_read_is_an_error_with_the_file(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "file.json"
    path.write_text(text)
    with pytest.raises(FormatError, match=message) as caught:
        read(path, "data")
    assert str(path) in str(caught.value)


def test_a_broken_line_is_marked_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    path.write_text('{"a": 1}\n{"a": \n{"a": 3}\n')
    first, broken, last = read(path)
    assert (first, last) == ({"a": 1}, {"a": 3})
    assert isinstance(broken, BadLine)


def test_a_list_on_one_line_is_streamed(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text(json.dumps([{"question": "x" * 100, "n": n} for n in range(100_000)]))
    assert path.stat().st_size > 12_000_000
    tracemalloc.start()
    count = sum(1 for _ in JsonRecords(path))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 100_000
    assert peak_bytes < 3_000_000
