"""When two answers or questions count as the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datakit.instructize import normalize
from datakit.instructize.normalize import _strip


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


words = st.sampled_from(
    ["a", "the", "THE", "An", "bar", "2", "3.5", "1,000", "x-y", "..", "?", "_"]
)


@given(st.lists(words, max_size=6).map(" ".join) | st.text("aA .?!-2,", max_size=12))
def test_plain_words_have_the_form_that_the_rules_give(text: str) -> None:
    by_rules = folded = " ".join(text.casefold().split())
    for _ in text:
        by_rules = _strip(by_rules)
    assert normalize(text) == (by_rules or folded)
