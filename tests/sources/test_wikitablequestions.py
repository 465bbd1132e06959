"""WikiTableQuestions: tables as text, escapes, several answers, and rows at fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit.errors import FormatError
from datakit.record import Question, Record
from datakit.sources import find_converter
from datakit.sources.read import first_items
from tests.releases import read
from tests.releases.wikitablequestions import HEADER, write_wikitablequestions

NAME = "wikitablequestions"


def payload(record: Record) -> Question:
    assert isinstance(record.payload, Question)
    return record.payload


def test_a_question_with_its_table(tmp_path: Path) -> None:
    records, rejects = read(NAME, write_wikitablequestions(tmp_path))
    assert rejects == []
    assert [record.record_id for record in records] == ["nt-0", "nt-1", "nt-2"]
    assert (records[0].place, records[0].images) == ("data/training.tsv[0]", ())
    assert records[0].payload == Question(
        question="which team won first?",
        answer="Blues",
        context="| Year | Team | Note |\n|---|---|---|\n"
        '| 2001 | Blues | the "late" cup |\n| 2002 | Reds \\| B | two lines |',
    )


def test_several_answers_and_quotes_in_a_question(tmp_path: Path) -> None:
    _, several, with_comma = read(NAME, write_wikitablequestions(tmp_path))[0]
    assert payload(several).answer == "2001, 2002"
    assert payload(with_comma).answer == "Bath, England; Cork"
    assert payload(with_comma).question == 'what is "the late cup"?'


def test_escapes_of_the_questions_file(tmp_path: Path) -> None:
    row = r"nt-0	a\nb\\n	csv/204-csv/1.csv	x\py|C:\\z"
    (record,), _ = read(NAME, write_wikitablequestions(tmp_path, row))
    assert payload(record).question == "a\nb\\n"
    assert payload(record).answer == "x|y, C:\\z"


def test_the_folder_above_the_file_itself_and_other_splits(tmp_path: Path) -> None:
    folder = write_wikitablequestions(tmp_path)
    inside, _ = read(NAME, folder)
    assert read(NAME, tmp_path)[0] == inside
    file = folder / "data" / "training.tsv"
    assert [r.payload for r in read(NAME, file)[0]] == [r.payload for r in inside]
    file.rename(file.with_name("pristine-unseen-tables.tsv"))
    assert len(read(NAME, folder, "test")[0]) == 3
    with pytest.raises(FormatError, match=r"no questions; expected data/random-split-1-dev.tsv"):
        read(NAME, folder, "random-split-1-dev")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("nt-1\twhich?\tcsv/204-csv/2.csv\tBlues", "table-missing"),
        ("nt-1\twhich?\t../1.csv\tBlues", "table-missing"),
        ("nt-1\twhich?\tcsv/204-csv/1.csv\t", "answer-empty"),
        ("nt-1\twhich?\tcsv/204-csv/1.csv\tBlues|", "answer-empty"),
        ("nt-1\t \tcsv/204-csv/1.csv\tBlues", "question-empty"),
        ("\twhich?\tcsv/204-csv/1.csv\tBlues", "bad-record"),
        ("nt-1\twhich?\tcsv/204-csv/1.csv", "fields-mismatch"),
    ],
)
def test_rows_at_fault(tmp_path: Path, row: str, reason: str) -> None:
    good = "nt-0\twhich?\tcsv/204-csv/1.csv\tBlues"
    records, (reject,) = read(NAME, write_wikitablequestions(tmp_path, good, row))
    assert len(records) == 1
    assert (reject.reason, reject.place) == (reason, "data/training.tsv[1]")


def test_a_broken_table_rejects_its_questions(tmp_path: Path) -> None:
    folder = write_wikitablequestions(tmp_path)
    (folder / "csv/204-csv/1.csv").write_text('"Year","Team"\n"2001"\n')
    (folder / "csv/203-csv/22.csv").write_bytes(b"")
    records, rejects = read(NAME, folder)
    assert records == []
    assert [reject.reason for reject in rejects] == ["table-broken"] * 3
    assert "csv/204-csv/1.csv: 1 fields, expected 2" in rejects[0].detail
    assert "the file is empty" in rejects[1].detail


def test_another_table_is_another_digest(tmp_path: Path) -> None:
    folder = write_wikitablequestions(tmp_path)
    kind = find_converter(NAME)
    digests = []
    for text in ("Year\n2001\n", "Year\n2002\n"):
        (folder / "csv/204-csv/1.csv").write_text(text)
        converter = kind(folder, "train", kind.Options())
        list(first_items(converter.records(), 1))
        digests.append(converter.digests)
    assert digests[0]["data/training.tsv"] == digests[1]["data/training.tsv"]
    assert digests[0]["csv/"] != digests[1]["csv/"]


def test_other_columns_are_named(tmp_path: Path) -> None:
    folder = write_wikitablequestions(tmp_path)
    file = folder / "data" / "training.tsv"
    file.write_text(file.read_text().replace(HEADER, "id\tquestion\ttable\tanswer"))
    with pytest.raises(FormatError, match="no key 'utterance'; keys found: id, question, table"):
        read(NAME, folder)
