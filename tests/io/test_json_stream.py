"""JSON files of any size and shape, a record at a time."""

from __future__ import annotations

import hashlib
import io
import json
import math
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datakit.errors import FormatError
from datakit.io import json_stream
from datakit.io.json_stream import BadLine, HashedFile, JsonRecords
from datakit.io.json_text import JsonText


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
        ('{"rows": [{"a": 1}]', "broken after 0 whole records, at byte 19.*cut off"),
        ('{"data": [{"a": 1}]', "broken after 1 whole records, at byte 19.*cut off"),
        ('{"data": [{"a": 1}], "x"', "broken after 1 whole records, at byte 24.*cut off"),
        ('{"data": {"a": 1}, "x": 2}', "under 'data' is no list"),
        ('[{"a": "b', "broken after 0 whole records, at byte 7.*cut off"),
        ('[{"a": 1}, {"a": 2} {"a": 3}]', "broken after 2 .* at byte 20: expected , or ]. Mend it"),
        ('[{"a": 1}, {"a": é}]', "broken after 1 .* at byte 17: Expecting value. Mend it"),
        ('[{"a": 1},]', "broken after 1 .* at byte 10: Expecting value"),
        ('[{"a": 1}] []', "broken after 1 .* at byte 11: expected the end of the file"),
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


@pytest.mark.parametrize(
    "form", ["[{}]", '{{"info": {{"n": [1]}}, "data": [{}], "more": [[2], 3]}}']
)
@pytest.mark.parametrize("space", ["", " ", "\n  "])
def test_what_a_strict_parser_refuses_is_read(tmp_path: Path, form: str, space: str) -> None:
    path = tmp_path / "file.json"
    items = ['{"a": NaN}', '{"a": -Infinity}', "123456789012345678901234567890", '"\\ud83d\\ude00"']
    items += ['"\\ud83d!"', r'"\\ud83d"', "[[], {}]", "null", "1.5e3"]
    path.write_text(form.format(f"{space},{space}".join(items)))
    nan, infinite, *rest = read(path, "data")
    assert str(nan) == "{'a': nan}" and infinite == {"a": -math.inf}
    big = 123456789012345678901234567890
    assert rest == [big, "\U0001f600", "\ufffd!", "\\ud83d", [[], {}], None, 1500.0]


@given(st.data())
def test_any_list_reads_as_the_json_module_reads_it(data: st.DataObject) -> None:
    values = data.draw(st.lists(json_values, max_size=5) | st.lists(alike, max_size=8))
    indent, ascii_only = data.draw(st.sampled_from([None, 2])), data.draw(st.booleans())
    raw = json.dumps(values, indent=indent, ensure_ascii=ascii_only).encode()
    for read in (io.BytesIO(raw).read, in_small_pieces(raw)):
        text = JsonText(read)
        assert list(text.items()) == values
        text.end()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


texts = st.sampled_from(['}, {"a"', "\\", '"', "é", "x"])
integers = st.sampled_from([1, -(10**18), 2**63, -(2**63) - 1, 2**64])
alike = st.fixed_dictionaries(
    {"a": texts | integers | st.lists(st.fixed_dictionaries({"a": texts | integers}), max_size=3)}
)


def in_small_pieces(raw: bytes) -> Callable[[int], bytes]:
    """Reads one byte at a time, whatever is asked for, so that every token is cut somewhere."""
    file = io.BytesIO(raw)
    return lambda _size: file.read(1)


def test_a_long_integer_among_like_objects_keeps_its_digits(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    rows = [{"id": 10**20 + n} for n in range(9)]
    path.write_text(json.dumps(rows))
    assert str(read(path)) == str(rows)


def test_the_lines_of_a_file_may_hold_what_a_strict_parser_refuses(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    path.write_text('{"a": NaN}\n{"a": "\\ud83d"}\n' + "[" * 100_000 + "\n")
    nan, half, deep = read(path)
    assert str(nan) == "{'a': nan}"
    assert half == {"a": "\ufffd"}
    assert isinstance(deep, BadLine)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_a_value_in_a_value_a_hundred_thousand_deep_is_an_error(
    tmp_path: Path, opening: str
) -> None:
    path = tmp_path / "file.json"
    path.write_text('[{"a": 1}, ' + opening * 100_000)
    with pytest.raises(FormatError, match="after 1 whole records, at byte 11: .* too deep"):
        read(path)


def test_a_record_longer_than_many_blocks_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    rows = [{"a": "x"}, {"a": "é" * 3_000_000, "b": [{"a": 1}] * 200_000}, {"a": "y"}]
    path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    assert read(path) == rows


def test_text_that_is_not_utf_8_is_an_error_that_says_where(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(b'[{"a": "\xc3\xa9"}, {"a": "\xff"}]')
    with pytest.raises(FormatError, match="at byte 21: not UTF-8"):
        read(path)


def test_a_list_behind_others_is_found_without_holding_them(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    images = json.dumps([{"file": "x" * 200, "n": n} for n in range(100_000)])
    path.write_text(f'{{\n"images": {images}, "by_id": {{"1": [1]}}, "data": [{{"a": 1}}]}}')
    tracemalloc.start()
    assert read(path, "data") == [{"a": 1}]
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 3_000_000


def test_long_integers_in_lines_stay_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 12345678901234567890123456789, "b": "12345678901234567890"}\n')
    assert read(path) == [{"a": 12345678901234567890123456789, "b": "12345678901234567890"}]


@given(st.lists(st.binary(max_size=12)), st.integers(1, 9))
def test_lines_are_those_of_the_file_wherever_blocks_end(lines: list[bytes], block: int) -> None:
    data = b"\n".join(lines)
    file = HashedFile(io.BytesIO(data))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "BLOCK_BYTES", block)
        assert list(file.lines()) == data.split(b"\n")
    assert file.drain() == hashlib.sha256(data).hexdigest()
