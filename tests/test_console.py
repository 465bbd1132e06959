"""Tables and bars, as a stranger sees them on a narrow screen."""

from __future__ import annotations

import io

import pytest

from datakit.console import format_bars, format_table, printable, share_text, shows_blocks

LONG = "a-source-whose-name-is-as-long-as-names-may-be-in-a-mixture"
BLOCK = "\N{FULL BLOCK}"


def test_a_table_that_fits_is_as_wide_as_its_cells() -> None:
    table = format_table(["name", "n"], [["a", "1"], ["bb", "1,000"]], units={1: "records"})
    assert table.splitlines() == [
        "      records",
        "name      n",
        "----  -----",
        "a         1",
        "bb    1,000",
    ]


def test_texts_fold_and_nothing_is_cut() -> None:
    words = [f"word{number}" for number in range(40)]
    table = format_table(["name", "what"], [["a", " ".join(words)]], left=2, width=60)
    assert max(map(len, table.splitlines())) <= 60
    assert table.split()[-len(words) :] == words


def test_a_name_that_is_too_long_stands_above_its_numbers() -> None:
    row = ["1,234,567,890"] * 3
    table = format_table(["source", "a", "b", "c"], [[LONG, *row], ["short", *row]], width=80)
    lines = table.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[2] == LONG
    assert lines[3].split() == row
    assert lines[4].split() == ["short", *row]


def test_numbers_are_never_folded_however_narrow_the_screen() -> None:
    table = format_table(["source", "a", "b"], [[LONG, "1" * 30, "2" * 30]], width=40)
    assert "1" * 30 in table
    assert "2" * 30 in table
    assert LONG in table


def test_the_largest_bar_fills_the_line_and_lengths_are_shares() -> None:
    bars = format_bars([("a", 0.5), ("b", 0.25), ("c", 0.25), ("d", 0.0)], width=61, blocks=True)
    lines = bars.splitlines()
    assert [line.count(BLOCK) for line in lines] == [50, 25, 25, 0]
    assert lines[0] == "a" + "   50.0%  " + BLOCK * 50
    assert lines[3] == "d    0.0%"


def test_what_is_not_nothing_shows() -> None:
    for blocks in (True, False):
        lines = format_bars([("a", 1.0), ("b", 1e-6)], width=60, blocks=blocks).splitlines()
        assert len(lines[1].split()) == 3
    assert (share_text(1e-6), share_text(0.0), share_text(0.0005)) == ("<0.1%", "0.0%", "0.1%")


def test_bars_in_plain_ascii_are_aligned_also_under_long_names() -> None:
    bars = format_bars([(LONG, 0.7), ("b", 0.3), ("none", 0.0)], width=70, blocks=False)
    assert bars.isascii()
    assert max(map(len, bars.splitlines())) <= 70
    assert len({line.index("%") for line in bars.splitlines() if "%" in line}) == 1


def test_no_bars_are_well_too() -> None:
    assert format_bars([], width=80, blocks=True) == ""


@pytest.mark.parametrize(
    ("encoding", "locale", "expected"),
    [("utf-8", "en_GB.UTF-8", True), ("ascii", "en_GB.UTF-8", False), ("utf-8", "C", False)],
)
def test_blocks_are_for_those_who_can_see_them(
    encoding: str, locale: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    assert shows_blocks(io.TextIOWrapper(io.BytesIO(), encoding=encoding)) is expected


def test_raw_text_moves_no_cursor() -> None:
    assert printable("a\x1b[2Jb\tc\nd\x9be") == "a\\x1b[2Jb\\x09c\nd\\x9be"
