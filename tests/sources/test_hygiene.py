"""Raw text in one form, harmless, every change counted."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datakit.record import (
    Caption,
    Choice,
    Conversation,
    Labelled,
    Message,
    Payload,
    Question,
    Statement,
)
from datakit.sources.hygiene import Hygiene, has_marker, has_special_token, unusable_text


@pytest.mark.parametrize(
    ("raw", "clean", "counts"),
    [
        ("plain text, 1 < 2", "plain text, 1 < 2", {}),
        ("an <image> here", "an < image> here", {"neutralized_markers": 1}),
        ("<|end|> <video>", "< |end|> < video>", {"neutralized_markers": 2}),
        ("a <b>bold</b> word", "a <b>bold</b> word", {}),
        ("cafe\u0301", "caf\u00e9", {"recomposed_texts": 1}),
        ("caf\u00e9", "caf\u00e9", {}),
        ("a\x00b\x07c\ufeff", "abc", {"removed_control_characters": 3}),
        ("a\tb\nc", "a\tb\nc", {}),
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd", {"converted_newlines": 3}),
        ("<\x00image>", "< image>", {"removed_control_characters": 1, "neutralized_markers": 1}),
        ("\U0001f469\u200d\U0001f680", "\U0001f469\u200d\U0001f680", {}),
    ],
)
def test_one_text(raw: str, clean: str, counts: dict[str, int]) -> None:
    hygiene = Hygiene()
    assert hygiene.text(raw) == clean
    assert dict(hygiene.counts) == counts


@given(st.text())
def test_cleaning_is_idempotent_and_leaves_nothing_harmful(text: str) -> None:
    clean = Hygiene().text(text)
    again = Hygiene()
    assert again.text(clean) == clean
    assert not again.counts
    assert not has_marker(clean) and not has_special_token(clean)
    assert unicodedata.is_normalized("NFC", clean)


@pytest.mark.parametrize(
    ("payload", "clean"),
    [
        (
            Question(question="a\x00?", answer="<image>", answers=("x\x00", "y")),
            Question(question="a?", answer="< image>", answers=("x", "y")),
        ),
        (
            Choice(question="q", choices=("<image>", "b"), answer_index=1, hint="h\x00"),
            Choice(question="q", choices=("< image>", "b"), answer_index=1, hint="h"),
        ),
        (
            Caption(caption="c\x00", layout=(Labelled(label="l\x00", bbox_px=(0, 0, 1, 1)),)),
            Caption(caption="c", layout=(Labelled(label="l", bbox_px=(0, 0, 1, 1)),)),
        ),
        (
            Conversation(
                messages=(
                    Message(role="user", content="<image> <video>"),
                    Message(role="assistant", content="an <image>"),
                )
            ),
            Conversation(
                messages=(
                    Message(role="user", content="<image> < video>"),
                    Message(role="assistant", content="an < image>"),
                )
            ),
        ),
    ],
)
def test_every_text_of_a_payload_is_cleaned(payload: Payload, clean: Payload) -> None:
    assert Hygiene().clean(payload) == clean
    assert Hygiene().clean(clean) is clean


def test_a_text_of_nothing_visible_is_unusable() -> None:
    blank = Question(question="q", answer=" \u2003\u200b\u202e")
    assert unusable_text(blank) == ("text-empty", "answer has no visible character")
    assert unusable_text(Statement(statement="", holds=True)) is not None
    assert unusable_text(Question(question="q", answer="a", context="")) is None
    talk = Conversation(
        messages=(Message(role="user", content="Hi"), Message(role="assistant", content="\n"))
    )
    assert unusable_text(talk) == ("text-empty", "message 1 has no visible character")


def test_options_that_cannot_be_told_apart_are_unusable() -> None:
    blank = Choice(question="q", choices=("\u200b", "b"), answer_index=1)
    assert unusable_text(blank) == ("text-empty", "option 0 has no visible character")
    twice = Choice(question="q", choices=("cat", "dog", "cat"), answer_index=0)
    found = unusable_text(twice)
    assert found is not None and found[0] == "choices-ambiguous"
    other = Choice(question="q", choices=("cat", "dog", "cat"), answer_index=1)
    assert unusable_text(other) is None


@given(st.text() | st.text('<|image>\x7f\x00\\"\n\r\tn', max_size=12))
def test_a_payload_is_cleaned_as_its_texts_are(text: str) -> None:
    payload = Question(question=text, answer="plain", answers=(text,))
    hygiene = Hygiene()
    clean = hygiene.text(text)
    assert Hygiene().clean(payload) == Question(question=clean, answer="plain", answers=(clean,))
