"""Prompts for the form of an answer: which is used where, and what they lead one to expect."""

from __future__ import annotations

import pytest

from datakit.errors import UsageError
from datakit.instructize import (
    ChoiceStyle,
    answer_form,
    load_response_formats,
    load_template_set,
    template_folders,
)
from datakit.instructize.response_format import states_a_format
from datakit.sources import dataset_names, load_dataset_entry

FORMATS = load_response_formats()


def test_all_ten_of_cambrians_formats_are_there() -> None:
    numbers = {number for found in FORMATS.formats.values() for number in found.cambrian}
    assert numbers == set(range(1, 11))


@pytest.mark.parametrize("name", dataset_names())
def test_every_dataset_names_formats_that_suit_its_sets(name: str) -> None:
    entry = load_dataset_entry(name)
    own = entry.response_format
    names = [own] if isinstance(own, str) else own or []
    sets = [f"coarse/{entry.task}"] + [f"fine/{name}"] * (entry.templates == "own")
    for set_name in sets:
        loaded = load_template_set(set_name, template_folders())
        found = FORMATS.of_dataset(names, loaded.answer, loaded.task)
        assert (found is not None) is bool(names), f"{set_name}: {names}"
        assert not names or found in [FORMATS.get(one) for one in names]


def test_a_prompt_that_is_not_true_of_the_answers_is_refused() -> None:
    with pytest.raises(UsageError, match="'paragraph'"):
        FORMATS.named("word-or-phrase", "paragraph", "vqa-open")
    with pytest.raises(UsageError, match="of vqa-yes-no, but"):
        FORMATS.named("yes-or-no", "short", "vqa-open")
    with pytest.raises(UsageError, match="Did you mean 'word-or-phrase'"):
        FORMATS.named("word-or-phras", "short", "vqa-open")


def test_where_a_datasets_own_prompt_is_not_true_the_usual_one_of_the_form_is_taken() -> None:
    by_text = answer_form("letter", ChoiceStyle(answer="text"))
    assert FORMATS.of_dataset(["option-letter"], by_text, "vqa-mc") == FORMATS.get("word-or-phrase")
    by_both = answer_form("letter", ChoiceStyle(answer="both"))
    assert FORMATS.of_dataset(["option-letter"], by_both, "vqa-mc") is None
    assert FORMATS.of_dataset([], "short", "vqa-open") is None


@pytest.mark.parametrize(
    ("name", "answer", "fits"),
    [
        ("word-or-phrase", "the 1990s", True),
        ("word-or-phrase", "It shows a man who is walking his dog along the beach.", False),
        ("option-letter", "B", True),
        ("option-letter", "(b)", True),
        ("option-letter", "B. a cat", False),
        ("letter", "AA.", True),
        ("yes-or-no", "Yes.", True),
        ("yes-or-no", "It is", False),
        ("html-directly", "<p>Hello</p>\n", True),
        ("html-directly", "a page that says hello", False),
        ("reasoning-first", "Four", False),
        ("reasoning-first", "There are two and two, and two and two make four.", True),
    ],
)
def test_what_a_prompt_leads_one_to_expect(name: str, answer: str, fits: bool) -> None:
    assert FORMATS.get(name).expects.fits(answer) is fits


def test_a_prompt_inside_a_conversation_is_known() -> None:
    assert states_a_format("What is it?\nAnswer the question using a single word or phrase.")
    assert not states_a_format("Answer the question.")
