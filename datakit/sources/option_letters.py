"""Right options that a release gives by their letter."""

from __future__ import annotations

from string import ascii_uppercase

from datakit.sources.row import BadRow, Row


def read_letter(row: Row, key: str, num_choices: int) -> int:
    """The index of the right option under `key`, given as a letter: A for the first.

    Raises:
        BadRow: no letter, or one beyond the last option.
    """
    letter = row.answer(key).strip("().").upper()
    letters = ascii_uppercase[:num_choices]
    if len(letter) != 1 or letter not in letters:
        raise BadRow("answer-letter-invalid", f"{letter!r}, expected one of {letters}")
    return letters.index(letter)
