"""A table of one's own: a CSV with a byte order mark, and quirks in its fields."""

from __future__ import annotations

from pathlib import Path

from tests.releases.common import Layout, draw

ROWS = """\
q,a,file,note
What colour is the bus?,red,photos\\a.png,
"Who says ""stop""?",the man,photos/b.png,"two
lines"
 What is left? ,  a bag  ,photos/./a.png,x
What is right?,,photos/b.png,no answer
How many?,3,photos/a.png,
How many?,3,photos/a.png,asked twice
ragged,row
Where?,outside,../secret.png,
"""


def write_columns(root: Path) -> Path:
    folder = root / "mine"
    for name in "ab":
        draw(folder / "photos" / f"{name}.png", name)
    (folder / "mine.csv").write_bytes(b"\xef\xbb\xbf" + ROWS.encode())
    return folder


LAYOUT = Layout(
    write_columns,
    "mine/mine.csv",
    options={"question": "q", "answer": "a", "image": "file"},
)
HUB = "it reads tables by columns anyway, as its release shows"
