"""What can be read of one raw row."""

from __future__ import annotations

import math

import pytest

from datakit.sources.row import BadRow, Row, box_in, plain_text


@pytest.mark.parametrize("value", [math.nan, math.inf, True, None, [], {}])
def test_what_is_neither_text_nor_a_number_is_no_text(value: object) -> None:
    with pytest.raises(BadRow, match="bad-record: answer is .*, expected text"):
        plain_text(value, "answer")


@pytest.mark.parametrize(
    ("value", "text"), [(" a ", "a"), (12, "12"), (10**30, "1" + "0" * 30), (1.5, "1.5")]
)
def test_numbers_are_written_out(value: object, text: str) -> None:
    assert Row("f", 0, {"id": value}).id("id") == text


@pytest.mark.parametrize("side", [math.nan, math.inf, 10**400, "1", True])
def test_a_box_of_other_than_finite_numbers_is_invalid(side: object) -> None:
    with pytest.raises(BadRow, match="box-invalid"):
        box_in([0, 0, side, 1], (10, 10))
