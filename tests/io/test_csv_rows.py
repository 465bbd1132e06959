"""CSV and TSV as they come: delimiters, quotes, line ends, encodings, and rows at fault."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datakit.errors import FormatError
from datakit.io.csv_rows import BadCsvRow, CsvRecords, Dialect


def write(folder: Path, data: bytes | str, name: str = "a.csv") -> Path:
    file = folder / name
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    return file


def values(file: Path, dialect: Dialect | None = None) -> list[Any]:
    rows = CsvRecords(file, dialect)
    numbered = list(rows)
    assert [number for number, _ in numbered] == list(range(len(numbered)))
    assert rows.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    return [value for _, value in numbered]


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_rows_by_their_columns(tmp_path: Path, delimiter: str, line_end: str) -> None:
    lines = [delimiter.join(fields) for fields in (("q", " a "), ("one", "1"), ("two", ""))]
    file = write(tmp_path, line_end.join(lines))
    assert values(file) == [{"q": "one", "a": "1"}, {"q": "two", "a": ""}]


def test_the_suffix_decides_between_a_tab_and_more_commas(tmp_path: Path) -> None:
    text = "a, b, c\td\n1, 2, 3\t4\n"
    assert values(write(tmp_path, text, "a.tsv")) == [{"a, b, c": "1, 2, 3", "d": "4"}]
    assert values(write(tmp_path, "a,b\n1,2\n", "b.tsv")) == [{"a": "1", "b": "2"}]
    assert values(write(tmp_path, '"x,y,z";b\n1;2\n')) == [{"x,y,z": "1", "b": "2"}]
    assert values(write(tmp_path, "alone\n1\n")) == [{"alone": "1"}]


def test_quotes_over_several_lines_and_a_byte_order_mark(tmp_path: Path) -> None:
    file = write(tmp_path, '\ufeffq,a\n"first\nsecond, ""third""",x\n\ny,z\n')
    assert values(file) == [{"q": 'first\nsecond, "third"', "a": "x"}, {"q": "y", "a": "z"}]


def test_without_quotes_and_with_escapes(tmp_path: Path) -> None:
    file = write(tmp_path, 'q\ta\n"one\t5" wide\n', "a.tsv")
    assert values(file, Dialect(quoted=False)) == [{"q": '"one', "a": '5" wide'}]
    file = write(tmp_path, '"say \\"hi\\"","b"\n')
    assert values(file, Dialect(escape="\\", header=False)) == [['say "hi"', "b"]]


def test_rows_at_fault_are_told_and_the_others_read(tmp_path: Path) -> None:
    data = b'q,a\n1,2\n3\n4,5,6\n"7"x,8\ncaf\xe9,9\n10,11\n"12,13\n'
    good, short, long, quote, encoding, last, unclosed = values(write(tmp_path, data))
    assert (good, last) == ({"q": "1", "a": "2"}, {"q": "10", "a": "11"})
    assert short == BadCsvRow("fields-mismatch", "1 fields, expected 2: 3")
    assert long == BadCsvRow("fields-mismatch", "3 fields, expected 2: 4 5 6")
    assert (quote.reason, quote.detail[:7]) == ("bad-line", "line 5:")
    assert encoding == BadCsvRow("bad-encoding", "line 6: the byte 0xe9 is not UTF-8")
    assert (unclosed.reason, unclosed.detail[:7]) == ("bad-line", "line 8:")


def test_nul_characters_and_fields_of_a_million(tmp_path: Path) -> None:
    huge = "x" * 1_000_000
    assert values(write(tmp_path, f"q,a\nn\x00ul,1\n{huge},2\n")) == [
        {"q": "n\x00ul", "a": "1"},
        {"q": huge, "a": "2"},
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        ("q,a\n".encode("utf-16"), "in UTF-16; expected UTF-8"),
        (b"q,a,q\n1,2,3\n", "the column 'q' stands there more than once"),
        (b"caf\xe9,a\n1,2\n", "line 1: the byte 0xe9 is not UTF-8"),
    ],
)
def test_files_that_are_no_table(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        values(write(tmp_path, data))
    with pytest.raises(FormatError, match="cannot be read: No such file"):
        list(CsvRecords(tmp_path / "none.csv"))


def test_the_digest_of_a_file_read_in_part(tmp_path: Path) -> None:
    file = write(tmp_path, "q\n" + "1\n" * 1000)
    rows = CsvRecords(file)
    numbered = iter(rows)
    assert next(numbered) == (0, {"q": "1"})
    numbered.close()
    assert rows.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


fields = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(rows=st.lists(st.lists(fields, min_size=2, max_size=2), min_size=1, max_size=5))
def test_what_a_writer_quotes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerows(rows)
    file = write(tmp_path_factory.getbasetemp(), buffer.getvalue())
    assert values(file, Dialect(header=False, delimiter=",")) == rows
