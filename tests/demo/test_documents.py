"""Pages: what is asked, and that it adds up."""

from __future__ import annotations

import numpy as np

from datakit.demo.documents import KINDS, draw_document
from datakit.demo.words import words


def questions_of(kind: str, index: int) -> dict[str, list[str]]:
    """Answers by phrasing, of the questions about a page whose kind starts so."""
    asked = draw_document(5, index, num_questions=99).questions
    phrasings = words()["documents"]["questions"]
    return {
        name: question.answers
        for name in phrasings
        if name.startswith(kind)
        for question in asked
        if question.question in phrasings[name]
    }


def cents(answer: str) -> int:
    return int(answer.replace("$", "").replace(",", "").replace(".", ""))


def test_every_kind_of_page_has_questions_with_answers() -> None:
    for index in range(2 * len(KINDS)):
        document = draw_document(5, index, num_questions=4)
        assert len(document.questions) == 4
        for question in document.questions:
            assert "{" not in question.question and question.question.endswith("?")
            assert question.answers and all(question.answers)


def test_receipts_add_up() -> None:
    receipt = questions_of("receipt", 3)
    paid, total, change = (
        cents(receipt[f"receipt_{name}"][0]) for name in ("cash", "total", "change")
    )
    assert paid - total == change >= 0


def test_money_is_answered_with_and_without_its_sign() -> None:
    total = questions_of("invoice", 1)["invoice_total"]
    assert total[0] == f"${total[1]}"


def test_no_question_is_asked_twice_about_one_page() -> None:
    for index in range(60):
        asked = [one.question for one in draw_document(5, index, num_questions=99).questions]
        assert len(set(asked)) == len(asked)


def test_pages_are_drawn_in_ink_on_paper() -> None:
    for index in range(len(KINDS)):
        grey = np.asarray(draw_document(5, index, num_questions=1).image.convert("L"))  # H W
        assert grey.min() < 90 and grey.max() > 235
        assert 0.005 < (grey < 128).mean() < 0.2
