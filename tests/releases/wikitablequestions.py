"""A small release of WikiTableQuestions."""

from __future__ import annotations

from pathlib import Path

from tests.releases.common import Layout

HEADER = "id\tutterance\tcontext\ttargetValue"
TABLE = (
    '"Year","Team","Note"\n"2001","Blues","the \\"late\\" cup"\n"2002","Reds | B","two\nlines"\n'
)


def write_wikitablequestions(root: Path, *rows: str) -> Path:
    """Writes 3 questions about 2 tables, or these rows."""
    folder = root / "WikiTableQuestions"
    for name in ("csv/204-csv/1.csv", "csv/203-csv/22.csv"):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(TABLE)
    lines = rows or (
        "nt-0\twhich team won first?\tcsv/204-csv/1.csv\tBlues",
        "nt-1\twhat years are listed?\tcsv/203-csv/22.csv\t2001|2002",
        'nt-2\twhat is "the late cup"?\tcsv/204-csv/1.csv\tBath, England|Cork',
    )
    file = folder / "data" / "training.tsv"
    file.parent.mkdir(exist_ok=True)
    file.write_text("\n".join((HEADER, *lines)) + "\n")
    return folder


LAYOUT = Layout(write_wikitablequestions, "WikiTableQuestions")
HUB = "text needs no images beside it"
