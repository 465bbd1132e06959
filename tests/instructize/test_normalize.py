"""When two answers or questions count as the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datakit.instructize import normalize


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Yes.", "yes"),
        ("The red bar", "red bar"),
        ("  two   words ", "two words"),
        ("1,234", "1234"),
        ("What is it?", "what is it"),
        ("ＡＢＣ", "abc"),
        ("well-known", "well known"),
        ("Bergen!", "bergen"),
    ],
)
def test_these_say_the_same(one: str, other: str) -> None:
    assert normalize(one) == normalize(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("0.57", "57"),
        ("-3", "3"),
        ("5%", "5"),
        ("yes", "no"),
        ("$5", "5"),
        ("1.5", "15"),
        ("a", ""),
        ("C#", "C"),
        ("3/4", "3*4"),
        ("x < 5", "x > 5"),
        ("α≥1", "α≤1"),
        ("R&D", "RD"),
    ],
)
def test_these_do_not(one: str, other: str) -> None:
    assert normalize(one) != normalize(other)


@given(st.text())
def test_it_is_idempotent(text: str) -> None:
    assert normalize(normalize(text)) == normalize(text)


@given(st.text())
def test_it_never_loses_a_whole_text(text: str) -> None:
    assert bool(normalize(text)) == bool(text.split())
